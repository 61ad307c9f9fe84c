import type { Reader } from '../endpoint.ts';
import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { allPayments, isLast, PER_PAGE, isCutShort, type WholePage } from '../reading/whole-lists.ts';
import type { Currency } from '../money.ts';
import { aboutRefund } from '../records/describe.ts';
import { every, readDay, readId, instantOf } from '../records/read-row.ts';
import { bareReference, isSameReference } from '../records/same-reference.ts';
import { money, plain, quoted, idText } from '../records/text.ts';
import { DAY_MS } from '../time.ts';

/** Finds existing records: their ids, to recognize new records later, and the possible duplicates of a new record. */

/** A row with the values to compare. A value is undefined if Zoho does not send it in a form that can be compared. */
export interface ComparedRow {
  readonly id: string | undefined;
  readonly customer_id: string | undefined;
  readonly amount: number | undefined;
  readonly date: string | undefined;
  readonly reference: unknown;
  /** Milliseconds since 1970. */
  readonly created: number | undefined;
  readonly row: Json;
}

/** The newest payments of a customer. */
export interface Newest {
  readonly rows: readonly ComparedRow[];
  /** True if these are all payments of the customer. */
  readonly all: boolean;
  /** True if no gap: every payment that is newer than the oldest of these rows is in `rows`. */
  readonly whole: boolean;
  /** Set if no payment is missing that was created at or after this time. */
  readonly since?: string | undefined;
}

/** The existing records, as the journal keeps them. */
export interface Existing {
  /** The newest ids, or all ids if `all`. */
  readonly ids: readonly string[];
  readonly all: boolean;
  /** Creation time of the oldest record in `ids`. An older record is not new, even if `ids` lacks it. */
  readonly since?: string | undefined;
}

export interface Alike {
  readonly id: string;
  readonly text: string;
}

/** Possible duplicates of a new record, and what could not be compared. */
export interface Likeness {
  readonly alike: readonly Alike[];
  readonly not_checked: readonly string[];
}

interface RecordToMake {
  readonly customer_id?: string | undefined;
  readonly amount: number;
  readonly date: string;
  readonly reference_number?: string | undefined;
  /** Of the amount. For the text only, because Zoho's list does not show it. */
  readonly currency?: Currency | undefined;
}

export type PaymentToMake = RecordToMake & { readonly customer_id: string };

const MOST_PAYMENT_PAGES = 50;
/** Maximum number of pages of payments with this customer and amount. */
const MOST_PAGES_ALIKE = 10;
const NOT_WHOLE = "Zoho's list was incomplete, or is longer than this server reads";
const NEAR_DAYS = 7;
export const byCreation = { sort_column: 'created_time', sort_order: 'D', per_page: PER_PAGE };

const comparedRowBy =
  (id: string, amount: readonly string[]) =>
  (row: Json): ComparedRow => ({
    id: readId(row[id]),
    customer_id: readId(row['customer_id']),
    amount: amount.map((name) => readAmount(row[name])).find((value) => value !== undefined),
    date: readDay(row['date']),
    reference: row['reference_number'],
    created: instantOf(row['created_time']),
    row,
  });
export const comparedPayment = comparedRowBy('payment_id', ['amount']);

/** Reads a customer's payments, newest created_time first, until a page has a payment of `known` or the list ends. */
export async function newestPayments(zoho: Reader, customer_id: string, known?: ReadonlySet<string>): Promise<Newest> {
  const rows: ComparedRow[] = [];
  for (let page = 1; page <= MOST_PAYMENT_PAGES; page += 1) {
    const answer = await zoho.read(allPayments, { customer_id, page, ...byCreation });
    // Zoho ignores filters that it does not know, so the customer is checked here too.
    const own = answer.rows.map(comparedPayment).filter((row) => row.customer_id === undefined || row.customer_id === customer_id);
    rows.push(...own);
    if (answer.since !== undefined) return { rows, all: false, whole: true, since: answer.since };
    // A page with only other customers' payments is not the requested list.
    if (isCutShort(answer) || (own.length === 0 && answer.rows.length > 0)) break;
    if (isLast(answer)) return { rows, all: true, whole: true };
    const sorted = isSortedByCreation(answer);
    const reached = known === undefined ? page === 1 : own.some(({ id }) => id !== undefined && known.has(id));
    if (sorted && reached) return { rows, all: false, whole: true };
  }
  return { rows, all: false, whole: false };
}

/** True if Zoho confirms the sort order. Only then are later pages certainly older. */
export const isSortedByCreation = ({ page_context }: WholePage): boolean =>
  page_context?.['sort_column'] === byCreation.sort_column && page_context['sort_order'] === byCreation.sort_order;

export function existing({ rows, all, since }: Newest): Existing {
  const oldest = rows.at(-1);
  const from = since ?? (oldest?.created === undefined ? undefined : String(oldest.row['created_time']));
  return { ids: rows.flatMap(({ id }) => id ?? []), all, ...(from !== undefined && { since: from }) };
}

/** The payments that are not among the existing ones, except payments that are certainly older or of another customer. */
export async function paymentsSince(
  zoho: Reader,
  customer_id: string,
  before: Existing,
): Promise<{ readonly rows: readonly ComparedRow[]; readonly whole: boolean }> {
  const known = new Set(before.ids);
  const { rows, whole } = await newestPayments(zoho, customer_id, known);
  return { rows: rows.filter((row) => (row.id === undefined || !known.has(row.id)) && isSince(row, customer_id, before) !== false), whole };
}

/** True if the payment is of this customer and was created after the existing ones. Undefined if Zoho's values do not show it. */
export function isSince(
  { customer_id, created }: Pick<ComparedRow, 'customer_id' | 'created'>,
  whose: string,
  { all, since }: Existing,
): boolean | undefined {
  const after = instantOf(since);
  const isNew = all || (created === undefined || after === undefined ? undefined : created > after);
  return every([customer_id === undefined ? undefined : customer_id === whose, isNew]);
}

/**
 * Finds possible duplicates: payments with the same customer and amount that have the same date, or the same reference on any date, or a
 * date at most a week apart if one of the two has no reference.
 */
export async function paymentsAlike(zoho: Reader, wanted: PaymentToMake, { rows, all, whole }: Newest): Promise<Likeness> {
  // Payments that are older than the newest page are searched by their amount.
  const older = all ? { rows: [], whole: true } : await paymentsOf(zoho, wanted);
  const found = [...rows, ...older.rows];
  // By id, because both lists may contain the same payment. A row without an id is kept as it is.
  const each = [...new Map(found.map((row) => [row.id ?? row, row])).values()];
  return likenessOf(
    each,
    wanted,
    (row) => aboutLookAlike(row, wanted.currency ?? {}),
    whole && older.whole ? [] : [`older payments: ${NOT_WHOLE}`],
  );
}

async function paymentsOf(
  zoho: Reader,
  { customer_id, amount }: RecordToMake,
): Promise<{ readonly rows: readonly ComparedRow[]; readonly whole: boolean }> {
  const rows: ComparedRow[] = [];
  for (let page = 1; page <= MOST_PAGES_ALIKE; page += 1) {
    const answer = await zoho.read(allPayments, { customer_id, amount, page, ...byCreation });
    rows.push(...answer.rows.map(comparedPayment));
    if (isCutShort(answer)) break;
    if (isLast(answer)) return { rows, whole: true };
  }
  return { rows, whole: false };
}

function aboutLookAlike({ id, row }: ComparedRow, currency: Currency): string {
  const reference =
    row['reference_number'] === undefined || row['reference_number'] === '' ? '' : `, reference ${quoted(row['reference_number'], 50)}`;
  return (
    `payment #${plain(row['payment_number'] ?? '?')} (id ${idText(id)}) ` +
    `of ${money(row['amount'], currency)}, ${plain(row['date'])}${reference}`
  );
}

/** The ids of the refunds, as the journal keeps them. */
export function existingRefunds({ rows, all }: { readonly rows: readonly Json[]; readonly all: boolean }): Existing {
  return { ids: rows.flatMap((row) => readId(row['payment_refund_id']) ?? []), all };
}

/** Finds possible duplicates of a refund by the same rule. `inBase`: the payment, and so each refund's amount, is in base currency. */
export function refundsAlike(
  { rows, all }: { readonly rows: readonly Json[]; readonly all: boolean },
  wanted: RecordToMake,
  inBase: boolean,
): Likeness {
  const comparedRefund = comparedRowBy('payment_refund_id', inBase ? ['amount_fcy', 'amount', 'amount_bcy'] : ['amount_fcy', 'amount']);
  return likenessOf(
    rows.map(comparedRefund),
    wanted,
    ({ row, amount }) => aboutRefund({ ...row, amount }, { ...wanted.currency }),
    all ? [] : [`older refunds: ${NOT_WHOLE}`],
  );
}

function likenessOf(
  rows: readonly ComparedRow[],
  wanted: RecordToMake,
  about: (row: ComparedRow) => string,
  not_checked: readonly string[],
): Likeness {
  const judged = rows.map((row) => ({ row, like: isAlike(row, wanted) }));
  const unknown = judged.filter(({ row, like }) => like === undefined || (like && row.id === undefined)).map(({ row }) => row);
  return {
    alike: judged
      .flatMap(({ row, like }) => (like && row.id !== undefined ? [{ id: row.id, text: about(row) }] : []))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    not_checked: [
      ...not_checked,
      ...(unknown.length === 0
        ? []
        : [
            'whether it is already recorded: Zoho does not show all the values of ' +
              `${unknown.length} record${unknown.length === 1 ? '' : 's'}${idsOf(unknown)}`,
          ]),
    ],
  };
}

/** True if two new payments are possible duplicates of each other, by the same rule. */
export const areAlike = (one: PaymentToMake, other: PaymentToMake): boolean =>
  isAlike({ ...other, id: undefined, reference: other.reference_number ?? '', created: undefined, row: {} }, one) === true;

/** True if the row is a possible duplicate. Undefined if this depends on a value that Zoho does not show. */
function isAlike(row: ComparedRow, { customer_id, amount, date, reference_number }: RecordToMake): boolean | undefined {
  const same = (one: unknown, other: unknown) => (one === undefined ? undefined : one === other);
  const sameMoney = every([customer_id === undefined ? true : same(row.customer_id, customer_id), same(row.amount, amount)]);
  // Comparing references is slow, and a list compares each of its rows with every other row.
  if (sameMoney === false) return false;
  const bare = bareReference(row.reference);
  const own = bareReference(reference_number);
  const sameReference =
    own !== '' || Boolean(reference_number)
      ? row.reference === reference_number ||
        isSameReference(row.reference, reference_number) ||
        (isReferenceTold(row.reference) ? false : undefined)
      : false;
  const near = own === '' || bare === '' ? row.date && Math.abs(Date.parse(row.date) - Date.parse(date)) <= NEAR_DAYS * DAY_MS : false;
  const when =
    sameReference === true ||
    near === true ||
    row.date === date ||
    (row.date === undefined || sameReference === undefined ? undefined : false);
  return every([sameMoney, when]);
}

/** True if Zoho shows the reference. Without a reference, Zoho sends an empty text. */
const isReferenceTold = (reference: unknown): boolean => typeof reference === 'string' || typeof reference === 'number';

function idsOf(rows: readonly ComparedRow[]): string {
  const ids = rows.flatMap(({ id }) => id ?? []).slice(0, 3);
  return ids.length === 0 ? '' : ` (id ${ids.map((id) => idText(id)).join(', ')}${rows.length > ids.length ? ', …' : ''})`;
}
