import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inQuotes } from '../foreign-text.ts';
import { ProblemError } from './cli-error.ts';

/**
 * The results file: a CSV file with one line for each row of the input. While the command runs, each line is on the disk as soon as its row
 * is finished. At the end the file is replaced by a file in the order of the input.
 */
export class ResultsFile {
  readonly path: string;
  readonly #head: readonly string[];
  #open: number | undefined;
  #trouble: string | undefined;

  /** Throws if the path is the input or another file that is not a results file. `own`: the columns before the original columns. */
  constructor(path: string, input: string, own: readonly string[], original: readonly string[]) {
    this.path = path;
    this.#head = [...own, ...original];
    const shown = inQuotes(path, 400);
    if (resolve(path) === resolve(input))
      throw new ProblemError(`the results file ${shown} is the input: choose another file with --results`);
    if (!existsSync(path)) return;
    const [first = ''] = readFileSync(path, 'utf8').split('\n', 1);
    const start = lineOf(own);
    if (first.trim() !== start && !first.startsWith(`${start},`))
      throw new ProblemError(`${shown} exists and is not a results file: move it away, or choose another file with --results`);
  }

  /** Why the file could not be written. The command continues, because the journal has every outcome. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Replaces the file by these lines. After that, lines can be added. */
  begin(lines: readonly (readonly string[])[]): void {
    this.#try(() => {
      this.#write(lines);
      this.#open = openSync(this.path, 'a');
    });
  }

  add(line: readonly string[]): void {
    this.#try(() => {
      if (this.#open === undefined) return;
      writeSync(this.#open, `${lineOf(this.#padded(line))}\n`);
      fsyncSync(this.#open);
    });
  }

  /** Replaces the file by these lines. */
  end(lines: readonly (readonly string[])[]): void {
    this.#try(() => {
      if (this.#open !== undefined) closeSync(this.#open);
      this.#open = undefined;
      this.#write(lines);
    });
  }

  /** Replaces the file in one step: a reader sees the old lines or the new lines, never a part. */
  #write(lines: readonly (readonly string[])[]): void {
    const part = `${this.path}.${process.pid}.part`;
    try {
      const file = openSync(part, 'w');
      writeSync(file, [this.#head, ...lines].map((line) => `${lineOf(this.#padded(line))}\n`).join(''));
      fsyncSync(file);
      closeSync(file);
      renameSync(part, this.path);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    syncFolder(dirname(resolve(this.path)));
  }

  /** Fills the line with empty cells up to the length of the header. */
  #padded(line: readonly string[]): readonly string[] {
    return [...line, ...Array.from({ length: Math.max(0, this.#head.length - line.length) }, () => '')];
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#trouble ??= (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }
}

/** Writes the rename to the disk, so that it survives a power cut. Windows cannot open a folder, and does not need this. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const open = openSync(folder, 'r');
  fsyncSync(open);
  closeSync(open);
}

const lineOf = (cells: readonly string[]): string => cells.map(cellOf).join(',');

/** A cell as CSV. A spreadsheet would run a cell that begins like a formula, so such a cell gets a `'` in front. */
function cellOf(text: string): string {
  const harmless = /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n']|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
