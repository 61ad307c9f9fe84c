import { BusyError, PaymentsError, RefusedError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { ListConsent } from './journal/journal.ts';
import { consentToRow } from './list-consent.ts';
import type { Row } from './list-rows.ts';
import { endsList, type ListRun } from './list-run.ts';
import { movedOn } from './perform.ts';
import type { Turn, Turns } from './turn.ts';
import type { JudgedRow } from './types.ts';

/** Sends the rows of a list in groups. While the turns of a group are held, its rows can use the same reads. */

/** The number of rows whose turns are held at the same time. */
const GROUP = 25;

/** Sends the rows with consent. */
export async function sendInGroups(list: ListRun, consents: readonly ListConsent[]): Promise<void> {
  const rows = list.rows.filter(({ outcome }) => outcome === undefined);
  const unknown = new Set<string>();
  for (const row of list.rows) if (row.outcome?.outcome === 'unknown') for (const name of await list.turnsOf(row)) unknown.add(name);
  for (let at = 0; at < rows.length && !list.isOver();) {
    at += await sendGroup(rows.slice(at, at + GROUP), { consents, unknown }, list);
    // The turns of the group are released while the list waits.
    if (at < rows.length) await list.hasWaited(rows[at]!);
  }
}

interface Sending {
  readonly consents: readonly ListConsent[];
  /** The turns of rows whose outcome is unknown. */
  readonly unknown: Set<string>;
}

/**
 * Returns how many of the rows are finished. A row whose outcome is unknown ends its group, so that everything is read again. An error
 * that every further row would get also ends the group.
 */
async function sendGroup(group: readonly Row[], { consents, unknown }: Sending, list: ListRun): Promise<number> {
  const { call, reads } = list;
  const { turns } = list.road;
  const turnsOf = await Promise.all(group.map((row) => list.turnsOf(row)));
  const names = turnsOf.flat();
  let turn: Turn | undefined;
  try {
    turn = await turns.take(names, call.workflow.name, { signal: call.signal });
    await reads.refresh();
    const road = { ...list.road, turns: { ...turns, take: takingOnly(names, turn) } };
    for (const [i, row] of group.entries()) {
      if (list.isOver()) break;
      // Equal rows are recorded in order, so that a later, shorter list finds the recorded rows.
      const { follows } = row;
      if (follows !== undefined && follows.outcome?.outcome !== 'recorded')
        row.outcome = { outcome: 'not_started', error: heldBack(follows) };
      // If the answers to two payments of a customer are lost, a search may not tell which record belongs to which row.
      else if (turnsOf[i]!.some((name) => unknown.has(name))) row.outcome = { outcome: 'not_started', error: behindUnknown() };
      else {
        call.progress('Recording', row.number, list.rows.length);
        const consent = async (judged: JudgedRow) => {
          const given = await consentToRow(row, judged, consents, list);
          if (given === undefined) throw changedSince();
          return given;
        };
        await list.perform(row, { road, consent, settled: () => reads.refresh() });
        if (list.stop !== undefined && row.outcome?.outcome === 'not_started') return i;
      }
      list.tell(row);
      if (row.outcome?.outcome === 'unknown') {
        for (const name of turnsOf[i]!) unknown.add(name);
        return i + 1;
      }
      if (row.outcome?.outcome === 'recorded' && !row.outcome.done.replayed)
        await reads.recorded(row.input!, row.outcome.done.result['payment'] as Json);
    }
  } catch (error) {
    if (!(error instanceof PaymentsError)) throw error;
    list.stop = error;
    if (endsList(error)) return 0;
    for (const row of group.filter(({ outcome }) => outcome === undefined)) {
      row.outcome = { outcome: 'not_started', error };
      list.tell(row);
    }
  } finally {
    turn?.leave();
  }
  return group.length;
}

/** Accepts only turns that are already held. It never waits for another turn, because two lists could wait for each other. */
const takingOnly =
  (names: readonly string[], { held }: Turn): Turns['take'] =>
  async (wanted) => {
    if (!wanted.every((name) => names.includes(name))) throw movedOn();
    return { held, leave: () => undefined };
  };

const heldBack = ({ number }: Row) =>
  new RefusedError(`This row is equal to row ${number}, which is not recorded yet, so it was not sent.`, {
    code: 'facts_changed',
    next: 'Make the same call again when that row is recorded.',
  });

const behindUnknown = () =>
  new BusyError('The outcome of an earlier row of this customer is unknown, so this row was held back.', {
    code: 'unresolved_write',
    next: 'Make the same call again in a few minutes.',
  });

const changedSince = () =>
  new RefusedError('Something about this row changed after the user was asked, so it was not sent.', {
    code: 'facts_changed',
    next: 'Make the same call again. The user is then asked about this row.',
  });
