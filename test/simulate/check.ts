import type { Json } from '../../src/json.ts';
import { isAsSent } from '../../src/records/same-as-sent.ts';
import type { Entry } from '../../src/write/journal/journal.ts';
import type { Intent } from './plan.ts';
import type { Asked, Called, LoggedRequest, Remains } from './run.ts';

/** What must hold of every run, whatever happened in it: judged by Zoho's books and its request log, not by what we say of ourselves. */

export const invariants = {
  twice: 'no intent is carried out twice',
  'sent again': 'what may have been carried out is not sent again',
  duplicate: 'no look-alike is made that was not meant',
  'recorded without record': 'what is reported as recorded is in the books, as sent',
  'not recorded with record': 'what is reported as not recorded was not carried out',
  'unknown for ever': 'nothing stays unknown unless somebody else touched it',
  consent: 'nothing that needs consent is done without a yes to exactly these facts',
  caps: "the policy's limits hold for what was carried out",
  trace: 'every write leaves its trace in a journal that holds together',
  books: 'the books balance',
  away: 'nothing is claimed while the journal is not at its place',
  paid: 'no invoice is told to be paid that is not',
  fault: 'no fault of our own shows',
} as const;
export type Invariant = keyof typeof invariants;

export interface Problem {
  readonly invariant: Invariant;
  readonly text: string;
}

/** An entry, and the request of it that changed the books. */
interface Matched {
  readonly entry: Entry;
  readonly applied: LoggedRequest | undefined;
}

export function check(remains: Remains): Problem[] {
  const problems: Problem[] = [];
  const say = (invariant: Invariant, text: string) => void problems.push({ invariant, text });
  const facts = new Facts(remains);
  const matched = match(remains, facts, say);
  checkTwice(remains, matched, say);
  checkDuplicates(remains, facts, matched, say);
  checkRecorded(remains, facts, matched, say);
  checkTold(remains, facts, say);
  for (const { entry } of matched)
    if (isOpen(entry) && !facts.touchedByHand(entry)) say('unknown for ever', `${nameOf(entry)} is still ${entry.state}: ${entry.reason}`);
  checkConsent(remains, facts, matched, say);
  checkCaps(remains, matched, say);
  checkAway(remains, say);
  checkPaid(remains, facts, say);
  for (const problem of remains.journalProblems) say('trace', problem);
  for (const problem of remains.booksProblems) say('books', problem);
  for (const { told } of remains.calls) if (told.code !== undefined && /Error|internal_error/.test(told.code)) say('fault', told.code);
  for (const warning of remains.warnings) if (/ failed: /.test(warning)) say('fault', warning);
  return problems;
}

type Say = (invariant: Invariant, text: string) => void;

const isOpen = ({ state }: Entry) => state !== 'recorded' && state !== 'not_recorded';
const nameOf = ({ id, endpoint, state, request, key }: Entry) => {
  const keyed = key === undefined ? '' : `, ${key}`;
  return `${id} (${endpoint}, ${state}${keyed}) ${request.method} ${request.path} ${JSON.stringify(request.body ?? request.query)}`;
};
const isByHand = ({ headers }: LoggedRequest) => headers['user-agent'] === 'bookkeeper';
/** Zoho's own word that it did nothing. */
const isRefused = ({ status, applied }: LoggedRequest) => (status === 401 || status === 429) && applied.length === 0;

/** A preflight's reads, and how late a delayed request is carried out after it arrived. */
const BEFORE_CLAIM_MS = 600;

class Facts {
  readonly ours: readonly LoggedRequest[];
  /** When somebody else last touched a payment, or recorded one of a customer; by our clock. */
  readonly #payments = new Map<string, number>();
  readonly #customers = new Map<string, number>();
  readonly #requests: readonly LoggedRequest[];

  constructor({ requests, aheadOfZoho }: Remains) {
    this.#requests = requests;
    this.ours = requests.filter((request) => request.method !== 'GET' && !isByHand(request));
    for (const request of requests.filter((one) => isByHand(one) && one.applied.length > 0)) {
      const at = Date.parse(request.time) + aheadOfZoho;
      for (const id of [...request.applied, ...(request.path.match(/\d{6,}/g) ?? [])]) this.#payments.set(id, at);
      if (request.method === 'POST' && request.path.endsWith('/customerpayments'))
        this.#customers.set(String((request.body as Json)['customer_id']), at);
    }
  }

  /** Since shortly before it was claimed: what was there longer was seen by the preflight. */
  touchedByHand({ blocks, customer_id, makes, zoho_id, request, claimedAt }: Entry): boolean {
    const since = Date.parse(claimedAt) - BEFORE_CLAIM_MS;
    const payments = [
      ...blocks.flatMap((block) => (block.startsWith('payment:') ? [block.slice(8)] : [])),
      ...(request.path.match(/\d{6,}/g) ?? []),
      ...(zoho_id === undefined ? [] : [zoho_id]),
    ];
    if (payments.some((id) => (this.#payments.get(id) ?? 0) >= since)) return true;
    return makes === 'payment' && customer_id !== undefined && (this.#customers.get(customer_id) ?? 0) >= since;
  }

  isTouched(id: string): boolean {
    return this.#payments.has(id);
  }

  /** Whether anything but the request that made it changed this record. */
  changedSince(id: string, by: LoggedRequest | undefined): boolean {
    return this.#requests.some(
      (request) =>
        request !== by &&
        request.applied.length > 0 &&
        (request.applied.includes(id) || request.path.includes(id) || String(request.query['payment_id'] ?? '').includes(id)),
    );
  }
}

/** Which request belongs to which entry: by exactly what was sent. */
function match({ entries, aheadOfZoho }: Remains, facts: Facts, say: Say): Matched[] {
  const requests = groupBy(facts.ours, ({ method, path, query, body, headers }) =>
    wire(method, path.replace('/books/v3', ''), query, body, headers),
  );
  const claims = groupBy(entries, ({ request: { method, path, query, body, headers } }) =>
    wire(method, path, strings(query), body, headers),
  );
  const matched: Matched[] = [];
  for (const [key, sent] of requests) {
    if (claims.has(key)) continue;
    if (sent.some(({ applied }) => applied.length > 0)) say('trace', `No entry for ${key}`);
    else if (!sent.every(isRefused)) say('trace', `No entry for what was sent and came to nothing: ${key}`);
  }
  for (const [key, group] of claims) {
    const sent = requests.get(key) ?? [];
    const left = sent.filter(({ applied }) => applied.length > 0);
    const sentEntries = group.filter(({ sentAt }) => sentAt !== undefined);
    if (sent.filter((one) => !isRefused(one)).length > sentEntries.length && !group.some(({ before }) => before['unique'] !== undefined))
      say('sent again', `${sent.length} requests for ${sentEntries.length} entries: ${key}`);
    // One after the other, since each keeps the next from being claimed: a request is of the last one noted as sent before it arrived.
    const inOrder = group.toSorted((one, other) => (one.claimedAt < other.claimedAt ? -1 : 1));
    const owned = groupBy(
      left,
      ({ time }) =>
        inOrder.findLast(
          ({ sentAt, before }) =>
            sentAt !== undefined && (before['unique'] !== undefined || Date.parse(sentAt) <= Date.parse(time) + aheadOfZoho),
        )?.id ?? '',
    );
    for (const entry of inOrder) {
      const [applied, ...more] = owned.get(entry.id) ?? [];
      matched.push({ entry, applied });
      if (applied !== undefined && entry.state === 'not_recorded' && !changedNothing(entry))
        say('not recorded with record', `${nameOf(entry)} (${entry.reason}) made ${applied.applied.join()}`);
      // An upsert by a value of its own may come twice: the second finds what the first made.
      if (more.length > 0 && !(entry.before['unique'] !== undefined && more.every((one) => one.applied.join() === applied?.applied.join())))
        say('twice', `carried out ${more.length + 1} times: ${nameOf(entry)}`);
    }
    for (const one of owned.get('') ?? []) say('trace', `carried out before its entry was claimed: ${key}, request ${one.seq}`);
  }
  return matched;
}

/** A change into what was so already: there is nothing to see of it, and it makes no difference whether it was carried out. */
function changedNothing({ request: { method, body }, before, endpoint }: Entry): boolean {
  if (method !== 'PUT') return false;
  const then = (before['payment'] ?? before['refund']) as Json | undefined;
  const fields = endpoint === 'update_custom_fields_in_customer_payment' ? { custom_fields: body } : body;
  return then !== undefined && isAsSent(fields, then);
}

function wire(
  method: string,
  path: string,
  query: Record<string, string> | undefined,
  body: unknown,
  headers: Record<string, string> | undefined,
): string {
  const { organization_id: _, ...rest } = query ?? {};
  const lower = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const unique = ['x-unique-identifier-key', 'x-unique-identifier-value', 'x-upsert']
    .map((name) => lower[name] ?? '')
    .join(' ')
    .trim();
  return [method, path, canonical(rest), unique, canonical(body ?? null)].join(' ');
}

function strings(query: Record<string, unknown> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]));
}

/** A caller's own key, or without one the arguments. */
function checkTwice({ calls, plan, events }: Remains, matched: readonly Matched[], say: Say): void {
  for (const [intent, group] of groupBy(matched, ({ entry }) =>
    entry.key === undefined ? canonical(askedOf(entry)) : `key: ${entry.key}`,
  )) {
    const done = group.filter(({ entry, applied }) => applied !== undefined && !changedNothing(entry));
    const [{ entry }] = group as [Matched];
    let most = 1;
    if (entry.key === undefined) {
      // Asked for again by somebody who had the answer: another intent. A look-alike of what is there must be meant.
      const meant = calls.filter((call) => call.key === undefined && call.allowed.length > 0 && isCallOf(call, entry, plan.intents)).length;
      const delivered = events.filter((event) => event.type === 'delivered' && group.some((one) => one.entry.id === event.entry)).length;
      most += group.some((one) => one.entry.makes === undefined) ? delivered + meant : meant;
    }
    if (done.length > most) say('twice', `${done.length} times, at most ${most}: ${intent}`);
  }
}

/** A claim that had looked just before takes some milliseconds. */
const LOOKED_MS = 40;

function checkAway({ away, entries }: Remains, say: Say): void {
  for (const entry of entries) {
    const at = Date.parse(entry.claimedAt);
    if (away.some(([from, to]) => at > from + LOOKED_MS && at < to)) say('away', `${nameOf(entry)} was claimed`);
  }
}

/** Told to be paid, although all that was ever applied to it is less than its total. */
function checkPaid({ calls, plan, template, requests }: Remains, facts: Facts, say: Say): void {
  const applied = (invoice_id: string) =>
    requests
      .filter((one) => one.applied.length > 0)
      .flatMap(({ body }) => ((body as Json | null)?.['invoices'] ?? []) as Json[])
      .filter((row) => row['invoice_id'] === invoice_id)
      .reduce((sum, row) => sum + Number(row['amount_applied'] ?? 0), 0);
  for (const { intent, altered, told } of calls) {
    if (told.code !== 'invoice_paid') continue;
    const { args, altered: other } = plan.intents[intent]!;
    const named = new Set((((altered ? other : args)['invoices'] ?? []) as Json[]).map(({ invoice }) => invoice));
    const invoices = template.customers
      .flatMap((customer) => customer.invoices)
      .filter(({ id, number }) => named.has(id) || named.has(number));
    // What the books began with: at most 30 of each of two payments.
    if (invoices.length > 0 && invoices.every(({ id, total }) => applied(id) + 60 < total))
      say('paid', `intent ${intent} was told so of ${invoices.map(({ number }) => number).join()}`);
  }
}

/** What stands after a write, where it made a record or changed how much was paid. */
interface Stands {
  readonly id: string;
  readonly where: string;
  readonly amount: unknown;
  readonly date: string;
}

function standsOf({ entry, applied }: Matched): Stands | undefined {
  if (applied === undefined) return undefined;
  const body = entry.request.body as Json;
  if (entry.makes !== undefined && entry.zoho_id !== undefined) {
    return {
      id: entry.zoho_id,
      where: entry.makes === 'payment' ? String(entry.customer_id) : entry.request.path,
      amount: body['amount'],
      date: String(body['date']),
    };
  }
  const before = entry.before['payment'] as Json | undefined;
  if (
    entry.endpoint !== 'update_customer_payment' ||
    before === undefined ||
    body['amount'] === undefined ||
    body['amount'] === before['amount']
  )
    return undefined;
  return {
    id: String(before['payment_id']),
    where: String(before['customer_id']),
    amount: body['amount'],
    date: String(body['date'] ?? before['date']),
  };
}

function checkDuplicates({ calls, plan, events }: Remains, facts: Facts, matched: readonly Matched[], say: Say): void {
  const all = matched.flatMap((one) => {
    const stands = standsOf(one);
    return stands === undefined ? [] : [{ ...one, stands }];
  });
  const inOrder = all.toSorted((a, b) => a.applied!.seq - b.applied!.seq);
  for (const [n, later] of inOrder.entries()) {
    for (const earlier of inOrder.slice(0, n)) {
      const { id } = earlier.stands;
      if (id === later.stands.id || !(isAlike(earlier.stands, later.stands) || isUntold(earlier.entry, later, events))) continue;
      const meant = calls.some((call) => call.allowed.includes(id) && isCallOf(call, later.entry, plan.intents));
      if (!meant && !facts.changedSince(id, earlier.applied))
        say('duplicate', `${nameOf(later.entry)} looks like ${nameOf(earlier.entry)}, and nobody meant it`);
    }
  }
}

/** At most a week apart: no two of these writes have a reference number each. */
function isAlike(a: Stands, b: Stands): boolean {
  return a.where === b.where && a.amount === b.amount && Math.abs(Date.parse(a.date) - Date.parse(b.date)) <= 7 * 86_400_000;
}

/** Its outcome was unknown and was settled before the later one was claimed, and nobody had been told by then. */
function isUntold(earlier: Entry, { entry, stands }: Matched & { readonly stands: Stands }, events: Remains['events']): boolean {
  if (
    earlier.makes !== 'payment' ||
    entry.makes !== 'payment' ||
    earlier.customer_id !== entry.customer_id ||
    (earlier.request.body as Json)['amount'] !== stands.amount
  )
    return false;
  const claimed = events.findIndex((event) => event.entry === entry.id && event.type === 'claimed');
  const before = events
    .slice(0, claimed)
    .filter((event) => event.entry === earlier.id)
    .map(({ type }) => type);
  const resolved = before.lastIndexOf('resolved');
  return resolved >= 0 && !before.slice(resolved).includes('delivered');
}

function checkRecorded({ standing }: Remains, facts: Facts, matched: readonly Matched[], say: Say): void {
  for (const { entry, applied } of matched) {
    if (entry.state !== 'recorded') continue;
    if (applied === undefined) {
      if (!facts.touchedByHand(entry)) say('recorded without record', `${nameOf(entry)} was never carried out (${entry.reason})`);
      continue;
    }
    const { makes, zoho_id } = entry;
    if (makes === undefined) continue;
    if (zoho_id === undefined) {
      say('recorded without record', `${nameOf(entry)} does not name what it made`);
      continue;
    }
    if (!applied.applied.includes(zoho_id)) {
      // Somebody else's identical one may be taken for it.
      if (!facts.touchedByHand(entry))
        say('recorded without record', `${nameOf(entry)} names ${zoho_id}, and made ${applied.applied.join()}`);
      continue;
    }
    if (facts.changedSince(zoho_id, applied)) continue;
    const path =
      makes === 'payment'
        ? `/customerpayments/${zoho_id}`
        : `/customerpayments/${String(entry.arguments['customer_payment_id'])}/refunds/${zoho_id}`;
    const answer = standing.get(path);
    const shown = (answer?.['payment'] ?? answer?.['payment_refund'] ?? (answer?.['payment_refunds'] as Json[] | undefined)?.[0]) as
      | Json
      | undefined;
    const body = entry.request.body as Json;
    const wrong = ['customer_id', 'amount', 'date', 'description', 'from_account_id'].filter(
      (name) => body[name] !== undefined && shown?.[name] !== body[name],
    );
    if (wrong.length > 0)
      say(
        'recorded without record',
        `${nameOf(entry)} is in the books with another ${wrong.join(', ')}: ${JSON.stringify(wrong.map((name) => shown?.[name]))}`,
      );
  }
}

/** What callers were told, against what came of it. */
function checkTold({ calls, entries, events, plan }: Remains, facts: Facts, say: Say): void {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const call of calls) {
    const { told, key, began, ended } = call;
    const what = `call of intent ${call.intent}${call.altered ? ' (altered)' : ''}${key === undefined ? '' : `, ${key}`}`;
    if (told.outcome === 'recorded') {
      const entry = byId.get(told.entry ?? '');
      if (entry === undefined) say('trace', `${what} was told of an entry that is not there: ${told.entry}`);
      // Where the answer could not be noted, looking finds it; somebody else's hand may keep it unknown.
      else if (entry.state !== 'recorded' && !(isOpen(entry) && facts.touchedByHand(entry)))
        say('recorded without record', `${what} was told so, and ${nameOf(entry)}`);
    }
    if (told.outcome !== 'not_recorded') continue;
    const isNewest = (entry: Entry) =>
      !entries.some((other) => other.intent === entry.intent && other.claimedAt > entry.claimedAt && Date.parse(other.claimedAt) < began);
    for (const entry of entries) {
      // Without a key, it is the newest that answers.
      if (key === undefined && !isNewest(entry)) continue;
      if (entry.state === 'not_recorded' || entry.key !== key || !isCallOf(call, entry, plan.intents)) continue;
      // Of entries that this call may not have made itself: those that were there before.
      if (Date.parse(entry.claimedAt) >= began) continue;
      const hadAnswer =
        key === undefined &&
        events.some((event) => event.entry === entry.id && event.type === 'delivered' && Date.parse(event.at) <= ended + 5);
      if (!hadAnswer) say('not recorded with record', `${what} was told not_recorded (${told.code}), and ${nameOf(entry)}`);
    }
  }
}

/** Kinds of writes that always need a yes. */
const ALWAYS = new Set([
  'create_customer_payment_refund',
  'update_customer_payment_refund',
  'delete_customer_payment',
  'bulk_delete_customer_payments',
  'delete_customer_payment_refund',
]);

function checkConsent({ plan, asked, requests }: Remains, facts: Facts, matched: readonly Matched[], say: Say): void {
  if (plan.mode === 'host') return;
  const unapplying = new Set(unapplyingRequests(requests, facts));
  const yes = asked.filter(({ decision }) => decision === 'yes');
  const spent = new Set<Asked>();
  for (const { entry, applied } of matched.toSorted((a, b) => (a.entry.claimedAt < b.entry.claimedAt ? -1 : 1))) {
    if (applied === undefined) continue;
    const { title, lines, concerns } = entry.facts as { title: string; lines: string[]; concerns: { text: string }[] };
    const because = concerns.map(({ text }) => text);
    if (!ALWAYS.has(entry.endpoint) && because.length === 0) {
      if (unapplying.has(applied)) say('consent', `${nameOf(entry)} took money off an invoice, and nobody was asked`);
      continue;
    }
    const shown = yes.findLast(
      (one) =>
        !spent.has(one) &&
        one.at <= Date.parse(entry.claimedAt) &&
        (one.intent === undefined || isCallOf({ intent: one.intent, altered: one.altered === true }, entry, plan.intents)) &&
        one.question.split('\n').includes(`${title}?`) &&
        one.question.split('\n').at(-1) === `You are asked because ${because.join('; ')}.` &&
        lines.every((line) => one.question.split('\n').includes(`- ${line}`)),
    );
    if (shown === undefined) say('consent', `${nameOf(entry)} was carried out, and nobody said yes to: ${title}; ${lines.join('; ')}`);
    else spent.add(shown);
    if (unapplying.has(applied) && shown !== undefined && !/Un-apply/.test(shown.question))
      say('consent', `${nameOf(entry)} took money off an invoice, and the question did not say so`);
  }
}

/** Ours that took money off an invoice, going by what was applied before. What somebody else touched is left out. */
function unapplyingRequests(requests: readonly LoggedRequest[], facts: Facts): LoggedRequest[] {
  const applied = new Map<string, Map<string, number>>();
  const found: LoggedRequest[] = [];
  for (const request of requests) {
    const rows = (request.body as Json | null)?.['invoices'] as { invoice_id: string; amount_applied: number }[] | undefined;
    if (request.applied.length === 0 || !Array.isArray(rows) || request.method === 'DELETE') continue;
    const [id = ''] = request.applied;
    if (facts.isTouched(id)) continue;
    const before = applied.get(id);
    const now = new Map(rows.map((row) => [row.invoice_id, row.amount_applied]));
    if (before !== undefined && [...before].some(([invoice, amount]) => (now.get(invoice) ?? 0) < amount)) found.push(request);
    applied.set(id, now);
  }
  return found;
}

function checkCaps({ plan }: Remains, matched: readonly Matched[], say: Say): void {
  const { max_amount: { per_day, per_write } = {}, max_refunds_per_hour } = plan.policy as {
    max_amount?: { per_day?: { USD: number }; per_write?: { USD: number } };
    max_refunds_per_hour?: number;
  };
  const moved = matched
    .filter(({ applied }) => applied !== undefined)
    .map(({ entry }) => ({
      entry,
      amount: entry.makes === undefined ? Number(entry.counted?.amount ?? 0) : Number((entry.request.body as Json)['amount']),
    }));
  const total = Math.round(moved.reduce((sum, { amount }) => sum + amount, 0) * 100) / 100;
  if (per_day !== undefined && total > per_day.USD) say('caps', `${total} in a day, at most ${per_day.USD}`);
  for (const { entry, amount } of moved)
    if (per_write !== undefined && amount > per_write.USD) say('caps', `${nameOf(entry)} moves ${amount}, at most ${per_write.USD}`);
  const refunds = moved.filter(({ entry }) => entry.makes === 'refund').length;
  if (max_refunds_per_hour !== undefined && refunds > max_refunds_per_hour)
    say('caps', `${refunds} refunds in an hour, at most ${max_refunds_per_hour}`);
}

function isCallOf({ intent, altered }: Pick<Called, 'intent' | 'altered'>, entry: Entry, intents: readonly Intent[]): boolean {
  const { tool, args, altered: other } = intents[intent]!;
  return canonical(askedOf(entry)) === canonical({ tool, arguments: altered ? other : args });
}

/** What was called: the endpoint itself, or a workflow that came to it. */
function askedOf({ endpoint, arguments: args, facts }: Entry): { tool: string; arguments: Json } {
  return (facts as { called?: { tool: string; arguments: Json } }).called ?? { tool: endpoint, arguments: args };
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
