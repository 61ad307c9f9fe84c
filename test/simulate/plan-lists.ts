import {
  AMOUNTS,
  clients,
  DRAWN_TIMEOUT_MS,
  drawFaults,
  inProcesses,
  SLOWER,
  slower,
  type Crash,
  type Edit,
  type Fault,
  type Intent,
  type Op,
  type Pause,
  type Phase,
  type Plan,
} from './plan.ts';
import { Random } from './random.ts';
import { CHECKING, UNIQUE_FIELD, type Customer, type Template } from './template.ts';

/** The schedule of a run about lists of payments. It depends only on the seed. */

type Args = Record<string, unknown>;

export const LIST_TOOL = 'record_customer_payments';
const ROW_TOOL = 'record_customer_payment';

const steps = ['asked', 'consented', 'claim', 'claim', 'sent', 'sent', 'recorded', 'recorded', 'unknown', 'delivered'] as const;
const whens = ['before', 'after'] as const;

export function drawListPlan(seed: number, template: Template): Plan {
  const random = new Random(seed ^ 0x1157);
  const processes = inProcesses(seed);
  const servers = Array.from({ length: random.pick([1, 2, 2, 3]) }, () => ({
    client: processes ? ('current SDK, 2026-07-28' as const) : random.pick(['direct', 'direct', ...clients] as const),
    canBeAsked: random.chance(0.6),
    lookMs: random.pick([0, 0, 0, 260]) * SLOWER,
  }));
  const customers = random.chance(0.6) ? [random.pick(template.customers)] : template.customers;
  const lists = Array.from({ length: random.pick([1, 1, 2]) }, (_, n) => drawList(random, customers, n));
  const intents = [
    ...lists,
    // Single payments. Some may be the same money as a row.
    ...Array.from({ length: random.upTo(3) }, (_, n): Intent => {
      const args = { ...drawRow(random, customers, lists.length + n, 0), ...(random.chance(0.6) && moneyOf(random, lists)) };
      const marked = { ...args, description: `single ${n}` };
      return { tool: ROW_TOOL, args: marked, altered: { ...marked, amount: 77 + n, description: `single ${n} altered` } };
    }),
  ];
  // It pays an invoice of a row, and Zoho records it late.
  const invoiced = lists.flatMap(rowsOf).find((row) => row['invoices'] !== undefined);
  const late = intents.length;
  if (invoiced !== undefined && random.chance(0.35)) {
    const [{ invoice } = {}] = invoiced['invoices'] as Args[];
    const amount = random.pick([6.5, invoiced['amount']]);
    const args = { ...invoiced, amount, invoices: [{ invoice, amount: 5 }], description: 'single late', idempotency_key: undefined };
    intents.push({ tool: ROW_TOOL, args: defined(args), altered: defined({ ...args, amount: 6.25 }) });
  }
  const phases = Array.from({ length: random.between(1, 3) }, (_, n) =>
    intents[late] !== undefined && random.chance(0.4)
      ? drawLatePhase(random, servers.length, intents, customers, late)
      : drawListPhase(random, servers.length, intents, customers, n),
  );
  return {
    seed,
    processes,
    mode: random.weighted({ ask: 8, host: 2, strict: 1 }),
    policy: random.chance(0.2)
      ? random.pick([
          { max_amount: { per_day: { USD: random.pick([60, 120, 300]) } } },
          { max_amount: { per_write: { USD: 60 } } },
          { ask_above: { USD: 30 } },
        ])
      : {},
    uniqueField: random.chance(0.08) ? UNIQUE_FIELD : undefined,
    servers,
    intents,
    phases: phases.map(slower),
  };
}

const rowsOf = ({ args }: Intent) => (args['rows'] ?? []) as Args[];

/** The values that make two payments possible duplicates. */
function moneyOf(random: Random, lists: readonly Intent[]): Args {
  const { amount, date, customer } = random.pick(lists.flatMap(rowsOf).filter((row) => row['invoices'] === undefined)) ?? {};
  return amount === undefined ? {} : { amount, date, customer, invoices: undefined, allocate: 'as_credit' };
}

function drawList(random: Random, customers: readonly Customer[], list: number): Intent {
  const count = random.chance(0.04)
    ? random.between(21, 23)
    : random.weighted({ few: 5, some: 3, many: 2 }) === 'few'
      ? random.between(2, 4)
      : random.between(3, 12);
  const rows: Args[] = [];
  // Most lists have rows that can all be recorded.
  const bad = random.chance(0.25);
  while (rows.length < count) {
    const n = rows.length;
    const other = n > 0 && random.chance(0.12) ? random.pick(rows) : undefined;
    if (other !== undefined && random.chance(0.5)) rows.push(other);
    else if (other !== undefined) rows.push({ ...other, description: marker(list, n) });
    else if (bad && random.chance(0.2))
      rows.push({ ...drawRow(random, customers, list, n), customer: 'Nobody at all', invoices: undefined });
    else rows.push(drawRow(random, customers, list, n));
  }
  const keyed = random.weighted({ list: 7, rows: 2, some: 1 });
  const own = rows.map((row, n) =>
    keyed === 'rows' || (keyed === 'some' && random.chance(0.5)) ? { ...row, idempotency_key: `own ${list} ${n}` } : row,
  );
  return { tool: LIST_TOOL, args: { rows: own.map(defined) }, altered: { rows: correctedRows(random, own, list).map(defined) } };
}

const marker = (list: number, row: number | string) => `list ${list} row ${row}`;
const defined = (row: Args): Args => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

function drawRow(random: Random, customers: readonly Customer[], list: number, row: number): Args {
  const customer = random.pick(customers);
  const invoice = random.pick(customer.invoices);
  // Mostly another amount in each row, so that rows are seldom alike.
  const amount = random.chance(0.15) ? random.pick(AMOUNTS) : 11 + row + list / 2;
  const what = random.weighted({ credit: 10, invoice: 7, part: 3, oldest: 2 });
  return {
    customer: random.pick([customer.id, customer.name]),
    payment_mode: 'cash',
    amount,
    date: random.pick(['2026-06-20', '2026-06-20', '2026-06-21']),
    description: marker(list, row),
    ...(what === 'credit' && { allocate: 'as_credit' }),
    ...(what === 'oldest' && { allocate: 'oldest_first' }),
    ...(what === 'invoice' && { invoices: [{ invoice: random.pick([invoice.id, invoice.number]) }] }),
    ...(what === 'part' && { invoices: [{ invoice: invoice.number, amount: 5 }] }),
  };
}

/** The list as a caller sends it again: in another order, with a row corrected, dropped or added. */
function correctedRows(random: Random, rows: readonly Args[], list: number): Args[] {
  const change = random.weighted({ order: 4, correct: 4, drop: 1, add: 2, equal: 1 });
  const at = random.upTo(rows.length);
  const row = rows[at]!;
  const { idempotency_key: key, ...rest } = row;
  switch (change) {
    case 'order':
      return random.chance(0.5) ? rows.toReversed() : [...rows.slice(at), ...rows.slice(0, at)];
    case 'correct':
      return rows.with(at, {
        ...row,
        ...random.pick<Args>([{ amount: 33 }, { date: '2026-06-22' }, { customer: row['customer'] }]),
        description: marker(list, 'corrected'),
      });
    case 'drop':
      return rows.filter((one) => one !== row || rows.length === 1);
    case 'add':
      return [
        ...rows,
        { ...rest, amount: 44, description: marker(list, 'added'), ...(key !== undefined && { idempotency_key: `${String(key)} added` }) },
      ];
    case 'equal':
      return [...rows, { ...rest, ...(key !== undefined && { idempotency_key: `${String(key)} again` }) }];
  }
}

function drawListPhase(random: Random, servers: number, intents: readonly Intent[], customers: readonly Customer[], n: number): Phase {
  const restarts = n === 0 ? [] : Array.from({ length: servers }, (_, server) => server).filter(() => random.chance(0.25));
  const lists = intents.filter(({ tool }) => tool === LIST_TOOL).length;
  const op = drawListOp(random, servers, intents, customers, random.upTo(lists));
  const ops: Op[] = [op];
  const what = random.weighted({ alone: 4, atOnce: 3, again: 4, single: 4, other: lists > 1 ? 2 : 0 });
  const later = random.chance(0.5) ? random.between(0, 60) : random.between(20, 400);
  if (what === 'atOnce') ops.push({ ...op, at: op.at + random.between(0, 60), server: random.upTo(servers), cancelAfter: undefined });
  if (what === 'again')
    ops.push({
      ...drawListOp(random, servers, intents, customers, op.intent),
      key: op.key,
      at: op.at + later,
      altered: random.chance(0.6),
    });
  if (what === 'single' && intents.length > lists) {
    const single = lists + random.upTo(intents.length - lists);
    ops.push({ ...drawListOp(random, servers, intents, customers, single), at: op.at + later });
  }
  if (what === 'other') ops.push({ ...drawListOp(random, servers, intents, customers, (op.intent + 1) % lists), at: op.at + later });
  const place = () => ({ step: random.pick(steps), when: random.pick(whens), skip: random.pick([0, 0, 1, 2, 4]) });
  const each = <T>(chance: number, draw: (server: number) => T): T[] =>
    Array.from({ length: servers }, (_, server) => server).flatMap((server) => (random.chance(chance) ? [draw(server)] : []));
  return {
    faults: drawListFaults(random),
    ops,
    edits: random.chance(0.35) ? Array.from({ length: random.between(1, 2) }, () => drawListEdit(random, intents, customers)) : [],
    crashes: each(0.2, (server): Crash => ({ server, at: random.chance(0.7) ? place() : random.between(0, 400) })),
    pauses: each(0.2, (server): Pause => ({ server, ...place(), ms: random.between(5, 100), long: random.chance(0.1) })),
    longAfter: random.chance(0.4),
    restarts,
  };
}

/** Another call sends a payment while a person is asked. Its answer is lost, and Zoho records it while the rows are sent. */
function drawLatePhase(random: Random, servers: number, intents: readonly Intent[], customers: readonly Customer[], late: number): Phase {
  const lists = intents.filter(({ tool }) => tool === LIST_TOOL).length;
  const calm = { at: 0, cancelAfter: undefined, meanwhile: undefined, decisions: ['yes', 'yes'], approval: 'used' } as const;
  const list = { ...drawListOp(random, servers, intents, customers, random.upTo(lists)), ...calm, altered: false, onlyGood: true };
  const single = { ...drawListOp(random, servers, intents, customers, late), ...calm, altered: false };
  return {
    faults: [
      {
        match: { method: 'POST', path: '^/books/v3/customerpayments$' },
        fault: 'delay',
        delay_ms: DRAWN_TIMEOUT_MS + random.between(20, 90),
        skip: 0,
        times: 1,
      },
    ],
    ops: [list, { ...single, at: random.between(10, 200) }],
    edits: [],
    crashes: [],
    pauses: [],
    longAfter: random.chance(0.5),
    restarts: [],
  };
}

function drawListFaults(random: Random): Fault[] {
  if (random.chance(0.35)) return [];
  // Most faults must hit the requests of rows in the middle of a list.
  const post = { method: 'POST', path: '^/books/v3/customerpayments$' };
  const late = { delay_ms: DRAWN_TIMEOUT_MS + random.between(30, 90) };
  const one = random.pick<Omit<Fault, 'match' | 'skip' | 'times'>>([
    { fault: 'drop_before' },
    { fault: 'drop_after' },
    { fault: 'delay', ...late },
    { fault: 'delay', ...late, after: true },
    { fault: 'status', status: 503, after: random.chance(0.5) },
    { fault: 'another_record' },
    { fault: 'truncate', after: true },
    { fault: 'rate_limit', code: random.pick([44, 1070]) },
  ]);
  const inList: Fault = { match: post, skip: random.upTo(5), times: random.pick([1, 1, 2]), ...one };
  return random.chance(0.7) ? [inList] : [inList, ...drawFaults(random, 1)];
}

function drawListOp(random: Random, servers: number, intents: readonly Intent[], customers: readonly Customer[], intent: number): Op {
  const isList = intents[intent]?.tool === LIST_TOOL;
  return {
    at: random.chance(0.7) ? 0 : random.between(0, 100),
    server: random.upTo(servers),
    intent,
    key: isList ? `list ${intent}${random.chance(0.93) ? '' : ' second'}` : random.pick([undefined, `single ${intent}`]),
    altered: isList && random.chance(0.12),
    meansIt: random.chance(0.3),
    cancelAfter: random.chance(0.08) ? random.between(0, 300) : undefined,
    decisions: [0, 1].map(() => random.weighted({ yes: 18, no: 1, dismissed: 1, unticked: 1 })),
    meanwhile: random.chance(0.2) ? drawListEdit(random, intents, customers) : undefined,
    approval: random.weighted({ used: 12, 'used twice': 3, 'used for something else': 2, expired: 1, forged: 1, left: 1 }),
    onlyGood: random.chance(0.4),
    goesOn: random.pick([0, 0, 1, 2]),
  };
}

/** A change by another bookkeeper that affects a row: the same payment, or another balance of an invoice. */
function drawListEdit(random: Random, intents: readonly Intent[], customers: readonly Customer[]): Edit {
  const at = random.between(0, 300);
  const row = random.pick(intents.flatMap((one) => (one.tool === LIST_TOOL ? rowsOf(one) : [one.args])));
  const customer = customers.find(({ id, name }) => row['customer'] === id || row['customer'] === name) ?? random.pick(customers);
  const named = new Set(((row['invoices'] ?? []) as Args[]).map(({ invoice }) => invoice));
  const invoice = customer.invoices.find(({ id, number }) => named.has(id) || named.has(number)) ?? random.pick(customer.invoices);
  const post = { at, method: 'POST', path: '/customerpayments' };
  const paid = { customer_id: customer.id, payment_mode: 'check', date: '2026-06-20', account_id: CHECKING };
  return random.pick<Edit>([
    { ...post, body: { ...paid, amount: row['amount'] } },
    { ...post, body: { ...paid, amount: row['amount'], date: row['date'] } },
    { ...post, body: { ...paid, amount: 7.5, invoices: [{ invoice_id: invoice.id, amount_applied: 7.5 }] } },
    { ...post, body: { ...paid, amount: 7.25, invoices: [{ invoice_id: invoice.id, amount_applied: 7.25 }] } },
    { at, method: 'PUT', path: `/customerpayments/${random.pick(customer.applied)}`, body: { invoices: [] } },
    { at, method: 'DELETE', path: `/customerpayments/${random.pick(customer.applied)}` },
  ]);
}
