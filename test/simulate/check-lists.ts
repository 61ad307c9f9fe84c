import type { Json } from '../../src/json.ts';
import type { Entry } from '../../src/write/journal/journal.ts';
import { nameOf, type Facts, type Matched, type Say } from './check.ts';
import type { Plan } from './plan.ts';
import { LIST_TOOL } from './plan-lists.ts';
import type { Asked, Called, LoggedRequest, Remains } from './run.ts';
import type { Customer } from './template.ts';
import { canonical } from './values.ts';

/** The invariants of lists of payments. Zoho's request log decides what was recorded, and when. */

export const isOfListCall = ({ intent }: Pick<Called, 'intent'>, { intents }: Plan): boolean => intents[intent]!.tool === LIST_TOOL;
export const isOfList = ({ facts }: Entry): boolean => rowOf({ facts }) !== undefined;

/** The row that a write carries out, as the caller sent it. */
function rowOf({ facts }: Pick<Entry, 'facts'>): Json | undefined {
  const { called } = facts as { called?: { tool: string; arguments: Json } };
  return called?.tool === LIST_TOOL ? called.arguments : undefined;
}

/** Rows that cannot be told apart: equal rows under one key. */
const nameOfRow = (key: string | undefined, { idempotency_key: own, allow_duplicate_of: _, ...row }: Json): string =>
  own === undefined ? `${key}: ${canonical(row)}` : `own ${String(own)}: ${canonical(row)}`;

/** A call of a list, with the names of its rows. */
interface ListCall extends Called {
  readonly rows: readonly Json[];
  readonly names: readonly string[];
}

const countOf = <T>(all: readonly T[], is: (one: T) => boolean) => all.filter(is).length;

export function checkLists(remains: Remains, matched: readonly Matched[], facts: Facts, say: Say): void {
  const calls = remains.calls.flatMap((call): ListCall[] =>
    call.rows === undefined ? [] : [{ ...call, rows: call.rows, names: call.rows.map((row) => nameOfRow(call.key, row)) }],
  );
  if (calls.length === 0) return;
  const books = new Books(remains);
  checkAtMostOnce(remains, calls, say);
  checkAnswers(remains, calls, books, facts, say);
  const rows = matched.flatMap(({ entry, applied }) => {
    const row = rowOf(entry);
    return row === undefined ? [] : [{ entry, applied, row, name: nameOfEntry(entry, row, calls) }];
  });
  checkToldLater(calls, rows, facts, say);
  checkDuplicatesOfRows(remains, calls, rows, books, say);
  checkConsentToRows(remains, calls, rows, matched, books, say);
  checkAskedOnce(remains, calls, rows, say);
  checkEnd(calls, facts, say, remains);
}

interface SentRow extends Matched {
  readonly row: Json;
  readonly name: string;
}

/** The key of an entry is the row's own key, or begins with the key of the list. */
function nameOfEntry({ key = '' }: Entry, row: Json, calls: readonly ListCall[]): string {
  const own = `own ${key}: ${canonical(row)}`;
  if (calls.some(({ names }) => names.includes(own))) return own;
  const list = calls.map((call) => call.key).find((one) => one !== undefined && key.startsWith(`${one}/`));
  return `${list}: ${canonical(row)}`;
}

/** The state of the books before each request. */
class Books {
  readonly #customers: readonly Customer[];
  readonly #requests: readonly LoggedRequest[];
  readonly #edits: Remains['edits'];
  readonly #aheadOfZoho: number;

  constructor({ template, requests, edits, aheadOfZoho }: Remains) {
    this.#customers = template.customers;
    this.#requests = requests.filter(({ applied, method }) => applied.length > 0 && method !== 'GET');
    this.#edits = edits;
    this.#aheadOfZoho = aheadOfZoho;
  }

  customerOf(id: unknown): Customer | undefined {
    return this.#customers.find((one) => one.id === id);
  }

  numberOf(invoice: unknown): string | undefined {
    return this.#customers.flatMap(({ invoices }) => invoices).find(({ id }) => id === invoice)?.number;
  }

  /** The request that made a payment. */
  maker(id: string): LoggedRequest | undefined {
    return this.#requests.find(
      ({ applied, method, path }) => applied[0] === id && method !== 'DELETE' && path.endsWith('/customerpayments'),
    );
  }

  /** The payments before this request, with what each applies to invoices. */
  before(
    seq: number,
  ): Map<string, { readonly body: Json; readonly by: LoggedRequest | undefined; readonly invoices: Map<string, number> }> {
    const standing = new Map(
      this.#customers.flatMap((customer) =>
        customer.applied.map((id) => [
          id,
          {
            body: { customer_id: customer.id, amount: 300, date: '2026-06-01' } as Json,
            by: undefined as LoggedRequest | undefined,
            invoices: new Map([
              [customer.invoices[0]!.id, 20],
              [customer.invoices[1]!.id, 30],
            ]),
          },
        ]),
      ),
    );
    for (const request of this.#requests) {
      if (request.seq >= seq) break;
      const [id = ''] = request.applied;
      const known = standing.get(id);
      const body = (request.body ?? {}) as Json;
      const applied = body['invoices'] as { invoice_id: string; amount_applied: number }[] | undefined;
      const invoices = applied && new Map(applied.map((row) => [row.invoice_id, row.amount_applied]));
      if (request.method === 'DELETE') for (const one of request.applied) standing.delete(one);
      else if (known !== undefined) standing.set(id, { ...known, ...(invoices && { invoices }) });
      else if (request.path.endsWith('/customerpayments')) standing.set(id, { body, by: request, invoices: invoices ?? new Map() });
    }
    return standing;
  }

  openBefore(seq: number, invoice: string): number {
    const total = this.#customers.flatMap(({ invoices }) => invoices).find(({ id }) => id === invoice)?.total ?? 0;
    const settled = [...this.before(seq).values()].reduce((sum, { invoices }) => sum + (invoices.get(invoice) ?? 0), 0);
    return Math.round((total - settled) * 100) / 100;
  }

  /** The latest time by which a change by hand was carried out, by the server's clock. */
  byHandUntil(request: LoggedRequest): number {
    const at = Date.parse(request.time) + this.#aheadOfZoho;
    const path = request.path.replace('/books/v3', '');
    const ends = this.#edits
      .filter((one) => one.method === request.method && one.path === path && one.began <= at + 5 && one.ended >= at - 5)
      .map(({ ended }) => ended);
    return Math.max(at, ...ends);
  }

  /** True if another person changed something of this customer after this time and before the request. */
  changedByHand(since: number, seq: number): boolean {
    return this.#requests.some((one) => one.seq <= seq && one.headers['user-agent'] === 'bookkeeper' && this.byHandUntil(one) > since);
  }
}

/** Each row, however often and in whatever version its list was sent. */
function checkAtMostOnce({ requests }: Remains, calls: readonly ListCall[], say: Say): void {
  const most = new Map<string, number>();
  for (const { names } of calls)
    for (const name of names)
      most.set(
        name,
        Math.max(
          most.get(name) ?? 0,
          countOf(names, (one) => one === name),
        ),
      );
  const meant = new Map<string, number>();
  for (const [name, count] of most) {
    const description = /"description":"([^"]*)"/.exec(name)?.[1] ?? '';
    meant.set(description, (meant.get(description) ?? 0) + count);
  }
  const made = new Map<string, Set<string>>();
  for (const { applied, method, body } of requests) {
    const description = (body as Json | null)?.['description'] as string | undefined;
    if (method === 'GET' || method === 'DELETE' || applied[0] === undefined || !description?.startsWith('list ')) continue;
    made.set(description, (made.get(description) ?? new Set()).add(applied[0]));
  }
  for (const [description, ids] of made)
    if (ids.size > (meant.get(description) ?? 0))
      say('twice', `${description} made ${[...ids].join()}, at most ${meant.get(description) ?? 0}`);
}

/** Each statement of an answer about a row is true, and the same in every answer. */
function checkAnswers({ entries, aheadOfZoho, requests }: Remains, calls: readonly ListCall[], books: Books, facts: Facts, say: Say): void {
  const rowsOfPayment = new Map<string, string>();
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const call of calls) {
    const { told, rows, names } = call;
    const inCall = new Set<string>();
    let total = 0;
    let isPlain = true;
    for (const [n, { outcome, payment_id: id, entry: entryId, code }] of (told.rows ?? []).entries()) {
      const what = `row ${n + 1} of a call of list ${call.intent}${call.altered ? ' (altered)' : ''}, ${call.key}`;
      if (outcome !== 'recorded') {
        if (code !== undefined && /internal_error|Error/.test(code)) say('list', `${what}: ${code}`);
        continue;
      }
      const entry = byId.get(entryId ?? '');
      if (entry === undefined) {
        say('list', `${what} was told of an entry that does not exist: ${entryId}`);
        continue;
      }
      const byHand = facts.touchedByHand(entry);
      if (entry.state !== 'recorded' && !byHand) say('recorded without record', `${what} is recorded, but ${nameOf(entry)}`);
      if (nameOfEntry(entry, rowOf(entry) ?? {}, calls) !== names[n]) say('list', `${what} was told of ${nameOf(entry)}`);
      if (inCall.has(entry.id)) say('list', `${what} was told of the same write as another row: ${nameOf(entry)}`);
      inCall.add(entry.id);
      const payment = id ?? entry.zoho_id;
      if (payment === undefined) {
        isPlain = false;
        if (!byHand) say('list', `${what} is recorded, but no payment is named: ${nameOf(entry)}`);
        continue;
      }
      const before = rowsOfPayment.get(payment);
      if (before !== undefined && before !== names[n]) say('list', `payment ${payment} is named for ${before} and for ${names[n]}`);
      rowsOfPayment.set(payment, names[n]!);
      const maker = books.maker(payment);
      const body = (maker?.body ?? {}) as Json;
      const row = rows[n]!;
      const customer = books.customerOf(body['customer_id']);
      const same =
        body['amount'] === row['amount'] &&
        body['date'] === row['date'] &&
        body['description'] === row['description'] &&
        [customer?.id, customer?.name].includes(row['customer'] as string);
      if (!same && !byHand)
        say('recorded without record', `${what} is recorded as ${payment}, which was made with ${JSON.stringify(body)}`);
      if (!same || requests.some((one) => one.method === 'DELETE' && one.applied.includes(payment))) isPlain = false;
      if (maker !== undefined && Date.parse(maker.time) + aheadOfZoho > call.ended + 1000)
        say('list', `${what} was told ${payment} before it was made`);
      total += Number(row['amount']);
    }
    if (isPlain && told.totals !== undefined && Number(told.totals['USD']) !== Math.round(total * 100) / 100)
      say('list', `a call of list ${call.intent} was told the total ${told.totals['USD']}, but it is ${total}`);
  }
}

/** No answer says that a row is not recorded if an earlier call recorded it, or refuses a row because of another row. */
function checkToldLater(calls: readonly ListCall[], sent: readonly SentRow[], facts: Facts, say: Say): void {
  for (const { told, names, began, ended, intent, key } of calls) {
    if (told.rows === undefined) continue;
    const before = sent.filter(({ entry }) => entry.state === 'recorded' && Date.parse(entry.settledAt ?? '') < began);
    const ofList = before.filter(({ name }) => {
      const count = countOf(names, (one) => one === name);
      return count > 0 && countOf(before, (one) => one.name === name) <= count;
    });
    for (const { suspects = [] } of told.rows)
      for (const { entry } of ofList.filter((one) => suspects.includes(one.entry.zoho_id ?? '')))
        say('list', `list ${intent}, ${key} refused a row as a possible duplicate of another row of this list: ${nameOf(entry)}`);
    for (const name of new Set(names)) {
      const rows = told.rows.filter((_, n) => names[n] === name);
      const earlier = sent.filter((one) => one.name === name && one.entry.state === 'recorded' && !facts.touchedByHand(one.entry));
      const claimed = countOf(earlier, ({ entry }) => Date.parse(entry.claimedAt) < began);
      const settled = countOf(earlier, ({ entry }) => entry.settledAt !== undefined && Date.parse(entry.settledAt) < began);
      const recorded = countOf(rows, ({ outcome }) => outcome === 'recorded');
      const unknown = countOf(rows, ({ outcome }) => outcome === 'unknown');
      const codes = rows.map(({ outcome, code }) => `${outcome} ${code ?? ''}`).join();
      // A shorter list would not find an equal row that was recorded before the first one. But another call may have recorded the first row
      // after this call looked for it.
      const missing = rows.findIndex(({ outcome }) => outcome !== 'recorded');
      const isBehind = missing >= 0 && rows.slice(missing).some(({ outcome }) => outcome === 'recorded');
      if (isBehind && recorded === countOf(earlier, ({ entry }) => Date.parse(entry.claimedAt) <= ended))
        say('list', `list ${intent}, ${key} recorded an equal row before the first one: ${name}`);
      if (recorded < Math.min(settled, rows.length))
        say('list', `list ${intent}, ${key} was told ${codes}, but ${settled} recorded before: ${name}`);
      else if (recorded + unknown < Math.min(claimed, rows.length))
        say('list', `list ${intent}, ${key} was told ${codes}, but ${claimed} claimed before and recorded: ${name}`);
    }
  }
}

const NEAR_MS = 7 * 86_400_000;

/** True if both rows are in one list as it was sent before this time. */
const inOneList = (calls: readonly ListCall[], one: string, other: string, before: number) =>
  calls.some(
    ({ names, began }) =>
      began <= before && names.includes(one) && names.includes(other) && (one !== other || countOf(names, (name) => name === one) > 1),
  );

function checkDuplicatesOfRows(
  { aheadOfZoho, asked }: Remains,
  calls: readonly ListCall[],
  sent: readonly SentRow[],
  books: Books,
  say: Say,
): void {
  const nameOfPayment = new Map(sent.flatMap(({ applied, name }) => (applied === undefined ? [] : [[applied.applied[0]!, name] as const])));
  for (const { entry, applied, name } of sent) {
    if (applied === undefined) continue;
    const body = applied.body as Json;
    const claimedAt = Date.parse(entry.claimedAt);
    const answer = asked.findLast(
      (one) => one.decision === 'yes' && one.at <= claimedAt && linesOf(one, body, name, calls, books).length > 0,
    );
    const read = readAt(entry, name, calls, answer);
    const allowed = new Set(
      calls.flatMap(({ rows, names }) =>
        rows.flatMap((row, n) => (names[n] === name ? ((row['allow_duplicate_of'] ?? []) as string[]) : [])),
      ),
    );
    for (const [id, other] of books.before(applied.seq)) {
      const isAlike =
        other.by !== undefined &&
        other.body['customer_id'] === body['customer_id'] &&
        other.body['amount'] === body['amount'] &&
        Math.abs(Date.parse(String(other.body['date'])) - Date.parse(String(body['date']))) <= NEAR_MS;
      if (!isAlike || allowed.has(id)) continue;
      const otherName = nameOfPayment.get(id);
      if (otherName !== undefined && inOneList(calls, name, otherName, claimedAt)) continue;
      // The group's reads, at most this long before the claim, did not show it yet.
      if (other.by?.headers['user-agent'] === 'bookkeeper' && books.byHandUntil(other.by) > read) continue;
      say(
        'duplicate',
        `${nameOf(entry)} is a possible duplicate of ${id} (${other.by!.headers['user-agent']}, ${new Date(Date.parse(other.by!.time) + aheadOfZoho).toISOString()}), and no caller confirmed it`,
      );
    }
  }
}

/** No read of this row is older: when the call that sent it began, or was answered. */
function readAt({ claimedAt }: Entry, name: string, calls: readonly ListCall[], asked?: Asked): number {
  const at = Date.parse(claimedAt);
  const began = calls.filter((call) => call.began <= at && at <= call.ended && call.names.includes(name)).map((call) => call.began);
  return Math.max(Math.min(at, ...began), asked?.at ?? 0);
}

const usd = (amount: number) => `USD ${amount.toFixed(2)}`;

function checkConsentToRows(
  { plan, asked }: Remains,
  calls: readonly ListCall[],
  sent: readonly SentRow[],
  all: readonly Matched[],
  books: Books,
  say: Say,
): void {
  if (plan.mode === 'host') return;
  const yes = asked.filter(({ decision }) => decision === 'yes');
  const nameOfPayment = new Map(sent.flatMap(({ applied, name }) => (applied === undefined ? [] : [[applied.applied[0]!, name] as const])));
  const used = new Map<string, number>();
  for (const one of sent.toSorted((a, b) => (a.entry.claimedAt < b.entry.claimedAt ? -1 : 1))) {
    const { entry, applied, name } = one;
    const body = entry.request.body as Json;
    // One payment alone needs no consent, unless there is a concern about it.
    const at = Date.parse(entry.claimedAt);
    if (calls.some(({ names, began, ended }) => names.length === 1 && names[0] === name && began <= at && at <= ended)) continue;
    const lines = yes
      .filter(({ at }) => at <= Date.parse(entry.claimedAt))
      .flatMap((answer) => linesOf(answer, body, name, calls, books).map((line) => ({ answer, line })));
    const use = `${name} ${canonical(body)}`;
    const times = (used.get(use) ?? 0) + 1;
    used.set(use, times);
    if (lines.length < times) {
      if (applied !== undefined)
        say('consent', `${nameOf(entry)} was carried out without a yes to it (${lines.length} for ${times} writes of ${name})`);
      continue;
    }
    if (applied === undefined) continue;
    const { answer } = lines.at(-1)!;
    if (books.changedByHand(readAt(entry, name, calls, answer), applied.seq)) continue;
    // An unknown outcome holds back only payments of the same amount. Until the outcome is known, nobody can tell what the write changed.
    const isUnknown = (other: Matched) =>
      other.applied !== undefined &&
      other.applied.seq < applied.seq &&
      (other.entry.settledAt ?? '9') > entry.claimedAt &&
      other.entry.id !== entry.id;
    if (all.some(isUnknown)) continue;
    // One of the questions answered with yes must show the current balances.
    const balances = ((body['invoices'] ?? []) as { invoice_id: string }[]).map(
      ({ invoice_id }) => `"${books.numberOf(invoice_id)}": ${usd(books.openBefore(applied.seq, invoice_id))} open before`,
    );
    const right = lines.filter(({ line }) => balances.every((text) => line.includes(text)));
    if (right.length === 0)
      say(
        'consent',
        `${nameOf(entry)} was carried out with ${balances.join(' and ')}, but the user was shown: ${lines.map(({ line }) => line).join(' | ')}`,
      );
    const alike = [...books.before(applied.seq)].filter(([id, other]) => {
      const otherName = nameOfPayment.get(id);
      return (
        otherName !== undefined &&
        other.body['customer_id'] === body['customer_id'] &&
        other.body['amount'] === body['amount'] &&
        inOneList(calls, name, otherName, Date.parse(entry.claimedAt))
      );
    });
    if (alike.length > 0 && right.length > 0 && !right.some(({ line }) => /possible duplicate of row|already recorded/.test(line)))
      say('consent', `${nameOf(entry)} looks like ${alike.map(([id]) => id).join()} of its list, but the question did not say so`);
  }
}

/** The lines of a question that show exactly this payment, for a row of this name. */
function linesOf({ question }: Asked, body: Json, name: string, calls: readonly ListCall[], books: Books): string[] {
  const customer = books.customerOf(body['customer_id']);
  const start = `${usd(Number(body['amount']))} from "${customer?.name}", ${String(body['date'])}, "cash"`;
  const applied = ((body['invoices'] ?? []) as { invoice_id: string; amount_applied: number }[]).map(
    (row) => `apply ${usd(row.amount_applied)} to Invoice "${books.numberOf(row.invoice_id)}"`,
  );
  return question.split('\n').filter((line) => {
    const [, number = '', text = ''] = /^- Row (\d+): (.*)$/.exec(line) ?? [];
    return (
      text.startsWith(start) &&
      applied.every((part) => text.includes(part)) &&
      text.includes(`; description: "${String(body['description'])}"`) &&
      text.split('; apply ').length === applied.length + 1 &&
      calls.some(({ names }) => names[Number(number) - 1] === name)
    );
  });
}

/** Only of calls whose asking program knows the list. */
function checkAskedOnce({ asked }: Remains, calls: readonly ListCall[], sent: readonly SentRow[], say: Say): void {
  const rounds = asked.flatMap((answer) => {
    const isOf = (call: ListCall) => call.intent === answer.intent && call.altered === answer.altered;
    const call = calls.findLast((one) => isOf(one) && one.ended <= answer.at && ['asked', 'approval_needed'].includes(one.told.code ?? ''));
    if (call === undefined) return [];
    const next = calls.find((one) => isOf(one) && one.key === call.key && one.server === call.server && one.began >= answer.at);
    const lines = answer.question.split('\n').flatMap((line) => {
      const name = call.names[Number(/^- Row (\d+): /.exec(line)?.[1]) - 1];
      return name === undefined ? [] : [{ line, name }];
    });
    return [
      {
        answer,
        call,
        lines,
        isInForce: answer.decision === 'yes' && answer.spoiled !== true && next?.told.rows !== undefined && next.began - answer.at < 50,
      },
    ];
  });
  for (const { answer, call, lines } of rounds) {
    for (const { line, name } of lines) {
      const own = sent.filter((one) => one.name === name);
      const recorded = countOf(own, ({ entry }) => entry.state === 'recorded' && Date.parse(entry.settledAt ?? '') < call.began);
      if (recorded >= countOf(call.names, (one) => one === name)) say('asked', `a person was asked about a row that is recorded: ${name}`);
      const before = rounds.find(
        (one) =>
          one.isInForce &&
          one.call.key === call.key &&
          one.call.intent === call.intent &&
          one.call.altered === call.altered &&
          one.answer.at < call.began - 100 &&
          one.lines.some((shown) => shown.line === line && shown.name === name) &&
          !own.some(({ entry }) => Date.parse(entry.claimedAt) >= one.answer.at && Date.parse(entry.claimedAt) <= answer.at),
      );
      if (before !== undefined) say('asked', `a person was asked again about what they agreed to: ${line}`);
    }
  }
}

/** Codes of rows that can never be recorded, or not without another word from the user. */
const FOR_GOOD = new Set([
  'suspected_duplicate',
  'no_such_customer',
  'invoice_paid',
  'more_than_balance',
  'key_reused',
  'against_policy',
  'overpaid',
]);

function checkEnd(calls: readonly ListCall[], facts: Facts, say: Say, { entries }: Remains): void {
  for (const { last, told, names, intent, key, altered } of calls) {
    if (last !== true) continue;
    const what = `list ${intent}${altered ? ' (altered)' : ''}, ${key}`;
    if (told.rows === undefined) {
      if (!FOR_GOOD.has(told.code ?? '')) say('stuck', `${what} ends with ${told.code}`);
      continue;
    }
    for (const [n, { outcome, code }] of told.rows.entries()) {
      if (outcome === 'recorded' || (outcome === 'not_recorded' && FOR_GOOD.has(code ?? ''))) continue;
      // Another person's change may keep an outcome unknown, and then nothing else is sent for the customer.
      if (entries.some((entry) => !['recorded', 'not_recorded'].includes(entry.state) && facts.touchedByHand(entry))) continue;
      say('stuck', `row ${n + 1} of ${what} ends with ${outcome}, ${code}: ${names[n]}`);
    }
  }
}
