import * as z from 'zod';
import type { $ZodType } from 'zod/v4/core';
import { isExact, MAX_DIGITS } from '../money.ts';
import { asMode } from './payment-mode.ts';

/**
 * Fields that several endpoints share. If Zoho's real limit differs from its documentation, the real limit counts: Zoho documents 100
 * characters for `reference_number`, but refuses more than 50.
 */

export const NOT_AN_ID = 'must be an id: a string of digits, not a name or document number';

/** The tool that shows an id, by the last part of the argument's name. */
export const shownBy: Readonly<Record<string, string>> = {
  customer_id: 'list_contacts',
  payment_id: 'find_payments',
  customer_payment_id: 'find_payments',
  refund_id: 'find_refunds',
  customfield_id: 'list_custom_fields',
};

/** Zoho's ids have 11 to 19 digits. They are strings, because a number above 2^53 loses digits. */
export const id = z.string().regex(/^\d{1,25}$/, NOT_AN_ID);

/** Arguments that mean "everything" if omitted. An empty value for them is refused, because it may be empty by mistake. */
export const standsForAll = z.registry();

/** Hides a schema from the model, to save bytes. Values must still fit the schema. The answer's text tells the model what it needs. */
export const quiet = <S extends z.ZodType>(schema: S): S => schema.meta({ quiet: true });

/** The kinds of records that a call may name by a name or number. */
export type NamedKind = 'account' | 'ledger account' | 'invoice' | 'retainer invoice' | 'location';

/** A record's id, name or number. `matching/ids-of-names.ts` replaces it by the id before the call continues. */
const named = (kind: NamedKind) => z.string().trim().min(1, 'must not be empty').max(100).meta({ named: kind });

/** A cash or bank account. */
const accountId = named('account');
/** Any account of the chart of accounts. */
const ledgerAccountId = named('ledger account');
export const invoiceId = named('invoice');
export const locationId = named('location');

/** The kind of record that an argument names. Undefined for other arguments. */
export const namedKind = (schema: $ZodType): NamedKind | undefined => z.globalRegistry.get(schema)?.['named'] as NamedKind | undefined;

/** A day of the calendar, `yyyy-mm-dd`. */
export const date = z.iso.date('must be a calendar date, yyyy-mm-dd');

const exactly = (amount: number) => isExact(amount);
const tooManyDigits = `has more than ${MAX_DIGITS} significant digits and cannot be exact`;
export const amount = z.number().positive('must be more than 0').refine(exactly, tooManyDigits);
export const amountOrZero = z.number().min(0, 'must not be negative').refine(exactly, tooManyDigits);
const exchangeRate = z.number().positive('must be more than 0').refine(exactly, tooManyDigits).describe('Base currency per foreign unit.');

/** Text to search for. An empty filter is refused: Zoho would ignore it and return everything. */
export const filter = z.string().regex(/\S/, 'is empty: omit it or give a value').max(100);

export const sortOrder = z.enum(['A', 'D']).describe('Ascending or descending.');
export const page = z.int().min(1);
export const perPage = z.int().min(1).max(200).describe('Default 50.');
export const rowFields = z.array(z.string()).min(1).describe('Fields to show; ["all"] for all.');

export const DEFAULT_PER_PAGE = 50;

export const appliedInvoice = z.strictObject({
  invoice_id: invoiceId.describe('Number or id. Never guess: ask the user.'),
  amount_applied: amountOrZero,
  tax_amount_withheld: amountOrZero.optional(),
});

const paymentMode = z.string().min(1).max(100).overwrite(asMode);

const fieldValue = z.string();

/** A custom field by any of the three names that Zoho accepts. */
const customField = z.strictObject({
  customfield_id: id.optional(),
  api_name: z.string().optional(),
  label: z.string().optional(),
  value: fieldValue,
});

export const customFieldById = z.strictObject({ customfield_id: id, value: fieldValue });

/** A custom field for workflows: the model sees only the label, because people use the label. */
export const customFieldByLabel = customField.extend({
  customfield_id: quiet(customField.shape.customfield_id),
  api_name: quiet(customField.shape.api_name),
});

/** Fields of a payment that create and both updates share. */
export const paymentFields = {
  customer_id: id,
  payment_mode: paymentMode.describe('cash, check, creditcard, banktransfer, others, or a mode of the organization.'),
  amount,
  date: date.describe('yyyy-mm-dd'),
  reference_number: z.string().trim().max(50).optional().describe('Cheque or transaction number.'),
  description: z.string().optional(),
  exchange_rate: exchangeRate.optional(),
  payment_form: z.string().max(100).optional().describe('Mexico only.'),
  bank_charges: amountOrZero.optional().describe('Part of `amount` that the bank kept.'),
  bank_charges_account_id: ledgerAccountId.optional(),
  tax_amount_withheld: amountOrZero.optional(),
  tax_account_id: ledgerAccountId.optional(),
  account_id: accountId.optional().describe('Deposit account, name or id. Default: Undeposited Funds.'),
  location_id: locationId.optional(),
  retainerinvoice_id: named('retainer invoice').optional().describe('Retainer invoice to pay.'),
  custom_fields: z.array(customField).optional().describe('By customfield_id, api_name or label.'),
  tags: z.array(z.strictObject({ tag_id: id, tag_option_id: id })).optional(),
};

/** Fields of a payment for an update: none is required, and `invoices` changes only the named invoices. Omits descriptions of create. */
export const paymentChanges = {
  ...z.object(paymentFields).partial().shape,
  payment_mode: paymentMode.optional(),
  date: date.optional(),
  reference_number: z.string().trim().max(50).optional(),
  payment_form: z.string().max(100).optional(),
  bank_charges: amountOrZero.optional(),
  account_id: accountId.optional(),
  retainerinvoice_id: named('retainer invoice').optional(),
  invoices: z.array(appliedInvoice).optional().describe('Applied amount per invoice, after the change; 0 un-applies. Others stay.'),
  replace_invoices: z.boolean().optional().describe('Un-applies every invoice that is not in `invoices`.'),
};

/** Fields of a refund, with the limits from Zoho's older refunds page. */
export const refundFields = {
  date,
  amount,
  from_account_id: accountId.describe('Refund from this account (name or id); ask the user.'),
  refund_mode: z.string().max(50).overwrite(asMode).optional().describe('cash, check, banktransfer, ...'),
  reference_number: z.string().trim().max(50).optional(),
  exchange_rate: exchangeRate.optional(),
  payment_form: z.string().max(100).optional().describe('Mexico only.'),
  description: z.string().max(2000).optional(),
};

/** The arguments of create_customer_payment_refund. */
export const newRefundInput = z.strictObject({
  customer_payment_id: id,
  ...refundFields,
  date: date.describe('yyyy-mm-dd'),
  amount: refundFields.amount.optional().describe('Default: the whole unused amount.').register(standsForAll),
  refund_mode: refundFields.refund_mode.describe('cash (default), check, banktransfer, ...'),
});

const text = z.string().optional();
const number = z.number().optional();

/** The fields of a payment that the next call needs. */
export const payment = z.looseObject({
  payment_id: text,
  payment_number: text,
  date: text,
  customer_id: text,
  customer_name: text,
  currency_code: text,
  amount: number,
  unused_amount: number,
  payment_mode: text,
  reference_number: text,
  invoices: z.array(z.looseObject({ invoice_id: text, invoice_number: text, amount_applied: number })).optional(),
  payment_refunds: z.array(z.looseObject({ payment_refund_id: text })).optional(),
});
export type Payment = z.output<typeof payment>;

/** The fields of a payment after a write. get_customer_payment shows the others. */
export const writtenPayment = payment
  .pick({ payment_id: true, payment_number: true, currency_code: true, amount: true, unused_amount: true })
  .extend({ invoices: quiet(payment.shape.invoices) });

/** The fields of a refund that the next call needs. */
export const refund = z.looseObject({
  payment_refund_id: text,
  payment_id: text,
  date: text,
  refund_mode: text,
  reference_number: text,
  amount: number,
  from_account_id: text,
});
export type Refund = z.output<typeof refund>;

/** The fields of a refund after a write. */
export const writtenRefund = refund.extend({
  date: quiet(text),
  refund_mode: quiet(text),
  reference_number: quiet(text),
  from_account_id: quiet(text),
});

/** Zoho's own data about the current page. */
export const pageContext = z
  .looseObject({ page: quiet(number), per_page: quiet(number), has_more_page: z.boolean().optional() })
  .optional();

/** Set if a list was cut to stay within its byte limit. */
export const cut = z.looseObject({ rows_shown: quiet(number), rows_on_page: quiet(number) }).optional();
