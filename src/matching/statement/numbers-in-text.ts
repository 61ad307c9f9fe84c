import { bareReference } from '../../records/same-reference.ts';
import { daysAfter } from '../date-range.ts';
import { folded, plainLetters } from '../same-name.ts';
import { slipOf } from '../slips.ts';

/** Invoice numbers, cheque numbers and references within the text of a line. */

/**
 * How sure it is that a text names a number: `exact` as it is in the books, `sure` but for zeros in front or a prefix, `long` are digits
 * alone, but many, `bare` digits may be something else.
 */
export type Certainty = 'exact' | 'sure' | 'long' | 'bare';

export interface NumbersFound {
  /** Whether the text names this invoice. */
  invoice(invoice_number: string): Certainty | undefined;
  /** Whether the text has this invoice number with all its signs. */
  hasAsWritten(invoice_number: string): boolean;
  /** Whether the text names none of these invoices, but one with another number; `near` is one of these numbers with a typing error, or cut. */
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
/** These alone may stand before any number. */
const NUMBER_WORDS = new Set(['nr', 'no', 'num', 'numero']);
const CHEQUE = /^(?:cheque|check|chq|chk|ck|scheck|cheques)$/;
/** Digits alone tell an invoice if there are so many. */
export const TELLING_DIGITS = 5;
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
  // A number may have a space in it.
  const digits = new Set(
    parts
      .flatMap((tokens) =>
        tokens.flatMap((token, i) =>
          isDigits(token) ? [token.text, `${token.text}${isDigits(tokens[i + 1]) ? tokens[i + 1]!.text : ''}`] : [],
        ),
      )
      .map(bareDigits),
  );

  const certaintyOf = (number: string): Certainty | undefined => {
    const wanted = tokensOfNumber(number);
    const letters = wanted.findLastIndex((token) => !isDigits(token)) + 1;
    const found = new Set(parts.flatMap((tokens) => tokens.map((_, from) => certaintyAt(tokens, from, wanted, letters, days))));
    const certainty = (['exact', 'sure', 'long', 'bare'] as const).find((one) => found.has(one));
    return certainty ?? parts.map((tokens) => splitCertainty(tokens, wanted)).find((one) => one !== undefined);
  };
  const certainties = new Map<string, Certainty | undefined>();
  const invoice = (number: string): Certainty | undefined => {
    if (!certainties.has(number)) certainties.set(number, certaintyOf(number));
    return certainties.get(number);
  };
  return {
    invoice,
    hasAsWritten: (number) => invoice(number) === 'exact' && texts.some((text) => folded(text).includes(folded(number))),
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
      const own = wanted.map((tokens) => tokens.filter(isDigits).map(({ text }) => text));
      const others = parts.flatMap((tokens) =>
        tokens.flatMap((token, i) => {
          const before = tokens[i - 1]?.text ?? '';
          const isNamed = words.has(before) || isInvoiceWord(tokens, i);
          if (!isDigits(token) || days.has(bareDigits(token.text))) return [];
          if (!isNamed) return own.some((digits) => isOneOfTheSame(tokens, i, digits)) ? ['other' as const] : [];
          const isCut = own.some((digits) => isBeginning(token.text, digits, tokens.length === i + 1));
          const isSlip = own
            .flat()
            .some((digits) => ['one more', 'two swapped'].includes(slipOf(bareDigits(token.text), bareDigits(digits)) ?? ''));
          return [isCut || isSlip ? ('near' as const) : ('other' as const)];
        }),
      );
      return others.includes('near') ? 'near' : others[0];
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

/** "INVOICE 84", "RECHNUNG NR. 84". Words of two letters may mean something else. */
function isInvoiceWord(tokens: readonly Token[], at: number): boolean {
  const [before, earlier] = [tokens[at - 1]?.text ?? '', tokens[at - 2]?.text ?? ''];
  const word = NUMBER_WORDS.has(before) ? earlier : before;
  return (word.length > 2 || word === earlier) && INVOICE_WORDS.has(word) && !NUMBER_WORDS.has(word);
}

/** True if a number is cut: "INV442-" of INV-000442-1, or "INV-0003" at the end of the text of INV-000384. */
function isBeginning(said: string, [first = '', ...others]: readonly string[], isLast: boolean): boolean {
  if (others.length > 0 && bareDigits(said) === bareDigits(first)) return true;
  return isLast && said.length > 1 && (first.startsWith(said) || bareDigits(first).startsWith(bareDigits(said)));
}

/** True if digits alone look like the number of another invoice: as many digits, and the same in front. */
function isOneOfTheSame(tokens: readonly Token[], at: number, [own = '', ...others]: readonly string[]): boolean {
  const { text } = tokens[at]!;
  const same = Math.ceil(own.length / 2);
  return (
    others.length === 0 &&
    own.length >= TELLING_DIGITS &&
    text.length === own.length &&
    text.slice(0, same) === own.slice(0, same) &&
    !isChequeWord(tokens, at)
  );
}

/** A number with a space in it, because a line of the bank ended there: "9 00023", "INV-00 0384". */
function splitCertainty(tokens: readonly Token[], wanted: readonly Token[]): Certainty | undefined {
  const digits = wanted.filter(isDigits);
  const [{ text: whole } = { text: '' }] = digits;
  if (digits.length !== 1 || whole.length < TELLING_DIGITS) return undefined;
  const starts = tokens.flatMap((_, from) => {
    let [text, to] = ['', from];
    while (isDigits(tokens[to]) && text.length < whole.length && (to === from || /^\s$/.test(tokens[to]!.gap))) {
      text += tokens[to]!.text;
      to += 1;
    }
    return text === whole && to > from + 1 && !isContinued(tokens[to], tokens[to - 1]) ? [from] : [];
  });
  const [from] = starts;
  return from === undefined ? undefined : isInvoiceWord(tokens, from) || tokens[from - 1]?.text === wanted[0]!.text ? 'sure' : 'long';
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
  if (isInvoiceWord(tokens, from)) return 'sure';
  // Bare digits with leading zeros match only if the books have the same zeros.
  if (first.text.startsWith('0') && first.text !== numbers[0]!.text) return undefined;
  const written = numbers.map((_, i) => tokens[from + i]!.text).join('');
  const before = tokens[from - 1]?.text ?? '';
  const isAfterWord = (INVOICE_WORDS.has(before) && !NUMBER_WORDS.has(before)) || first.gap.includes('#');
  if (written.length < LEAST_DIGITS) return isAfterWord || NUMBER_WORDS.has(before) ? 'bare' : undefined;
  if (isAfterWord) return 'sure';
  return written.length >= TELLING_DIGITS ? 'long' : 'bare';
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
