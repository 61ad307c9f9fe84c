import { distance } from 'fastest-levenshtein';
import { MARK, oneLine } from '../foreign-text.ts';

/** Numbers of invoices as people write them: "invoice #INV-384.", "(INV‑384)", "Rechnung 384". */

/** What may stand before a number and is no part of it. */
const WORDS = (
  'invoice-no invoices? inv tax retainers? ret retainer-invoice advance bill your our my the number num no nr nos ' +
  'rechnungs-nr rechnungsnummer rechnungsnr rechnungs rechnung rechn rg re nummer facture factuur faktuur faktura factura fattura fatura fact ' +
  'numero número numéro nota n° n for'
).split(' ');
const LEADING_WORD = new RegExp(`^(?:(?:${WORDS.join('|')})(?![\\p{L}\\p{M}\\d/-]| ?- ?)[\\s.:#-]*|[#:.\\s]+)`, 'iu');
const EDGES = /^[\s\p{P}\p{S}]+|[\s\p{P}\p{S}]+$/gu;

/** A number without what hides in it or stands around it; `-` for every dash. */
export function tidyNumber(typed: string): string {
  return oneLine(typed, Infinity)
    .replaceAll(MARK, '')
    .normalize('NFKC')
    .replace(/\s*[\p{Pd}\u2212]\s*/gu, '-')
    .replace(/\s+/g, ' ')
    .replace(EDGES, '');
}

/**
 * As it may be meant, with ever fewer words in front: "invoice INV 384" is `invoice INV 384`, `INV 384` and `384`, since a word may be a part
 * of the number.
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

/** Without any word in front: `INV-384` for "invoice no. INV-384", `384` for "Inv. 384". */
export const bareInvoiceNumber = (typed: string): string => numberForms(typed).at(-1) ?? '';

/** The most likely one of them, as Zoho is asked for it: a word before mere digits may be a part, and then it mostly has a hyphen. */
export function numberToLookFor(typed: string): string {
  const forms = numberForms(typed);
  return (forms.findLast((form) => /\p{L}/u.test(form)) ?? bareInvoiceNumber(typed)).replace(/[\s.:#]+/g, '-').slice(0, 100);
}

/** For comparing: without case, and without what stands between letters and digits. Zeros stay: INV-0384 is another than INV-384. */
export const numberKey = (number: unknown): string =>
  tidyNumber(String(number ?? ''))
    .toLowerCase()
    .replace(/(?<=\d)[^\p{L}\p{N}]+(?=\d)/gu, '-')
    .replace(/(?<!\d)[^\p{L}\p{N}]+|[^\p{L}\p{N}]+(?!\d)/gu, '');

/** The digits at the end, by which people call a number. */
export const lastDigits = (number: unknown): string | undefined => /\d+$/.exec(tidyNumber(String(number ?? '')))?.[0];

/** How far a number is from what was typed. Zeros tell least: INV-000046 is nearest to "INV-46". */
export function numberDistance(typed: string, number: unknown): number {
  const [bare, told] = [numberKey(bareInvoiceNumber(typed)).slice(0, 100), numberKey(number).slice(0, 100)];
  return distance(withoutZeros(bare), withoutZeros(told)) + distance(bare, told) / 1000;
}

const withoutZeros = (number: string): string => number.replace(/(?<!\d)0+(?=\d)/g, '');
