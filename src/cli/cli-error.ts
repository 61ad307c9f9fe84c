/** An error for the person at the terminal, printed as one line on stderr. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError';
  readonly exitCode: number;

  /** Exit code 2: wrong arguments or settings. 1: the command failed. */
  constructor(message: string, { exitCode = 2, cause }: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
