import { InputError } from '../errors.ts';
import { inQuotes } from '../foreign-text.ts';

/** The text cannot be read without a decision of the user. `next` says which option carries the decision. */
export function unreadableCsv(message: string, next: string): InputError {
  return new InputError(message, { code: 'invalid_arguments', next });
}

/** A cell of the text, quoted. */
export const cellText = (text: string): string => inQuotes(text, 40);
