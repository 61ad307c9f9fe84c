import { join } from 'node:path';
import type { Endpoint } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { createReport } from '../report.ts';
import { MINUTE_MS } from '../time.ts';
import type { Zoho } from '../zoho/client.ts';
import { askWays, type AskWay, type ConfirmMode } from './confirm.ts';
import { isSettled } from './journal/entry-state.ts';
import type { Answer, Entry, Journal } from './journal/journal.ts';
import { openSqliteJournal } from './journal/sqlite.ts';
import type { Policy } from './policy.ts';
import { answerOf, isGraceOver, isTimeDoubtful, resolve, resolveAll } from './resolve.ts';
import { createSeal } from './seal.ts';
import { ordinaryTimings, type Timings } from './timings.ts';
import { openTurns as openLocalTurns, type Turns } from './turn.ts';
import type { Road } from './types.ts';

export interface RoadOptions {
  /** The folder with the journal and the turns of this organization. */
  readonly dir: string;
  readonly zoho: Zoho;
  readonly endpoints: readonly Endpoint[];
  readonly policy: Policy;
  readonly mode: ConfirmMode;
  /** Default: a window of the host, otherwise a second call. */
  readonly ask?: readonly AskWay[] | undefined;
  /** API name of a custom field whose values Zoho keeps unique; see unique-field.ts. */
  readonly uniqueField?: string | undefined;
  readonly timings?: Partial<Timings> | undefined;
  /** Default: an SQLite journal, which survives a power cut. */
  readonly openJournal?: ((file: string, organization: string) => Promise<Journal>) | undefined;
  /** Default: locks of the operating system. */
  readonly openTurns?: ((dir: string, organization: string) => Promise<Turns>) | undefined;
}

export interface OpenRoad {
  /** The road of the person on this machine. It is the same in all hosts of this person. */
  readonly road: Road;
  /** The road of another caller. Its keys, intents and approvals are separate. */
  as(caller: string): Road;
  /** Looks in Zoho for the writes that earlier processes left unsettled. */
  resolveAll(warn: (message: string) => void): Promise<void>;
  /**
   * Settles an unsettled write as a person decides. Holds the write's turn meanwhile. `recorded`: the record that the write made, as Zoho
   * shows it; undefined if the write was not recorded.
   */
  settle(
    entry: string,
    recorded: { readonly id: string; readonly result: Json } | undefined,
    options?: { readonly force?: boolean },
  ): Promise<Settled>;
  close(): Promise<void>;
}

/** The result of `settle`: `settled`, or the reason why it is not. */
export type Settled =
  /** `against`: a reason against this outcome, which `force` overrode. */
  | { readonly kind: 'settled'; readonly entry: Entry; readonly against?: string | undefined }
  /** Not settled: a running server still works on the write. */
  | { readonly kind: 'in hand' }
  /** The record differs from what was sent (the person may force it, because it may have been changed later), or another write made it. */
  | { readonly kind: 'another'; readonly why: string; readonly canForce: boolean }
  /** Zoho may still carry out the write. The person may decide now only with `force`. */
  | { readonly kind: 'too early'; readonly against: string };

export const journalFile = (dir: string) => join(dir, 'journal.sqlite');

export async function openRoad({
  dir,
  zoho,
  endpoints,
  policy,
  mode,
  ask = askWays,
  uniqueField,
  timings,
  openJournal = (file) => openSqliteJournal(file),
  openTurns = openLocalTurns,
}: RoadOptions): Promise<OpenRoad> {
  const journal = await openJournal(journalFile(dir), zoho.organizationId);
  const turns = await openTurns(join(dir, 'turns'), zoho.organizationId);
  const writes = new Map(endpoints.flatMap((endpoint) => (endpoint.kind === 'write' ? [[endpoint.name, endpoint] as const] : [])));
  const secret = await journal.secret();
  const ownOf = (caller: string) => {
    const scope = `${zoho.organizationId}/${caller}`;
    return { scope, seal: createSeal(secret, scope, () => journal.now()) };
  };
  const road: Road = {
    ...ownOf('local'),
    zoho,
    journal,
    turns,
    policy,
    mode,
    ask,
    endpoints: writes,
    uniqueField: uniqueField === undefined ? undefined : { name: uniqueField },
    sentHere: new Map(),
    timings: { ...ordinaryTimings, ...timings },
  };

  /** Takes the turn of an entry. Undefined if a living process has it. */
  const takeTurnOf = async (entry: Entry) => {
    const endpoint = writes.get(entry.endpoint);
    if (endpoint === undefined) return undefined;
    try {
      return await turns.take(await endpoint.safety.turn(entry.arguments, zoho), 'looking for an earlier write', { timeoutMs: 100 });
    } catch (error) {
      if (error instanceof PaymentsError) return undefined;
      throw error;
    }
  };

  return {
    road,
    as: (caller) => ({ ...road, ...ownOf(caller) }),
    resolveAll: (warn) => resolveAll(road, takeTurnOf, warn),
    async settle(id, recorded, { force = false } = {}) {
      const entry = await journal.find(id);
      const turn = entry && (await takeTurnOf(entry));
      if (entry === undefined || turn === undefined) return { kind: 'in hand' };
      try {
        const looked = await resolve(entry, road);
        if (isSettled(looked.entry.state)) return { kind: 'settled', entry: looked.entry };
        const against = recorded === undefined && !isGraceOver(looked.entry, road) ? againstSettling(looked.entry, road) : undefined;
        if (against !== undefined && !force) return { kind: 'too early', against };
        const another = recorded === undefined ? undefined : await againstRecord(recorded, looked.entry, road);
        if (another !== undefined && !(another.canForce && force)) return { kind: 'another', ...another };
        const insisted = another?.why ?? against;
        const reason = `Settled by a person at the command line${insisted === undefined ? '' : ', with --force'}.`;
        const outcome =
          recorded === undefined
            ? ({ outcome: 'not_recorded' } as const)
            : ({
                outcome: 'recorded',
                zoho_id: looked.entry.makes && recorded.id,
                answer: answerOfPerson(recorded, looked.entry, road),
              } as const);
        return {
          kind: 'settled',
          entry: await journal.add(id, { type: 'resolved', by: 'person', asked: 'terminal', reason, ...outcome }),
          against: insisted,
        };
      } finally {
        turn.leave();
      }
    },
    async close() {
      turns.close();
      await journal.close();
    },
  };
}

/** The reason why a record cannot be the one that a write made, or undefined. */
async function againstRecord(
  { id, result }: { readonly id: string; readonly result: Json },
  { id: entry, endpoint, makes, arguments: input, request: { body }, before }: Entry,
  { endpoints, journal }: Road,
): Promise<{ why: string; canForce: boolean } | undefined> {
  const other = makes && (await journal.findByZohoId(makes, id));
  if (other !== undefined && other.id !== entry) return { why: `the write ${other.id} made it`, canForce: false };
  const why = makes && endpoints.get(endpoint)?.safety.contradiction(result, { input, body, before, answer: result });
  return why === undefined ? undefined : { why: `Zoho ${why}`, canForce: true };
}

/** The answer of a write that a person settled. A change or a deletion gets a short report, because Zoho does not show its details. */
function answerOfPerson({ id, result }: { readonly id: string; readonly result: Json }, entry: Entry, { endpoints }: Road): Answer {
  const endpoint = endpoints.get(entry.endpoint);
  return entry.makes === undefined || endpoint === undefined
    ? { result: {}, report: createReport([`A person said that this was recorded as ${id}.`]) }
    : answerOf(endpoint, entry, result);
}

function againstSettling(entry: Entry, { zoho, journal, timings: { graceMs } }: Road): string {
  const { sentAt, zohoTime } = entry;
  const now = zoho.clock()?.notBefore;
  const zohosNow = now === undefined ? "Zoho's time is unknown" : `Zoho's clock shows ${new Date(now).toISOString()}`;
  const doubt = isTimeDoubtful(entry, journal) ? ', and these clocks do not prove how long ago it was sent' : '';
  const carriedOut = `Zoho may carry out a request up to ${Math.round(graceMs / MINUTE_MS)} minutes after it was sent`;
  // Two clocks that agree are shown as one time.
  if (!isTimeDoubtful(entry, journal) && now !== undefined && Math.abs(now - journal.now()) < MINUTE_MS)
    return `it was sent at ${sentAt}. ${carriedOut}`;
  return (
    `it was sent at ${sentAt} (the journal's clock), ${zohoTime ?? 'an unknown time'} (Zoho's clock). Now ` +
    `${zohosNow}, and the journal's clock shows ${new Date(journal.now()).toISOString()}. ` +
    `${carriedOut}${doubt}`
  );
}
