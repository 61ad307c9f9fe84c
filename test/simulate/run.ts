import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endpoints, workflows } from '../../src/catalogue.ts';
import { OutcomeUnknownError, PaymentsError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import type { Step } from '../../src/report.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts';
import { isWrite } from '../../src/workflow.ts';
import type { Entry, JournalEvent } from '../../src/write/journal/journal.ts';
import { NONE_OF_THESE } from '../../src/write/repeated-call.ts';
import { createSeal } from '../../src/write/seal.ts';
import type { Call, Road } from '../../src/write/types.ts';
import type { Choice, PersonAnswer, ToolResult } from '../support/client.ts';
import { callListDirectly, toldInAnswer, withAllowed, type ToldRow } from './call-list.ts';
import { check, type Problem } from './check.ts';
import { realTicks, withClock, type Clock } from './clock.ts';
import { drawPlan, GRACE_MS, hasLists, type Decision, type Edit, type Intent, type Op, type Pause, type Plan } from './plan.ts';
import { drawListPlan, LIST_TOOL } from './plan-lists.ts';
import { startServer, type Running } from './server.ts';
import { spawnServer } from './spawned.ts';
import { scheduleOf, storyOf } from './story.ts';
import { bookkeeper, type Template } from './template.ts';

/** One run: carries out a schedule, restarts all servers, lets them find lost writes, and returns everything for the checks. */

/** The result of a call, as the caller saw it. */
export interface Told {
  readonly outcome: 'recorded' | 'partly_recorded' | 'not_recorded' | 'unknown' | 'nothing';
  readonly code?: string | undefined;
  readonly entry?: string | undefined;
  readonly replayed?: boolean | undefined;
  /** Of a list. */
  readonly rows?: readonly ToldRow[] | undefined;
  /** Of a list, if its client shows them: amounts by currency. */
  readonly totals?: Readonly<Record<string, string>> | undefined;
}

/** One call: the request and its result. */
export interface Called {
  readonly server: number;
  readonly intent: number;
  readonly altered: boolean;
  readonly key: string | undefined;
  readonly allowed: readonly string[];
  readonly began: number;
  readonly ended: number;
  readonly told: Told;
  /** Of a list: its rows, as they were sent. */
  readonly rows?: readonly Json[] | undefined;
  /** True if the call was made at the end, when nothing disturbs it any more. */
  readonly last?: boolean | undefined;
}

/** A change that another bookkeeper made, by the server's clock. */
export interface Edited {
  readonly method: string;
  readonly path: string;
  readonly began: number;
  readonly ended: number;
}

/** A person's answer to a question. `intent` is set only if the asking program knows it. */
export interface Asked {
  readonly question: string;
  readonly decision: Decision;
  readonly at: number;
  readonly intent?: number | undefined;
  readonly altered?: boolean | undefined;
  /** True if the approval is sent back forged or too late, so that the answer is no consent. */
  readonly spoiled?: boolean | undefined;
}

export interface LoggedRequest {
  readonly seq: number;
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly status: number | null;
  readonly code: number | null;
  readonly applied: readonly string[];
  readonly fault: string | null;
}

/** All data that remains of a run, for the checks. */
export interface Remains {
  readonly plan: Plan;
  readonly template: Template;
  readonly calls: readonly Called[];
  readonly asked: readonly Asked[];
  readonly requests: readonly LoggedRequest[];
  readonly entries: readonly Entry[];
  readonly events: readonly JournalEvent[];
  readonly journalProblems: readonly string[];
  readonly booksProblems: readonly string[];
  /** The server's clock minus Zoho's clock. */
  readonly aheadOfZoho: number;
  /** How often a person was asked which record the write made. */
  readonly chosen: number;
  readonly warnings: readonly string[];
  /** The times when the journal's file was moved away, by the server's clock. */
  readonly away: readonly (readonly [from: number, to: number])[];
  readonly edits: readonly Edited[];
  /** The final state of records, by their API path; undefined if deleted. */
  readonly standing: ReadonlyMap<string, Json | undefined>;
}

/** Counts of events, with entries such as `write <tool>`, `fault <kind>` and `told <outcome or code>`. */
export type Figures = Readonly<Record<string, number>>;

export interface RunResult {
  readonly seed: number;
  readonly problems: readonly Problem[];
  /** Only for failed runs. */
  readonly schedule?: readonly string[] | undefined;
  readonly figures: Figures;
  readonly ms: number;
}

/** More than the grace period by every clock, plus the fraction of a second that Zoho's times leave open. */
const LONG_MS = GRACE_MS + 3000;

/** The endpoint or workflow of each write tool. */
const writeTools = new Map<string, Pick<Call, 'endpoint' | 'workflow'>>([
  ...endpoints.filter(isWrite).map((endpoint) => [endpoint.name, { endpoint }] as const),
  ...workflows.flatMap((workflow) =>
    workflow.kind === 'write task' ? [[workflow.name, { endpoint: workflow.endpoint, workflow }] as const] : [],
  ),
]);

export async function run(
  seed: number,
  template: Template,
  { scratch, keep }: { readonly scratch: string; readonly keep?: string | undefined },
): Promise<RunResult> {
  const began = realTicks();
  const plan = hasLists(seed) ? drawListPlan(seed, template) : drawPlan(seed, template);
  const dir = mkdtempSync(join(scratch, `${seed}-`));
  try {
    const remains = await withClock(Date.now(), (clock) => carryOut(plan, template, dir, clock));
    const problems = check(remains);
    if (problems.length > 0 && keep !== undefined) keepRemains(remains, problems, dir, keep);
    return {
      seed,
      problems,
      schedule: problems.length > 0 ? scheduleOf(plan) : undefined,
      figures: figuresOf(remains),
      ms: realTicks() - began,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function carryOut(plan: Plan, template: Template, dir: string, clock: Clock): Promise<Remains> {
  copyFileSync(template.file, join(dir, 'books.sqlite'));
  const sandbox = await startSandbox({
    data: join(dir, 'books.sqlite'),
    now: () => new Date(clock.now()),
    limits: { per_minute: 100_000, concurrent: 100, access_tokens: 100, live_access_tokens: 100 },
  });
  const byHand = await bookkeeper(sandbox);
  const calls: Called[] = [];
  const asked: Asked[] = [];
  const warnings: string[] = [];
  const away: [number, number][] = [];
  let chosen = 0;
  const running: Running[] = [];
  /** The person's next answers, by server, in the order of the questions. */
  const decisions = plan.servers.map(() => [] as { decision: Decision; meanwhile: Edit | undefined }[]);
  const edits: Edited[] = [];
  const edit = async ({ method, path, body }: Edit) => {
    const began = Date.now();
    await byHand(method, path, body).catch(() => undefined);
    edits.push({ method, path, began, ended: Date.now() });
  };

  // Processes use the machine's own clocks.
  const pass = async (ms: number) => await (plan.processes ? sleep(ms) : clock.pass(ms));
  /** Lets more than the grace period pass, by all clocks. */
  const timePasses = async () => {
    await allArrived(sandbox);
    await pass(LONG_MS);
  };
  const answerOf = async (question: string, server: number, about: About = {}): Promise<Decision> => {
    const { decision, meanwhile } = decisions[server]?.shift() ?? { decision: 'yes', meanwhile: undefined };
    if (meanwhile !== undefined) await edit(meanwhile);
    asked.push({ question, decision, at: Date.now(), ...about });
    return decision;
  };
  /** Answers like a person who knows which of these records the write made, if this can already be known. */
  const choose = async (question: string, choices: readonly string[]): Promise<string> => {
    const { requests } = (await get(`${sandbox.url}/__sandbox/requests`)) as { requests: LoggedRequest[] };
    const isOurs = ({ headers, body }: LoggedRequest) =>
      headers['user-agent'] !== 'bookkeeper' &&
      question
        .split('\n')[0]!
        .split(' ')
        .includes(Number((body as Json | null)?.['amount']).toFixed(2));
    chosen += 1;
    return (
      choices.find((id) => requests.some((request) => request.applied[0] === id && request.method !== 'DELETE' && isOurs(request))) ??
      NONE_OF_THESE
    );
  };
  const open = async (server: number, resolves = false) => {
    const options = {
      plan,
      server: plan.servers[server]!,
      sandbox,
      dir,
      person: async (question: string, choices: readonly Choice[]): Promise<PersonAnswer> => {
        const ids = choices.map(({ id }) => id);
        if (ids.length > 0) return { action: 'accept', content: { which: await choose(question, ids) } };
        const decision = await answerOf(question, server);
        if (decision === 'yes' || decision === 'unticked') return { action: 'accept', content: { approve: decision === 'yes' } };
        return { action: decision === 'no' ? 'decline' : 'cancel' };
      },
      heldUp: async ({ ms, long }: Pause) => {
        if (long) await timePasses();
        await sleep(ms);
      },
      warn: (message: string) => void warnings.push(message),
    };
    return plan.processes ? await spawnServer(options, resolves) : await startServer(options);
  };

  for (const server of plan.servers.keys()) running.push(await open(server));
  for (const phase of plan.phases) {
    for (const [server, one] of running.entries()) {
      if (!one.dead && !phase.restarts.includes(server)) continue;
      await one.close();
      running[server] = await open(server, phase.restarts.includes(server));
      // A server does this at its start.
      if (phase.restarts.includes(server)) await running[server].resolveAll();
    }
    for (const fault of phase.faults) await post(`${sandbox.url}/__sandbox/faults`, fault);
    running.forEach((one, server) =>
      one.arm(
        phase.crashes.filter((crash) => crash.server === server),
        phase.pauses.filter((pause) => pause.server === server),
      ),
    );
    await Promise.all([
      ...phase.ops.map(async (op) => {
        await sleep(op.at);
        decisions[op.server]!.push(...op.decisions.map((decision, n) => ({ decision, meanwhile: n === 0 ? op.meanwhile : undefined })));
        await callOnce(op, plan.intents[op.intent]!, running[op.server]!, { calls, answerOf, choose });
      }),
      ...(phase.away === undefined
        ? []
        : [
            (async ([from, to]: readonly [number, number]) => {
              await sleep(from);
              // A call that is running now may have checked the journal just before.
              takeAway(dir);
              const began = Date.now();
              await sleep(to - from);
              away.push([began, Date.now()]);
              putBack(dir);
            })(phase.away),
          ]),
      ...phase.edits.map(async (one) => {
        await sleep(one.at);
        await edit(one);
      }),
    ]);
    await fetch(`${sandbox.url}/__sandbox/faults`, { method: 'DELETE' });
    await allArrived(sandbox);
    if (phase.longAfter) await timePasses();
  }

  // All servers restart, on a reliable network, after Zoho's longest possible delay.
  for (const one of running) await one.close();
  await timePasses();
  // A time that was noted by a clock ahead of Zoho's can be up to a minute late.
  clock.pass(65_000);
  const last = await startServer({
    plan,
    server: { client: 'direct', canBeAsked: true, lookMs: 0 },
    sandbox,
    dir,
    person: async () => ({ action: 'cancel' }),
    heldUp: async () => {},
    warn: (message) => void warnings.push(message),
    timeoutMs: 20_000,
    // On a busy machine, a long list would never end.
    ...(hasLists(plan.seed) && { fenceMs: 2000 }),
  });
  await last.resolveAll();
  // Callers without an answer repeat their call exactly.
  const isList = ({ intent }: Called) => plan.intents[intent]!.tool === LIST_TOOL;
  const again = new Map(
    calls
      .filter((one) => !isList(one) && !one.altered)
      .filter(({ told }) => told.outcome !== 'recorded')
      .map((one) => [`${one.intent} ${one.key}`, one]),
  );
  const always = async (question: string, _server: number, about: About): Promise<Decision> => {
    asked.push({ question, decision: 'yes', at: Date.now(), ...about });
    return 'yes';
  };
  for (const { intent, key } of again.values()) {
    const op: Op = {
      at: 0,
      server: 0,
      intent,
      key,
      altered: false,
      meansIt: false,
      cancelAfter: undefined,
      decisions: [],
      meanwhile: undefined,
      approval: 'left',
    };
    await callOnce(op, plan.intents[intent]!, last, { calls, choose, answerOf: always });
  }
  const lists = new Map(calls.filter(isList).map((one) => [`${one.intent} ${one.altered} ${one.key}`, one]));
  for (const { intent, key, altered } of lists.values()) {
    const op: Op = {
      at: 0,
      server: 0,
      intent,
      key,
      altered,
      meansIt: false,
      cancelAfter: undefined,
      decisions: [],
      meanwhile: undefined,
      approval: 'used',
      onlyGood: true,
      goesOn: 3,
    };
    await callOnce(op, plan.intents[intent]!, last, { calls, choose, answerOf: always });
    calls.push({ ...calls.pop()!, last: true });
  }
  await timePasses();
  await last.resolveAll();

  const { journal } = last.road!;
  const entries = await journal.list({ limit: 10_000 });
  const events: JournalEvent[] = [];
  for await (const event of journal.events()) events.push(event);
  const { requests } = (await get(`${sandbox.url}/__sandbox/requests`)) as { requests: LoggedRequest[] };
  const standing = new Map<string, Json | undefined>();
  for (const path of made(entries)) {
    const answer = await byHand('GET', path).catch(() => undefined);
    standing.set(path, answer as Json | undefined);
  }
  const remains: Remains = {
    plan,
    template,
    calls,
    asked,
    requests: requests.filter(({ path }) => path.startsWith('/books/v3')),
    entries,
    events,
    journalProblems: (await journal.verify()).problems,
    chosen,
    aheadOfZoho: clock.aheadOfZoho,
    booksProblems: ((await get(`${sandbox.url}/__sandbox/books`)) as { problems: string[] }).problems,
    warnings,
    away,
    edits,
    standing,
  };
  await last.close();
  await sandbox.close();
  return remains;
}

const JOURNAL = ['', '-wal', '-shm'].map((suffix) => `journal.sqlite${suffix}`);

/** Moves the files themselves away, so that nothing in them is lost: a process with an open file can still write to it. */
function takeAway(dir: string): void {
  for (const file of JOURNAL) if (existsSync(join(dir, file))) renameSync(join(dir, file), join(dir, `taken-${file}`));
}

function putBack(dir: string): void {
  for (const file of JOURNAL) if (existsSync(join(dir, `taken-${file}`))) renameSync(join(dir, `taken-${file}`), join(dir, file));
}

/** The API paths of the records that were made. */
function made(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ state, makes, zoho_id, arguments: args }) => {
    if (state !== 'recorded' || makes === undefined || zoho_id === undefined) return [];
    return makes === 'payment'
      ? [`/customerpayments/${zoho_id}`]
      : [`/customerpayments/${String(args['customer_payment_id'])}/refunds/${zoho_id}`];
  });
}

/** Waits until every request in flight has ended: each delayed request is now applied or dropped. */
async function allArrived(sandbox: Sandbox): Promise<void> {
  for (;;) {
    const { requests } = (await get(`${sandbox.url}/__sandbox/requests`)) as { requests: LoggedRequest[] };
    if (!requests.some(({ status, fault }) => status === null && !fault?.startsWith('drop'))) return;
    await sleep(10);
  }
}

interface Caller {
  readonly calls: Called[];
  answerOf(question: string, server: number, about: About): Promise<Decision>;
  choose(question: string, choices: readonly string[]): Promise<string>;
}

type About = Pick<Asked, 'intent' | 'altered' | 'spoiled'>;

/** Makes one call and all calls that follow: answers to questions, the second call after a preview, confirmed possible duplicates. */
async function callOnce(op: Op, intent: Intent, server: Running, caller: Caller): Promise<void> {
  let args = op.altered ? intent.altered : intent.args;
  let isAltered = op.altered;
  let allowed: readonly string[] = [];
  let approval: string | undefined;
  let person: Around['person'];
  let uses = 0;
  const isList = intent.tool === LIST_TOOL;
  let allowedRows: ReadonlyMap<number, readonly string[]> = new Map();
  let goesOn = op.goesOn ?? 0;
  for (let round = 0; round < 6 + (op.goesOn ?? 0); round += 1) {
    const began = Date.now();
    const isLast = op.cancelAfter === undefined;
    const signal = isLast ? undefined : AbortSignal.timeout(op.cancelAfter);
    const sent: Json = isList ? { ...withAllowed(args, allowedRows), only_good_rows: op.onlyGood === true } : args;
    const answer = await Promise.race([
      callServer(server, intent.tool, sent, { key: op.key, allowed, approval, person, signal }),
      server.gone.then((): Answer => ({ told: { outcome: 'nothing', code: 'killed' } })),
    ]);
    caller.calls.push({
      server: op.server,
      intent: op.intent,
      altered: isAltered,
      key: op.key,
      allowed,
      began,
      ended: Date.now(),
      told: answer.told,
      ...(isList && { rows: sent['rows'] as Json[] }),
    });
    if (server.dead) return;
    const { told, question, next } = answer;
    if (
      told.entry !== undefined &&
      server.call === undefined &&
      (told.outcome === 'recorded' || told.outcome === 'unknown') &&
      signal?.aborted !== true
    ) {
      // For other clients, the protocol's transport does this.
      void server.road?.journal.add(told.entry, { type: 'delivered', state: told.outcome }).catch(() => undefined);
    }
    if (told.rows !== undefined) {
      // For other clients, the protocol's transport does this.
      if (server.call === undefined && signal?.aborted !== true)
        for (const { entry, outcome } of told.rows)
          if (entry !== undefined && outcome === 'recorded')
            void server.road?.journal.add(entry, { type: 'delivered', state: outcome }).catch(() => undefined);
      const suspects = new Map(told.rows.flatMap(({ suspects }, row) => (suspects === undefined ? [] : [[row, suspects] as const])));
      if (op.meansIt && suspects.size > 0 && allowedRows.size === 0) {
        allowedRows = suspects;
        continue;
      }
      if (goesOn > 0 && told.outcome !== 'recorded' && told.rows.some(({ outcome }) => outcome !== 'recorded')) {
        goesOn -= 1;
        [approval, person, uses] = [undefined, undefined, 0];
        continue;
      }
    }
    if ((told.outcome === 'recorded' || told.rows !== undefined) && uses > 0) {
      if (op.approval === 'used twice' && uses === 1) {
        uses += 1;
        continue;
      }
      return;
    }
    if (answer.shown !== undefined && op.meansIt && allowed.length === 0) {
      allowed = answer.shown;
      continue;
    }
    if (question === undefined || next === undefined) return;
    if (next.kind === 'settle') {
      person = { choice: await caller.choose(question, next.choices), state: next.state };
      continue;
    }
    if (uses > 0 && approval !== undefined) return;
    const about = { intent: op.intent, altered: isAltered };
    // A question to our own client, or a preview that the user accepts in the conversation.
    if (next.kind === 'ask') {
      const decision = await caller.answerOf(question, op.server, about);
      person = { answer: decision === 'yes' ? 'approved' : decision === 'dismissed' ? 'dismissed' : 'declined', state: next.state };
    } else {
      const spoiled = op.approval === 'forged' || op.approval === 'expired';
      const decision = op.approval === 'left' ? 'no' : await caller.answerOf(question, op.server, { ...about, spoiled });
      if (decision !== 'yes') return;
      approval =
        op.approval === 'expired' && server.road !== undefined
          ? await expired(next.approval, server.road)
          : spoiled
            ? forged(next.approval)
            : next.approval;
    }
    uses += 1;
    if (op.approval === 'used for something else' && !isAltered) {
      args = intent.altered;
      isAltered = true;
      allowedRows = new Map();
    }
  }
}

export interface Answer {
  readonly told: Told;
  readonly question?: string | undefined;
  readonly next?:
    | { kind: 'ask'; state: string }
    | { kind: 'settle'; state: string; choices: readonly string[] }
    | { kind: 'preview'; approval: string }
    | undefined;
  /** Ids of possible duplicates that the caller must confirm. */
  readonly shown?: readonly string[] | undefined;
}

export interface Around {
  readonly key: string | undefined;
  readonly allowed: readonly string[];
  readonly approval: string | undefined;
  readonly person: { answer?: 'approved' | 'declined' | 'dismissed'; choice?: string; state: string } | undefined;
  readonly signal: AbortSignal | undefined;
}

async function callServer(server: Running, tool: string, args: Json, around: Around): Promise<Answer> {
  return server.call === undefined ? await callDirectly(server, tool, args, around) : await callThrough(server.call, tool, args, around);
}

async function callDirectly(
  server: Running,
  tool: string,
  args: Json,
  { key, allowed, approval, person, signal }: Around,
): Promise<Answer> {
  try {
    if (tool === LIST_TOOL) return await callListDirectly(server, args, { key, allowed, approval, person, signal });
    const done = await server.perform({
      ...writeTools.get(tool)!,
      input: args,
      key,
      allowDuplicateOf: allowed,
      person: { canBeAsked: server.plan.canBeAsked, approval, ...person },
      signal,
    });
    if (done.kind === 'done') return { told: { outcome: 'recorded', entry: done.entry, replayed: done.replayed } };
    if (done.kind === 'ask')
      return { told: { outcome: 'not_recorded', code: 'asked' }, question: done.question, next: { kind: 'ask', state: done.state } };
    if (done.kind === 'preview')
      return {
        told: { outcome: 'not_recorded', code: 'approval_needed' },
        question: done.question,
        next: { kind: 'preview', approval: done.approval },
      };
    return {
      told: { outcome: 'unknown', code: done.kind },
      question: done.question,
      next: { kind: 'settle', state: done.state, choices: done.choices.map(({ id }) => id) },
    };
  } catch (error) {
    if (!(error instanceof PaymentsError)) {
      if (signal?.aborted) return { told: { outcome: 'nothing', code: 'cancelled' } };
      return { told: { outcome: 'unknown', code: `${error instanceof Error ? `${error.name} ${error.message}` : String(error)}` } };
    }
    const outcome = error.changed === 'no' ? 'not_recorded' : error.changed === 'yes' ? 'recorded' : 'unknown';
    return {
      told: { outcome, code: error.code, entry: error instanceof OutcomeUnknownError ? error.entry : undefined },
      shown: shownIn(error.next),
    };
  }
}

async function callThrough(
  call: NonNullable<Running['call']>,
  tool: string,
  args: Json,
  { key, allowed, approval, signal }: Around,
): Promise<Answer> {
  let result: ToolResult;
  try {
    result = await call(
      tool,
      {
        ...args,
        ...(key !== undefined && { idempotency_key: key }),
        ...(allowed.length > 0 && { allow_duplicate_of: allowed }),
        ...(approval !== undefined && { approval }),
      },
      signal,
    );
  } catch (error) {
    if (signal?.aborted) return { told: { outcome: 'nothing', code: 'cancelled' } };
    return { told: { outcome: 'nothing', code: error instanceof Error ? error.message : String(error) } };
  }
  const {
    outcome,
    write_id: entry,
    replayed,
    error,
    next,
    question,
    approval: given,
  } = result.structuredContent as {
    outcome?: Told['outcome'];
    write_id?: string;
    replayed?: boolean;
    error?: { code: string };
    next?: readonly Step[];
    question?: string;
    approval?: string;
  };
  return {
    told: {
      outcome: outcome ?? 'nothing',
      code: error?.code,
      ...(tool === LIST_TOOL ? toldInAnswer(result.structuredContent) : { entry, replayed }),
    },
    question,
    next: given === undefined ? undefined : { kind: 'preview', approval: given },
    shown: shownIn(next ?? []),
  };
}

export function shownIn(next: readonly Step[]): string[] | undefined {
  return next.map(({ arguments: given }) => given?.['allow_duplicate_of']).find((ids) => ids !== undefined) as string[] | undefined;
}

/** The same approval, but issued eleven minutes ago. */
async function expired(token: string, road: Road): Promise<string> {
  const { digest, round } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { digest: string; round: number };
  return createSeal(await road.journal.secret(), road.scope, () => Date.now() - 11 * 60_000).close(digest, round).token;
}

function forged(token: string): string {
  const [body = '', mac = ''] = token.split('.');
  return `${body}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`;
}

function figuresOf({ chosen, calls, requests, asked, plan, events, entries }: Remains): Figures {
  const figures: Record<string, number> = {};
  const count = (name: string, times = 1) => void (figures[name] = (figures[name] ?? 0) + times);
  const isByHand = ({ headers }: LoggedRequest) => headers['user-agent'] === 'bookkeeper';
  const changing = requests.filter(({ applied }) => applied.length > 0);
  count('calls', calls.length);
  count('writes', changing.filter((request) => !isByHand(request)).length);
  count('faults', requests.filter(({ fault }) => fault !== null).length);
  count('killed calls', calls.filter(({ told }) => told.code === 'killed').length);
  count(
    'pauses',
    plan.phases.reduce((sum, { pauses }) => sum + pauses.length, 0),
  );
  count('edits by hand', changing.filter(isByHand).length);
  count('questions', asked.length);
  count('choices among records', chosen);
  // Entries whose outcome was unknown for a time, and entries whose outcome is unknown in the end.
  count('unknown for a time', new Set(events.filter(({ type }) => type === 'unknown').map(({ entry }) => entry)).size);
  count('unknown in the end', entries.filter(({ state }) => state !== 'recorded' && state !== 'not_recorded').length);
  count('runs in processes', plan.processes ? 1 : 0);
  for (const { endpoint, state } of entries) if (state === 'recorded') count(`write ${endpoint}`);
  for (const { fault } of requests) if (fault !== null) count(`fault ${fault}`);
  for (const { told } of calls) count(`told ${told.code ?? `${told.outcome}${told.replayed ? ', again' : ''}`}`);
  for (const { told } of calls)
    for (const { outcome, code, replayed } of told.rows ?? []) count(`row ${code ?? `${outcome}${replayed ? ', again' : ''}`}`);
  count('lists', calls.filter(({ rows }) => rows !== undefined).length);
  for (const { decision } of asked) count(`answered ${decision}`);
  return figures;
}

function keepRemains(remains: Remains, problems: readonly Problem[], dir: string, keep: string): void {
  const to = join(keep, `run-${remains.plan.seed}`);
  mkdirSync(to, { recursive: true });
  cpSync(dir, to, { recursive: true });
  writeFileSync(
    join(to, 'story.txt'),
    [...problems.map(({ invariant, text }) => `${invariant}: ${text}`), '', ...storyOf(remains)].join('\n'),
  );
  const { plan, calls, asked, requests, entries, events } = remains;
  for (const [name, value] of Object.entries({ problems, plan, calls, asked, requests, entries, events }))
    writeFileSync(join(to, `${name}.json`), JSON.stringify(value, null, 1));
}

async function get(url: string): Promise<unknown> {
  return await (await fetch(url)).json();
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
}
