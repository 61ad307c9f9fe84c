import type { Json } from '../../src/json.ts';
import { isAsSent } from '../../src/records/same-as-sent.ts';
import type { Entry } from '../../src/write/journal/journal.ts';
import type { Intent } from './plan.ts';
import type { Asked, Called, LoggedRequest, Remains } from './run.ts';

/** The invariants of every run. Zoho's books and request log decide, not the server's own answers. */

export const invariants = {
  twice: 'no intent is carried out twice',
  'sent again': 'a write that may have been carried out is not sent again',
  duplicate: 'no possible duplicate is recorded unless the caller confirmed it',
  'recorded without record': 'a write reported as recorded is in the books, as it was sent',
  'not recorded with record': 'a write reported as not recorded was not carried out',
  'unknown for ever': 'no outcome stays unknown unless another person changed the record',
  consent: 'no write that needs consent is carried out without a yes to exactly these facts',
  caps: "the policy's limits hold for the writes that were carried out",
  trace: 'every write is in the journal, and the journal is consistent',
  books: 'the books balance',
  away: "no write is claimed while the journal's file is moved away",
  paid: 'no invoice is reported as paid unless it is paid',
  fault: 'the server has no internal error',
} as const;
export type Invariant = keyof typeof invariants;

export interface Problem {
  readonly invariant: Invariant;
  readonly text: string;
}

/** A journal entry, and its request that changed the books. */
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
/** True if Zoho itself says that it did nothing. */
const isRefused = ({ status, applied }: LoggedRequest) => (status === 401 || status === 429) && applied.length === 0;

/** Time for the reads of a preflight, and the longest delay between a request's arrival and its change. */
const BEFORE_CLAIM_MS = 600;

class Facts {
  readonly ours: readonly LoggedRequest[];
  /** When another person last changed a payment, or recorded a payment of a customer, by the server's clock. */
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

  /** True if another person changed it since shortly before the claim. The preflight saw earlier changes. */
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

  /** True if a request other than the one that made this record has changed it. */
  changedSince(id: string, by: LoggedRequest | undefined): boolean {
    return this.#requests.some(
      (request) =>
        request !== by &&
        request.applied.length > 0 &&
        (request.applied.includes(id) || request.path.includes(id) || String(request.query['payment_id'] ?? '').includes(id)),
    );
  }
}

/** Matches requests with journal entries by exactly what was sent. */
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
    if (sent.some(({ applied }) => applied.length > 0)) say('trace', `No journal entry for ${key}`);
    else if (!sent.every(isRefused)) say('trace', `No journal entry for requests that changed nothing: ${key}`);
  }
  for (const [key, group] of claims) {
    const sent = requests.get(key) ?? [];
    const left = sent.filter(({ applied }) => applied.length > 0);
    const sentEntries = group.filter(({ sentAt }) => sentAt !== undefined);
    if (sent.filter((one) => !isRefused(one)).length > sentEntries.length && !group.some(({ before }) => before['unique'] !== undefined))
      say('sent again', `${sent.length} requests for ${sentEntries.length} entries: ${key}`);
    // Each write blocks the next claim, so a request belongs to the last entry that was marked as sent before the request arrived.
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
      // An upsert by its own unique value may arrive twice: the second one finds the record of the first.
      if (more.length > 0 && !(entry.before['unique'] !== undefined && more.every((one) => one.applied.join() === applied?.applied.join())))
        say('twice', `carried out ${more.length + 1} times: ${nameOf(entry)}`);
    }
    for (const one of owned.get('') ?? []) say('trace', `carried out before its entry was claimed: ${key}, request ${one.seq}`);
  }
  return matched;
}

/** True if the write changes nothing. Then the books do not show whether it was carried out, and it does not matter. */
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

/** Checks that no intent was carried out twice. An intent is the caller's key or, without a key, the arguments. */
function checkTwice({ calls, plan, events }: Remains, matched: readonly Matched[], say: Say): void {
  for (const [intent, group] of groupBy(matched, ({ entry }) =>
    entry.key === undefined ? canonical(askedOf(entry)) : `key: ${entry.key}`,
  )) {
    const done = group.filter(({ entry, applied }) => applied !== undefined && !changedNothing(entry));
    const [{ entry }] = group as [Matched];
    let most = 1;
    if (entry.key === undefined) {
      // A repeated call whose first answer arrived is a new intent. Then the caller must have confirmed the possible duplicate.
      const meant = calls.filter((call) => call.key === undefined && call.allowed.length > 0 && isCallOf(call, entry, plan.intents)).length;
      const delivered = events.filter((event) => event.type === 'delivered' && group.some((one) => one.entry.id === event.entry)).length;
      most += group.some((one) => one.entry.makes === undefined) ? delivered + meant : meant;
    }
    if (done.length > most) say('twice', `${done.length} times, at most ${most}: ${intent}`);
  }
}

/** A claim may come some milliseconds after its own check of the journal's file. */
const LOOKED_MS = 40;

function checkAway({ away, entries }: Remains, say: Say): void {
  for (const entry of entries) {
    const at = Date.parse(entry.claimedAt);
    if (away.some(([from, to]) => at > from + LOOKED_MS && at < to)) say('away', `${nameOf(entry)} was claimed`);
  }
}

/** Finds invoices reported as paid although the sum ever applied to them is less than their total. */
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
    // The books begin with at most 30 of each of two payments.
    if (invoices.length > 0 && invoices.every(({ id, total }) => applied(id) + 60 < total))
      say('paid', `the caller of intent ${intent} got the answer that these are paid: ${invoices.map(({ number }) => number).join()}`);
  }
}

/** The payment after a write that created it or changed its amount. */
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
        say('duplicate', `${nameOf(later.entry)} is a possible duplicate of ${nameOf(earlier.entry)}, and no caller confirmed it`);
    }
  }
}

/** True if the payments are at most a week apart. No two of these writes both have a reference number. */
function isAlike(a: Stands, b: Stands): boolean {
  return a.where === b.where && a.amount === b.amount && Math.abs(Date.parse(a.date) - Date.parse(b.date)) <= 7 * 86_400_000;
}

/** True if the earlier outcome was unknown and was settled before the later claim, and no caller had been told the outcome by then. */
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
      say('recorded without record', `${nameOf(entry)} does not have the id of its record`);
      continue;
    }
    if (!applied.applied.includes(zoho_id)) {
      // Another person's identical record may be taken for this one.
      if (!facts.touchedByHand(entry))
        say('recorded without record', `${nameOf(entry)} has the id ${zoho_id}, but it made ${applied.applied.join()}`);
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

/** Compares what callers were told with the outcome. */
function checkTold({ calls, entries, events, plan }: Remains, facts: Facts, say: Say): void {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const call of calls) {
    const { told, key, began, ended } = call;
    const what = `call of intent ${call.intent}${call.altered ? ' (altered)' : ''}${key === undefined ? '' : `, ${key}`}`;
    if (told.outcome === 'recorded') {
      const entry = byId.get(told.entry ?? '');
      if (entry === undefined) say('trace', `${what} got an answer about an entry that does not exist: ${told.entry}`);
      // If the answer could not be noted, the server finds the record later. Another person's change may keep the outcome unknown.
      else if (entry.state !== 'recorded' && !(isOpen(entry) && facts.touchedByHand(entry)))
        say('recorded without record', `${what} got the answer that it is recorded, but ${nameOf(entry)}`);
    }
    if (told.outcome !== 'not_recorded') continue;
    const isNewest = (entry: Entry) =>
      !entries.some((other) => other.intent === entry.intent && other.claimedAt > entry.claimedAt && Date.parse(other.claimedAt) < began);
    for (const entry of entries) {
      // Without a key, the newest entry answers.
      if (key === undefined && !isNewest(entry)) continue;
      if (entry.state === 'not_recorded' || entry.key !== key || !isCallOf(call, entry, plan.intents)) continue;
      // Only entries from before this call: the call may have made later ones itself.
      if (Date.parse(entry.claimedAt) >= began) continue;
      const hadAnswer =
        key === undefined &&
        events.some((event) => event.entry === entry.id && event.type === 'delivered' && Date.parse(event.at) <= ended + 5);
      if (!hadAnswer) say('not recorded with record', `${what} got the answer not_recorded (${told.code}), but ${nameOf(entry)}`);
    }
  }
}

/** Endpoints that always need the user's consent. */
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
      if (unapplying.has(applied)) say('consent', `${nameOf(entry)} un-applied an amount from an invoice, and no person was asked`);
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
    if (shown === undefined) say('consent', `${nameOf(entry)} was carried out without a yes to: ${title}; ${lines.join('; ')}`);
    else spent.add(shown);
    if (unapplying.has(applied) && shown !== undefined && !/Un-apply/.test(shown.question))
      say('consent', `${nameOf(entry)} un-applied an amount from an invoice, but the question did not say so`);
  }
}

/** The server's requests that un-applied an amount from an invoice. Payments that another person changed are not included. */
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
    if (per_write !== undefined && amount > per_write.USD) say('caps', `${nameOf(entry)} records ${amount}, at most ${per_write.USD}`);
  const refunds = moved.filter(({ entry }) => entry.makes === 'refund').length;
  if (max_refunds_per_hour !== undefined && refunds > max_refunds_per_hour)
    say('caps', `${refunds} refunds in an hour, at most ${max_refunds_per_hour}`);
}

function isCallOf({ intent, altered }: Pick<Called, 'intent' | 'altered'>, entry: Entry, intents: readonly Intent[]): boolean {
  const { tool, args, altered: other } = intents[intent]!;
  return canonical(askedOf(entry)) === canonical({ tool, arguments: altered ? other : args });
}

/** The called tool: the endpoint itself, or the workflow that called it. */
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
