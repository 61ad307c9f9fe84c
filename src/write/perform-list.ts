import type { ListConsent } from './journal/journal.ts';
import { amountsByCurrency, answeredConsent, askAboutRows, consentsInForce, consentToRow, isChecked } from './list-consent.ts';
import type { CheckedRow } from './list-consent.ts';
import { sendInGroups } from './list-groups.ts';
import { ListRun } from './list-run.ts';
import type { ListCall, ListPerformed } from './list-types.ts';
import { capReached, capsOf, deletesAtOnce } from './policy.ts';
import type { Road } from './types.ts';

/**
 * A list of writes. Each row takes the one road of writes by itself. The list adds three things: reads that all rows share, one question
 * for all rows, and turns (locks) that are held for a group of rows while its reads are used.
 *
 * 0. Replay: the journal answers the rows that an earlier call recorded.
 * 1. Check: each row goes as far as the question. Nothing is sent. A row that cannot be sent ends the list, unless `onlyGoodRows` is set.
 * 2. Consent: the user sees all rows. The journal keeps a digest of what was shown for each row.
 * 3. Send, in groups: take the turns of the group, read again what may have changed, then carry out each row. A row that differs
 *    from what was shown is not sent.
 */
export async function performList(call: ListCall, road: Road): Promise<ListPerformed> {
  const list = new ListRun(call, road);
  await replayRows(list);
  const answered = await answeredConsent(list);
  const checked = answered === undefined ? await checkRows(list) : [answered];
  if ('kind' in checked) return checked;
  await sendInGroups(list, checked);
  return resultOf(list);
}

/** Answers the rows that an earlier call recorded. These need nothing from Zoho, so a later failure cannot hide them. */
async function replayRows(list: ListRun): Promise<void> {
  const { journal, scope } = list.road;
  for (const row of list.rows) if ((await journal.findByKey(scope, row.key))?.state === 'recorded') await list.perform(row);
}

/** Checks each row. Returns the valid consents, or the question or result that comes first. */
async function checkRows(list: ListRun): Promise<readonly ListConsent[] | ListPerformed> {
  const { call, reads, rows } = list;
  const unchecked = rows.filter(({ outcome }) => outcome === undefined);
  await reads.prepare(unchecked.map(({ call: { input } }) => input));
  for (const row of unchecked) {
    do {
      if (list.isOver()) break;
      call.progress('Checking', row.number, rows.length);
      await list.perform(row);
    } while (await list.hasWaited(row));
    if (row.judged !== undefined) reads.planned(row.judged.input);
    list.tell(row);
  }
  const checked = rows.filter(isChecked);
  const isRefused = rows.some((row) => !isChecked(row) && row.outcome?.outcome !== 'recorded');
  if (checked.length === 0 || (isRefused && !call.onlyGoodRows)) return resultOf(list);
  await refuseBeyondCaps(checked, list.road);
  const inForce = await consentsInForce(list);
  const open: CheckedRow[] = [];
  for (const row of checked) if ((await consentToRow(row, row.judged, inForce, list)) === undefined) open.push(row);
  if (open.length === 0) return inForce;
  const asked = await askAboutRows(open, list);
  return 'kind' in asked ? { ...asked, asked: 'nobody' } : [...inForce, asked];
}

async function refuseBeyondCaps(rows: readonly CheckedRow[], { journal, policy }: Road): Promise<void> {
  for (const [currency, amount] of amountsByCurrency(rows)) {
    const { facts } = rows.find(({ judged }) => judged.facts.policy.money?.currency === currency)!.judged;
    const beyond = await journal.reached({ kind: 'payment', currency, amount: String(amount) }, capsOf(policy, facts, journal.now()));
    if (beyond !== undefined) throw capReached(beyond.cap, beyond.used);
  }
}

function resultOf({ call, road, rows, write_id, stop: ended }: ListRun): ListPerformed {
  call.signal?.throwIfAborted();
  return {
    kind: 'list',
    write_id,
    ended,
    deletesAtOnce: deletesAtOnce(road.policy),
    rows: rows.map((row) => ({ ...(row.outcome ?? { outcome: 'not_started' }), checked: isChecked(row) })),
  };
}
