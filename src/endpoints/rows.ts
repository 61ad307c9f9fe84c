import type { Json } from '../endpoint.ts';
import { DEFAULT_PER_PAGE } from './fields.ts';
import { isObject, withoutEmpty } from './shape.ts';
import { lines } from './words.ts';

/** Lists: the fields a person would ask for, within a byte cap, with the next page said in words. */

/** Bytes of rows that one list answer may hold, as data and as lines of text together. */
export const ROWS_CAP = 48_000;
/** Of these the bytes of text, which a model reads whatever its host does with the data. */
export const TEXT_CAP = 19_000;

export interface Page {
  /** Left out when Zoho's answer held no list, which does not mean that there are none. */
  readonly rows?: Json[] | undefined;
  readonly page_context?: Json;
  /** `text_cut`: the one row that is shown was itself too long. */
  readonly cut?: { readonly rows_shown: number; readonly rows_on_page: number; readonly text_cut?: true };
  /** Asked for with `fields`, and in no row. */
  readonly unknown_fields?: string[];
}

interface Wanted {
  readonly fields?: readonly string[] | undefined;
  readonly per_page?: number | undefined;
}

/** The rows of one page, each with its usual fields or those asked for, cut at the byte caps. `line` is how a row reads as text. */
export function pageOf(all: readonly Json[] | undefined, context: unknown, usual: readonly string[], line: (row: Json) => string, { fields }: Wanted): Page {
  if (all === undefined) return {};
  const chosen = fields ?? usual;
  const whole = chosen.includes('all');
  const unknown = fields === undefined || whole || all.length === 0 ? [] : fields.filter((name) => !all.some((row) => Object.hasOwn(row, name)));
  const rows: Json[] = [];
  const page: Page = { rows, ...(isObject(context) && { page_context: withoutEmpty(context) }), ...(unknown.length > 0 && { unknown_fields: unknown }) };
  let bytes = 0;
  let textBytes = 0;
  for (const full of all) {
    const row = withoutEmpty(whole ? full : Object.fromEntries(chosen.filter((name) => Object.hasOwn(full, name)).map((name) => [name, full[name]])));
    const text = Buffer.byteLength(JSON.stringify(line(row)));
    bytes += Buffer.byteLength(JSON.stringify(row)) + text;
    textBytes += text;
    if (bytes <= ROWS_CAP && textBytes <= TEXT_CAP) {
      rows.push(row);
      continue;
    }
    // The first row is shown whatever it holds: a page without rows would read as one that matches nothing.
    const first = rows.length === 0;
    if (first) rows.push(shortened(row) as Json);
    return { ...page, cut: { rows_shown: rows.length, rows_on_page: all.length, ...(first && { text_cut: true }) } };
  }
  return page;
}

/** Long text cut and long lists ended, at any depth. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 500 ? `${value.slice(0, 499)}…` : value;
  if (Array.isArray(value)) return value.slice(0, 20).map(shortened);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shortened(item)]));
  return value;
}

/** What to say above the rows; `none` where there are none at all. */
export function countOf({ rows, cut, page_context }: Page, { page = 1 }: { page?: number | undefined }, what: string, none: string): string {
  if (rows === undefined) return `Zoho's answer held no list of ${what}s. That does not mean that there are none.`;
  if (rows.length === 0) return page > 1 ? `Page ${page} is past the end; nothing on it.` : none;
  const onPage = cut?.rows_on_page ?? rows.length;
  const more = page_context?.['has_more_page'] === true;
  const where = page > 1 || more ? ` on page ${page}${more ? ', more follow' : ''}` : '';
  return `${onPage > rows.length ? `${rows.length} of ` : ''}${onPage} ${what}${onPage === 1 ? '' : 's'}${where}:`;
}

/** What to say under the rows: cut off, more pages, fields that do not exist, a sort that Zoho did not follow. */
export function aboutPage({ rows, cut, page_context, unknown_fields }: Page, input: Wanted & { page?: number | undefined; sort_column?: string | undefined }): string {
  const page = input.page ?? 1;
  const more = page_context?.['has_more_page'];
  const isFull = (rows?.length ?? 0) >= (input.per_page ?? DEFAULT_PER_PAGE);
  const sorted = page_context?.['sort_column'];
  return lines(
    cut && tooLong(cut, page),
    !cut && more === true && `More follow: call again with page: ${page + 1}.`,
    !cut && more === undefined && isFull && `Zoho did not say whether more follow: try page: ${page + 1}.`,
    unknown_fields && `No row has ${unknown_fields.map((name) => `\`${name}\``).join(', ')}; fields: ["all"] shows the names there are.`,
    input.sort_column !== undefined && typeof sorted === 'string' && sorted !== input.sort_column && `Zoho did not sort by ${input.sort_column} but by ${sorted}.`,
  );
}

function tooLong({ rows_shown, rows_on_page, text_cut }: NonNullable<Page['cut']>, page: number): string {
  return lines(
    text_cut && 'The row is too long to show whole: long text in it is cut. Ask for fewer `fields`.',
    rows_shown < rows_on_page &&
      `Too long to show whole: the first ${rows_shown} of the ${rows_on_page} rows of page ${page}. ` +
        `To see every row call again with per_page: ${rows_shown}, page: 1 and onwards, or ask for fewer \`fields\`, or add a filter.`,
  );
}
