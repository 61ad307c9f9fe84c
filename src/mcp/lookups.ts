import type { Resource } from '@modelcontextprotocol/server';
import type { Json } from '../endpoint.ts';
import { listCustomerPaymentRefunds } from '../endpoints/list-customer-payment-refunds.ts';
import { listCustomerPayments } from '../endpoints/list-customer-payments.ts';
import { plain, quoted } from '../endpoints/words.ts';
import { PaymentsError } from '../errors.ts';
import type { Books } from './books.ts';
import { titled } from './resource-uris.ts';

/** What hosts ask while a person types or opens a menu: recent payments and completions. Never an error, never slow. */
export interface Lookups {
  recentPayments(): Promise<{ resources: Resource[] }>;
  /** After a write of ours what was kept is stale. */
  forget(): void;
  /** Ids for a template variable, by what a person would type: number, customer, reference. */
  complete(variable: string, value: string, given: Record<string, string>): Promise<string[]>;
}

/** Hosts ask at every start. */
const FRESH_MS = 60_000;
/** A menu that takes longer is no help. */
const PATIENCE_MS = 5_000;
const RECENT = 25;

export function createLookups({ zoho, sandbox, log }: Books, now: () => number = Date.now): Lookups {
  let recent: { readonly until: number; readonly rows: Promise<Json[]> } | undefined;

  const search = async (input: { search_text?: string; per_page?: number }): Promise<Json[]> =>
    (await zoho.until(AbortSignal.timeout(PATIENCE_MS)).read(listCustomerPayments, input)).customerpayments ?? [];

  const recentRows = (): Promise<Json[]> => {
    if (recent === undefined || now() > recent.until) {
      const rows = search({ per_page: RECENT });
      recent = { until: now() + FRESH_MS, rows };
      // A failure is not kept: the next who asks may have more luck.
      rows.catch(() => {
        if (recent?.rows === rows) recent = undefined;
      });
    }
    return recent.rows;
  };

  /** Nothing rather than an error: these lists are a convenience. */
  const orNothing = async <T>(what: string, rows: () => Promise<T[]>): Promise<T[]> => {
    try {
      return await rows();
    } catch (error) {
      const code = error instanceof PaymentsError ? error.code : 'gave up';
      // Before anybody has connected this server there is nothing to offer, and nothing wrong.
      if (code !== 'not_configured') log('warn', what, { error: code });
      return [];
    }
  };

  /**
   * Each keystroke asks, and the organization has 100 calls a minute: Zoho is searched only for what is not among the newest.
   * Its search does not look at payment numbers, so by its number only one of the newest is found.
   */
  const paymentIds = async (value: string): Promise<string[]> => {
    const typed = value.toLowerCase();
    const known = (await recentRows()).filter((row) =>
      [row['payment_id'], row['payment_number'], row['customer_name'], row['reference_number']].some((field) => String(field ?? '').toLowerCase().startsWith(typed)),
    );
    const found = known.length > 0 || typed.trim() === '' ? known : await search({ search_text: value.slice(0, 100), per_page: RECENT });
    return found.map((row) => String(row['payment_id']));
  };

  const refundIds = async (value: string, payment: string | undefined): Promise<string[]> => {
    if (payment === undefined || !/^\d+$/.test(payment)) return [];
    const { payment_refunds = [] } = await zoho.until(AbortSignal.timeout(PATIENCE_MS)).read(listCustomerPaymentRefunds, { customer_payment_id: payment });
    return payment_refunds.map((row) => String(row.payment_refund_id)).filter((id) => id.startsWith(value));
  };

  return {
    forget: () => {
      recent = undefined;
    },
    recentPayments: async () => ({ resources: (await orNothing('recent payments', recentRows)).map((row) => asResource(row, sandbox)) }),
    complete: (variable, value, given) =>
      orNothing(`completion of ${variable}`, async () => {
        if (variable === 'payment_id' || variable === 'customer_payment_id') return await paymentIds(value);
        if (variable === 'refund_id') return await refundIds(value, given['customer_payment_id']);
        return [];
      }),
  };
}

function asResource(row: Json, sandbox: boolean): Resource {
  const { payment_id, payment_number, date, customer_name, amount } = row;
  const title = `${plain(date)} ${quoted(customer_name, 60)} ${plain(amount)}${payment_number === undefined ? '' : ` (#${plain(payment_number)})`}`;
  return { uri: `zoho-books://customerpayments/${payment_id}`, name: `payment-${payment_id}`, title: titled(title.trim(), sandbox) };
}
