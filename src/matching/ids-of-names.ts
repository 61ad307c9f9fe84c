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
 * Puts ids in place of names, in arguments that take both; `records/fields.ts` declares which do. Text that looks like an id is taken for
 * one, and costs no read.
 */

/** An argument that takes a name, and what was given for it. */
interface Named {
  readonly kind: NamedKind;
  readonly typed: string;
  /** As an error calls it: `invoices[0].invoice_id`. */
  readonly field: string;
  /** Puts the id in its place. */
  put(id: string): void;
}

/** The named records among the arguments, at any depth. */
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

/** Whether any argument names a record by something that does not look like an id. */
export const hasNames = (schema: z.ZodObject, input: Json): boolean => namesIn(schema, input).some((one) => !isGivenById(one));

/** Digits are an id. But people call invoices by a few digits too, and Zoho's ids are long. */
const isGivenById = ({ kind, typed }: Named): boolean => (kind === 'invoice' ? isId(typed) : /^\d+$/.test(typed));

/** Whether any id may be the number of an invoice: some organizations have invoice numbers as long as Zoho's ids. */
export const mayHaveLongNumbers = (schema: z.ZodObject, input: Json): boolean =>
  namesIn(schema, input).some(({ kind, typed }) => kind === 'invoice' && isId(typed));

interface WithIds {
  readonly input: Json;
  /** Invoices that were found by their numbers, as the list shows them. */
  readonly invoices: readonly Invoice[];
}

/** The same arguments with ids. `longNumbers`: text that looks like the id of an invoice is its number, if no invoice has that id. */
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

/** The invoice of this number. Undefined if only digits are given, and its number has others than these and zeros before them. */
async function invoiceIn(typed: string, field: string, customer: string | undefined, zoho: Reader): Promise<Invoice | undefined> {
  const isDigits = /^\d+$/.test(typed);
  try {
    const invoice = await orGiveId(invoiceNamed(typed, customer, zoho), field);
    // "1" is not INV-000445-1. It may be an id that does not exist; the read of the record then says so.
    return isDigits && !isId(typed) && !new RegExp(`^\\D*0*${typed}$`).test(invoice.invoice_number ?? '') ? undefined : invoice;
  } catch (error) {
    // Candidates are of use for what is long enough to resemble few numbers.
    const isNoNumber = error instanceof PaymentsError && error.code === 'no_such_invoice' && !isId(typed) && typed.length > 2;
    if (isDigits && error instanceof PaymentsError && error.code !== 'ambiguous_invoice' && !isNoNumber) return undefined;
    throw withIdAsked(error, field);
  }
}

/** Several invoices may have such a number: then those of the customer in the arguments are meant, or of the payment's customer. */
async function payerIn({ customer_id, payment_id }: Json, zoho: Reader): Promise<string | undefined> {
  if (typeof customer_id === 'string') return customer_id;
  if (typeof payment_id !== 'string') return undefined;
  return (await zoho.read(getCustomerPayment, { payment_id })).payment?.customer_id;
}

/** The tool takes no name of a customer to tell invoices apart by, so the id is asked for. */
function withIdAsked(error: unknown, field: string): unknown {
  if (!(error instanceof InputError) || error.code !== 'ambiguous_invoice') return error;
  return new InputError(error.message, {
    code: error.code,
    next: `Ask the user which one, then call again with its whole number, or its id, as ${field}. Never pick one yourself.`,
    cause: error,
  });
}
