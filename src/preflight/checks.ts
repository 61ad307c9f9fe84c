import { concern, type Concern } from '../concern.ts';
import type { Reader } from '../endpoint.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { allCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { InputError, RefusedError } from '../errors.ts';
import { subtract, sum, precisionOf, decimalsOf, type Currency } from '../money.ts';
import { allInOrder } from '../reader.ts';
import { refuseWithoutRecord } from '../reading/current-record.ts';
import { ifAllowed, ifServed } from '../reading/if-allowed.ts';
import { organizationOf, organizationToday, whyNoToday } from '../reading/organization.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { NOTHING, settledBy, standsOn, type AppliedRow, type Standing } from '../records/applied.ts';
import { customFieldName, customFieldInWords, nameGiven, type CustomFieldNames } from '../records/custom-fields.ts';
import { idWithName, recordName, recordNameAndId, settling } from '../records/describe.ts';
import type { Payment } from '../records/fields.ts';
import { readFlag } from '../records/read-row.ts';
import { money, plain, quoted, idText } from '../records/text.ts';

/**
 * Checks that preflights share. Each check reads without a cache. It throws a refusal with the facts, or notes what it could not check.
 * Checks run in parallel: a check that needs a record from another read takes a promise of this record.
 */

/** The result of a check: lines for the question, and what could not be checked. */
export interface CheckNotes {
  readonly lines?: readonly string[];
  readonly not_checked?: readonly string[];
}

/** Joins notes. The order of the arguments is the order of the lines in the question. */
export function joinNotes(...notes: readonly (CheckNotes | false | undefined)[]): Required<CheckNotes> {
  return {
    lines: notes.flatMap((one) => (one && one.lines) || []),
    not_checked: notes.flatMap((one) => (one && one.not_checked) || []),
  };
}

/** Refuses a date after today in the organization's time zone. */
export async function checkDate(date: string | undefined, zoho: Reader): Promise<CheckNotes> {
  if (date === undefined) return {};
  const today = await organizationToday(zoho);
  if (today === undefined) return { not_checked: [`that the date is not in the future (${await whyNoToday(zoho)})`] };
  if (date <= today) return {};
  throw new RefusedError(
    `${date} is in the future: today is ${today} in the organization's time zone (${(await organizationOf(zoho))?.time_zone}).`,
    {
      code: 'date_in_future',
      next: `Ask the user for a date, ${today} at the latest.`,
    },
  );
}

/** The first page of the cash and bank accounts. Undefined without the scope. */
export const bankAccounts = (zoho: Reader) => ifServed(zoho.read(allBankAccounts, {}));
export type BankAccounts = Awaited<ReturnType<typeof bankAccounts>>;

interface AccountNotes extends CheckNotes {
  /** The account's name, if the scopes show it. */
  readonly name?: string | undefined;
}

/** Checks that the account is one of `accounts`, active, and in the payment's currency or the base currency. */
export async function checkAccount(
  field: string,
  account_id: string,
  { accounts, currency }: { accounts: BankAccounts | Promise<BankAccounts>; currency: Currency | Promise<Currency> },
  zoho: Reader,
): Promise<AccountNotes> {
  const [found, { currency_code }] = await allInOrder([accounts, currency]);
  const unknown = (why: string): CheckNotes => ({
    lines: [`Account: id ${account_id}`],
    not_checked: [`the account ${account_id} (${why})`],
  });
  if (found?.bankaccounts === undefined) return unknown('needs the scope ZohoBooks.banking.READ');
  const account = found.bankaccounts.find((one) => one.account_id === account_id);
  if (account === undefined && readFlag(found.page_context?.has_more_page) === true)
    return unknown(`it is not among the first ${found.bankaccounts.length}`);
  if (account === undefined) {
    const known = found.bankaccounts
      .filter((one) => one.is_active !== false)
      .map((one) => (one.account_name ? `${quoted(one.account_name, 40)} (${one.account_id})` : recordName('account', '', one.account_id)));
    throw new InputError(`There is no cash or bank account ${account_id}.`, {
      code: 'no_such_account',
      next: `Use one of these as ${field}: ${known.slice(0, 10).join(', ')}.`,
    });
  }
  if (account.is_active === false)
    throw new RefusedError(`The account ${quoted(account.account_name || account_id)} is closed.`, {
      code: 'account_closed',
      next: 'Ask the user for another account.',
    });
  const base = (await organizationOf(zoho))?.currency_code;
  const fits =
    account.currency_code === undefined ||
    currency_code === undefined ||
    account.currency_code === currency_code ||
    account.currency_code === base;
  if (!fits) {
    throw new RefusedError(
      `The account ${quoted(account.account_name || account_id)} is in ${idText(account.currency_code)}, ` +
        `the payment in ${idText(currency_code)}.`,
      {
        code: 'account_currency',
        next:
          `Ask the user for an account in ${idText(currency_code)}` +
          `${base === undefined || base === currency_code ? '' : ` or ${plain(base)}`}.`,
      },
    );
  }
  const { account_name: name } = account;
  return { lines: [`Account: ${idWithName(account_id, name)}`], name };
}

interface AppliedPayment {
  readonly customer_id: string | undefined;
  readonly currency: Currency | Promise<Currency>;
  /** How much of the payment is already applied to each invoice. Undefined if Zoho does not show it. */
  readonly standing?: ReadonlyMap<string, Standing | undefined>;
}

/** Checks each invoice to which the change applies more money or withheld tax than before. */
export async function checkInvoices(rows: readonly AppliedRow[], payment: AppliedPayment, zoho: Reader): Promise<CheckNotes> {
  return joinNotes(...(await allInOrder(rows.map((row) => checkInvoice(row, payment, zoho)))));
}

/**
 * Checks that the invoice exists, belongs to the customer, is in the payment's currency and is open, and that its balance covers the amount
 * that is newly applied or withheld.
 */
async function checkInvoice(
  row: AppliedRow,
  { customer_id, standing = new Map(), ...of }: AppliedPayment,
  zoho: Reader,
): Promise<CheckNotes> {
  const { invoice_id } = row;
  const stands = standsOn(standing, invoice_id);
  const already = settledBy(stands ?? NOTHING);
  const more = subtract(settledBy(row), already);
  if (more <= 0) return {};
  const [found, currency] = await allInOrder([
    ifAllowed(
      zoho.read(getInvoice, { invoice_id }).catch((error: unknown) => {
        throw asNoSuchInvoice(error, invoice_id);
      }),
    ),
    of.currency,
  ]);
  if (found !== undefined && found.invoice?.invoice_id !== invoice_id) refuseWithoutRecord('invoice', invoice_id);
  if (found?.invoice === undefined)
    return {
      lines: [`Apply ${settling(row, currency)} to the invoice with id ${invoice_id}`],
      not_checked: [`the balance of invoice ${invoice_id} (needs the scope ZohoBooks.invoices.READ)`],
    };
  const { invoice_number, customer_name, status, balance, ...invoice } = found.invoice;
  const name = `Invoice ${quoted(invoice_number ?? invoice_id, 40)}`;
  if (customer_id !== undefined && invoice.customer_id !== undefined && invoice.customer_id !== customer_id) {
    throw new InputError(`${name} belongs to another customer, ${recordNameAndId('customer', customer_name, invoice.customer_id)}.`, {
      code: 'invoice_of_another_customer',
      next: 'Ask the user which invoice is meant.',
    });
  }
  if (invoice.currency_code !== undefined && currency.currency_code !== undefined && invoice.currency_code !== currency.currency_code) {
    throw new RefusedError(`${name} is in ${idText(invoice.currency_code)}, the payment in ${idText(currency.currency_code)}.`, {
      code: 'invoice_currency',
      next: 'Ask the user which invoice is meant, or record the payment without `invoices`.',
    });
  }
  if (status === 'void' || status === 'draft') {
    throw new RefusedError(`${name} is ${status === 'void' ? 'void' : 'still a draft'} and cannot be paid.`, {
      code: 'invoice_not_open',
      next: 'Ask the user which invoice is meant, or record the payment without `invoices`.',
    });
  }
  if (balance === undefined || stands === undefined) {
    return {
      lines: [`Apply ${settling(row, currency)} to ${name}`],
      not_checked: [
        balance === undefined
          ? `the balance of ${name.replace('I', 'i')} (Zoho does not show it)`
          : `how much more is applied to ${name.replace('I', 'i')} (Zoho does not show how much of this payment is applied to it)`,
      ],
    };
  }
  if (more > balance) {
    const withheld = row.tax_amount_withheld ? ', including withheld tax' : '';
    throw new RefusedError(`${name} has ${money(balance, currency)} open; ${money(more, currency)} is more than that.`, {
      code: 'more_than_balance',
      next:
        `Ask the user. At most ${money(sum([balance, already]), currency)} can be applied to it${withheld}. ` +
        'The rest stays on the payment as unused amount.',
    });
  }
  return {
    lines: [
      `Apply ${settling(row, currency)} to ${name}: ` +
        `${money(balance, currency)} open before, ${money(subtract(balance, more), currency)} after` +
        `${more === balance ? ', so it is paid' : ''}`,
    ],
  };
}

function asNoSuchInvoice(error: unknown, invoice_id: string): unknown {
  if (!(error instanceof InputError) || error.code !== 'not_found') return error;
  return new InputError(`There is no invoice ${invoice_id}.`, {
    code: 'no_such_invoice',
    next: [
      {
        say: 'If this is an invoice number, call get_customer_payment for a payment of that invoice: the answer shows the invoice id',
        tool: 'get_customer_payment',
      },
      { say: 'ask the user' },
    ],
    zoho: error.zoho,
  });
}

/** Checks that the retainer invoice exists, belongs to the customer and is paid in full: Zoho accepts no partial payment. */
export async function checkRetainer(
  retainerinvoice_id: string | undefined,
  { customer_id, amount, ...of }: { customer_id: string; amount: number; currency: Currency | Promise<Currency> },
  zoho: Reader,
): Promise<CheckNotes & { readonly retainer_number?: string | undefined }> {
  if (retainerinvoice_id === undefined) return {};
  const [found, currency] = await allInOrder([ifServed(zoho.read(listRetainerInvoices, {})), of.currency]);
  const retainer = found?.retainerinvoices?.find((one) => one.retainerinvoice_id === retainerinvoice_id);
  if (retainer === undefined) {
    // Zoho lists the retainer invoices of all customers, and this is only one page, so the retainer invoice may be on a later page.
    if (found?.page_context?.has_more_page === false) {
      throw new InputError(`There is no retainer invoice ${retainerinvoice_id}.`, {
        code: 'no_such_retainer',
        next: 'Ask the user for the id: the long number in the web address of the retainer invoice in Zoho Books.',
      });
    }
    const why =
      found?.retainerinvoices === undefined
        ? 'needs the scope ZohoBooks.invoices.READ'
        : 'it is not among the newest retainer invoices, and older ones were not read';
    return {
      lines: [`Pays the retainer invoice with id ${retainerinvoice_id}`],
      not_checked: [`the retainer invoice ${retainerinvoice_id} (${why})`],
    };
  }
  const { balance } = retainer;
  const number = quoted(retainer.retainerinvoice_number || retainerinvoice_id, 40);
  const name = `Retainer invoice ${number}`;
  if (retainer.customer_id !== customer_id)
    throw new InputError(`${name} belongs to another customer.`, {
      code: 'retainer_of_another_customer',
      next: 'Ask the user which retainer invoice is meant.',
    });
  if (balance === undefined)
    return {
      lines: [`Pays ${name}`],
      retainer_number: retainer.retainerinvoice_number,
      not_checked: [`that the amount pays retainer invoice ${number} in full (Zoho does not show its balance)`],
    };
  if (amount !== balance) {
    throw new RefusedError(
      `${name} can only be paid in full: ${money(balance, currency)} is open, the payment is ${money(amount, currency)}.`,
      {
        code: 'retainer_in_part',
        next: 'Ask the user what was paid. Without retainerinvoice_id the payment is recorded as an advance.',
      },
    );
  }
  return { lines: [`Pays ${name} in full`], retainer_number: retainer.retainerinvoice_number };
}

/** Checks that every named custom field exists. The lines show each field's label, current value and new value. */
export async function checkCustomFields(
  fields: readonly (CustomFieldNames & { readonly value: string })[] | undefined,
  zoho: Reader,
  payment?: Payment | Promise<Payment>,
): Promise<CheckNotes> {
  if (fields === undefined || fields.length === 0) return {};
  const [found, before] = await allInOrder([ifServed(zoho.settled.read(allCustomFields, {})), payment]);
  const known = found?.fields;
  const lines: string[] = [];
  for (const [i, named] of fields.entries()) {
    const [name, called] = nameGiven(named);
    if (called === undefined) throw unnamedCustomField(i);
    const field = known?.find((one) => one[name] === called);
    if (known !== undefined && field === undefined) throw noSuchCustomField(called, known);
    const was = before === undefined ? '' : `${customFieldInWords(before, { ...field, ...named })} → `;
    lines.push(`${customFieldName(named, field?.label)}: ${was}${quoted(named.value, 200)}`);
  }
  return { lines, ...(known === undefined && { not_checked: ['that the custom fields exist (needs the scope ZohoBooks.settings.READ)'] }) };
}

function unnamedCustomField(i: number): InputError {
  return new InputError(`custom_fields[${i}] does not name a field.`, {
    code: 'no_such_custom_field',
    next: 'Call again with the label or API name of the field, and the value.',
  });
}

function noSuchCustomField(
  named: string | undefined,
  known: readonly { readonly label?: unknown; readonly api_name?: unknown; readonly customfield_id?: string | undefined }[],
): InputError {
  return new InputError(`Payments have no custom field ${quoted(named)}.`, {
    code: 'no_such_custom_field',
    next: `These exist: ${
      known
        .slice(0, 20)
        .map((field) => `${quoted(field.label, 40)} (${idText(field.api_name)}, customfield_id ${field.customfield_id})`)
        .join(', ') || 'none'
    }.`,
  });
}

/**
 * A concern if the withheld tax on an invoice is more than the money applied to it: withheld tax closes an invoice without money, and so
 * much tax is unlikely. `standing`: how much of this payment is already applied to each invoice.
 */
export function mostlyTax(
  rows: readonly AppliedRow[],
  currency: Currency,
  standing: ReadonlyMap<string, Standing | undefined> = new Map(),
): Concern[] {
  const taxes = rows.flatMap(({ invoice_id, amount_applied, tax_amount_withheld: tax = 0 }) =>
    tax > amount_applied && tax > (standsOn(standing, invoice_id)?.tax_amount_withheld ?? 0) ? [tax] : [],
  );
  return taxes.length === 0
    ? []
    : [concern('tax_withheld', `the withheld tax of ${money(sum(taxes), currency)} is more than the money applied to the invoice`)];
}

/** Returns the amount that is not applied. Refuses to apply more than the payment. */
export function checkApplied(amount: number, rows: readonly AppliedRow[], currency: Currency): number {
  const applied = sum(rows.map((row) => row.amount_applied));
  if (applied <= amount) return subtract(amount, applied);
  throw new InputError(`${money(applied, currency)} applied to invoices is more than the payment of ${money(amount, currency)}.`, {
    code: 'applied_more_than_amount',
    next: 'Apply at most the amount of the payment.',
  });
}

/**
 * Refuses an amount with more decimals than its currency has, because Zoho would round it.
 */
export function checkDecimals(amounts: Record<string, number | undefined>, { currency_code: code, price_precision }: Currency): void {
  const precision = precisionOf(code, price_precision);
  if (precision === undefined) return;
  for (const [field, amount] of Object.entries(amounts)) {
    if (amount === undefined || decimalsOf(amount) <= precision) continue;
    const allowed = precision === 0 ? 'without decimals' : `with at most ${precision} decimals`;
    throw new InputError(`${field} ${amount} has more decimals than ${code ?? 'the currency'} allows (${precision}).`, {
      code: 'too_many_decimals',
      next: `Ask the user for the exact amount ${allowed}; nothing is rounded.`,
    });
  }
}

/** The amounts of a payment whose decimals must fit its currency, by the names of their arguments. */
export function amountsOf(input: {
  amount?: number | undefined;
  bank_charges?: number | undefined;
  tax_amount_withheld?: number | undefined;
  invoices?: readonly { amount_applied: number; tax_amount_withheld?: number | undefined }[] | undefined;
}): Record<string, number | undefined> {
  const { amount, bank_charges, tax_amount_withheld, invoices = [] } = input;
  const rows = invoices.flatMap((row, i) => [
    [`invoices[${i}].amount_applied`, row.amount_applied],
    [`invoices[${i}].tax_amount_withheld`, row.tax_amount_withheld],
  ]);
  return { amount, bank_charges, tax_amount_withheld, ...Object.fromEntries(rows) };
}
