import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { allCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { createCustomerPayment } from '../endpoints/payments/create-customer-payment.ts';
import { InputError, RefusedError } from '../errors.ts';
import { accountNamed } from '../matching/accounts.ts';
import { currenciesOf } from '../matching/currencies.ts';
import { isCurrency } from '../matching/currency-names.ts';
import { withOwnLabels } from '../matching/custom-fields.ts';
import { customerNamed, isAnother, withoutAddress } from '../matching/customers.ts';
import { dateOrToday } from '../matching/date-or-today.ts';
import {
  aboutInvoice,
  invoiceNamed,
  isInvoiceOf,
  isUnclear,
  knownInvoices,
  openInvoices,
  retainerId,
  type Invoice,
} from '../matching/invoices.ts';
import { locationNamed } from '../matching/locations.ts';
import { customer } from '../matching/shared-arguments.ts';
import { subtract, sum } from '../money.ts';
import { allCurrencies } from '../reading/all-currencies.ts';
import { listLocations } from '../reading/locations.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { allContacts, allInvoices } from '../reading/whole-lists.ts';
import { recordName, recordNameAndId } from '../records/describe.ts';
import { amount, amountOrZero, customFieldByLabel, locationId, paymentFields } from '../records/fields.ts';
import { money, plain, quoted } from '../records/text.ts';
import { defineWriteWorkflow, type Chosen } from '../workflow.ts';

const { payment_mode, date, reference_number, description, exchange_rate, bank_charges } = paymentFields;

const input = z.strictObject({
  customer: customer.optional().describe('Name, e-mail or id. Optional with `invoices`.'),
  amount,
  currency: z.string().max(40).optional().describe("In the user's words. Refused if not the customer's currency."),
  payment_mode,
  date: date.optional().describe("Default: today in the organization's time zone."),
  invoices: z
    .array(
      z.strictObject({
        invoice: z.string().min(1).max(100).describe('Number or id, also of a retainer invoice.'),
        amount: amount.optional().describe('Default: balance minus withheld tax, but not more than the rest of the payment.'),
        tax_amount_withheld: amountOrZero.optional(),
      }),
    )
    .min(1)
    .optional(),
  allocate: z.enum(['oldest_first', 'as_credit']).optional().describe('How to apply without `invoices`.'),
  account: z.string().min(1).max(100).optional().describe('Deposit account, name or id. Default: Undeposited Funds.'),
  reference_number,
  description,
  exchange_rate,
  bank_charges,
  custom_fields: z.array(customFieldByLabel).optional().describe('By label or api_name.'),
  location_id: locationId.optional().describe('Name or id.'),
});
export type Given = z.output<typeof input>;

export const recordCustomerPayment = defineWriteWorkflow({
  name: 'record_customer_payment',
  title: 'Record a payment by names',
  description: [
    'Record what a customer paid, by customer name and invoice numbers. ' +
      'Use this tool when someone says who paid, how much, how and for what. ' +
      'It records in Zoho Books; it touches no bank account or card.',
    'Finds the ids, applies the payment and returns the old and new balances. Money left over stays as credit. ' +
      'If a name fits several customers, the answer lists numbered candidates: ask the user.',
  ].join('\n'),
  input,
  endpoint: createCustomerPayment,
  reads: [
    allContacts,
    getContact,
    allInvoices,
    getInvoice,
    listRetainerInvoices,
    allBankAccounts,
    allCurrencies,
    allOrganizations,
    listLocations,
    allCustomFields,
  ],
  accounts: async ({ account }, zoho) => (account === undefined ? {} : { account_id: await accountNamed(account, 'account', zoho) }),
  turn: async (given, zoho, chosen) => [`customer:${await payerOf(given, zoho, chosen)}`],
  async plan(given, zoho, chosen) {
    const { invoices: _, allocate: __, customer: ___, currency, account, location_id: location, ...said } = given;
    const [customer_id, account_id, location_id, day, custom_fields] = await Promise.all([
      payerOf(given, zoho, chosen),
      account === undefined ? undefined : accountNamed(account, 'account', zoho),
      location === undefined ? undefined : locationNamed(location, 'location_id', zoho),
      dateOrToday(given.date, zoho),
      withOwnLabels(given.custom_fields, zoho),
    ]);
    const rest = { ...said, ...(custom_fields && { custom_fields }) };
    const told = currency === undefined ? true : await isOfCustomer(currency, customer_id, zoho);
    const applied = await allocationOf(given, customer_id, zoho);
    const not_checked =
      currency === undefined || told || (await isOfInvoices(currency, applied, zoho))
        ? []
        : [`that the customer pays in ${quoted(currency, 40)}, as the user said (needs the scope ZohoBooks.contacts.READ)`];
    const retainerinvoice_id = applied.map(({ invoice }) => retainerId(invoice)).find((id) => id !== undefined);
    if (retainerinvoice_id !== undefined)
      return {
        not_checked,
        input: { ...rest, customer_id, date: day, ...(account_id !== undefined && { account_id }), retainerinvoice_id },
      };
    return {
      not_checked,
      input: {
        ...rest,
        customer_id,
        date: day,
        ...(account_id !== undefined && { account_id }),
        ...(location_id !== undefined && { location_id }),
        ...(applied.length > 0 && { invoices: applied.map(({ invoice: { invoice_id }, invoice: _, ...row }) => ({ invoice_id, ...row })) }),
      },
      known: knownInvoices(applied.map(({ invoice }) => invoice)),
    };
  },
});

/**
 * True if the customer has this currency. Throws if the customer has another currency, because Zoho records every amount in the customer's
 * currency. False if the scopes do not show the currency.
 */
async function isOfCustomer(said: string, contact_id: string, zoho: Reader): Promise<boolean> {
  return await isSaid(said, (await currenciesOf([contact_id], zoho)).get(contact_id), zoho);
}

/** The same check with the currency of the invoices. An invoice is in its customer's currency. */
async function isOfInvoices(said: string, applied: readonly Allocation[], zoho: Reader): Promise<boolean> {
  return await isSaid(
    said,
    applied.map(({ invoice }) => invoice.currency_code).find((code) => code !== undefined),
    zoho,
  );
}

async function isSaid(said: string, currency_code: string | undefined, zoho: Reader): Promise<boolean> {
  if (currency_code === undefined) return false;
  if (await isCurrency(said, currency_code, zoho)) return true;
  throw new InputError(`The user said ${quoted(said, 40)}, but this customer's currency in Zoho is ${plain(currency_code)}.`, {
    code: 'wrong_currency',
    next: `Ask the user for the amount in ${plain(currency_code)}, or which customer is meant.`,
  });
}

/** The customer who paid. If invoices are named, their customer counts, so "Bowman" is enough together with one of Bowman's invoices. */
export async function payerOf({ customer, invoices }: Given, zoho: Reader, chosen: Chosen): Promise<string> {
  if (invoices === undefined) {
    if (customer === undefined)
      throw new InputError('The customer is missing: neither `customer` nor `invoices` is given.', {
        code: 'invalid_arguments',
        next: "Call again with the customer's name.",
      });
    return (await customerNamed(customer, zoho, chosen['customer'])).contact_id;
  }
  const whose = await withoutAddress(customer, zoho, chosen['customer']);
  const found = await invoicesNamed(invoices, whose, zoho.recent);
  const [first] = found;
  const ofNobody = found.find(({ customer_id }) => customer_id === undefined);
  if (ofNobody !== undefined) throw customerNotTold(ofNobody);
  const other = found.find(({ customer_id }) => customer_id !== first?.customer_id);
  if (first?.customer_id === undefined || other !== undefined) throw ofSeveral(found);
  if (customer !== undefined && whose !== undefined && (!isInvoiceOf(first, whose) || (await isAnother(whose, first, zoho))))
    throw ofAnother(first, customer);
  return first.customer_id;
}

/** Finds each invoice. If a number is not found, the error offers only invoices of the same customer as the others. */
async function invoicesNamed(invoices: NonNullable<Given['invoices']>, customer: string | undefined, zoho: Reader): Promise<Invoice[]> {
  const named = async (number: string, whose = customer) => await invoiceNamed(number, whose, zoho, { retainers: true });
  const found = await Promise.allSettled(invoices.map(async ({ invoice }) => await named(invoice)));
  const told = found.map((one) => (one.status === 'fulfilled' ? one.value.customer_id : undefined)).find((id) => id !== undefined);
  return await Promise.all(
    found.map(async (one, i) => {
      if (one.status === 'fulfilled') return one.value;
      if (customer === undefined && told !== undefined && one.reason instanceof InputError) return await named(invoices[i]!.invoice, told);
      throw one.reason;
    }),
  );
}

interface Allocation {
  readonly invoice: Invoice;
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number;
}

/** Decides how much is applied to which invoice, from the current balances. */
async function allocationOf({ customer, amount, invoices, allocate }: Given, customer_id: string, zoho: Reader): Promise<Allocation[]> {
  if (invoices !== undefined) {
    if (allocate !== undefined)
      throw new InputError('Both `invoices` and `allocate` are given.', {
        code: 'invalid_arguments',
        next: 'Call again with one of them.',
      });
    const found = await invoicesNamed(invoices, customer === undefined ? undefined : customer_id, zoho);
    const named = invoices.map((row, i): NamedInvoice => ({ ...row, invoice: found[i]! }));
    const twice = named.find(({ invoice }, i) => named.findIndex((one) => one.invoice.invoice_id === invoice.invoice_id) < i);
    if (twice !== undefined)
      throw new InputError(`${quoted(twice.invoice.invoice_number || twice.invoice.invoice_id, 40)} is named twice.`, {
        code: 'invalid_arguments',
        next: 'Name each invoice once.',
      });
    const closed = named.find(({ invoice }) => (invoice.balance ?? 1) <= 0 && invoice.status !== 'draft');
    if (closed !== undefined) throw closed.invoice.status === 'void' ? isVoid(closed.invoice) : paidAlready(closed.invoice);
    const untold = named.find(({ invoice, amount }) => amount === undefined && invoice.balance === undefined);
    if (untold !== undefined) throw balanceNotTold(untold.invoice);
    const retainer = named.find(({ invoice }) => retainerId(invoice) !== undefined);
    if (retainer !== undefined) checkRetainerAlone(retainer, named.length, amount);
    return spread(amount, named);
  }
  if (allocate === 'as_credit') return [];
  const open = await openInvoices(customer_id, zoho);
  if (allocate === 'oldest_first') {
    const unclear = open.filter((invoice) => isUnclear(invoice) || invoice['date'] === undefined);
    if (unclear.length > 0) throw orderNotTold(unclear);
    return spread(
      amount,
      open.map((invoice) => ({ invoice })),
    );
  }
  if (open.length === 0) return [];
  throw allocationNeeded(open);
}

/** An invoice, with the amounts that the user gave for it. */
interface NamedInvoice {
  readonly invoice: Invoice;
  readonly amount?: number | undefined;
  readonly tax_amount_withheld?: number | undefined;
}

/**
 * Applies to each invoice the amount that the user gave. The rest of the payment goes to the other invoices in their order, to each up to
 * its balance minus withheld tax, until the payment is used up.
 */
function spread(amount: number, rows: readonly NamedInvoice[]): Allocation[] {
  let left = Math.max(0, subtract(amount, sum(rows.map(({ amount: said = 0 }) => said))));
  return rows
    .map(({ invoice, amount: said, tax_amount_withheld = 0 }) => {
      const withheld = tax_amount_withheld > 0 && { tax_amount_withheld };
      if (said !== undefined) return { invoice, amount_applied: said, ...withheld };
      const amount_applied = Math.min(left, Math.max(0, subtract(invoice.balance ?? 0, tax_amount_withheld)));
      left = subtract(left, amount_applied);
      return { invoice, amount_applied, ...withheld };
    })
    .filter(({ amount_applied, ...row }) => amount_applied > 0 || 'tax_amount_withheld' in row);
}

/** Throws unless the payment is for one retainer invoice, in full, and for nothing else. Zoho accepts no other payment of a retainer. */
function checkRetainerAlone({ invoice, amount: said, tax_amount_withheld = 0 }: NamedInvoice, count: number, amount: number): void {
  const name = `Retainer invoice ${quoted(invoice.invoice_number, 40)}`;
  if (count > 1 || tax_amount_withheld > 0)
    throw new InputError(`${name} needs a separate payment, without withheld tax.`, {
      code: 'invalid_arguments',
      next: 'Call once for the retainer invoice, and once for the other invoices.',
    });
  if ((said ?? amount) !== amount || (invoice.balance ?? amount) !== amount)
    throw new RefusedError(
      `${name} can only be paid in full: ${money(invoice.balance, invoice)} is open, ` +
        `${said === undefined || said === amount ? '' : `${money(said, invoice)} is given for it, and `}` +
        `the payment is ${money(amount, invoice)}.`,
      {
        code: 'retainer_in_part',
        next: 'Ask the user what was paid. With allocate: "as_credit" the payment becomes an advance.',
      },
    );
}

function allocationNeeded(open: readonly Invoice[]): InputError {
  const shown = open.slice(0, 10).map(aboutInvoice).join('; ');
  const more = open.length > 10 ? `; and ${open.length - 10} more` : '';
  return new InputError(`The purpose of the payment is missing, and the customer has open invoices: ${shown}${more}.`, {
    code: 'allocation_needed',
    next:
      'If the user said which invoices, call again with them as `invoices`. ' +
      'Otherwise ask which invoices to pay, or whether to use allocate: "oldest_first" or "as_credit".',
  });
}

function balanceNotTold({ invoice_number, invoice_id, customer_name, customer_id }: Invoice): InputError {
  return new InputError(
    `Zoho does not give the balance of invoice ${quoted(invoice_number || invoice_id, 40)} ` +
      `of ${recordName('customer', customer_name, customer_id, 40)}, ` +
      'so the server cannot work out how much to apply to it.',
    {
      code: 'balance_not_told',
      next: 'Ask the user for the amount, and call again with it as `amount` of that invoice.',
    },
  );
}

function orderNotTold(unclear: readonly Invoice[]): InputError {
  const names = unclear.slice(0, 5).map(({ invoice_number, invoice_id }) => quoted(invoice_number || invoice_id, 40));
  const more = unclear.length > 5 ? `, and of ${unclear.length - 5} more` : '';
  return new InputError(
    `"oldest_first" is not possible: Zoho does not give the balance, date or customer of invoice ${names.join(', ')}${more}.`,
    {
      code: 'balance_not_told',
      next: 'Ask the user how much goes to which invoice, and call again with `invoices`, each with its `amount`.',
    },
  );
}

function customerNotTold({ invoice_number, invoice_id }: Invoice): InputError {
  return new InputError(`Zoho does not give the customer of invoice ${quoted(invoice_number || invoice_id, 40)}.`, {
    code: 'customer_not_told',
    next: 'Ask the user for the customer, and call again with `customer` and allocate: "as_credit"; the credit can be applied later.',
  });
}

function paidAlready(invoice: Invoice): RefusedError {
  const number = String(invoice.invoice_number || invoice.invoice_id).slice(0, 60);
  const other = 'If it is another payment, ask the user which invoice it is for, or record it with allocate: "as_credit".';
  return new RefusedError(
    `${retainerId(invoice) === undefined ? 'Invoice' : 'Retainer invoice'} ${quoted(invoice.invoice_number || invoice.invoice_id, 40)} ` +
      `of ${recordName('customer', invoice.customer_name, invoice.customer_id, 40)} is already paid; ` +
      `nothing of ${money(invoice['total'], invoice)} is open.`,
    {
      code: 'invoice_paid',
      next: {
        say: `This payment may already be recorded: check with find_payments {"invoice":${JSON.stringify(number)}}. ${other}`,
        tool: 'find_payments',
        without: `This payment may already be recorded. ${other}`,
      },
    },
  );
}

function isVoid({ invoice_number, invoice_id, customer_name, customer_id }: Invoice): RefusedError {
  return new RefusedError(
    `Invoice ${quoted(invoice_number || invoice_id, 40)} of ${recordName('customer', customer_name, customer_id, 40)} ` +
      'is void and cannot be paid.',
    {
      code: 'invoice_not_open',
      next: 'Ask the user which invoice is meant, or record the payment with allocate: "as_credit".',
    },
  );
}

function ofSeveral(invoices: readonly Invoice[]): InputError {
  const whose = invoices.map(
    ({ invoice_number, invoice_id, customer_name, customer_id }) =>
      `${quoted(invoice_number || invoice_id, 40)} of ${recordNameAndId('customer', customer_name, customer_id, 40)}`,
  );
  return new InputError(`The invoices belong to several customers: ${whose.join(', ')}.`, {
    code: 'invoice_of_another_customer',
    next: 'Ask the user, then record one payment for each customer.',
  });
}

function ofAnother({ invoice_number, invoice_id, customer_name, customer_id }: Invoice, customer: string): InputError {
  return new InputError(
    `Invoice ${quoted(invoice_number || invoice_id, 40)} belongs to ` +
      `${recordNameAndId('customer', customer_name, customer_id, 60)}, not to ${quoted(customer, 60)}.`,
    {
      code: 'invoice_of_another_customer',
      next: 'Check with the user which customer or which invoice is meant.',
    },
  );
}
