import type { Json } from '../endpoint.ts';
import { isObject, withoutEmpty } from './shape.ts';
import { lines } from './words.ts';

/** Lists: the fields a person would ask for, within a byte cap, with the next page said in words. */

/** Bytes of rows that one list answer may hold; about a fifth of what common hosts cut off at. */
export const ROWS_CAP = 48_000;

export interface Page {
  /** Left out when Zoho's answer held no list, which does not mean that there are none. */
  readonly rows?: Json[];
  readonly page_context?: Json;
  readonly cut?: { readonly rows_shown: number; readonly rows_on_page: number };
  /** Asked for with `fields`, and in no row. */
  readonly unknown_fields?: string[];
}

interface Wanted {
  readonly fields?: readonly string[] | undefined;
  readonly per_page?: number | undefined;
}

/** The rows of one page, each with its usual fields or those asked for, cut at the byte cap. */
export function pageOf(all: readonly Json[] | undefined, context: unknown, usual: readonly string[], { fields }: Wanted): Page {
  if (all === undefined) return {};
  const whole = fields?.includes('all') === true;
  const chosen = fields ?? usual;
  const rows: Json[] = [];
  let bytes = 0;
  for (const full of all) {
    const row = withoutEmpty(whole ? full : Object.fromEntries(chosen.map((name) => [name, full[name]])));
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    if (bytes > ROWS_CAP) break;
    rows.push(row);
  }
  const unknown = whole || all.length === 0 ? [] : chosen.filter((name) => fields !== undefined && !all.some((row) => name in row));
  return {
    rows,
    ...(isObject(context) && { page_context: withoutEmpty(context) }),
    ...(rows.length < all.length && { cut: { rows_shown: rows.length, rows_on_page: all.length } }),
    ...(unknown.length > 0 && { unknown_fields: unknown }),
  };
}

/** What to say above the rows. */
export function countOf(rows: readonly unknown[] | undefined, what: string): string {
  if (rows === undefined) return `Zoho's answer held no list of ${what}s. That does not mean that there are none.`;
  if (rows.length === 0) return `No ${what}s match.`;
  return rows.length === 1 ? `1 ${what}:` : `${rows.length} ${what}s:`;
}

/** What to say under the rows: cut off, more pages, fields that do not exist, a sort that Zoho did not follow. */
export function aboutPage(
  { cut, page_context, unknown_fields }: Omit<Page, 'rows'>,
  input: Wanted & { page?: number | undefined; sort_column?: string | undefined },
): string {
  const page = input.page ?? 1;
  const sorted = page_context?.['sort_column'];
  return lines(
    cut && tooLong(cut, page),
    !cut && page_context?.['has_more_page'] === true && `More follow: call again with page: ${page + 1}.`,
    unknown_fields && `No row has ${unknown_fields.map((name) => `\`${name}\``).join(', ')}; fields: ["all"] shows the names there are.`,
    input.sort_column !== undefined && typeof sorted === 'string' && sorted !== input.sort_column && `Zoho did not sort by ${input.sort_column} but by ${sorted}.`,
  );
}

function tooLong({ rows_shown, rows_on_page }: NonNullable<Page['cut']>, page: number): string {
  const narrower = Math.max(1, rows_shown);
  return (
    `Too long to show whole: the first ${rows_shown} of the ${rows_on_page} rows of page ${page}. ` +
    `To see every row call again with per_page: ${narrower}, page: 1 and onwards, or ask for fewer \`fields\`, or add a filter.`
  );
}
