import { randomUUID } from 'node:crypto';
import { concern, type Concern } from '../concern.ts';
import { AccessError, BusyError, InternalError, PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { ListReads } from '../reader.ts';
import { askedByWindow } from './confirm.ts';
import { rowsOf, type Row } from './list-rows.ts';
import type { ListCall } from './list-types.ts';
import { performRow } from './perform.ts';
import { digestOf } from './seal.ts';
import type { Done, ListedRow, Road } from './types.ts';

/** How often a row waits for a rate limit of Zoho. Other programs may use up the limit of the day again. */
const MOST_WAITS = 5;

type RowSteps = Partial<Pick<ListedRow, 'consent' | 'settled'>> & { readonly road?: Road };

/** A list of writes while it is carried out. Takes each row along the road of writes. */
export class ListRun {
  readonly call: ListCall;
  readonly road: Road;
  readonly rows: readonly Row[];
  /** Reads that all rows share. */
  readonly reads: ListReads;
  readonly intent: string;
  /** Names the list in the journal. */
  readonly write_id: string;
  /** An error that every further row would get too. */
  stop: PaymentsError | undefined;
  /** Ids of records that rows of this list made. */
  readonly #made = new Set<string>();
  /** The time after which no further row begins, by `performance.now()`. */
  readonly #end: number;

  constructor(call: ListCall, road: Road) {
    this.call = { ...call, person: askedByWindow(call.person, road) };
    this.road = road;
    this.rows = rowsOf(call);
    this.reads = call.workflow.listReads(call.rows.length, road.zoho.until(call.signal));
    const ofThisCall = call.agree === undefined ? [] : [randomUUID()];
    this.intent = digestOf([call.workflow.name, call.key, call.rows.map(({ key, input }) => [key, input]), ...ofThisCall]);
    this.write_id = `l_${this.intent.slice(0, 16)}`;
    this.#end = performance.now() + (call.unlimited ? Infinity : road.timings.wholeCallMs);
  }

  /** Takes a row along the road of writes, as far as its consent allows. Default: the row ends after the check. */
  async perform(row: Row, { road = this.road, settled, consent = (judged) => judged }: RowSteps = {}): Promise<void> {
    const { workflow, signal } = this.call;
    const left = Math.max(0, this.#end - performance.now());
    const timings = { ...road.timings, wholeCallMs: Math.min(left, road.timings.wholeCallMs) };
    const listed: ListedRow = {
      zoho: this.reads.zoho,
      place: { list: this.write_id, row: row.number },
      made: this.#made,
      settled,
      concerns: (input) => this.#likeEarlierRows((row.input = input), row),
      consent,
    };
    const { endpoint } = workflow.row;
    const person = { canBeAsked: false };
    try {
      const performed = await performRow(
        { endpoint, workflow: workflow.row, ...row.call, key: row.key, person, signal, listed },
        { ...road, timings },
      );
      if (performed.kind === 'judged') row.judged = performed;
      if (performed.kind === 'done') await this.#noteRecorded(row, performed);
    } catch (error) {
      if (!(error instanceof PaymentsError)) throw signal?.aborted ? error : new InternalError('unknown', error);
      row.outcome = { outcome: outcomeAfter(error), error };
      if ((error instanceof AccessError && error.code !== 'scope_missing') || endsList(error)) this.stop = error;
    }
  }

  /** After a rate limit of Zoho, waits until calls are possible again, if the caller wants that. True if the row must be repeated. */
  async hasWaited(row: Row): Promise<boolean> {
    const { wait } = this.call;
    const limit = this.stop;
    if (wait === undefined || !(limit instanceof BusyError) || limit.code === 'server_ending' || row.waits >= MOST_WAITS) return false;
    await wait(limit);
    row.waits += 1;
    row.outcome = undefined;
    this.stop = undefined;
    return true;
  }

  isOver(): boolean {
    const { lookMs, fenceMs } = this.road.timings;
    // The last row needs time to be sent, and to be searched for if its answer is lost.
    return this.stop !== undefined || this.call.signal?.aborted === true || performance.now() > this.#end - lookMs - fenceMs;
  }

  /** Tells the caller the outcome of a row, if the row is finished. */
  tell({ number, outcome }: Row): void {
    if (outcome !== undefined) this.call.done?.(number, outcome);
  }

  /** The names of the row's turn. Empty if they cannot be found out: the row itself reports the error. */
  async turnsOf(row: Row): Promise<readonly string[]> {
    try {
      return await this.call.workflow.row.turn(row.call.input, this.reads.zoho, {});
    } catch (error) {
      if (error instanceof PaymentsError) return [];
      throw error;
    }
  }

  async #noteRecorded(row: Row, done: Done): Promise<void> {
    const entry = await this.road.journal.find(done.entry);
    row.outcome = { outcome: 'recorded', done, counted: entry?.counted };
    row.input ??= entry?.arguments;
    if (entry?.zoho_id !== undefined) this.#made.add(entry.zoho_id);
  }

  /**
   * Two rows that are possible duplicates count as two payments. The user is asked about the later row, or about the row that is not
   * recorded yet.
   */
  #likeEarlierRows(input: Json, { number }: Row): Concern[] {
    const alike = this.rows.filter(
      (row) =>
        (row.number < number || (row.number > number && row.outcome?.outcome === 'recorded')) &&
        row.input !== undefined &&
        this.reads.alike(row.input, input),
    );
    return alike.length === 0
      ? []
      : [concern('duplicate', `it is a possible duplicate of row ${alike.map((row) => row.number).join(' and row ')} of this list`)];
  }
}

function outcomeAfter(error: PaymentsError): 'not_recorded' | 'unknown' | 'not_started' {
  if (error.changed !== 'no') return 'unknown';
  const isLater = (error instanceof BusyError && error.code !== 'not_carried_out') || error.code === 'facts_changed';
  return isLater ? 'not_started' : 'not_recorded';
}

/** True if every further row of the list would get the same error. */
export const endsList = ({ code }: PaymentsError): boolean =>
  ['minute_limit', 'day_limit', 'took_too_long', 'server_ending'].includes(code);
