import type { Entry, Journal } from './journal/journal.ts';

/** Whether what a write is about was deleted by a later write of this server: then there is nothing left to take back. */

/** The newest writes that were carried out, for `deletionOf`; none where nothing could have been deleted. */
export async function deletionsAfter(entries: readonly Entry[], journal: Pick<Journal, 'list'>): Promise<readonly Entry[]> {
  if (!entries.some((entry) => recordWritten(entry) !== undefined)) return [];
  // Not by the time of day, which may have been set back.
  const newest = await journal.list({ state: 'recorded', limit: MOST_LATER });
  return newest.filter(({ request }) => request.method === 'DELETE');
}

/** The write among these deletions that deleted what this one made or changed. Zoho gives no id twice, so it is a later one. */
export function deletionOf(entry: Entry, deletions: readonly Entry[]): Entry | undefined {
  const record = recordWritten(entry);
  return record === undefined ? undefined : deletions.find((one) => deletes(one, record));
}

/** Writes that are looked through, the newest first; where there are more it counts as still there. */
const MOST_LATER = 500;

/** The payment or refund that a write made or changed. */
function recordWritten({ state, request, zoho_id, makes, arguments: { payment_id, refund_id } }: Entry): string | undefined {
  if (state !== 'recorded' || request.method === 'DELETE') return undefined;
  const record = makes === undefined ? (refund_id ?? payment_id ?? zoho_id) : zoho_id;
  return typeof record === 'string' ? record : undefined;
}

function deletes({ arguments: { payment_id, refund_id }, answer }: Entry, record: string): boolean {
  // Of several Zoho may have kept some.
  const { deleted } = (answer?.result ?? {}) as { deleted?: true | string[] };
  const asked = refund_id ?? payment_id;
  // A person who settled it did not tell of each.
  return Array.isArray(deleted) ? deleted.includes(record) : Array.isArray(asked) ? asked.includes(record) : asked === record;
}
