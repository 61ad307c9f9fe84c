import { endpoints } from '../catalogue.ts';
import { AccessError, InternalError, PaymentsError } from '../errors.ts';
import type { Books, ZohoReads } from '../mcp/server-dependencies.ts';
import type { OpenRoad, RoadOptions } from '../write/open-road.ts';
import { graceEnds, ordinaryTimings } from '../write/timings.ts';
import type { Road } from '../write/types.ts';
import type { Zoho } from '../zoho/client.ts';
import { endingAfter } from '../zoho/call-end.ts';
import { timeZoneOf } from './noted-time-zone.ts';
import { usable } from './state-dir.ts';
import { openWire, type Wire, type WireOptions } from './zoho-connection.ts';

export interface ConnectionOptions
  extends WireOptions, Pick<RoadOptions, 'policy' | 'mode' | 'ask' | 'uniqueField' | 'timings' | 'openJournal'> {
  /** Changes whenever another target may be meant. Without it there is just one. */
  version?(): Promise<string>;
}

/** Zoho, journal and turns, as the MCP side needs them. */
export interface Connection extends Pick<
  Books,
  'zoho' | 'reader' | 'write' | 'writeList' | 'journal' | 'graceEnds' | 'timeZone' | 'quota'
> {
  /** What the others stand on, opened if it is not yet. */
  wire(): Promise<Wire>;
  road(): Promise<OpenRoad>;
  close(): Promise<void>;
}

/**
 * Joins what a server needs: for production, for tests and for the simulation. Wire and journal are loaded and opened when the first
 * call needs them, since hosts start servers that are then not used; and anew when `version` changes.
 */
export function openConnection({
  version = async () => '',
  policy,
  mode,
  ask,
  uniqueField,
  timings,
  openJournal,
  ...options
}: ConnectionOptions): Connection {
  const { wholeCallMs } = { ...ordinaryTimings, ...timings };
  const wire = opener(version, () => openWire(options));
  const road = opener(version, async () => {
    const { openRoad } = await import('../write/open-road.ts');
    const { zoho, dir } = await wire.get();
    return await openRoad({ dir: usable(dir), zoho, endpoints, policy, mode, ask, uniqueField, caller: 'local', timings, openJournal });
  });
  const onRoad = async <T>(work: (road: Road) => Promise<T>): Promise<T> => {
    try {
      const { road: opened } = await road.get().catch((error: unknown) => {
        throw error instanceof PaymentsError ? error : new InternalError('no', error);
      });
      return await work(opened);
    } catch (error) {
      // The model passes it on, if it does; whoever runs the server reads the log.
      if (error instanceof AccessError && /^(journal|state_dir)_/.test(error.code))
        options.log('error', error.whatHappened, { code: error.code });
      throw error;
    }
  };
  return {
    wire: wire.get,
    road: road.get,
    zoho: readingOf(async () => (await wire.get()).zoho, undefined, wholeCallMs),
    reader: async (signal) => (await wire.get()).zoho.until(signal && endingAfter(signal, wholeCallMs)),
    quota: async () => await (await wire.get()).limits.quota(),
    write: async (call) => {
      const { perform } = await import('../write/perform.ts');
      return await onRoad((road) => perform(call, road));
    },
    writeList: async (call) => {
      const { performList } = await import('../write/perform-list.ts');
      return await onRoad((road) => performList(call, road));
    },
    journal: async () => (await road.get()).road.journal,
    graceEnds: async (entry) => graceEnds(entry, (await road.get()).road.timings),
    timeZone: async () => await timeZoneOf(await wire.get()),
    async close() {
      await road.close();
      await wire.close();
    },
  };
}

/** Opened by whoever comes first. A failure (the port, the disk) is not kept: the next call may have more luck. */
function opener<T extends { close(): Promise<void> }>(version: () => Promise<string>, open: () => Promise<T>) {
  let newest: { readonly version: string; readonly opening: Promise<T> } | undefined;
  // Earlier ones too: a call may still be under way on them.
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

/** A call that reads has as long as one that writes. */
function readingOf(open: () => Promise<Zoho>, signal: AbortSignal | undefined, callMs: number): ZohoReads {
  return {
    until: (given) => readingOf(open, given && endingAfter(given, callMs), callMs),
    read: async (...args) => await (await open()).until(signal).read(...args),
    document: async (...args) => await (await open()).until(signal).document(...args),
  };
}
