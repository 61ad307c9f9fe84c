import type { Reader } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import { isObject } from '../json.ts';
import { allInvoices, PER_PAGE, type Query } from '../reading/whole-lists.ts';
import { readId, readText } from '../records/read-row.ts';
import type { PaymentRow } from './payments.ts';
import { folded } from './same-name.ts';

/**
 * Finds the ids of the invoices that listed payments are applied to. Zoho's list shows the invoice numbers, but seldom the ids. The server
 * makes only a few reads, so the ids of old invoices may stay unknown.
 */

/** An invoice that a payment is applied to, with its id if that is known. */
export interface PaidInvoice {
  readonly invoice_number: string;
  readonly invoice_id?: string;
}

interface KnownInvoice {
  readonly invoice_id: string;
  readonly invoice_number?: string | undefined;
  readonly customer_id?: string | undefined;
}

/** For up to this many customers, the newest invoices of each are read. For more customers, the newest invoices of all are read. */
const MOST_CUSTOMERS_ASKED = 5;
/** After that, up to this many invoice numbers without an id are searched one by one. */
const MOST_NUMBERS_ASKED = 3;

/** Returns the invoices of each payment. Omits payments without a known invoice id. `known`: invoices that need no read. */
export async function invoicesOfPayments(
  rows: readonly PaymentRow[],
  known: readonly KnownInvoice[],
  zoho: Reader,
): Promise<ReadonlyMap<PaymentRow, readonly PaidInvoice[]>> {
  const pool = [...known];
  const paidBy = (row: PaymentRow): readonly PaidInvoice[] => toldBy(row) ?? numbersOf(row).map((number) => withId(number, row, pool));
  const unknown = () =>
    rows.flatMap((row) => (row.customer_id === undefined ? [] : paidBy(row).flatMap((one) => (one.invoice_id ? [] : [{ ...one, row }]))));
  const ask = async (...queries: readonly Query[]) =>
    void pool.push(...(await Promise.all(queries.map(async (query) => await invoicesBy(query, zoho)))).flat());
  const numbersUnknown = () => [...new Set(unknown().map(({ invoice_number }) => invoice_number))];
  const customers = [...new Set(unknown().map(({ row }) => row.customer_id))];
  const newest = { sort_column: 'date', sort_order: 'D' };
  const broadly = customers.length > MOST_CUSTOMERS_ASKED ? [newest] : customers.map((customer_id) => ({ ...newest, customer_id }));
  // Searches by number at once if that takes no more reads. Otherwise it searches only the numbers that the newest invoices did not show.
  if (numbersUnknown().length > Math.min(broadly.length, MOST_NUMBERS_ASKED)) await ask(...broadly);
  const left = numbersUnknown();
  if (left.length <= MOST_NUMBERS_ASKED) await ask(...left.map((invoice_number) => ({ invoice_number })));
  return new Map(rows.map((row) => [row, paidBy(row)] as const).filter(([, paid]) => paid.some(({ invoice_id }) => invoice_id)));
}

/** The payment's invoices, if Zoho's list gives the ids of all of them. */
function toldBy(row: PaymentRow): readonly PaidInvoice[] | undefined {
  const applied = (Array.isArray(row['applied_invoices']) ? row['applied_invoices'] : []).filter(isObject);
  const told = applied.flatMap((one) => {
    const [invoice_id, invoice_number] = [readId(one['invoice_id']), readText(one['invoice_number'])];
    return invoice_id === undefined || invoice_number === undefined ? [] : [{ invoice_number, invoice_id }];
  });
  return told.length > 0 && told.length === applied.length ? told : undefined;
}

const numbersOf = (row: PaymentRow): string[] => (readText(row['invoice_numbers']) ?? '').split(', ').filter(Boolean);

/** Two customers may have the same invoice number. The id is certain only if exactly one invoice of this customer has it. */
function withId(invoice_number: string, { customer_id }: PaymentRow, pool: readonly KnownInvoice[]): PaidInvoice {
  const same = pool.filter((one) => one.customer_id === customer_id && folded(one.invoice_number) === folded(invoice_number));
  const [invoice_id, ...others] = new Set(same.map((one) => one.invoice_id));
  return { invoice_number, ...(invoice_id !== undefined && others.length === 0 && { invoice_id }) };
}

/** Best effort: no invoices if the scopes do not allow the read or Zoho fails. The payments are then shown without ids. */
async function invoicesBy(query: Query, zoho: Reader): Promise<KnownInvoice[]> {
  try {
    const { rows } = await zoho.recent.read(allInvoices, { ...query, page: 1, per_page: PER_PAGE });
    return rows.flatMap((row) => {
      const invoice_id = readId(row['invoice_id']);
      return invoice_id === undefined
        ? []
        : [{ invoice_id, invoice_number: readText(row['invoice_number']), customer_id: readId(row['customer_id']) }];
    });
  } catch (error) {
    if (error instanceof PaymentsError) return [];
    throw error;
  }
}
