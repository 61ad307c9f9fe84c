import type { Resource } from '@modelcontextprotocol/server';
import { createAnswerCache } from '../answer-cache.ts';
import type { Reader } from '../endpoint.ts';
import { listBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { listCustomerPaymentRefunds } from '../endpoints/refunds/list-customer-payment-refunds.ts';
import { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { addressIn } from '../matching/customers.ts';
import { isRetainerNumber } from '../matching/invoices.ts';
import { halvesOf, longestWord } from '../matching/name-parts.ts';
import { fits, folded, isId, exactOrOnly, isPartOf, startsSo } from '../matching/same-name.ts';
import { readAmount } from '../money.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { allContacts, allInvoices, isLast, PER_PAGE, type WholeList, type WholePage } from '../reading/whole-lists.ts';
import { recordName } from '../records/describe.ts';
import { numberForms, numberKey, numberToLookFor } from '../records/invoice-number.ts';
import { readId } from '../records/read-row.ts';
import { plain, UNTOLD_AMOUNT } from '../records/text.ts';
import { MINUTE_MS } from '../time.ts';
import { titled } from './resource-uris.ts';
import type { Books } from './server-dependencies.ts';

/** Recent payments and completions, for the menus of a host. They never fail and never take long. */
export interface Lookups {
  recentPayments(): Promise<{ resources: Resource[] }>;
  /** Clears the cache after a write of this server. */
  forget(): void;
  /** Completes a template variable or a prompt's argument from what a person types: number, name or reference. */
  complete(variable: string, value: string, given: Record<string, string>): Promise<string[]>;
}

/** How long an answer is cached: hosts ask at every start and at every keystroke. */
const FRESH_MS = MINUTE_MS;
/** The longest time to wait for Zoho, because a user does not wait longer for a menu. */
const MENU_PATIENCE_MS = 5_000;
const RECENT = 25;
/** The protocol's limit. */
const MOST_VALUES = 100;

/** A record that can complete an argument: the name that people use, and its id. */
interface NamedRecord {
  readonly name: string;
  readonly id: string;
  readonly email?: unknown;
}

export function createLookups({ zoho, sandbox, log }: Books): Lookups {
  const kept = createAnswerCache(FRESH_MS);

  /** Reads with a cache, because each keystroke causes a read, and Zoho allows the organization 100 calls a minute. */
  const read: Reader['read'] = (endpoint, input) =>
    kept.get(endpoint, input, () => zoho.until(AbortSignal.timeout(MENU_PATIENCE_MS)).read(endpoint, input));

  const page = (list: WholeList, query: Readonly<Record<string, string>>): Promise<WholePage> =>
    read(list, { ...query, page: 1, per_page: PER_PAGE });

  const payments = async (input: { search_text?: string; customer_id?: string; per_page: number }): Promise<Json[]> =>
    (await read(listCustomerPayments, input)).customerpayments ?? [];

  const recentRows = () => payments({ per_page: RECENT });

  /** Returns an empty list instead of an error, because these lists are only a convenience. */
  const orNothing = async <T>(what: string, rows: () => Promise<T[]>): Promise<T[]> => {
    try {
      return await rows();
    } catch (error) {
      const code = error instanceof PaymentsError ? error.code : 'gave up';
      // Before the first login an empty list is correct, so it needs no warning.
      if (code !== 'not_configured') log('warn', what, { error: code });
      return [];
    }
  };

  /**
   * Searches the newest payments first, then all payments in Zoho. Zoho's search ignores payment numbers, so a number finds a payment only
   * if it is among the newest.
   */
  const paymentIds = async (value: string, customer?: string): Promise<string[]> => {
    const typed = value.toLowerCase();
    const customer_id = await customerIdOf(customer);
    const known = (await (customer_id === undefined ? recentRows() : payments({ customer_id, per_page: RECENT }))).filter(
      (row) =>
        startsSo(row['customer_name'], value) ||
        [row['payment_id'], row['payment_number'], row['reference_number']].some((field) =>
          String(field ?? '')
            .toLowerCase()
            .startsWith(typed),
        ),
    );
    const found =
      known.length > 0 || typed.trim() === '' || customer_id !== undefined
        ? known
        : await payments({ search_text: value.slice(0, 100), per_page: RECENT });
    return found.flatMap((row) => readId(row['payment_id']) ?? []);
  };

  const refundIds = async (value: string, payment: string | undefined): Promise<string[]> => {
    if (payment === undefined || !/^\d+$/.test(payment)) return [];
    const { payment_refunds = [] } = await read(listCustomerPaymentRefunds, { customer_payment_id: payment });
    return payment_refunds.map((row) => String(row.payment_refund_id)).filter((id) => id.startsWith(value));
  };

  /**
   * Returns all active customers if they fit on one page, otherwise those whose name contains the typed text. Removes vendors, because
   * Zoho's filter returns some.
   */
  const customers = async (value: string): Promise<NamedRecord[]> => {
    const all = await page(allContacts, { contact_type: 'customer', sort_column: 'contact_name' });
    const typed = value.trim().slice(0, 100);
    const found = async (filter: string, text: string) => (await page(allContacts, { contact_type: 'customer', [filter]: text })).rows;
    const searched = async () => {
      const rows = (
        await Promise.all([found('contact_name_contains', typed), ...(typed.includes('@') ? [found('email_contains', typed)] : [])])
      ).flat();
      // The user may have typed a letter without its accent.
      return rows.length > 0
        ? rows
        : (await Promise.all(halvesOf(longestWord(typed)).map((half) => found('contact_name_contains', half)))).flat();
    };
    const rows = isLast(all) || typed === '' ? all.rows : await searched();
    const named = rows
      .filter((row) => (row['contact_type'] ?? 'customer') === 'customer' && row['status'] !== 'inactive')
      .map((row) => ({ name: String(row['contact_name'] ?? ''), id: readId(row['contact_id']) ?? '', email: row['email'] }))
      .filter(hasId);
    return [...new Map(named.map((one) => [one.id, one])).values()];
  };

  /** The id of the customer that an earlier argument names, if only one customer fits. */
  const customerIdOf = async (customer: string | undefined): Promise<string | undefined> => {
    if (customer === undefined || isId(customer)) return customer;
    return exactOrOnly(
      customer,
      (await customers(customer)).filter(
        ({ name, email }) => folded(name) === folded(customer) || fits(customer, name) || folded(email) === addressIn(customer),
      ),
      ({ name }) => name,
    )?.id;
  };

  /** Returns the unpaid invoices that fit; if there are none, other invoices whose number fits. */
  const invoices = async (value: string, customer: string | undefined): Promise<readonly NamedRecord[]> => {
    const customer_id = await customerIdOf(customer);
    const of = customer_id === undefined ? {} : { customer_id };
    const found = async (query: Readonly<Record<string, string>>, open: boolean) => {
      const { rows } = await page(allInvoices, { ...of, ...query });
      return rows
        .filter(
          (row) =>
            (customer_id === undefined || readId(row['customer_id']) === customer_id) &&
            row['status'] !== 'draft' &&
            row['status'] !== 'void' &&
            (!open || (readAmount(row['balance']) ?? 1) > 0),
        )
        .map((row) => ({ name: String(row['invoice_number'] ?? ''), id: readId(row['invoice_id']) ?? '' }))
        .filter(hasId);
    };
    const unpaid = await found({ status: 'unpaid', sort_column: 'date', sort_order: 'D' }, true);
    if (value.trim() === '') return unpaid;
    const near = numbered(value, unpaid);
    if (near.length > 0) return near;
    const others = numbered(value, await found({ invoice_number_contains: numberToLookFor(value) }, false));
    return others.length > 0 || !isRetainerNumber(value) ? others : numbered(value, await unpaidRetainers(customer_id));
  };

  const unpaidRetainers = async (customer_id: string | undefined): Promise<NamedRecord[]> => {
    const { retainerinvoices = [] } = await read(listRetainerInvoices, {});
    return retainerinvoices
      .filter((row) => (row.balance ?? 1) > 0 && (customer_id === undefined || row.customer_id === customer_id))
      .map((row) => ({ name: row.retainerinvoice_number ?? '', id: row.retainerinvoice_id ?? '' }))
      .filter(hasId);
  };

  const accounts = async (): Promise<NamedRecord[]> => {
    const { bankaccounts = [] } = await read(listBankAccounts, {});
    return bankaccounts
      .filter(({ is_active }) => is_active !== false)
      .map(({ account_name, account_id }) => ({ name: account_name ?? '', id: account_id ?? '' }));
  };

  const values = async (variable: string, value: string, filledIn: Record<string, string>): Promise<string[]> => {
    const given = Object.fromEntries(Object.entries(filledIn).filter(([, text]) => text.trim() !== ''));
    switch (variable) {
      case 'payment':
      case 'payment_id':
      case 'customer_payment_id':
        return await paymentIds(value, given['customer']);
      case 'refund':
      case 'refund_id':
        return await refundIds(value, given['customer_payment_id'] ?? given['payment']);
      case 'customer':
        return resolvable(value, await customers(value));
      case 'customer_name':
        return matching(value, await customers(value))
          .map(({ name }) => name)
          .filter(isShownAsItIs);
      case 'customer_id':
      case 'contact_id':
        return matching(value, await customers(value)).map(({ id }) => id);
      case 'invoice':
        return resolvable('', await invoices(value, given['customer']));
      case 'invoice_id':
        return (await invoices(value, given['customer_id'])).map(({ id }) => id);
      case 'account':
        return resolvable(value, await accounts());
      default:
        return [];
    }
  };

  return {
    forget: kept.forget,
    recentPayments: async () => ({ resources: (await orNothing('recent payments', recentRows)).map((row) => asResource(row, sandbox)) }),
    complete: async (variable, value, given) =>
      (await orNothing(`completion of ${variable}`, () => values(variable, value, given))).slice(0, MOST_VALUES),
  };
}

/** Matches a part of the name, or the start of the id or e-mail address. Names that start with the value come first. */
function matching(value: string, all: readonly NamedRecord[]): readonly NamedRecord[] {
  const typed = folded(value);
  const found = all.filter(
    ({ name, id, email }) => isPartOf(value, name) || id.startsWith(typed) || (typed.includes('@') && folded(email).startsWith(typed)),
  );
  return found.toSorted((a, b) => Number(startsSo(b.name, value)) - Number(startsSo(a.name, value)));
}

/** Matches a part of the number in any notation, or the start of the id. Numbers that start with the value come first. */
function numbered(value: string, all: readonly NamedRecord[]): readonly NamedRecord[] {
  const keys = numberForms(value).map(numberKey);
  const having = (key: string) =>
    all.filter(({ name, id }) => (key !== '' && numberKey(name).includes(key)) || id.startsWith(value.trim()));
  const key = keys.find((one) => having(one).length > 0) ?? '';
  return having(key).toSorted((a, b) => Number(numberKey(b.name).startsWith(key)) - Number(numberKey(a.name).startsWith(key)));
}

/**
 * Returns for each match a text with which the tools find the same record: its name, or its id if the name is not unique or cannot be
 * typed unchanged.
 */
function resolvable(value: string, all: readonly NamedRecord[]): string[] {
  const count = new Map<string, number>();
  for (const { name } of all) count.set(folded(name), (count.get(folded(name)) ?? 0) + 1);
  return matching(value, all).map(({ name, id }) => (count.get(folded(name)) === 1 && isShownAsItIs(name) && !isId(name) ? name : id));
}

const hasId = ({ id }: NamedRecord) => id !== '';

const isShownAsItIs = (name: string) => name !== '' && oneLine(name) === name;

function asResource(row: Json, sandbox: boolean): Resource {
  const { payment_id, payment_number, date, customer_name, customer_id, amount } = row;
  const number = payment_number === undefined ? '' : ` (#${plain(payment_number)})`;
  const customer = recordName('customer', customer_name, customer_id, 60);
  const title = `${plain(date)} ${customer} ${readAmount(amount) ?? UNTOLD_AMOUNT}${number}`;
  return { uri: `zoho-books://customerpayments/${payment_id}`, name: `payment-${payment_id}`, title: titled(title, sandbox) };
}
