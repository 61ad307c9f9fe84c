import { randomUUID } from 'node:crypto';
import { concern, type Concern, type Judged } from '../concern.ts';
import { AccessError, BusyError, InputError, InternalError, PaymentsError, RefusedError } from '../errors.ts';
import type { Json } from '../json.ts';
import { formatMoney, sum } from '../money.ts';
import type { ListReads } from '../reader.ts';
import { MINUTE_MS } from '../time.ts';
import type { WriteListWorkflow } from '../workflow.ts';
import { askedByWindow, declined, isOfProgram, shownOf, type Consent, type Person, type ConsentForm } from './confirm.ts';
import { consentTo } from './consent-to.ts';
import type { Counted, ListConsent, NotedConsent } from './journal/journal.ts';
import { movedOn, performRow } from './perform.ts';
import { capReached, capsOf, concernsToAskAbout, deletesAtOnce } from './policy.ts';
import { requestDigest } from './request-digest.ts';
import { APPROVAL_MINUTES, digestOf } from './seal.ts';
import type { Turn, Turns } from './turn.ts';
import type { Call, Done, JudgedRow, ListedRow, Road } from './types.ts';

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

export interface RowCall {
  /** The row's number in the user's list, larger for each further row. Default: its place in the call. */
  readonly number?: number | undefined;
  readonly input: Json;
  readonly key?: string | undefined;
  readonly allowDuplicateOf: readonly string[];
}

export interface ListCall {
  readonly workflow: WriteListWorkflow;
  readonly rows: readonly RowCall[];
  /** Names the list. A row without its own key gets one that is derived from this. */
  readonly key?: string | undefined;
  readonly onlyGoodRows: boolean;
  readonly person: Person;
  /**
   * For the command line, which asks its user immediately. Called with the plan before anything is sent, also if there is no concern.
   * Returns who agreed to exactly this plan, or undefined if nobody did. The consent is valid for this call only, however long it takes.
   */
  readonly agree?: ((plan: ListPlan) => Promise<'terminal' | 'nobody' | undefined>) | undefined;
  /** Waits until Zoho allows calls again. Then the list continues. Without this function, a rate limit of Zoho ends the list. */
  readonly wait?: ((error: BusyError) => Promise<void>) | undefined;
  /** True if the call has no time limit. Default: the time limit of every tool call. */
  readonly unlimited?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before each row. */
  progress(doing: 'Checking' | 'Recording', row: number, of: number): void;
  /** Called when a row is finished. */
  done?(row: number, outcome: RowOutcome): void;
}

/** A list after the check, before any row is sent. */
export interface ListPlan {
  /** What would be recorded, with totals. */
  readonly title: string;
  /** In the order of the call. */
  readonly rows: readonly PlannedRow[];
  /** Everything that the user must be asked about. */
  readonly about: readonly Concern[];
}

export interface PlannedRow {
  /** Set for a row that would not be sent, because it is already recorded or cannot be recorded. */
  readonly outcome?: RowOutcome | undefined;
  /** What would be recorded, in one line. Undefined if that is not known. */
  readonly line?: string | undefined;
  /** What the user should look at before they agree. */
  readonly attention: readonly string[];
}

/** The outcome of a row. */
export type RowOutcome =
  | { readonly outcome: 'recorded'; readonly done: Done; readonly counted: Counted | undefined }
  /** Nothing was recorded, and repeating the same call does not change that. */
  | { readonly outcome: 'not_recorded'; readonly error: PaymentsError }
  | { readonly outcome: 'unknown'; readonly error: PaymentsError }
  /** Nothing was sent. Repeating the same call continues with this row. */
  | { readonly outcome: 'not_started'; readonly error?: PaymentsError | undefined };

export type ListedOutcome = RowOutcome & { readonly title?: string | undefined };

export type ListPerformed =
  | (Extract<Consent, { kind: 'ask' | 'preview' }> & Judged)
  /** In the order of the call. `title`: the row in one line, if it could be planned. */
  | {
      readonly kind: 'list';
      readonly rows: readonly ListedOutcome[];
      /** Names the list in the journal. */
      readonly write_id: string;
      /** How many records one call may delete. */
      readonly deletesAtOnce: number;
    };

/** The number of rows whose turns are held at the same time. */
const GROUP = 25;

/** How often a row waits for a rate limit of Zoho. Other programs may use up the limit of the day again. */
const MOST_WAITS = 5;

export async function performList(call: ListCall, road: Road): Promise<ListPerformed> {
  const list = new List(call, road);
  await list.replay();
  const answered = await list.answered();
  const checked = answered === undefined ? await list.check() : [answered];
  return 'kind' in checked ? checked : await list.send(checked);
}

/** A row while the list is carried out. */
interface Row {
  readonly number: number;
  readonly call: RowCall;
  /** Unique to this row. Does not depend on the order of the rows. */
  readonly id: string;
  /** The idempotency key under which the row is claimed. */
  readonly key: string;
  /** The previous row among equal rows. */
  readonly follows: Row | undefined;
  /** The arguments of the endpoint, once they are known. */
  input?: Json | undefined;
  judged?: JudgedRow;
  outcome?: RowOutcome | undefined;
  /** How often this row waited for a rate limit of Zoho. */
  waits: number;
}

class List {
  readonly #call: ListCall;
  readonly #road: Road;
  readonly #intent: string;
  readonly #reads: ListReads;
  readonly #rows: readonly Row[];
  /** Ids of records that rows of this list made. */
  readonly #made = new Set<string>();
  /** Turns of rows whose outcome is unknown. */
  readonly #unknown = new Set<string>();
  /** The time after which no further row begins, by `performance.now()`. */
  readonly #end: number;
  /** An error that every further row would get too. */
  #stop: PaymentsError | undefined;

  constructor(call: ListCall, road: Road) {
    this.#call = { ...call, person: askedByWindow(call.person, road) };
    this.#road = road;
    const ofThisCall = call.agree === undefined ? [] : [randomUUID()];
    this.#intent = digestOf([call.workflow.name, call.key, call.rows.map(({ key, input }) => [key, input]), ...ofThisCall]);
    this.#reads = call.workflow.listReads(call.rows.length, road.zoho.until(call.signal));
    this.#rows = rowsOf(call);
    this.#end = performance.now() + (call.unlimited ? Infinity : road.timings.wholeCallMs);
  }

  /** Answers the rows that an earlier call recorded. These need nothing from Zoho, so a later failure cannot hide them. */
  async replay(): Promise<void> {
    const { journal, scope } = this.#road;
    for (const row of this.#rows)
      if ((await journal.findByKey(scope, row.key))?.state === 'recorded') await this.#perform(row, this.#road, (judged) => judged);
  }

  /**
   * Returns the consent that came with this call, as the user's answer to a question. The journal has what was shown, so nothing is read
   * again.
   */
  async answered(): Promise<ListConsent | undefined> {
    const { person } = this.#call;
    const token = person.canBeAsked ? person.state : person.approval;
    const opened = token === undefined ? undefined : this.#road.seal.open(token);
    if (opened?.kind !== 'good' || isOfProgram(person, this.#road)) return undefined;
    const noted = (await this.#noted()).filter(({ approval }) => approval === opened.sealed.approval);
    const asked = noted.find(({ type }) => type === 'asked');
    if (asked === undefined || noted.some(({ type }) => type === 'consented')) return undefined;
    const consent = await this.#consentTo({ digest: asked.shown, title: '', question: '', about: [SEVERAL] }, asked);
    return consent.kind === 'given' ? await this.#keep(consent, asked) : undefined;
  }

  /** Checks each row. Returns the valid consents, or the question or result that comes first. */
  async check(): Promise<readonly ListConsent[] | ListPerformed> {
    const unchecked = this.#rows.filter(({ outcome }) => outcome === undefined);
    await this.#prepare(unchecked);
    for (const row of unchecked) {
      do {
        if (this.#isOver()) break;
        this.#call.progress('Checking', row.number, this.#rows.length);
        await this.#perform(row, this.#road, (judged) => judged);
      } while (await this.#hasWaited(row));
      if (row.judged !== undefined) this.#reads.planned(row.judged.input);
      this.#tell(row);
    }
    const judged = this.#rows.flatMap((row) => row.judged ?? []);
    const isRefused = this.#rows.some((row) => row.judged === undefined && row.outcome?.outcome !== 'recorded');
    if (judged.length === 0 || (isRefused && !this.#call.onlyGoodRows)) return this.#result();
    await this.#refuseBeyondCaps(judged);
    const inForce = (await this.#noted()).filter(({ type }) => type === 'consented');
    const open: Row[] = [];
    for (const row of this.#rows)
      if (row.judged !== undefined && (await this.#consentIn(inForce, row.judged, row)) === undefined) open.push(row);
    if (open.length === 0) return inForce;
    const shown = this.#shown(open);
    const question = {
      rows: open.map((row) => digestOfRow(row, row.judged!)),
      declines: digestOf(['declined', open.map((row) => requestDigest(row.judged!.request)).toSorted()]),
    };
    const consent = await this.#consentTo(shown, question);
    if (consent.kind !== 'given') return { ...consent, asked: 'nobody', concerns: shown.about };
    return [...inForce, await this.#keep(consent, { ...question, shown: shown.digest })];
  }

  /** In larger books, each row needs its own reads. They are made in parallel. */
  async #prepare(rows: readonly Row[]): Promise<void> {
    const known = await Promise.all(
      rows.map(async (row) => {
        const [customer_id] = (await this.#turnsOf(row)).flatMap((name) => /^customer:(.+)$/.exec(name)?.[1] ?? []);
        return customer_id === undefined ? [] : [{ customer_id, amount: row.call.input['amount'] }];
      }),
    );
    // A row whose read fails reads again later, and then reports the error.
    await this.#reads.prepare(known.flat()).catch(() => undefined);
  }

  /** Sends the rows with consent, in groups. */
  async send(consents: readonly ListConsent[]): Promise<ListPerformed> {
    const rows = this.#rows.filter(({ outcome }) => outcome === undefined);
    for (const row of this.#rows) if (row.outcome?.outcome === 'unknown') await this.#noteUnknown(row);
    for (let at = 0; at < rows.length && !this.#isOver();) {
      at += await this.#sendGroup(rows.slice(at, at + GROUP), consents);
      // The turns of the group are released while the list waits.
      if (at < rows.length) await this.#hasWaited(rows[at]!);
    }
    return this.#result();
  }

  /**
   * Returns how many of the rows are finished. A row whose outcome is unknown ends its group, so that everything is read again. An error
   * that every further row would get also ends the group.
   */
  async #sendGroup(group: readonly Row[], consents: readonly ListConsent[]): Promise<number> {
    const { turns } = this.#road;
    const turnsOf = await Promise.all(group.map((row) => this.#turnsOf(row)));
    const names = turnsOf.flat();
    let turn: Turn | undefined;
    try {
      turn = await turns.take(names, this.#call.workflow.name, { signal: this.#call.signal });
      await this.#reads.refresh();
      const road = { ...this.#road, turns: { ...turns, take: takingOnly(names, turn) } };
      for (const [i, row] of group.entries()) {
        if (this.#isOver()) break;
        // Equal rows are recorded in their order, so that a shorter list finds the recorded rows again.
        if (row.follows !== undefined && row.follows.outcome?.outcome !== 'recorded') {
          row.outcome = { outcome: 'not_started', error: heldBack(row.follows.number) };
          this.#tell(row);
          continue;
        }
        // If the answers to two payments of a customer were lost, a search could not tell which record belongs to which row.
        if (turnsOf[i]!.some((name) => this.#unknown.has(name))) {
          row.outcome = { outcome: 'not_started', error: behindUnknown() };
          this.#tell(row);
          continue;
        }
        this.#call.progress('Recording', row.number, this.#rows.length);
        const agreed = async (judged: JudgedRow) => {
          const consent = await this.#consentIn(consents, judged, row);
          if (consent === undefined) throw changedSince();
          return consent;
        };
        await this.#perform(row, road, agreed, () => this.#reads.refresh());
        if (this.#stop !== undefined && row.outcome?.outcome === 'not_started') return i;
        this.#tell(row);
        if (row.outcome?.outcome === 'unknown') {
          await this.#noteUnknown(row);
          return i + 1;
        }
        if (row.outcome?.outcome === 'recorded' && !row.outcome.done.replayed)
          await this.#reads.recorded(row.input!, row.outcome.done.result['payment'] as Json);
      }
    } catch (error) {
      if (!(error instanceof PaymentsError)) throw error;
      this.#stop = error;
      if (endsList(error)) return 0;
      for (const row of group.filter(({ outcome }) => outcome === undefined)) {
        row.outcome = { outcome: 'not_started', error };
        this.#tell(row);
      }
    } finally {
      turn?.leave();
    }
    return group.length;
  }

  /** Takes a row along the road of writes, as far as its consent allows. */
  async #perform(row: Row, road: Road, consent: ListedRow['consent'], settled?: ListedRow['settled']): Promise<void> {
    const { workflow, signal } = this.#call;
    const { timings } = road;
    const left = Math.max(0, this.#end - performance.now());
    const listed: ListedRow = {
      zoho: this.#reads.zoho,
      made: this.#made,
      settled,
      concerns: (input) => this.#likeEarlierRows((row.input = input), row),
      consent,
    };
    const call: Call = {
      endpoint: workflow.row.endpoint,
      workflow: workflow.row,
      ...row.call,
      key: row.key,
      person: { canBeAsked: false },
      signal,
      listed,
    };
    try {
      const performed = await performRow(call, { ...road, timings: { ...timings, wholeCallMs: Math.min(left, timings.wholeCallMs) } });
      if (performed.kind === 'judged') row.judged = performed;
      if (performed.kind === 'done') await this.#noteRecorded(row, performed);
    } catch (error) {
      if (!(error instanceof PaymentsError)) throw signal?.aborted ? error : new InternalError('unknown', error);
      row.outcome = { outcome: outcomeAfter(error), error };
      if ((error instanceof AccessError && error.code !== 'scope_missing') || endsList(error)) this.#stop = error;
    }
  }

  /** After a rate limit of Zoho, waits until calls are possible again, if the caller wants that. True if the row must be repeated. */
  async #hasWaited(row: Row): Promise<boolean> {
    const { wait } = this.#call;
    const limit = this.#stop;
    if (wait === undefined || !(limit instanceof BusyError) || limit.code === 'server_ending' || row.waits >= MOST_WAITS) return false;
    await wait(limit);
    row.waits += 1;
    row.outcome = undefined;
    this.#stop = undefined;
    return true;
  }

  #tell({ number, outcome }: Row): void {
    if (outcome !== undefined) this.#call.done?.(number, outcome);
  }

  async #noteRecorded(row: Row, done: Done): Promise<void> {
    const entry = await this.#road.journal.find(done.entry);
    row.outcome = { outcome: 'recorded', done, counted: entry?.counted };
    row.input ??= entry?.arguments;
    if (entry?.zoho_id !== undefined) this.#made.add(entry.zoho_id);
  }

  /**
   * Two rows that are possible duplicates count as two payments. The user is asked about the later row, or about the row that is not
   * recorded yet.
   */
  #likeEarlierRows(input: Json, { number }: Row): Concern[] {
    const alike = this.#rows.filter(
      (row) =>
        (row.number < number || (row.number > number && row.outcome?.outcome === 'recorded')) &&
        row.input !== undefined &&
        this.#reads.alike(row.input, input),
    );
    return alike.length === 0
      ? []
      : [concern('duplicate', `it is a possible duplicate of row ${alike.map((row) => row.number).join(' and row ')} of this list`)];
  }

  async #noteUnknown(row: Row): Promise<void> {
    for (const name of await this.#turnsOf(row)) this.#unknown.add(name);
  }

  async #turnsOf(row: Row): Promise<readonly string[]> {
    try {
      return await this.#call.workflow.row.turn(row.call.input, this.#reads.zoho, {});
    } catch (error) {
      // The row itself reports this error.
      if (error instanceof PaymentsError) return [];
      throw error;
    }
  }

  async #refuseBeyondCaps(judged: readonly JudgedRow[]): Promise<void> {
    const { journal, policy } = this.#road;
    for (const [currency, amount] of amountsByCurrency(judged)) {
      const { facts } = judged.find((row) => row.facts.policy.money?.currency === currency)!;
      const beyond = await journal.reached({ kind: 'payment', currency, amount: String(amount) }, capsOf(policy, facts, journal.now()));
      if (beyond !== undefined) throw capReached(beyond.cap, beyond.used);
    }
  }

  /** What the user is shown: totals, then each row in one line, rows with concerns first. */
  #shown(rows: readonly Row[]): ShownList {
    const lines = rows
      .map((row) => ({ ...row, about: row.judged!.shown.about }))
      .toSorted((a, b) => Number(b.about.length > 0) - Number(a.about.length > 0) || a.number - b.number)
      .map(({ number, judged }) => {
        const { line, attention } = inLine(judged!);
        return `Row ${number}: ${line}${attention.length === 0 ? '' : `. ATTENTION: ${attention.join('; ')}`}`;
      });
    const several = this.#rows.length === 1 ? [] : concernsToAskAbout(this.#road.policy, [SEVERAL], []);
    const ofRows = rows.flatMap(({ number, judged }) =>
      judged!.shown.about.map(({ code, text }) => concern(code, `row ${number}: ${text}`)),
    );
    const totals = [...amountsByCurrency(rows.map(({ judged }) => judged!))].map(([currency, amount]) => formatMoney(amount, currency));
    const title = `Record ${rows.length === 1 ? 'a payment' : `${rows.length} payments`}, ${totals.join(' and ')} in all`;
    const question = { title, lines, not_checked: [], ask: [] };
    const digests = rows.map((row) => digestOfRow(row, row.judged!));
    const facts = { question, policy: {}, duplicates: {}, lost: { touches: {}, before: {} } };
    return { ...shownOf(digests, facts, [...several, ...ofRows]), title };
  }

  #planned({ title, about }: ShownList): ListPlan {
    const rows = this.#rows.map(({ judged, outcome }): PlannedRow => {
      if (judged !== undefined) return inLine(judged);
      return { outcome: outcome ?? { outcome: 'not_started', error: this.#stop }, attention: [] };
    });
    return { title, rows, about };
  }

  async #consentTo(shown: ShownList, { rows, declines }: Pick<ListConsent, 'rows' | 'declines'>): Promise<Consent> {
    const { agree } = this.#call;
    if (agree !== undefined) {
      const asked = await agree(this.#planned(shown));
      if (asked === undefined) throw declined();
      return { kind: 'given', asked, approval: randomUUID() };
    }
    const call = { endpoint: this.#call.workflow.row.endpoint, person: this.#call.person };
    return await consentTo(shown, { intent: this.#intent, declines, rows }, call, this.#road);
  }

  /** Writes the user's consent to the journal before anything is sent. */
  async #keep({ asked, approval = '' }: Extract<Consent, { kind: 'given' }>, to: Omit<ListConsent, 'approval'>): Promise<ListConsent> {
    const { rows, shown, declines } = to;
    const list = { approval, shown, rows, declines, asked };
    const { journal, scope } = this.#road;
    if (asked !== 'nobody')
      await journal.note({
        scope,
        endpoint: this.#call.workflow.row.endpoint.name,
        intent: this.#intent,
        type: 'consented',
        reason: 'The user agreed.',
        list,
      });
    return list;
  }

  /**
   * Returns the consent to exactly what was shown for the row. Each row can use it for one claim. If that write was not carried out, the
   * user is asked again.
   */
  async #consentIn(consents: readonly ListConsent[], judged: JudgedRow, row: Row): Promise<Consent | undefined> {
    const digest = digestOfRow(row, judged);
    for (const { asked = 'nobody', approval } of consents.filter(({ rows }) => rows.includes(digest))) {
      if (asked === 'nobody') return { kind: 'given', asked };
      const own = `${approval}/${row.id}`;
      if ((await this.#road.journal.findByApproval(own)) === undefined) return { kind: 'given', asked, approval: own };
    }
    return undefined;
  }

  /** Returns the questions and consents that have not expired. */
  async #noted(): Promise<readonly NotedConsent[]> {
    const { journal, scope } = this.#road;
    const now = journal.now();
    const noted = await journal.listConsents(scope, this.#intent, new Date(now - APPROVAL_MINUTES * MINUTE_MS).toISOString());
    // If the clock was set back after the note, the consent would be valid for too long.
    return noted.filter(({ at }) => Date.parse(at) <= now + MINUTE_MS);
  }

  #isOver(): boolean {
    const { lookMs, fenceMs } = this.#road.timings;
    // The last row needs time to be sent, and to be searched for if its answer is lost.
    return this.#stop !== undefined || this.#call.signal?.aborted === true || performance.now() > this.#end - lookMs - fenceMs;
  }

  #result(): ListPerformed {
    this.#call.signal?.throwIfAborted();
    return {
      kind: 'list',
      write_id: `l_${this.#intent.slice(0, 16)}`,
      deletesAtOnce: deletesAtOnce(this.#road.policy),
      rows: this.#rows.map(({ outcome, judged }) => ({
        ...(outcome ?? { outcome: 'not_started' }),
        title: judged?.facts.question.line,
      })),
    };
  }
}

type ShownList = ConsentForm & { readonly title: string };

const SEVERAL = concern('list', 'several payments are recorded with one call');

/** Returns the rows with their keys. Equal rows are numbered, so the order of the rows does not matter. */
function rowsOf({ rows, key }: ListCall): Row[] {
  const equal = new Map<string, Row[]>();
  const named = rows.map((call, i): Row => {
    const digest = digestOf(call.input);
    if (call.key !== undefined) return { number: call.number ?? i + 1, call, id: call.key, key: call.key, follows: undefined, waits: 0 };
    if (key === undefined) throw keyMissing();
    const before = equal.get(digest) ?? [];
    const id = `${digest}#${before.length + 1}`;
    const row: Row = { number: call.number ?? i + 1, call, id, key: `${key}/${id}`, follows: before.at(-1), waits: 0 };
    equal.set(digest, [...before, row]);
    return row;
  });
  const numbers = new Map<string, number>();
  for (const { number, id } of named) {
    const same = numbers.get(id);
    if (same !== undefined) throw keyTwice(same, number);
    numbers.set(id, number);
  }
  return named;
}

/** A row that could be sent, as the user is shown it. */
function inLine({ facts: { question, duplicates }, shown: { about } }: JudgedRow) {
  const attention = [
    ...about.map(({ text }) => text),
    ...(duplicates.alike ?? []).map(({ text }) => `already recorded: ${text}`),
    ...question.not_checked.map((check) => `not checked: ${check}`),
  ];
  return { line: question.line ?? question.title, attention };
}

/** Digest of what was shown for a row. Two equal rows differ, because the user may have seen only one of them. */
const digestOfRow = ({ id }: Row, { shown }: JudgedRow): string => digestOf([id, shown.digest]);

/** Accepts only turns that are already held. It never waits for another turn, because two lists could wait for each other. */
const takingOnly =
  (names: readonly string[], { held }: Turn): Turns['take'] =>
  async (wanted) => {
    if (!wanted.every((name) => names.includes(name))) throw movedOn();
    return { held, leave: () => undefined };
  };

function outcomeAfter(error: PaymentsError): 'not_recorded' | 'unknown' | 'not_started' {
  if (error.changed !== 'no') return 'unknown';
  const isLater = (error instanceof BusyError && error.code !== 'not_carried_out') || error.code === 'facts_changed';
  return isLater ? 'not_started' : 'not_recorded';
}

const endsList = ({ code }: PaymentsError): boolean => ['minute_limit', 'day_limit', 'took_too_long', 'server_ending'].includes(code);

/** The total amount of the rows, by currency. */
function amountsByCurrency(rows: readonly JudgedRow[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { money } of rows.map(({ facts }) => facts.policy))
    if (money !== undefined) totals.set(money.currency, sum([totals.get(money.currency) ?? 0, money.adds]));
  return totals;
}

const keyMissing = () =>
  new InputError('`idempotency_key` is missing. Without it, a list that is sent again could be recorded twice.', {
    code: 'invalid_arguments',
    next: 'Call again with an `idempotency_key` that names this list, such as "statement 2026-06 bank 1". Use the same one for a retry.',
  });

const keyTwice = (first: number, second: number) =>
  new InputError(`Rows ${first} and ${second} have the same \`idempotency_key\`.`, {
    code: 'invalid_arguments',
    next: 'Give each row its own `idempotency_key`, or only one for the whole list.',
  });

const heldBack = (row: number) =>
  new RefusedError(`This row is equal to row ${row}, which is not recorded yet, so it was not sent.`, {
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
