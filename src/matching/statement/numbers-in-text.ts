import { bareReference } from '../../records/same-reference.ts';
import { daysAfter } from '../date-range.ts';
import { folded, plainLetters } from '../same-name.ts';
import { slipOf } from '../slips.ts';

/** Invoice numbers, cheque numbers and references within the text of a line. */

/**
 * How sure it is that a text names a number: `exact` as it is in the books, `sure` but for zeros in front or a prefix, `bare` digits may be
 * something else.
 */
export type Certainty = 'exact' | 'sure' | 'bare';

export interface NumbersFound {
  /** Whether the text names this invoice. */
  invoice(invoice_number: string): Certainty | undefined;
  /** Whether the text names none of these invoices, but one with another number; `near` is one of these numbers that lost a digit. */
  otherInvoice(invoice_numbers: readonly string[]): 'near' | 'other' | undefined;
  /** Whether the text holds this reference. */
  reference(reference: unknown): boolean;
  /** The number of a cheque that the text names. */
  readonly cheque: string | undefined;
  /** The digits in the text, without zeros in front. */
  readonly digits: ReadonlySet<string>;
}

interface Token {
  readonly text: string;
  /** What stands before it. */
  readonly gap: string;
}

const INVOICE_WORDS = new Set(
  'invoice invoices inv invno bill rechnung rechnungen rechnungsnr rechnungsnummer rechn rg rgnr re facture factures fact factura facturas fattura fatture factuur facturen faktura faktury fv fatura faturas ft nr no num numero'.split(
    ' ',
  ),
);
const CHEQUE = /^(?:cheque|check|chq|chk|ck|scheck|cheques)$/;
/** Digits alone tell an invoice if there are so many. */
const TELLING_DIGITS = 5;
const LEAST_DIGITS = 3;

/** Digits without zeros in front. */
export const bareDigits = (digits: string): string => digits.replace(/^0+(?=\d)/, '');
const isDigits = (token: Token | undefined): boolean => /^\d/.test(token?.text ?? '');

/** Letters and digits, each run by itself: "INV384" is two tokens. */
function tokensOf(text: string): Token[] {
  const plain = plainLetters(folded(text));
  let end = 0;
  return [...plain.matchAll(/[\p{L}\p{M}]+|\d+/gu)].map((match) => {
    const gap = plain.slice(end, match.index);
    end = match.index + match[0].length;
    return { text: match[0], gap };
  });
}

/** Looks for numbers in texts. Digits that write the amount of the line or a day near it are no number. */
export function numberFinder(): (texts: readonly string[], line: { readonly date: string; readonly amount: number }) => NumbersFound {
  // The same numbers are looked for in every line.
  const known = new Map<string, readonly Token[]>();
  return (texts, line) =>
    numbersOfLine(texts, line, (number) => {
      const tokens = known.get(number) ?? tokensOf(number);
      known.set(number, tokens);
      return tokens;
    });
}

function numbersOfLine(
  texts: readonly string[],
  { date, amount }: { readonly date: string; readonly amount: number },
  tokensOfNumber: (number: string) => readonly Token[],
): NumbersFound {
  const days = new Set([...writtenDays(date), date.slice(0, 4), String(Math.trunc(Math.abs(amount)))]);
  const parts = texts.map(tokensOf);
  const squeezed = parts.map((tokens) => ` ${tokens.map(({ text, gap }) => `${/\s/.test(gap) ? ' ' : ''}${text}`).join('')} `);
  const compact = parts.map((tokens) => tokens.map(({ text }) => text).join(''));
  const digits = new Set(
    parts
      .flat()
      .filter(isDigits)
      .map(({ text }) => bareDigits(text)),
  );

  const invoice = (number: string): Certainty | undefined => {
    const wanted = tokensOfNumber(number);
    const letters = wanted.findLastIndex((token) => !isDigits(token)) + 1;
    const found = new Set(parts.flatMap((tokens) => tokens.map((_, from) => certaintyAt(tokens, from, wanted, letters, days))));
    return (['exact', 'sure', 'bare'] as const).find((certainty) => found.has(certainty));
  };
  return {
    invoice,
    otherInvoice(numbers) {
      if (numbers.some((number) => invoice(number) !== undefined)) return undefined;
      const wanted = numbers.map(tokensOfNumber);
      const words = new Set(
        wanted.flatMap((tokens) =>
          tokens
            .filter((token) => !isDigits(token))
            .slice(-1)
            .map(({ text }) => text),
        ),
      );
      const said = parts.flatMap((tokens) =>
        tokens.flatMap((token, i) => {
          const before = tokens[i - 1]?.text ?? '';
          const isNamed = isDigits(token) && (words.has(before) || (INVOICE_WORDS.has(before) && before.length > 2));
          return isNamed && !days.has(bareDigits(token.text)) ? [bareDigits(token.text)] : [];
        }),
      );
      if (said.length === 0) return undefined;
      const own = wanted.flatMap((tokens) => tokens.filter(isDigits).map(({ text }) => bareDigits(text)));
      const slips = said.flatMap((one) => own.map((other) => slipOf(one, other)));
      return slips.some((slip) => slip === 'one more' || slip === 'two swapped') ? 'near' : 'other';
    },
    reference(reference) {
      const bare = bareReference(reference);
      if (!/\d/.test(bare) || bare.length < 4) return false;
      if (/^\d+$/.test(bare)) return digits.has(bareDigits(bare)) && !days.has(bareDigits(bare));
      const plain = plainLetters(bare);
      return plain.length >= 6 ? compact.some((text) => text.includes(plain)) : squeezed.some((text) => text.includes(` ${plain} `));
    },
    cheque: parts
      .flatMap((tokens) => tokens.map((token, i) => (isDigits(token) && isChequeWord(tokens, i) ? bareDigits(token.text) : undefined)))
      .find((number) => number !== undefined),
    digits,
  };
}

/** "CHECK 4471", "CHQ NO 4471". */
function isChequeWord(tokens: readonly Token[], at: number): boolean {
  const [before, earlier] = [tokens[at - 1]?.text ?? '', tokens[at - 2]?.text ?? ''];
  return CHEQUE.test(before) || (/^(?:no|nr|num|number)$/.test(before) && CHEQUE.test(earlier));
}

/** Whether the number begins at this token: with its letters, or from its digits on. */
function certaintyAt(
  tokens: readonly Token[],
  from: number,
  wanted: readonly Token[],
  letters: number,
  days: ReadonlySet<string>,
): Certainty | undefined {
  const isSame = (token: Token | undefined, other: Token) =>
    token !== undefined &&
    (isDigits(other) ? isDigits(token) && bareDigits(token.text) === bareDigits(other.text) : token.text === other.text);
  const isAt = (start: number, part: readonly Token[]) =>
    part.length > 0 &&
    part.every((other, i) => isSame(tokens[start + i], other)) &&
    !isContinued(tokens[start + part.length], tokens[start + part.length - 1]);
  const isExact = (start: number, part: readonly Token[]) => part.every((other, i) => tokens[start + i]?.text === other.text);
  if (letters > 0 && isAt(from, wanted)) return isExact(from, wanted) ? 'exact' : 'sure';
  const numbers = wanted.slice(letters);
  const first = tokens[from];
  if (!isAt(from, numbers) || first === undefined || isContinued(first, tokens[from - 1]) || isChequeWord(tokens, from)) return undefined;
  if (numbers.length === 1 && days.has(bareDigits(first.text))) return undefined;
  // Bare digits with leading zeros match only if the books have the same zeros.
  if (first.text.startsWith('0') && first.text !== numbers[0]!.text) return undefined;
  const written = numbers.map((_, i) => tokens[from + i]!.text).join('');
  if (written.length < LEAST_DIGITS) return undefined;
  if (INVOICE_WORDS.has(tokens[from - 1]?.text ?? '') || first.gap.includes('#')) return 'sure';
  return written.length >= TELLING_DIGITS ? 'sure' : 'bare';
}

/** "INV-384-1" is not INV-384, and "4,384.00" is no number at all; "384/385" and "384,385" are two. */
function isContinued(next: Token | undefined, before: Token | undefined): boolean {
  if (next === undefined || before === undefined || !isDigits(next) || !isDigits(before)) return false;
  const isShort = before.text.length < LEAST_DIGITS || next.text.length < LEAST_DIGITS;
  return /^[-.]$/.test(next.gap) || (/^[/,]$/.test(next.gap) && isShort);
}

const DAYS_BEFORE = 10;
const DAYS_AFTER = 3;

/** The days around a date, as banks write them in digits alone, without zeros in front. */
function writtenDays(date: string): ReadonlySet<string> {
  const all = Array.from({ length: DAYS_BEFORE + DAYS_AFTER + 1 }, (_, i) => daysAfter(date, i - DAYS_BEFORE).split('-'));
  return new Set(
    all
      .flatMap(([y = '', m = '', d = '']) =>
        [`${d}${m}`, `${m}${d}`].flatMap((day) => [day, `${day}${y}`, `${day}${y.slice(2)}`, `${y}${day}`, `${y.slice(2)}${day}`]),
      )
      .map(bareDigits),
  );
}
