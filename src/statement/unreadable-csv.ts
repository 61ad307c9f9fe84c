import { InputError } from '../errors.ts';
import { inQuotes } from '../foreign-text.ts';

/** A choice of the user that makes the text readable. */
export type Decision = 'columns' | 'decimal' | 'date_format';

/** The text cannot be read without a decision of the user. */
export class UnreadableError extends InputError {
  /** The option that carries the decision. Undefined if no option can. */
  readonly settledBy: Decision | undefined;

  constructor(message: string, next: string, settledBy?: Decision) {
    super(message, { code: 'invalid_arguments', next });
    this.settledBy = settledBy;
  }
}

/** `next` says which option carries the decision. */
export const unreadableCsv = (message: string, next: string, settledBy?: Decision): UnreadableError =>
  new UnreadableError(message, next, settledBy);

/** A cell of the text, quoted. */
export const cellText = (text: string): string => inQuotes(text, 40);
