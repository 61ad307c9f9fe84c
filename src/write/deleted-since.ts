import type { Entry, Journal } from './journal/journal.ts';

/** Finds the later write of this server that deleted the record of an earlier write. The earlier write then cannot be undone any more. */

/** The newest recorded deletions, for `deletionOf`. Empty if none of the entries has a record that could be deleted. */
export async function deletionsAfter(entries: readonly Entry[], journal: Pick<Journal, 'list'>): Promise<readonly Entry[]> {
  if (!entries.some((entry) => recordWritten(entry) !== undefined)) return [];
  // Not filtered by time, because the clock may have been set back.
  const newest = await journal.list({ state: 'recorded', limit: MOST_LATER });
  return newest.filter(({ request }) => request.method === 'DELETE');
}

/** The deletion of the record that this entry made or changed. Zoho never uses an id twice, so the deletion came later. */
export function deletionOf(entry: Entry, deletions: readonly Entry[]): Entry | undefined {
  const record = recordWritten(entry);
  return record === undefined ? undefined : deletions.find((one) => deletes(one, record));
}

/** The number of writes that are searched, newest first. A record that an older write deleted counts as not deleted. */
const MOST_LATER = 500;

/** The payment or refund that a write made or changed. */
function recordWritten({ state, request, zoho_id, makes, arguments: { payment_id, refund_id } }: Entry): string | undefined {
  if (state !== 'recorded' || request.method === 'DELETE') return undefined;
  const record = makes === undefined ? (refund_id ?? payment_id ?? zoho_id) : zoho_id;
  return typeof record === 'string' ? record : undefined;
}

function deletes({ arguments: { payment_id, refund_id }, answer }: Entry, record: string): boolean {
  // Of several payments, Zoho may have deleted only some.
  const { deleted } = (answer?.result ?? {}) as { deleted?: true | string[] };
  const asked = refund_id ?? payment_id;
  // If a person settled the deletion, the answer has no list, so all payments in the arguments count.
  return Array.isArray(deleted) ? deleted.includes(record) : Array.isArray(asked) ? asked.includes(record) : asked === record;
}
