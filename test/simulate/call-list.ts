import type { PaymentsError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import { recordCustomerPayments } from '../../src/workflows/record-customer-payments.ts';
import type { Answer, Around } from './run.ts';
import type { Running } from './server.ts';

/** Calls with lists of payments, and what their answers say about each row. */

export interface ToldRow {
  readonly outcome: 'recorded' | 'not_recorded' | 'unknown' | 'not_started';
  readonly code?: string | undefined;
  readonly payment_id?: string | undefined;
  readonly entry?: string | undefined;
  readonly replayed?: boolean | undefined;
  /** Possible duplicates that the caller must confirm. */
  readonly suspects?: readonly string[] | undefined;
}

/** The list with the possible duplicates that its caller confirms, by row. */
export function withAllowed(args: Json, allowed: ReadonlyMap<number, readonly string[]>): Json {
  const rows = (args['rows'] as Json[]).map((row, n) => {
    const ids = allowed.get(n);
    return ids === undefined ? row : { ...row, allow_duplicate_of: ids };
  });
  return { ...args, rows };
}

export async function callListDirectly(server: Running, args: Json, { key, approval, person, signal }: Around): Promise<Answer> {
  const performed = await server.performList({
    workflow: recordCustomerPayments,
    rows: (args['rows'] as Json[]).map(({ idempotency_key, allow_duplicate_of = [], ...input }) => ({
      input,
      key: idempotency_key as string | undefined,
      allowDuplicateOf: allow_duplicate_of as string[],
    })),
    key,
    onlyGoodRows: args['only_good_rows'] === true,
    person: { canBeAsked: server.plan.canBeAsked, approval, ...person },
    signal,
    progress: () => undefined,
  });
  if (performed.kind === 'ask')
    return {
      told: { outcome: 'not_recorded', code: 'asked' },
      question: performed.question,
      next: { kind: 'ask', state: performed.state },
    };
  if (performed.kind === 'preview')
    return {
      told: { outcome: 'not_recorded', code: 'approval_needed' },
      question: performed.question,
      next: { kind: 'preview', approval: performed.approval },
    };
  const rows = performed.rows.map((row): ToldRow => {
    if (row.outcome !== 'recorded')
      return { outcome: row.outcome, code: row.error?.code, suspects: row.error && suspectsIn(row.error.next) };
    const { done } = row;
    const payment_id = (done.result['payment'] as { payment_id?: string } | undefined)?.payment_id;
    return { outcome: 'recorded', payment_id, entry: done.entry, replayed: done.replayed };
  });
  const count = rows.filter(({ outcome }) => outcome === 'recorded').length;
  const some = count === rows.length ? 'recorded' : count > 0 ? 'partly_recorded' : 'not_recorded';
  return { told: { outcome: rows.some(({ outcome }) => outcome === 'unknown') ? 'unknown' : some, rows } };
}

const suspectsIn = (next: PaymentsError['next']): string[] | undefined =>
  next.map(({ arguments: given }) => given?.['allow_duplicate_of']).find((ids) => ids !== undefined) as string[] | undefined;

/** What the answer to a client says about the rows. */
export function toldInAnswer({ rows, totals }: Record<string, unknown>): {
  readonly rows?: readonly ToldRow[];
  readonly totals?: Record<string, string>;
} {
  if (!Array.isArray(rows)) return {};
  return {
    rows: (rows as ClientRow[]).map(({ outcome, error, payment_id, write_id: entry, replayed }) => ({
      outcome,
      code: error?.code,
      payment_id,
      entry,
      replayed,
      // A client shows the ids in a sentence.
      suspects:
        error?.code === 'suspected_duplicate'
          ? ((/allow_duplicate_of: (\[[^\]]*\])/.exec(error.next)?.[1] ?? '[]').match(/\d{6,}/g) ?? [])
          : undefined,
    })),
    totals: totals as Record<string, string> | undefined,
  } as ReturnType<typeof toldInAnswer>;
}

interface ClientRow extends Pick<ToldRow, 'outcome' | 'payment_id' | 'replayed'> {
  readonly error?: { readonly code: string; readonly next: string };
  readonly write_id?: string;
}
