import type * as z from 'zod';
import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import type { Reader } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { InputError, PaymentsError } from '../errors.ts';
import { isObject, type Json } from '../json.ts';
import { namedKind, type NamedKind } from '../records/fields.ts';
import { accountNamed, ledgerAccountNamed } from './accounts.ts';
import { orGiveId } from './id-called.ts';
import { invoiceNamed, type Invoice } from './invoices.ts';
import { locationNamed } from './locations.ts';
import { retainerNamed } from './retainers.ts';
import { isId } from './same-name.ts';

/**
 * Replaces names by ids, in arguments that take both; `records/fields.ts` declares these arguments. Text that looks like an id is used as
 * an id without a read.
 */

/** An argument that takes a name, with the given text. */
interface Named {
  readonly kind: NamedKind;
  readonly typed: string;
  /** The path of the argument for errors: `invoices[0].invoice_id`. */
  readonly field: string;
  /** Replaces the text by the id. */
  put(id: string): void;
}

/** Finds the arguments that take names, at any depth. */
function namedIn(schema: $ZodType, holder: Record<string, unknown>, key: string, field: string): Named[] {
  const value = holder[key];
  const kind = namedKind(schema);
  if (kind !== undefined) return typeof value === 'string' ? [{ kind, typed: value, field, put: (id) => void (holder[key] = id) }] : [];
  const { def } = (schema as $ZodTypes)._zod;
  if (def.type === 'optional') return namedIn(def.innerType, holder, key, field);
  if (def.type === 'array' && Array.isArray(value))
    return value.flatMap((_, i) => namedIn(def.element, value as unknown as Json, String(i), `${field}[${i}]`));
  if (def.type !== 'object' || !isObject(value)) return [];
  return Object.entries(def.shape).flatMap(([name, inner]) => namedIn(inner, value, name, field === '' ? name : `${field}.${name}`));
}

const namesIn = (schema: z.ZodObject, input: Json): Named[] => namedIn(schema, { input }, 'input', '');

/** True if an argument names a record, that is, holds text that does not look like an id. */
export const hasNames = (schema: z.ZodObject, input: Json): boolean => namesIn(schema, input).some((one) => !isGivenById(one));

/** Digits count as an id. But users also name invoices by a few digits, so for invoices only long numbers count as ids. */
const isGivenById = ({ kind, typed }: Named): boolean => (kind === 'invoice' ? isId(typed) : /^\d+$/.test(typed));

/** True if an id in the arguments may be an invoice number: some organizations have invoice numbers as long as Zoho's ids. */
export const mayHaveLongNumbers = (schema: z.ZodObject, input: Json): boolean =>
  namesIn(schema, input).some(({ kind, typed }) => kind === 'invoice' && isId(typed));

interface WithIds {
  readonly input: Json;
  /** The invoices that were found by number, as rows of Zoho's list. */
  readonly invoices: readonly Invoice[];
}

/**
 * Returns the arguments with ids instead of names. `longNumbers`: if no invoice has the given id, the text is used as an invoice number.
 */
export async function withIds(
  schema: z.ZodObject,
  given: Json,
  zoho: Reader,
  { longNumbers = false }: { readonly longNumbers?: boolean } = {},
): Promise<WithIds> {
  const input = structuredClone(given);
  const invoices: Invoice[] = [];
  const names = namesIn(schema, input).filter((one) => !isGivenById(one) || (longNumbers && one.kind === 'invoice'));
  const customer = names.some(({ kind }) => kind.endsWith('invoice')) ? await payerIn(input, zoho) : undefined;
  const idOf = async ({ kind, typed, field }: Named): Promise<string> => {
    switch (kind) {
      case 'account':
        return await accountNamed(typed, field, zoho);
      case 'ledger account':
        return await ledgerAccountNamed(typed, field, zoho);
      case 'location':
        return await locationNamed(typed, field, zoho);
      case 'retainer invoice':
        return await retainerNamed(typed, field, customer, zoho);
      case 'invoice': {
        const invoice = await invoiceIn(typed, field, customer, zoho);
        if (invoice !== undefined) invoices.push(invoice);
        return invoice?.invoice_id ?? typed;
      }
    }
  };
  await Promise.all(names.map(async (one) => one.put(await idOf(one))));
  return { input, invoices };
}

/** The invoice with this number. Undefined if only digits are given and the found number has other digits than these and leading zeros. */
async function invoiceIn(typed: string, field: string, customer: string | undefined, zoho: Reader): Promise<Invoice | undefined> {
  const isDigits = /^\d+$/.test(typed);
  try {
    const invoice = await orGiveId(invoiceNamed(typed, customer, zoho), field);
    // "1" does not mean INV-000445-1. The text may be an id that does not exist; reading that record then gives an error.
    return isDigits && !isId(typed) && !new RegExp(`^\\D*0*${typed}$`).test(invoice.invoice_number ?? '') ? undefined : invoice;
  } catch (error) {
    // Candidates help only if the text has at least three digits: shorter text is similar to too many numbers.
    const isNoNumber = error instanceof PaymentsError && error.code === 'no_such_invoice' && !isId(typed) && typed.length > 2;
    if (isDigits && error instanceof PaymentsError && error.code !== 'ambiguous_invoice' && !isNoNumber) return undefined;
    throw withIdAsked(error, field);
  }
}

/** The customer in the arguments, or the payment's customer. If several invoices fit a number, this customer decides. */
async function payerIn({ customer_id, payment_id }: Json, zoho: Reader): Promise<string | undefined> {
  if (typeof customer_id === 'string') return customer_id;
  if (typeof payment_id !== 'string') return undefined;
  return (await zoho.read(getCustomerPayment, { payment_id })).payment?.customer_id;
}

/** Asks for the id, because the endpoint has no argument for a customer name that would tell the invoices apart. */
function withIdAsked(error: unknown, field: string): unknown {
  if (!(error instanceof InputError) || error.code !== 'ambiguous_invoice') return error;
  return new InputError(error.message, {
    code: error.code,
    next: `Ask the user which one, then call again with its full number or its id as ${field}. Never pick one yourself.`,
    cause: error,
  });
}
