import type * as z from 'zod';
import { asJson } from '../foreign-text.ts';
import { isObject, type Json } from '../json.ts';
import { createReport, toolCall, type Report, type Step } from '../report.ts';
import { DEFAULT_PER_PAGE } from './fields.ts';
import { readFlag } from './read-row.ts';
import { hasCutText, lines, listWithin, plain, quoted, idText } from './text.ts';
import { many, only, withoutEmpty } from './zoho-shapes.ts';

/** Results and texts of lists: the usual fields, within a byte limit, with a hint to the next page. */

/** The most bytes of rows in one answer, as structured content and as text together. */
export const ROWS_CAP = 48_000;
/** The most bytes of rows in the text part of an answer. Every model reads the text; some hosts hide the structured content from it. */
export const TEXT_CAP = 19_000;

interface Page {
  /** Undefined if Zoho's answer contained no list, which does not mean that there are no rows. */
  readonly rows?: Json[] | undefined;
  readonly page_context?: Json;
  /** `text_cut`: set if the only shown row was too long; names the cut fields, with their lengths. */
  readonly cut?: { readonly rows_shown: number; readonly rows_on_page: number; readonly text_cut?: readonly CutField[] };
  /** Names in `fields` that no row has. */
  readonly unknown_fields?: string[];
}

interface CutField {
  readonly field: string;
  /** The length of a text. */
  readonly characters?: number;
  /** The length of a list. */
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
  /** The list's arguments. If `page` is not one of them, Zoho sends the full list, without pages. */
  readonly input: z.ZodObject;
  /** The keys of the rows in Zoho's answers. The first is the key in the tool's result. */
  readonly keys: readonly [string, ...string[]];
  /** The noun for one row, in singular. */
  readonly what: string;
  /** The text if there are no rows. */
  readonly none: string;
  /** The next step if there are no rows for these arguments: another place to search. */
  readonly otherwise?: (input: Json) => Step | undefined;
  /** The fields shown by default. */
  readonly usual: readonly string[];
  /** Makes the function that turns a row into text. Called once for each list, because the function may keep state. */
  readonly line: () => (row: Json) => string;
  /** Converts a row of Zoho to a row of the result. */
  readonly row?: (row: Json) => Json;
}

/** `result` and `report` of a list. */
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

/** Offers a tool with fuzzy match, because Zoho's filters may compare accents exactly. */
export const byNameRoughly = (tool: string, customer: unknown): Step | undefined =>
  customer === undefined ? undefined : toolCall(tool, { customer }, 'this filter needs the exact letters and accents; for a fuzzy match');

/** Joins the existing parts of a row into one line. */
export function joined(...parts: (string | false | undefined)[]): string {
  return parts.filter(Boolean).join(' | ');
}

/** The text for a value. Undefined if there is no value. */
export function ifPresent(value: unknown, say: (value: unknown) => string): string | undefined {
  return value === undefined ? undefined : say(value);
}

/** The text of a row whose fields were chosen with the argument `fields`. Its texts are not cut. */
function chosen(row: Json): string {
  return joined(
    ...Object.entries(row).map(([name, value]) => `${name} ${typeof value === 'string' ? quoted(value, Infinity) : asJson(value)}`),
  );
}

/** Makes a function that names the customer of a row. It adds the id in a customer's first row, and if the name is missing. */
export function naming(): (row: Json) => string {
  const named = new Set<unknown>();
  return ({ customer_id, customer_name }) => {
    const byId = customer_id !== undefined && (customer_name === undefined || !named.has(customer_id));
    named.add(customer_id);
    return `${customer_name === undefined ? '' : quoted(customer_name, 40)}${byId ? ` (customer_id ${idText(customer_id)})` : ''}`.trim();
  };
}

/** The rows of one page, with the usual or chosen fields, cut at the byte limits. `line` turns a row into text. */
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
    // The first row is always shown, because a page without rows would look as if nothing matched.
    const text_cut: CutField[] = [];
    const first = rows.length === 0;
    if (first) rows.push(shortened(row, '', text_cut) as Json);
    return { ...page, cut: { rows_shown: rows.length, rows_on_page: all.length, ...(text_cut.length > 0 && { text_cut }) } };
  }
  return page;
}

/** Cuts long texts and long lists in a value, at any depth. Adds each cut field and its length to `cut`. */
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

/** A hint how to read the full texts, if texts in the rows are cut. */
function aboutCutTexts(shown: readonly string[], takes: object): string | false {
  if (!shown.some(hasCutText)) return false;
  const how = 'fields' in takes ? 'to read them in full, list their fields in `fields`' : 'the structured content has them in full';
  return `Texts marked "(… characters)" are cut: ${how}.`;
}

/** The line above the rows; `none` if there are no rows. */
function countOf({ rows, cut, page_context }: Page, { page = 1 }: ListInput, what: string, none: string): string {
  const several = `${what.replace(/y$/, 'ie')}s`;
  if (rows === undefined) return `Zoho's answer contained no list of ${several}. Some may still exist.`;
  const more = readFlag(page_context?.['has_more_page']) === true;
  if (rows.length === 0 && !more) return page > 1 ? `Page ${page} is past the end: it is empty.` : none;
  const onPage = cut?.rows_on_page ?? rows.length;
  const where = page > 1 || more ? ` on page ${page}${more ? ', more follow' : ''}` : '';
  return `${onPage > rows.length ? `${rows.length} of ` : ''}${onPage} ${onPage === 1 ? what : several}${where}:`;
}

/** The lines below the rows: about cuts, more pages, unknown fields, and a sort order that Zoho ignored. */
function aboutPage({ rows, cut, page_context, unknown_fields }: Page, input: ListInput, takes: object): string[] {
  const page = input.page ?? 1;
  const more = readFlag(page_context?.['has_more_page']);
  const isFull = (rows?.length ?? 0) >= (input.per_page ?? DEFAULT_PER_PAGE);
  const sorted = page_context?.['sort_column'];
  return lines(
    ...(cut ? tooLong(cut, page, takes) : []),
    !cut && more === true && `More follow: call again with page: ${page + 1}.`,
    !cut && 'page' in takes && more === undefined && isFull && `Zoho did not say whether more follow: try page: ${page + 1}.`,
    unknown_fields && `No row has ${unknown_fields.map((name) => `\`${name}\``).join(', ')}; fields: ["all"] shows all field names.`,
    input.sort_column !== undefined &&
      typeof sorted === 'string' &&
      sorted !== input.sort_column &&
      `Zoho sorted by ${sorted}, not by ${input.sort_column}.`,
  );
}

function tooLong({ rows_shown, rows_on_page, text_cut }: NonNullable<Page['cut']>, page: number, takes: object): string[] {
  const fields = 'fields' in takes;
  const narrower = fields ? ', or ask for fewer `fields`, or add a filter' : '';
  const others =
    'page' in takes
      ? ` of page ${page}. To see all rows, call again with per_page: ${rows_shown}, from page: 1 on${narrower}.`
      : '. Zoho sends this list without pages.';
  return lines(
    text_cut && `The row is too long, so these values are cut: ${lengthsOf(text_cut)}.${fields ? ' Ask for fewer `fields`.' : ''}`,
    rows_shown < rows_on_page && `Too long to show in full: these are the first ${rows_shown} of the ${rows_on_page} rows${others}`,
  );
}

function lengthsOf(cut: readonly CutField[]): string {
  const each = cut.map(
    ({ field, characters, entries }) => `${plain(field)} (${characters === undefined ? `${entries} entries` : `${characters} characters`})`,
  );
  return listWithin([...new Set(each)], 200);
}
