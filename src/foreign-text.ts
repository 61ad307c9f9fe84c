/** Makes foreign text safe to show as data: text from records, from Zoho, or typed by a person. */

/** The mark that replaces hidden characters. Other programs use it for text that cannot be decoded. */
const MARK = '\uFFFD';

/** Characters that look blank: all white space and line breaks. */
const BLANK = /[\s\u0085\u2800]+/gu;

/** Characters that are invisible, change the text direction, control a terminal, or have no standard appearance. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/u;
const HIDDEN_RUN = new RegExp(`${HIDDEN.source}+`, 'gu');

/** Scripts whose words use joiners. */
const JOINED = ['Arab', 'Syrc', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym', 'Sinh']
  .map((script) => `\\p{Script=${script}}`)
  .join('');

/**
 * Invisible characters that ordinary names contain: direction marks, variation selectors of emoji and Chinese characters, joiners of emoji
 * and of scripts that need them. They are removed without a mark, so that names stay readable.
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

/** Too many combining marks on one letter, which would cover other lines; or a mark at the beginning, which would change the quote. */
const FLOOD = /(?<=[\p{Mn}\p{Me}]{6})[\p{Mn}\p{Me}]+|^\p{M}+/gu;

/** Characters that look like the double quotes around foreign text. */
const QUOTES = /[\u02BA\u02EE\u05F4\u201C-\u201F\u2033\u2036\u275D\u275E\u301D-\u301F\uFF02\u{1F676}-\u{1F678}]/gu;

/** Foreign text as one line of at most `max` characters. `\uFFFD` replaces hidden characters. */
export function oneLine(text: string, max = 200): string {
  return cutTo(max, lettersOf(text));
}

/** Foreign text to compare: no invisible characters, full-width letters as ordinary letters, one space between words. */
export function comparable(text: string): string {
  return oneLine(text, Infinity).replaceAll(MARK, '').normalize('NFKC').replace(/\s+/g, ' ').trim();
}

/** Like `oneLine`, in quotes. A cut text is followed by its full length. */
export function inQuotes(text: string, max = 200): string {
  const letters = lettersOf(text);
  return `${JSON.stringify(cutTo(max, letters))}${letters.length > max ? lengthOf(letters) : ''}`;
}

/** Our own text that quotes foreign text, as one line. A text that was cut ends with the number of characters that it had. */
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

/** All kinds of line breaks. */
const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;
/** Hidden characters in a text of several lines. */
const HIDDEN_IN_LINES = new RegExp(`(?:(?!\\n)${HIDDEN.source})+`, 'gu');

const HIDDEN_IN_NAME = new RegExp(`(?:${HIDDEN.source}|[\\u2028\\u2029\\u2800])+`, 'gu');

/** Foreign text with its line breaks, but without the hidden characters that `oneLine` replaces. */
function visible(text: string): string {
  return text
    .replace(ORDINARY, '')
    .replace(LINE_BREAK, '\n')
    .replace(/[\t\u2800]/g, ' ')
    .replace(HIDDEN_IN_LINES, MARK);
}

/**
 * Makes all texts and names of a structured result `visible`. Arguments of calls to copy stay exact: otherwise an undo would restore other
 * values, and a repeated call would be a different call.
 */
export function guarded<T>(value: T): T;
export function guarded(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  if (Array.isArray(value)) return value.map(guarded);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]: [string, unknown]) => {
    // Hidden characters in a name are marked, never removed, because without them the name could equal another field's name.
    const shown = name.replace(HIDDEN_IN_NAME, MARK);
    return [shown, CALLS.has(name) ? guardedCalls(item) : guarded(item)];
  });
  return Object.fromEntries(entries);
}

/** Fields that contain our own calls. */
const CALLS = new Set(['undo', 'next', 'followed_by']);

function guardedCalls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(guardedCalls);
  return isCall(value) ? { ...guarded(value), arguments: value.arguments } : guarded(value);
}

const isCall = (value: unknown): value is { readonly arguments: unknown } =>
  typeof value === 'object' && value !== null && 'tool' in value && 'arguments' in value;

/** Characters that must be escaped. In JSON they can only be inside a string. */
const UNSEEMLY = new RegExp(`${HIDDEN.source}|[\\u2028\\u2029\\u2800]|${QUOTES.source}|(?<=[\\p{Mn}\\p{Me}]{6}|")\\p{M}`, 'gu');

/** JSON with hidden characters as escape sequences, so that a copied call is exact. */
export function asJson(value: unknown): string {
  return escaped(JSON.stringify(value));
}

/** Like `asJson`, but with indentation, for people. */
export function asIndentedJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(escaped).join('\n');
}

function escaped(json: string): string {
  return json.replace(UNSEEMLY, (character) =>
    character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
