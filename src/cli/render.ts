import type { PaymentsError } from '../errors.ts';
import { capitalized, sentence } from '../mcp/render.ts';
import { ProblemError } from './cli-error.ts';

/** Errors in sentences for the operator at the terminal. */

/** An error as what keeps the program from going on. */
export function problemOf(error: PaymentsError): ProblemError {
  return new ProblemError(`${error.whatHappened} ${nextForOperator(error)}`, { exitCode: 1, cause: error });
}

/** What to do next, said to the operator. */
export function nextForOperator({ next, ifItStays, actor }: PaymentsError): string {
  const steps = next
    .map(({ say }) => say)
    .filter((say) => say !== undefined)
    .join(actor === 'operator' ? ', or ' : '; otherwise ');
  return sentence(capitalized(ifItStays === undefined ? steps : `${steps}; if it stays so, ${ifItStays}`));
}
