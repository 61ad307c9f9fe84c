import type * as z from 'zod';
import { isObject, type Json } from '../json.ts';
import { customFieldsIn, nameGiven, type CustomFieldNames } from '../records/custom-fields.ts';
import type { Payment } from '../records/fields.ts';
import { quoted } from '../records/text.ts';
import { CLEARED } from '../records/zoho-shapes.ts';
import type { Undo } from '../report.ts';

/** Parts of an undo call: arguments for the tool, and the names of values that these arguments do not restore. */

/** Earlier values as arguments, and the values that these arguments cannot restore. */
export interface Earlier {
  readonly arguments: Json;
  readonly not_restored: readonly string[];
}

/** The undo call. Omits arguments that the tool would refuse, and names them. Undefined if no useful argument is left. */
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

/** Fields that 0 clears. Zoho shows 0 if they have no value. */
const ZEROED = new Set(['bank_charges', 'tax_amount_withheld']);

/** The earlier values of a record's plain fields. */
export function fieldsBack(names: readonly string[], before: Json): Earlier {
  const args: Json = {};
  const not_restored: string[] = [];
  for (const name of names) {
    if (before[name] !== undefined) args[name] = before[name];
    else if (CLEARED.has(name)) args[name] = '';
    else if (ZEROED.has(name)) {
      args[name] = 0;
      not_restored.push(`${name} (Zoho did not show its value, so it is set to 0)`);
    } else not_restored.push(name);
  }
  return { arguments: args, not_restored };
}

/** The earlier values of the given custom fields, each under the name that the call used. */
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
    // If Zoho lists some fields without this kind of name (for example without api_name), a field that is not found may still have a value.
    const isHidden = value === '' && known.some((field) => field[name] === undefined);
    if (isHidden || typeof value === 'object') not_restored.push(`custom field ${quoted(wanted, 40)}`);
    else custom_fields.push({ [name]: wanted, value: String(value) });
  }
  return { custom_fields, not_restored };
}

/** All custom fields of the payment, to record the payment again. */
export function customFieldsOf(payment: Payment): { readonly custom_fields: Json[]; readonly not_restored: readonly string[] } {
  const set = customFieldsIn(payment).filter(({ value }) => value !== undefined);
  return customFieldsBack(set as CustomFieldNames[], payment);
}

export function tagsOf(payment: Payment): Json[] {
  return (Array.isArray(payment['tags']) ? payment['tags'] : [])
    .filter(isObject)
    .map(({ tag_id, tag_option_id }) => ({ tag_id, tag_option_id }));
}

/** Early-payment discounts on these rows. No tool can set a discount. */
export function discountsLost(rows: readonly Json[]): string[] {
  return rows
    .filter((row) => Number(row['discount_amount'] ?? 0) !== 0)
    .map((row) => `the discount on invoice ${quoted(row['invoice_number'] ?? row['invoice_id'], 40)}`);
}

/**
 * Names the account of bank charges if it cannot be restored. Zoho chooses an account if the call has none, and accepts no empty account.
 * So a payment that had no account keeps the account that Zoho chose. `after`: the payment from Zoho's answer.
 */
export function accountOfCharges(before: Payment, after: Payment = {}): string[] {
  const chosen = after['bank_charges_account_id'] !== undefined || Number(before['bank_charges'] ?? 0) !== 0;
  return before['bank_charges_account_id'] === undefined && chosen ? ['bank_charges_account_id'] : [];
}
