import type { PaymentsError } from '../errors.ts';

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

/** An error that tells a model what to pass on, as told to the operator at the terminal. */
export function problemOf(error: PaymentsError): ProblemError {
  return new ProblemError(`${error.whatHappened} ${toOperator(error)}`, { exitCode: 1, cause: error });
}

/** What to do next, said to the operator instead of to a model that should ask them. */
export function toOperator({ next }: PaymentsError): string {
  if (!next.startsWith('Ask the operator to ')) return next;
  return next
    .slice('Ask the operator to '.length)
    .replace(/^\w/, (first) => first.toUpperCase())
    .replaceAll(/(,| and| or) to (?=[a-z])/g, '$1 ');
}
