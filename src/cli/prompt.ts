import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ProblemError } from './cli-error.ts';

/** True if a person can answer at the terminal. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Asks at the terminal. A hidden answer is not echoed. Ctrl-C or the end of the input cancels. */
export function ask(question: string, { hidden = false }: { hidden?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    // While readline reads, the terminal does not echo: only readline writes the typed text.
    const output = hidden ? new Writable({ write: (_chunk, _encoding, written) => written() }) : process.stdout;
    const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      if (hidden) process.stdout.write('\n');
      reject(cancelled());
    });
    // The question must come after the start of readline: before, the terminal would echo the typed text.
    if (hidden) process.stdout.write(question);
    lines.question(hidden ? '' : question, (answer) => {
      resolve(answer.trim());
      lines.close();
    });
  });
}

/** The error after a cancel, with the exit code of Ctrl-C. */
export function cancelled(): ProblemError {
  return new ProblemError('cancelled: nothing was stored', { exitCode: 130 });
}
