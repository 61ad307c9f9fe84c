import { distance } from 'fastest-levenshtein';
import { comparable } from '../foreign-text.ts';

/** Reads invoice numbers as people write them: "invoice #INV-384.", "(INV‑384)", "Rechnung 384". */

/** Words that people write before a number, but that are not part of the number. */
const WORDS = (
  'invoice-no invoices? inv tax retainers? ret retainer-invoice advance bill your our my the number num no nr nos ' +
  'rechnungs-nr rechnungsnummer rechnungsnr rechnungs rechnung rechn rg re nummer ' +
  'facture factuur faktuur faktura factura fattura fatura fact numero número numéro nota n° n for'
).split(' ');
const LEADING_WORD = new RegExp(`^(?:(?:${WORDS.join('|')})(?![\\p{L}\\p{M}\\d/-]| ?- ?)[\\s.:#-]*|[#:.\\s]+)`, 'iu');
/** Signs with the meaning of "#". The digits may follow without a space. */
const NUMBER_SIGN = /№|(?<!\p{L})n\s?[º°](?!\p{L})/giu;
const EDGES = /^[\s\p{P}\p{S}]+|[\s\p{P}\p{S}]+$/gu;

/** Removes invisible characters and punctuation around a number, and replaces every kind of dash by `-`. */
export function tidyNumber(typed: string): string {
  return comparable(typed.replace(NUMBER_SIGN, '#'))
    .replace(/ ?[\p{Pd}\u2212] ?/gu, '-')
    .replace(EDGES, '');
}

/**
 * The possible numbers in a text; each has one leading word less than the one before. "invoice INV 384" gives `invoice INV 384`, `INV 384`
 * and `384`, because a word may be part of the number.
 */
export function numberForms(typed: string): readonly [string, ...string[]] {
  const forms: [string, ...string[]] = [tidyNumber(typed)];
  for (let rest = withoutWord(forms[0]); rest !== forms.at(-1); rest = withoutWord(rest)) forms.push(rest);
  return forms;
}

function withoutWord(number: string): string {
  const rest = number.replace(LEADING_WORD, '').replace(EDGES, '');
  return /\d/.test(rest) ? rest : number;
}

/** The number without leading words: `INV-384` for "invoice no. INV-384", `384` for "Inv. 384". */
export const bareInvoiceNumber = (typed: string): string => numberForms(typed).at(-1) ?? '';

/** The most likely number, for a search in Zoho. A word before the digits counts as part of the number, joined by a hyphen. */
export function numberToLookFor(typed: string): string {
  const forms = numberForms(typed);
  return (forms.findLast((form) => /\p{L}/u.test(form)) ?? bareInvoiceNumber(typed)).replace(/[\s.:#]+/g, '-').slice(0, 100);
}

/** A key for comparison: lower case, without signs between letters and digits. Zeros stay: INV-0384 is not INV-384. */
export const numberKey = (number: unknown): string =>
  tidyNumber(String(number ?? ''))
    .toLowerCase()
    .replace(/(?<=\d)[^\p{L}\p{N}]+(?=\d)/gu, '-')
    .replace(/(?<!\d)[^\p{L}\p{N}]+|[^\p{L}\p{N}]+(?!\d)/gu, '');

/** The digits at the end of a number. People often write only these digits. */
export const lastDigits = (number: unknown): string | undefined => /\d+$/.exec(tidyNumber(String(number ?? '')))?.[0];

/** The edit distance between a number and the typed text. Leading zeros count little: INV-000046 is very near to "INV-46". */
export function numberDistance(typed: string, number: unknown): number {
  const [bare, told] = [numberKey(bareInvoiceNumber(typed)).slice(0, 100), numberKey(number).slice(0, 100)];
  return distance(withoutZeros(bare), withoutZeros(told)) + distance(bare, told) / 1000;
}

const withoutZeros = (number: string): string => number.replace(/(?<!\d)0+(?=\d)/g, '');
