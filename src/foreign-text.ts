/** Text of foreign origin, of a record, of Zoho or typed by a person, made to read as the data it is. */

/** Stands where something was taken out that hides, as it does elsewhere for what cannot be decoded. */
const MARK = '\uFFFD';

/** Looks blank: white space of any kind, line breaks too. */
const BLANK = /[\s\u0085\u2800]+/gu;

/** Invisible, or turning the direction of what follows, driving a terminal, or without a look that is agreed on. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/u;
const HIDDEN_RUN = new RegExp(`${HIDDEN.source}+`, 'gu');

/** Scripts in whose words joiners have a place. */
const JOINED = ['Arab', 'Syrc', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym', 'Sinh']
  .map((script) => `\\p{Script=${script}}`)
  .join('');

/**
 * Invisible as well, but in the place where ordinary names have it: direction marks beside Arabic and Hebrew, the look of an emoji or
 * of a Chinese character, joined emoji, joiners within words of scripts that need them. Dropped without a mark: the name stays readable.
 */
const ORDINARY = new RegExp(
  [
    /[\u200E\u200F\u061C]/u,
    /(?<=\p{Emoji})[\uFE0E\uFE0F](?!\p{Variation_Selector})/u,
    /(?<=\p{Script=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}](?!\p{Variation_Selector})/u,
    /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})/u,
    new RegExp(`(?<=[${JOINED}])[\\u200C\\u200D](?=\\p{L})`, 'u'),
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

/** More marks over one letter than any language puts there spill over the lines around; a first one would change the quote before it. */
const FLOOD = /(?<=[\p{Mn}\p{Me}]{6})[\p{Mn}\p{Me}]+|^\p{M}+/gu;

/** What looks like the double quote that foreign text is put into. */
const QUOTES = /[\u02BA\u02EE\u05F4\u201C-\u201F\u2033\u2036\u275D\u275E\u301D-\u301F\uFF02\u{1F676}-\u{1F678}]/gu;

/** Foreign text as one line of at most `max` characters, in which nothing hides: what did is a `\uFFFD`. */
export function oneLine(text: string, max = 200): string {
  return cutTo(max, lettersOf(text));
}

/** Foreign text for comparing: no invisible characters, full-width letters as ordinary ones, one space between words. */
export function comparable(text: string): string {
  return oneLine(text, Infinity).replaceAll(MARK, '').normalize('NFKC').replace(/\s+/g, ' ').trim();
}

/** The same as `oneLine`, in quotes. After the quotes of a text that is cut stands how long it is. */
export function inQuotes(text: string, max = 200): string {
  const letters = lettersOf(text);
  return `${JSON.stringify(cutTo(max, letters))}${letters.length > max ? lengthOf(letters) : ''}`;
}

/** A text of ours that quotes foreign ones, as one line; one that is cut ends with how long it is. */
export function cutLine(text: string, max: number): string {
  const letters = lettersOf(text);
  return `${cutTo(max, letters)}${letters.length > max ? lengthOf(letters) : ''}`;
}

const lettersOf = (text: string): string[] => [
  ...text.replace(ORDINARY, '').replace(BLANK, ' ').replace(HIDDEN_RUN, MARK).trim().replace(FLOOD, MARK).replace(QUOTES, '"'),
];

const cutTo = (max: number, letters: readonly string[]): string =>
  letters.length > max ? `${letters.slice(0, max - 1).join('')}…` : letters.join('');

const lengthOf = ({ length }: readonly string[]): string => ` (${length.toLocaleString('en')} characters)`;

/** Line breaks, of every kind. */
const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;
/** What hides in a text of several lines. */
const HIDDEN_IN_LINES = new RegExp(`(?:(?!\\n)${HIDDEN.source})+`, 'gu');

const HIDDEN_IN_NAME = new RegExp(`(?:${HIDDEN.source}|[\\u2028\\u2029\\u2800])+`, 'gu');

/** Foreign text with its line breaks and without hidden characters: those that `oneLine` replaces. Everything else stays. */
function visible(text: string): string {
  return text
    .replace(ORDINARY, '')
    .replace(LINE_BREAK, '\n')
    .replace(/[\t\u2800]/g, ' ')
    .replace(HIDDEN_IN_LINES, MARK);
}

/**
 * A structured result whose texts are `visible`, names too. Calls that are to be made as they stand keep their arguments exact. Otherwise
 * an undo would not restore what was there, and a repeated call would be another one.
 */
export function guarded<T>(value: T): T;
export function guarded(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  if (Array.isArray(value)) return value.map(guarded);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]: [string, unknown]) => {
    // Nothing is dropped from a name without a mark: it could become the name of another field.
    const shown = name.replace(HIDDEN_IN_NAME, MARK);
    return [shown, CALLS.has(name) ? guardedCalls(item) : guarded(item)];
  });
  return Object.fromEntries(entries);
}

/** Where calls of ours stand. */
const CALLS = new Set(['undo', 'next', 'followed_by']);

function guardedCalls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(guardedCalls);
  return isCall(value) ? { ...guarded(value), arguments: value.arguments } : guarded(value);
}

const isCall = (value: unknown): value is { readonly arguments: unknown } =>
  typeof value === 'object' && value !== null && 'tool' in value && 'arguments' in value;

/** What must not stand in a text as it is; in JSON all of it can only be within a string. */
const UNSEEMLY = new RegExp(`${HIDDEN.source}|[\\u2028\\u2029\\u2800]|${QUOTES.source}|(?<=[\\p{Mn}\\p{Me}]{6}|")\\p{M}`, 'gu');

/** JSON that keeps every character, what hides in it written as its code: for calls that are to be made as they stand. */
export function asJson(value: unknown): string {
  return escaped(JSON.stringify(value));
}

/** The same over several lines, for people. */
export function asIndentedJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(escaped).join('\n');
}

function escaped(json: string): string {
  return json.replace(UNSEEMLY, (character) =>
    character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
