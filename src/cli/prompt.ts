import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ProblemError } from './cli-error.ts';

/** Whether there is a person to ask. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Asks at the terminal; a hidden answer is not echoed. Ctrl-C and the end of the input cancel. */
export function ask(
  question: string,
  { hidden = false, signal }: { readonly hidden?: boolean; readonly signal?: AbortSignal } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    // The terminal itself echoes nothing while readline reads: what is typed shows only where readline writes it.
    const output = hidden ? new Writable({ write: (_chunk, _encoding, written) => written() }) : process.stdout;
    const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
    lines.once('SIGINT', () => lines.close());
    signal?.addEventListener('abort', () => lines.close(), { once: true });
    lines.once('close', () => {
      if (hidden) process.stdout.write('\n');
      reject(cancelled());
    });
    // Only now: what is typed ahead of readline the terminal would show.
    if (hidden) process.stdout.write(question);
    lines.question(hidden ? '' : question, (answer) => {
      resolve(answer.trim());
      lines.close();
    });
  });
}

/** A person ended it: the exit code is that of Ctrl-C. */
export function cancelled(): ProblemError {
  return new ProblemError('cancelled: nothing was kept', { exitCode: 130 });
}
