import { endpoints } from '../catalogue.ts';
import { AccessError, InternalError, PaymentsError } from '../errors.ts';
import type { Books, ZohoReads } from '../mcp/server-dependencies.ts';
import type { OpenRoad, RoadOptions } from '../write/open-road.ts';
import { graceEnds, ordinaryTimings } from '../write/timings.ts';
import type { Road } from '../write/types.ts';
import type { Zoho } from '../zoho/client.ts';
import { endingAfter } from '../zoho/call-end.ts';
import { noteTimeZone, timeZoneOf } from './noted-time-zone.ts';
import { usable } from './state-dir.ts';
import { openWire, type Wire, type WireOptions } from './zoho-connection.ts';

export interface ConnectionOptions
  extends WireOptions, Pick<RoadOptions, 'policy' | 'mode' | 'ask' | 'uniqueField' | 'timings' | 'openJournal' | 'openTurns'> {
  /** A text that changes when the target may have changed. If omitted, the target never changes. */
  version?(): Promise<string>;
}

/** Zoho, journal and locks, as the MCP server needs them. */
export interface Connection extends Pick<
  Books,
  'zoho' | 'reader' | 'write' | 'writeList' | 'as' | 'journal' | 'graceEnds' | 'timeZone' | 'quota'
> {
  /** The HTTP connection to Zoho that all other parts use. Opens it if needed. */
  wire(): Promise<Wire>;
  road(): Promise<OpenRoad>;
  close(): Promise<void>;
}

/**
 * Joins the parts of a server, for production, tests and the simulation. The first call that needs the wire or the journal loads and opens
 * it, because hosts start many servers that they never use. Both are opened again when `version` changes.
 */
export function openConnection({
  version = async () => '',
  policy,
  mode,
  ask,
  uniqueField,
  timings,
  openJournal,
  openTurns,
  ...options
}: ConnectionOptions): Connection {
  const { wholeCallMs } = { ...ordinaryTimings, ...timings };
  const wire = opener(version, () => openWire({ ...options, onRead: noteTimeZone }));
  const road = opener(version, async () => {
    const { openRoad } = await import('../write/open-road.ts');
    const { zoho, dir } = await wire.get();
    const memory = { openJournal, openTurns };
    return await openRoad({ dir: usable(dir), zoho, endpoints, policy, mode, ask, uniqueField, timings, ...memory });
  });
  const onRoad = async <T>(work: (road: Road) => Promise<T>, caller: string | undefined): Promise<T> => {
    try {
      const opened = await road.get().catch((error: unknown) => {
        throw error instanceof PaymentsError ? error : new InternalError('no', error);
      });
      return await work(caller === undefined ? opened.road : opened.as(caller));
    } catch (error) {
      // The model may not pass the error on, so the operator finds it in the log.
      if (error instanceof AccessError && /^(database|journal|state_dir)_/.test(error.code))
        options.log('error', error.whatHappened, { code: error.code });
      throw error;
    }
  };
  const writesOf = (caller?: string): Pick<Books, 'write' | 'writeList'> => ({
    write: async (call) => {
      const { perform } = await import('../write/perform.ts');
      return await onRoad((road) => perform(call, road), caller);
    },
    writeList: async (call) => {
      const { performList } = await import('../write/perform-list.ts');
      return await onRoad((road) => performList(call, road), caller);
    },
  });
  return {
    wire: wire.get,
    road: road.get,
    zoho: readingOf(async () => (await wire.get()).zoho, undefined, wholeCallMs),
    reader: async (signal) => (await wire.get()).zoho.until(signal && endingAfter(signal, wholeCallMs)),
    quota: async () => await (await wire.get()).limits.quota(),
    ...writesOf(),
    as: writesOf,
    journal: async () => (await road.get()).road.journal,
    graceEnds: async (entry) => graceEnds(entry, (await road.get()).road.timings),
    timeZone: async () => await timeZoneOf(await wire.get()),
    async close() {
      await road.close();
      await wire.close();
    },
  };
}

/** Opens at the first `get`. A failure (port, disk) is not cached: the next call tries again. */
function opener<T extends { close(): Promise<void> }>(version: () => Promise<string>, open: () => Promise<T>) {
  let newest: { readonly version: string; readonly opening: Promise<T> } | undefined;
  // Includes earlier objects, because calls may still be using them.
  const all = new Set<Promise<T>>();
  return {
    async get(): Promise<T> {
      const now = await version();
      if (newest?.version === now) return await newest.opening;
      const opening = open();
      const mine = (newest = { version: now, opening });
      all.add(opening);
      opening.catch(() => {
        all.delete(opening);
        if (newest === mine) newest = undefined;
      });
      return await opening;
    },
    async close(): Promise<void> {
      await Promise.all(
        [...all].map((opening) =>
          opening.then(
            (opened) => opened.close(),
            () => undefined,
          ),
        ),
      );
    },
  };
}

/** Gives calls that read the same time limit as calls that write. */
function readingOf(open: () => Promise<Zoho>, signal: AbortSignal | undefined, callMs: number): ZohoReads {
  return {
    until: (given) => readingOf(open, given && endingAfter(given, callMs), callMs),
    read: async (...args) => await (await open()).until(signal).read(...args),
    document: async (...args) => await (await open()).until(signal).document(...args),
  };
}
