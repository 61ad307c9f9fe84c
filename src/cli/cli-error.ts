/** What keeps the program from starting, said to a person in one line on stderr. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError';
  readonly exitCode: number;

  /** Exit code 2 is for what was asked for wrongly; 1 for what could not be done. */
  constructor(message: string, { exitCode = 2, cause }: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
