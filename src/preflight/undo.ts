import type * as z from 'zod';
import { isObject, type Json } from '../json.ts';
import { customFieldsIn, nameGiven, type CustomFieldNames } from '../records/custom-fields.ts';
import type { Payment } from '../records/fields.ts';
import { quoted } from '../records/text.ts';
import { CLEARED } from '../records/zoho-shapes.ts';
import type { Undo } from '../report.ts';

/** What takes a write back: arguments that the tool takes, and the names of what they do not restore. */

/** Values as they stood, and what they cannot bring back. */
export interface Earlier {
  readonly arguments: Json;
  readonly not_restored: readonly string[];
}

/** A call of the tool. An argument that the tool would refuse is left out and named; undefined where nothing of use is left. */
export function undoWith(
  { name, input }: { readonly name: string; readonly input: z.ZodObject },
  ids: readonly string[],
  earlier: Earlier,
): Undo | undefined {
  const given = Object.entries(earlier.arguments).filter(([, value]) => value !== undefined);
  const refused = given.filter(([field, value]) => input.shape[field]?.safeParse(value).success !== true).map(([field]) => field);
  const args = Object.fromEntries(given.filter(([field]) => !refused.includes(field)));
  const not_restored = [...new Set([...earlier.not_restored, ...refused])];
  const restoresNothing = Object.keys(args).every((field) => ids.includes(field) || field === 'replace_invoices');
  if (restoresNothing || !input.safeParse(args).success) return undefined;
  return { tool: name, arguments: args, ...(not_restored.length > 0 && { not_restored }) };
}

/** Numbers that Zoho takes 0 for, which is how it tells that there are none. */
const ZEROED = new Set(['bank_charges', 'tax_amount_withheld']);

/** Plain fields of a record as they stood. */
export function fieldsBack(names: readonly string[], before: Json): Earlier {
  const args: Json = {};
  const not_restored: string[] = [];
  for (const name of names) {
    if (before[name] !== undefined) args[name] = before[name];
    else if (CLEARED.has(name)) args[name] = '';
    else if (ZEROED.has(name)) {
      args[name] = 0;
      not_restored.push(`${name} (Zoho did not tell what it was, so it is set to 0)`);
    } else not_restored.push(name);
  }
  return { arguments: args, not_restored };
}

/** The named custom fields as they stood, each by the name it was given. */
export function customFieldsBack(
  given: readonly CustomFieldNames[],
  before: Payment,
): { readonly custom_fields: Json[]; readonly not_restored: readonly string[] } {
  const known = customFieldsIn(before);
  const custom_fields: Json[] = [];
  const not_restored: string[] = [];
  for (const names of given) {
    const [name, wanted] = nameGiven(names);
    const value = known.find((field) => String(field[name]) === wanted)?.['value'] ?? '';
    // Where Zoho tells the fields without this kind of name, one that is not found may be set all the same.
    const isHidden = value === '' && known.some((field) => field[name] === undefined);
    if (isHidden || typeof value === 'object') not_restored.push(`custom field ${quoted(wanted, 40)}`);
    else custom_fields.push({ [name]: wanted, value: String(value) });
  }
  return { custom_fields, not_restored };
}

/** Every custom field of the payment, for recording it again. */
export function customFieldsOf(payment: Payment): { readonly custom_fields: Json[]; readonly not_restored: readonly string[] } {
  const set = customFieldsIn(payment).filter(({ value }) => value !== undefined);
  return customFieldsBack(set as CustomFieldNames[], payment);
}

export function tagsOf(payment: Payment): Json[] {
  return (Array.isArray(payment['tags']) ? payment['tags'] : [])
    .filter(isObject)
    .map(({ tag_id, tag_option_id }) => ({ tag_id, tag_option_id }));
}

/** Early-payment discounts on these rows: no tool sets one. */
export function discountsLost(rows: readonly Json[]): string[] {
  return rows
    .filter((row) => Number(row['discount_amount'] ?? 0) !== 0)
    .map((row) => `the discount on invoice ${quoted(row['invoice_number'] ?? row['invoice_id'], 40)}`);
}

/**
 * Charges get an account from Zoho where none is given, and it takes no empty one: one that had none keeps what it got. `after`: as Zoho
 * shows it now.
 */
export function accountOfCharges(before: Payment, after: Payment = {}): string[] {
  const chosen = after['bank_charges_account_id'] !== undefined || Number(before['bank_charges'] ?? 0) !== 0;
  return before['bank_charges_account_id'] === undefined && chosen ? ['bank_charges_account_id'] : [];
}
