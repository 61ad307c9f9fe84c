import type { Reader } from '../endpoint.ts';
import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { allPayments, isLast, PER_PAGE, isCutShort, type WholePage } from '../reading/whole-lists.ts';
import { aboutRefund } from '../records/describe.ts';
import { every, readDay, readId, instantOf } from '../records/read-row.ts';
import { bareReference, isSameReference } from '../records/same-reference.ts';
import { money, plain, quoted, idText } from '../records/text.ts';
import { DAY_MS } from '../time.ts';

/** Records that are there already: their ids, to tell later what is new, and those that look like the one to be made. */

/** A row as it is compared. What is undefined Zoho does not tell, or not in a form that can be compared. */
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
  /** They are all there are. */
  readonly all: boolean;
  /** Nothing that was created later than the oldest of them is missing. */
  readonly whole: boolean;
  /** If nothing is missing for longer than that: since when. */
  readonly since?: string | undefined;
}

/** As the journal keeps them. */
export interface Existing {
  /** The newest ids; every one when `all`. */
  readonly ids: readonly string[];
  readonly all: boolean;
  /** When the oldest of them was created: what is older and not among them is not new. */
  readonly since?: string | undefined;
}

export interface Alike {
  readonly id: string;
  readonly text: string;
}

/** What looks like the record to be made, and what could not be compared with it. */
export interface Likeness {
  readonly alike: readonly Alike[];
  readonly not_checked: readonly string[];
}

interface RecordToMake {
  readonly customer_id?: string | undefined;
  readonly amount: number;
  readonly date: string;
  readonly reference_number?: string | undefined;
}

export type PaymentToMake = RecordToMake & { readonly customer_id: string };

const MOST_PAYMENT_PAGES = 50;
/** Of payments of one customer and amount. */
const MOST_PAGES_ALIKE = 10;
const NOT_WHOLE = "Zoho's list was cut short, or is longer than this server reads";
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

/** A customer's payments, newest by created_time: pages until `known` shows, or until the end. */
export async function newestPayments(zoho: Reader, customer_id: string, known?: ReadonlySet<string>): Promise<Newest> {
  const rows: ComparedRow[] = [];
  for (let page = 1; page <= MOST_PAYMENT_PAGES; page += 1) {
    const answer = await zoho.read(allPayments, { customer_id, page, ...byCreation });
    // Zoho ignores filters it does not know: whose payment it is is checked here too.
    const own = answer.rows.map(comparedPayment).filter((row) => row.customer_id === undefined || row.customer_id === customer_id);
    rows.push(...own);
    if (answer.since !== undefined) return { rows, all: false, whole: true, since: answer.since };
    // Only of others: this is not the list that was asked for.
    if (isCutShort(answer) || (own.length === 0 && answer.rows.length > 0)) break;
    if (isLast(answer)) return { rows, all: true, whole: true };
    const sorted = isSortedByCreation(answer);
    const reached = known === undefined ? page === 1 : own.some(({ id }) => id !== undefined && known.has(id));
    if (sorted && reached) return { rows, all: false, whole: true };
  }
  return { rows, all: false, whole: false };
}

/** Whether everything further back is older: only the sort order that Zoho confirms tells that. */
export const isSortedByCreation = ({ page_context }: WholePage): boolean =>
  page_context?.['sort_column'] === byCreation.sort_column && page_context['sort_order'] === byCreation.sort_order;

export function existing({ rows, all, since }: Newest): Existing {
  const oldest = rows.at(-1);
  const from = since ?? (oldest?.created === undefined ? undefined : String(oldest.row['created_time']));
  return { ids: rows.flatMap(({ id }) => id ?? []), all, ...(from !== undefined && { since: from }) };
}

/** Payments that are not among those that existed, and not certainly older or another customer's. */
export async function paymentsSince(
  zoho: Reader,
  customer_id: string,
  before: Existing,
): Promise<{ readonly rows: readonly ComparedRow[]; readonly whole: boolean }> {
  const known = new Set(before.ids);
  const { rows, whole } = await newestPayments(zoho, customer_id, known);
  return { rows: rows.filter((row) => (row.id === undefined || !known.has(row.id)) && isSince(row, customer_id, before) !== false), whole };
}

/** Whether it is the customer's and was created since, by what the list or the payment itself tells. */
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
 * Payments of the customer and amount that have the same date; or the same reference at any date; or are at most a week apart where
 * one of the two has no reference: whoever recorded them.
 */
export async function paymentsAlike(zoho: Reader, wanted: PaymentToMake, { rows, all, whole }: Newest): Promise<Likeness> {
  // Older payments than the newest page holds are found by their amount.
  const older = all ? { rows: [], whole: true } : await paymentsOf(zoho, wanted);
  const found = [...rows, ...older.rows];
  // By id, since both lists may hold the same; one without an id stands for itself.
  const each = [...new Map(found.map((row) => [row.id ?? row, row])).values()];
  return likenessOf(each, wanted, aboutLookAlike, whole && older.whole ? [] : [`payments further back: ${NOT_WHOLE}`]);
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

function aboutLookAlike({ id, row }: ComparedRow): string {
  const reference =
    row['reference_number'] === undefined || row['reference_number'] === '' ? '' : `, reference ${quoted(row['reference_number'], 50)}`;
  return (
    `payment #${plain(row['payment_number'] ?? '?')} (id ${idText(id)}) ` +
    `of ${money(row['amount'], {})}, ${plain(row['date'])}${reference}`
  );
}

/** The ids, as the journal keeps them. */
export function existingRefunds({ rows, all }: { readonly rows: readonly Json[]; readonly all: boolean }): Existing {
  return { ids: rows.flatMap((row) => readId(row['payment_refund_id']) ?? []), all };
}

/** Refunds of the same payment, by the same rule. `inBase`: the payment is in the base currency, so that either amount is its own. */
export function refundsAlike(
  { rows, all }: { readonly rows: readonly Json[]; readonly all: boolean },
  wanted: RecordToMake,
  inBase: boolean,
): Likeness {
  const comparedRefund = comparedRowBy('payment_refund_id', inBase ? ['amount_fcy', 'amount', 'amount_bcy'] : ['amount_fcy', 'amount']);
  return likenessOf(
    rows.map(comparedRefund),
    wanted,
    ({ row, amount }) => aboutRefund({ ...row, amount }),
    all ? [] : [`refunds further back: ${NOT_WHOLE}`],
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
            `whether it is recorded already: of ${unknown.length} record${unknown.length === 1 ? '' : 's'} ` +
              `Zoho does not tell what has to be compared${idsOf(unknown)}`,
          ]),
    ],
  };
}

/** Whether two new payments look alike, by the same rule. */
export const areAlike = (one: PaymentToMake, other: PaymentToMake): boolean =>
  isAlike({ ...other, id: undefined, reference: other.reference_number ?? '', created: undefined, row: {} }, one) === true;

/** Undefined where what is not told decides it. */
function isAlike(row: ComparedRow, { customer_id, amount, date, reference_number }: RecordToMake): boolean | undefined {
  const same = (one: unknown, other: unknown) => (one === undefined ? undefined : one === other);
  const sameMoney = every([customer_id === undefined ? true : same(row.customer_id, customer_id), same(row.amount, amount)]);
  // To compare references takes long, and a list compares each of its rows with every other row.
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

/** Zoho sends an empty text where there is no reference. */
const isReferenceTold = (reference: unknown): boolean => typeof reference === 'string' || typeof reference === 'number';

function idsOf(rows: readonly ComparedRow[]): string {
  const ids = rows.flatMap(({ id }) => id ?? []).slice(0, 3);
  return ids.length === 0 ? '' : ` (id ${ids.map((id) => idText(id)).join(', ')}${rows.length > ids.length ? ', …' : ''})`;
}
