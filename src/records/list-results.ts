import type * as z from 'zod';
import { asJson } from '../foreign-text.ts';
import { isObject, type Json } from '../json.ts';
import { createReport, toolCall, type Report, type Step } from '../report.ts';
import { DEFAULT_PER_PAGE } from './fields.ts';
import { readFlag } from './read-row.ts';
import { hasCutText, lines, listWithin, plain, quoted, idText } from './text.ts';
import { many, only, withoutEmpty } from './zoho-shapes.ts';

/** Lists: the fields a person would ask for, within a byte cap, with the next page said in words. */

/** Bytes of rows that one list answer may hold, as data and as lines of text together. */
export const ROWS_CAP = 48_000;
/** The most bytes of text among them. A model reads the text, whatever its host does with the data. */
export const TEXT_CAP = 19_000;

interface Page {
  /** Left out when Zoho's answer held no list, which does not mean that there are none. */
  readonly rows?: Json[] | undefined;
  readonly page_context?: Json;
  /** `text_cut`: the only row shown was itself too long. It names the fields that are cut, with their lengths. */
  readonly cut?: { readonly rows_shown: number; readonly rows_on_page: number; readonly text_cut?: readonly CutField[] };
  /** Asked for with `fields`, and in no row. */
  readonly unknown_fields?: string[];
}

interface CutField {
  readonly field: string;
  /** Of a text. */
  readonly characters?: number;
  /** Of a list. */
  readonly entries?: number;
}

interface ListInput {
  readonly fields?: readonly string[] | undefined;
  readonly page?: number | undefined;
  readonly per_page?: number | undefined;
  readonly sort_column?: string | undefined;
  readonly [filter: string]: unknown;
}

interface Listing {
  /** What the list takes: without `page` Zoho gives it in one piece. */
  readonly input: z.ZodObject;
  /** What the rows stand under in Zoho's answers; in ours the first. */
  readonly keys: readonly [string, ...string[]];
  /** One of them, in words. */
  readonly what: string;
  /** Said where there are none at all. */
  readonly none: string;
  /** Said where there are none, of what was asked for: where else to look. */
  readonly otherwise?: (input: Json) => Step | undefined;
  /** The fields a person would ask for. */
  readonly usual: readonly string[];
  /** How a row reads; made for each list anew. */
  readonly line: () => (row: Json) => string;
  /** From Zoho's rows to ours. */
  readonly row?: (row: Json) => Json;
}

/** `result` and `text` of a list. */
export function listing({ input: { shape }, keys, what, none, otherwise, usual, line, row: ours = (row) => row }: Listing) {
  const [key] = keys;
  const reads = ({ fields }: ListInput) => (fields === undefined ? line() : chosen);
  return {
    result(body: Json, input: ListInput): Json {
      const { rows, ...rest } = pageOf(many(body, ...keys)?.map(ours), body['page_context'], usual, reads(input), input);
      return { ...(rows && { [key]: rows }), ...rest };
    },
    report({ [key]: rows, ...rest }: Json, input: ListInput): Report {
      const page = { ...rest, rows } as Page;
      const shown = (page.rows ?? []).map(reads(input));
      const count = countOf(page, input, what, none);
      return createReport(
        [count, ...shown, aboutCutTexts(shown, shape), ...aboutPage(page, input, shape)],
        [count === none && otherwise?.(input)],
      );
    },
  };
}

/** Zoho's filters may tell accents apart; tools that take a name as people say it do not. */
export const byNameRoughly = (tool: string, customer: unknown): Step | undefined =>
  customer === undefined
    ? undefined
    : toolCall(tool, { customer }, 'the filter compares accents and every letter; to look for the name roughly');

/** The parts of a row that are there, as one line. */
export function joined(...parts: (string | false | undefined)[]): string {
  return parts.filter(Boolean).join(' | ');
}

/** A value in words, where there is one. */
export function ifPresent(value: unknown, say: (value: unknown) => string): string | undefined {
  return value === undefined ? undefined : say(value);
}

/** A row of which the fields were chosen, each text whole. */
function chosen(row: Json): string {
  return joined(
    ...Object.entries(row).map(([name, value]) => `${name} ${typeof value === 'string' ? quoted(value, Infinity) : asJson(value)}`),
  );
}

/** Names the customer of each row of one list: by the name, and where the customer first comes or has no name also by the id. */
export function naming(): (row: Json) => string {
  const named = new Set<unknown>();
  return ({ customer_id, customer_name }) => {
    const byId = customer_id !== undefined && (customer_name === undefined || !named.has(customer_id));
    named.add(customer_id);
    return `${customer_name === undefined ? '' : quoted(customer_name, 40)}${byId ? ` (customer_id ${idText(customer_id)})` : ''}`.trim();
  };
}

/** The rows of one page, each with its usual fields or those asked for, cut at the byte caps. `line` is how a row reads as text. */
function pageOf(
  all: readonly Json[] | undefined,
  context: unknown,
  usual: readonly string[],
  line: (row: Json) => string,
  { fields }: ListInput,
): Page {
  if (all === undefined) return {};
  const chosen = fields ?? usual;
  const whole = chosen.includes('all');
  const unknown =
    fields === undefined || whole || all.length === 0 ? [] : fields.filter((name) => !all.some((row) => Object.hasOwn(row, name)));
  const rows: Json[] = [];
  const page: Page = {
    rows,
    ...(isObject(context) && { page_context: withoutEmpty(context) }),
    ...(unknown.length > 0 && { unknown_fields: unknown }),
  };
  let bytes = 0;
  let textBytes = 0;
  for (const full of all) {
    const row = withoutEmpty(whole ? full : only(full, chosen));
    const text = Buffer.byteLength(JSON.stringify(line(row)));
    bytes += Buffer.byteLength(JSON.stringify(row)) + text;
    textBytes += text;
    if (bytes <= ROWS_CAP && textBytes <= TEXT_CAP) {
      rows.push(row);
      continue;
    }
    // The first row is shown whatever it holds: a page without rows would read as one that matches nothing.
    const text_cut: CutField[] = [];
    const first = rows.length === 0;
    if (first) rows.push(shortened(row, '', text_cut) as Json);
    return { ...page, cut: { rows_shown: rows.length, rows_on_page: all.length, ...(text_cut.length > 0 && { text_cut }) } };
  }
  return page;
}

/** The value with long texts and long lists cut, at any depth. `cut` gets the fields and their lengths. */
function shortened(value: unknown, field: string, cut: CutField[]): unknown {
  if (typeof value === 'string') {
    if (value.length <= 500) return value;
    cut.push({ field, characters: [...value].length });
    return `${value.slice(0, 499)}…`;
  }
  if (Array.isArray(value)) {
    if (value.length > 20) cut.push({ field, entries: value.length });
    return value.slice(0, 20).map((item) => shortened(item, field, cut));
  }
  if (isObject(value)) {
    const within = (name: string) => (field === '' ? name : `${field}.${name}`);
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shortened(item, within(name), cut)]));
  }
  return value;
}

/** How to read the texts that are cut in the lines of rows. */
function aboutCutTexts(shown: readonly string[], takes: object): string | false {
  if (!shown.some(hasCutText)) return false;
  const how = 'fields' in takes ? 'name their fields as `fields` to read them whole' : 'the structured result has them whole';
  return `Texts with a number of characters are cut: ${how}.`;
}

/** What to say above the rows; `none` where there are none at all. */
function countOf({ rows, cut, page_context }: Page, { page = 1 }: ListInput, what: string, none: string): string {
  const several = `${what.replace(/y$/, 'ie')}s`;
  if (rows === undefined) return `Zoho's answer held no list of ${several}. That does not mean that there are none.`;
  const more = readFlag(page_context?.['has_more_page']) === true;
  if (rows.length === 0 && !more) return page > 1 ? `Page ${page} is past the end; nothing on it.` : none;
  const onPage = cut?.rows_on_page ?? rows.length;
  const where = page > 1 || more ? ` on page ${page}${more ? ', more follow' : ''}` : '';
  return `${onPage > rows.length ? `${rows.length} of ` : ''}${onPage} ${onPage === 1 ? what : several}${where}:`;
}

/** What to say under the rows: cut off, more pages, fields that do not exist, a sort that Zoho did not follow. */
function aboutPage({ rows, cut, page_context, unknown_fields }: Page, input: ListInput, takes: object): string[] {
  const page = input.page ?? 1;
  const more = readFlag(page_context?.['has_more_page']);
  const isFull = (rows?.length ?? 0) >= (input.per_page ?? DEFAULT_PER_PAGE);
  const sorted = page_context?.['sort_column'];
  return lines(
    ...(cut ? tooLong(cut, page, takes) : []),
    !cut && more === true && `More follow: call again with page: ${page + 1}.`,
    !cut && 'page' in takes && more === undefined && isFull && `Zoho did not say whether more follow: try page: ${page + 1}.`,
    unknown_fields && `No row has ${unknown_fields.map((name) => `\`${name}\``).join(', ')}; fields: ["all"] shows the names there are.`,
    input.sort_column !== undefined &&
      typeof sorted === 'string' &&
      sorted !== input.sort_column &&
      `Zoho did not sort by ${input.sort_column} but by ${sorted}.`,
  );
}

function tooLong({ rows_shown, rows_on_page, text_cut }: NonNullable<Page['cut']>, page: number, takes: object): string[] {
  const fields = 'fields' in takes;
  const narrower = fields ? ', or ask for fewer `fields`, or add a filter' : '';
  const others =
    'page' in takes
      ? ` of page ${page}. To see every row call again with per_page: ${rows_shown}, page: 1 and onwards${narrower}.`
      : '. Zoho gives this list in one piece only.';
  return lines(
    text_cut &&
      `The row is too long to show whole: long text in it is cut: ${lengthsOf(text_cut)}.${fields ? ' Ask for fewer `fields`.' : ''}`,
    rows_shown < rows_on_page && `Too long to show whole: the first ${rows_shown} of the ${rows_on_page} rows${others}`,
  );
}

function lengthsOf(cut: readonly CutField[]): string {
  const each = cut.map(
    ({ field, characters, entries }) => `${plain(field)} (${characters === undefined ? `${entries} entries` : `${characters} characters`})`,
  );
  return listWithin([...new Set(each)], 200);
}
