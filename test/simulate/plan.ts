import { CHECKING, PETTY_CASH, PLAIN_FIELD, UNIQUE_FIELD, type Customer, type Template } from './template.ts';
import { Random } from './random.ts';

/** A run's schedule. It depends only on the seed. */

export const clients = ['direct', 'older SDK', 'current SDK, 2025 era', 'current SDK, 2026-07-28'] as const;
export type Client = (typeof clients)[number];

export const journalSteps = ['claim', 'sent', 'recorded', 'not_recorded', 'unknown', 'resolved', 'delivered', 'asked', 'declined'] as const;
export type Step = (typeof journalSteps)[number] | 'consented';

type Args = Record<string, unknown>;

/** Something that a caller wants once. `marker` is part of the request, so that the request log shows which intent it belongs to. */
export interface Intent {
  readonly tool: string;
  readonly args: Args;
  /** Arguments with another meaning, for a caller that changes them but uses the same key or approval. */
  readonly altered: Args;
}

export type Decision = 'yes' | 'no' | 'dismissed' | 'unticked';

export interface Op {
  /** In milliseconds from the start of the phase. */
  readonly at: number;
  readonly server: number;
  readonly intent: number;
  readonly key: string | undefined;
  /** Sends the altered arguments instead of the intent's own. */
  readonly altered: boolean;
  /** True if the call confirms the possible duplicates that it is shown. */
  readonly meansIt: boolean;
  /** In milliseconds from the start of the call. */
  readonly cancelAfter: number | undefined;
  /** The answers to the first and the second question. */
  readonly decisions: readonly Decision[];
  /** A change by another person before the question is answered. */
  readonly meanwhile: Edit | undefined;
  /** What the caller does with a preview's approval or, with a direct client, with a given yes. */
  readonly approval: 'used' | 'used twice' | 'used for something else' | 'expired' | 'forged' | 'left';
  /** Of a list: true if the rows that can be recorded are to be recorded without the others. */
  readonly onlyGood?: boolean;
  /** Of a list: how often the same call is made again for the rows that were not started. */
  readonly goesOn?: number;
}

/** A change that another bookkeeper makes directly in Zoho. */
export interface Edit {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly body?: Args;
}

export interface Fault {
  readonly match: { readonly method?: string; readonly path?: string };
  readonly fault: string;
  readonly skip: number;
  readonly times: number;
  readonly after?: boolean;
  readonly delay_ms?: number;
  readonly status?: number;
  readonly code?: number;
  readonly date_ms?: number;
}

/** Kills the server just before or after a step of the journal is written, or at a point in time. */
export interface Crash {
  readonly server: number;
  readonly at: { readonly step: Step; readonly when: 'before' | 'after'; readonly skip?: number } | number;
}

export interface Pause {
  readonly server: number;
  readonly step: Step;
  readonly when: 'before' | 'after';
  /** How often the step is passed first. */
  readonly skip?: number;
  readonly ms: number;
  /** True if the pause is much longer than the grace period by Zoho's clock. */
  readonly long: boolean;
}

export interface Phase {
  readonly faults: readonly Fault[];
  readonly ops: readonly Op[];
  readonly edits: readonly Edit[];
  readonly crashes: readonly Crash[];
  readonly pauses: readonly Pause[];
  /** The time in which the journal's file is moved away, in milliseconds from the start of the phase. */
  readonly away?: readonly [from: number, to: number] | undefined;
  /** True if the grace period passes after the phase. */
  readonly longAfter: boolean;
  /** Servers that restart before the phase and first look for lost writes. */
  readonly restarts: readonly number[];
}

export interface Server {
  readonly client: Client;
  readonly canBeAsked: boolean;
  readonly lookMs: number;
}

export interface Plan {
  readonly seed: number;
  /** True if the servers run in processes of their own, with a durable journal and real signals: in one run of a hundred. */
  readonly processes: boolean;
  readonly mode: 'ask' | 'strict' | 'host';
  readonly policy: Args;
  /** A custom field that Zoho keeps unique. With it, a new payment is sent as an upsert. */
  readonly uniqueField: string | undefined;
  readonly servers: readonly Server[];
  readonly intents: readonly Intent[];
  readonly phases: readonly Phase[];
}

/** Factor by which all times grow, for a busy machine: the same plan, but slower. */
export const SLOWER = Number(process.env['SIMULATE_SLOWER'] ?? 1);
/** The timeout that plans are drawn with. */
export const DRAWN_TIMEOUT_MS = 120;
export const TIMEOUT_MS = DRAWN_TIMEOUT_MS * SLOWER;
export const FENCE_MS = 60 * SLOWER;
export const GRACE_MS = 400 * SLOWER;

/** True if the seed's servers run in processes of their own. */
export const inProcesses = (seed: number): boolean => seed % 100 === 99 || seed % 100 === 97;

/** True if the run is about lists of payments: one run of ten, and all from this seed on. */
export const ONLY_LISTS = 1_000_000;
export const hasLists = (seed: number): boolean => seed % 10 === 7 || seed >= ONLY_LISTS;

export function drawPlan(seed: number, template: Template): Plan {
  const random = new Random(seed);
  const servers = Array.from({ length: random.pick([1, 2, 2, 3]) }, () => ({
    client: random.weighted({ direct: 6, 'older SDK': 1, 'current SDK, 2025 era': 1, 'current SDK, 2026-07-28': 2 }) as Client,
    canBeAsked: random.chance(0.6),
    lookMs: random.pick([0, 0, 0, 260]),
  }));
  const mode = random.weighted({ ask: 7, host: 2, strict: 1 });
  // Most runs use only one customer, because writes collide only on the same customer.
  const customers = random.chance(0.6) ? [random.pick(template.customers)] : template.customers;
  const intents = Array.from({ length: random.between(2, 4) }, (_, n) => drawIntent(random, random.pick(customers), n));
  // The same payment again in other words. After an unknown outcome, the server cannot know that it is a different payment.
  const first = intents.find(({ tool }) => tool === 'create_customer_payment');
  if (first !== undefined && random.chance(0.3)) intents.push(reworded(random, first, intents.length));
  const phases = Array.from({ length: random.between(1, 3) }, (_, n) => drawPhase(random, servers, intents, customers, n));
  const uniqueField = random.chance(0.1) ? UNIQUE_FIELD : undefined;
  const processes = inProcesses(seed);
  return {
    seed,
    processes,
    mode,
    policy: drawPolicy(random),
    uniqueField,
    servers: servers.map((one) => ({
      ...one,
      lookMs: one.lookMs * SLOWER,
      client: processes && one.client === 'direct' ? ('current SDK, 2026-07-28' as const) : one.client,
    })),
    intents,
    phases: phases.map(slower),
  };
}

export function slower({ faults, ops, edits, crashes, pauses, away, ...rest }: Phase): Phase {
  return {
    ...rest,
    faults: faults.map((fault) => (fault.delay_ms === undefined ? fault : { ...fault, delay_ms: fault.delay_ms * SLOWER })),
    ops: ops.map((op) => ({ ...op, at: op.at * SLOWER, cancelAfter: op.cancelAfter && op.cancelAfter * SLOWER })),
    edits: edits.map((edit) => ({ ...edit, at: edit.at * SLOWER })),
    crashes: crashes.map((crash) => (typeof crash.at === 'number' ? { ...crash, at: crash.at * SLOWER } : crash)),
    pauses: pauses.map((pause) => ({ ...pause, ms: pause.ms * SLOWER })),
    away: away && [away[0] * SLOWER, away[1] * SLOWER],
  };
}

export const AMOUNTS = [40, 40, 55, 70.5];

/** The same payment with another date and reference, so that only the first payment's outcome shows the duplicate; or unchanged. */
function reworded(random: Random, { tool, args, altered }: Intent, n: number): Intent {
  const { invoices: _, ...rest } = args;
  const words = random.chance(0.5) ? { date: '2026-02-02', reference_number: `reworded ${n}` } : {};
  return {
    tool,
    args: { ...rest, ...words, description: `intent ${n}` },
    altered: { ...altered, ...words, description: `intent ${n} altered` },
  };
}

function drawIntent(random: Random, customer: Customer, n: number): Intent {
  const marker = `intent ${n}`;
  const payment = random.pick([...customer.advances, ...customer.applied, customer.refunded.payment]);
  const date = random.pick(['2026-06-20', '2026-06-20', '2026-06-21']);
  const kind = random.weighted({
    create: 6,
    refund: 4,
    update: 3,
    unapply: 2,
    unique: 2,
    upsert: 3,
    fields: 2,
    updateRefund: 2,
    delete: 3,
    bulk: 2,
    deleteRefund: 2,
    record: 4,
    giveBack: 2,
  });
  const create = { customer_id: customer.id, payment_mode: 'cash', amount: random.pick(AMOUNTS), date, description: marker };
  switch (kind) {
    case 'create': {
      const invoice = random.pick(customer.invoices);
      const invoices = random.chance(0.4)
        ? { invoices: [{ invoice_id: invoice.id, amount_applied: random.pick([10, create.amount]) }] }
        : {};
      const other = random.chance(0.5) ? { ...create, amount: create.amount + 1 } : { ...create, customer_id: '712345000000090003' };
      return { tool: 'create_customer_payment', args: { ...create, ...invoices }, altered: { ...other, description: `${marker} altered` } };
    }
    case 'record': {
      // Names the customer by name or id, and applies the payment to one of the customer's invoices, to the oldest, or to none.
      const { customer_id: id, ...rest } = create;
      const invoice = random.pick(customer.invoices);
      const what = random.pick([
        { invoices: [{ invoice: random.pick([invoice.id, invoice.number]) }] },
        { allocate: 'oldest_first' },
        { allocate: 'as_credit' },
      ]);
      const args = { ...rest, customer: random.pick([id, customer.name]), ...what };
      return { tool: 'record_customer_payment', args, altered: { ...args, amount: create.amount + 1, description: `${marker} altered` } };
    }
    case 'giveBack': {
      const args = {
        payment,
        account: random.pick([PETTY_CASH, 'petty cash']),
        date,
        description: marker,
        ...(random.chance(0.8) && { amount: random.pick([10, 10, 15, 100]) }),
      };
      return { tool: 'refund_customer_payment', args, altered: { ...args, amount: 20, description: `${marker} altered` } };
    }
    case 'refund': {
      const args = {
        customer_payment_id: payment,
        date,
        from_account_id: PETTY_CASH,
        description: marker,
        ...(random.chance(0.8) && { amount: random.pick([10, 10, 15, 100]) }),
      };
      const altered = {
        ...args,
        amount: 20,
        customer_payment_id: random.chance(0.5) ? payment : random.pick(customer.advances),
        description: `${marker} altered`,
      };
      return { tool: 'create_customer_payment_refund', args, altered };
    }
    case 'update': {
      const rows = random.chance(0.4) ? { invoices: [{ invoice_id: random.pick(customer.invoices).id, amount_applied: 5 + n }] } : {};
      const args = {
        payment_id: payment,
        description: marker,
        ...rows,
        ...(random.chance(0.4) && { amount: random.pick([310, 101, 102]) }),
      };
      return {
        tool: 'update_customer_payment',
        args,
        altered: { ...args, payment_id: random.pick(customer.advances), description: `${marker} altered` },
      };
    }
    case 'unapply': {
      const payment_id = random.pick(customer.applied);
      const args = {
        payment_id,
        description: marker,
        ...(random.chance(0.5)
          ? { replace_invoices: true, invoices: [] }
          : { invoices: [{ invoice_id: customer.invoices[0]!.id, amount_applied: 0 }] }),
      };
      return {
        tool: 'update_customer_payment',
        args,
        altered: {
          payment_id,
          description: `${marker} altered`,
          replace_invoices: true,
          invoices: [{ invoice_id: customer.invoices[1]!.id, amount_applied: 1 }],
        },
      };
    }
    case 'unique': {
      const args = { unique_identifier_key: UNIQUE_FIELD, unique_identifier_value: customer.unique.value, description: marker };
      return { tool: 'update_customer_payment_using_custom_field', args, altered: { ...args, description: `${marker} altered` } };
    }
    case 'upsert': {
      const { description, ...rest } = create;
      const args = {
        unique_identifier_key: UNIQUE_FIELD,
        unique_identifier_value: `N-${random.upTo(2)}`,
        upsert: true,
        ...rest,
        description,
      };
      return {
        tool: 'update_customer_payment_using_custom_field',
        args,
        altered: { ...args, unique_identifier_value: 'N-9', description: `${marker} altered` },
      };
    }
    case 'fields': {
      const args = { customer_payment_id: payment, custom_fields: [{ customfield_id: PLAIN_FIELD, value: marker }] };
      return {
        tool: 'update_custom_fields_in_customer_payment',
        args,
        altered: { ...args, custom_fields: [{ customfield_id: PLAIN_FIELD, value: `${marker} altered` }] },
      };
    }
    case 'updateRefund': {
      const args = {
        customer_payment_id: customer.refunded.payment,
        refund_id: customer.refunded.refund,
        description: marker,
        ...(random.chance(0.5) && { amount: random.pick([40, 60]) }),
      };
      return { tool: 'update_customer_payment_refund', args, altered: { ...args, amount: 70, description: `${marker} altered` } };
    }
    case 'delete': {
      const payment_id = random.pick([...customer.advances, ...customer.applied]);
      return { tool: 'delete_customer_payment', args: { payment_id }, altered: { payment_id: random.pick(customer.advances) } };
    }
    case 'bulk': {
      const two = [random.pick(customer.advances), random.pick(customer.applied)];
      return {
        tool: 'bulk_delete_customer_payments',
        args: { payment_id: two },
        altered: { payment_id: [...two, customer.unique.payment] },
      };
    }
    case 'deleteRefund': {
      const { payment: customer_payment_id, refund: refund_id } = customer.refunded;
      return {
        tool: 'delete_customer_payment_refund',
        args: { customer_payment_id, refund_id },
        altered: { customer_payment_id: customer.advances[0], refund_id },
      };
    }
  }
}

function drawPolicy(random: Random): Args {
  if (!random.chance(0.3)) return {};
  return {
    ...(random.chance(0.6) && {
      max_amount: { per_day: { USD: random.pick([40, 80, 95, 120]) }, ...(random.chance(0.3) && { per_write: { USD: 60 } }) },
    }),
    ...(random.chance(0.4) && { max_refunds_per_hour: random.pick([1, 1, 2]) }),
    ...(random.chance(0.3) && { ask_above: { USD: 50 } }),
  };
}

function drawPhase(
  random: Random,
  servers: readonly Server[],
  intents: readonly Intent[],
  customers: readonly Customer[],
  n: number,
): Phase {
  const restarts = n === 0 ? [] : servers.map((_, server) => server).filter(() => random.chance(0.25));
  // A process is held up for longer than the grace period while no other call runs: the clock jumps.
  if (random.chance(0.2)) {
    const op = {
      ...drawOp(random, servers, intents, customers),
      at: 0,
      cancelAfter: undefined,
      altered: false,
      decisions: ['yes', 'yes'] as const,
      meanwhile: undefined,
      approval: 'used' as const,
    };
    return {
      faults: random.chance(0.7)
        ? [{ match: writes(random), fault: 'delay', delay_ms: DRAWN_TIMEOUT_MS + random.between(40, 90), skip: 0, times: 1 }]
        : drawFaults(random, 1),
      ops: [op],
      edits: [],
      crashes: [],
      pauses: [
        {
          server: op.server,
          step: random.pick(['sent', 'sent', 'sent', 'claim', 'recorded', 'unknown'] as const),
          when: random.pick(['before', 'after'] as const),
          ms: random.between(0, 20),
          long: true,
        },
      ],
      longAfter: random.chance(0.5),
      restarts,
    };
  }
  const create = intents.findIndex(({ tool }) => tool === 'create_customer_payment');
  if (create >= 0 && random.chance(0.12))
    return drawMisled(random, { ...drawOp(random, servers, intents, customers), intent: create }, intents, restarts);
  if (create >= 0 && random.chance(0.12))
    return drawTwoHands(random, { ...drawOp(random, servers, intents, customers), intent: create }, intents[create]!, restarts);
  if (create >= 0 && servers.length > 1 && random.chance(0.12))
    return drawAtOnce(random, { ...drawOp(random, servers, intents, customers), intent: create }, restarts);
  const ops = drawOps(random, servers, intents, customers);
  const crashes = servers.flatMap((_, server): Crash[] =>
    random.chance(0.2)
      ? [
          {
            server,
            at: random.chance(0.8)
              ? { step: random.pick(journalSteps), when: random.pick(['before', 'after'] as const) }
              : random.between(0, 120),
          },
        ]
      : [],
  );
  const pauses = servers.flatMap((_, server): Pause[] =>
    random.chance(0.2)
      ? [
          {
            server,
            step: random.pick(journalSteps),
            when: random.pick(['before', 'after'] as const),
            ms: random.between(5, 100),
            long: false,
          },
        ]
      : [],
  );
  const edits = random.chance(0.25) ? Array.from({ length: random.between(1, 2) }, () => drawEdit(random, intents, customers)) : [];
  const away = random.chance(0.06) ? ([random.between(0, 60), random.between(80, 200)] as const) : undefined;
  return {
    faults: drawFaults(random, random.pick([0, 1, 1, 1, 2, 3])),
    ops,
    edits,
    crashes,
    pauses,
    away,
    longAfter: random.chance(0.4),
    restarts,
  };
}

/**
 * An answer is late or lost, and a time or a record from Zoho misleads the server when it looks for the write. Then the same payment is
 * requested again.
 */
function drawMisled(random: Random, drawn: Op, intents: readonly Intent[], restarts: readonly number[]): Phase {
  const op: Op = {
    ...drawn,
    at: 0,
    key: 'key of one misled',
    altered: false,
    meansIt: false,
    cancelAfter: undefined,
    decisions: ['yes', 'yes'],
    meanwhile: undefined,
    approval: 'used',
  };
  const posts = { method: 'POST', path: '^/books/v3/customerpayments$' };
  const reads = { method: 'GET', path: '^/books/v3/' };
  const lost = random.pick<Fault>([
    { match: posts, fault: 'delay', delay_ms: DRAWN_TIMEOUT_MS + random.between(60, 90), skip: 0, times: 1 },
    { match: posts, fault: 'drop_after', skip: 0, times: 1 },
    { match: posts, fault: 'drop_before', skip: 0, times: 1 },
    { match: posts, fault: 'another_record', skip: 0, times: 1 },
    // No answer is lost. The misleading answers only affect the next call.
    { match: posts, fault: 'delay', delay_ms: 5, skip: 0, times: 1 },
    { match: posts, fault: 'delay', delay_ms: 5, skip: 0, times: 1 },
  ]);
  const misleading = random.pick<Fault>([
    {
      match: reads,
      fault: 'wrong_date',
      date_ms: random.pick([600_000, 600_000, -600_000, 31_536_000_000]),
      skip: random.pick([0, 4]),
      times: random.pick([1, 8, 60]),
    },
    { match: reads, fault: 'no_date', skip: 0, times: 60 },
    { match: reads, fault: 'odd_rows', skip: random.pick([0, 4]), times: 60 },
    { match: reads, fault: 'odd_rows', skip: random.pick([0, 4]), times: 60 },
  ]);
  const again = { ...op, at: DRAWN_TIMEOUT_MS + random.between(15, 120), key: random.pick([op.key, 'another key of one misled']) };
  const other = random.chance(0.5)
    ? [{ ...again, key: 'the same in other words', at: again.at + random.between(0, 150), intent: intents.length - 1 }]
    : [];
  return {
    faults: [lost, misleading],
    ops: [op, again, ...other],
    edits: [],
    crashes: [],
    pauses: [],
    longAfter: random.chance(0.5),
    restarts,
  };
}

/** An answer is lost just when another person records a payment of the same customer, and the call is repeated at once. */
function drawTwoHands(random: Random, drawn: Op, { args }: Intent, restarts: readonly number[]): Phase {
  const op: Op = {
    ...drawn,
    at: 0,
    key: 'key of two hands',
    altered: false,
    meansIt: true,
    cancelAfter: undefined,
    decisions: ['yes', 'yes'],
    meanwhile: undefined,
    approval: 'used',
  };
  const fault = random.pick([
    { fault: 'delay', delay_ms: DRAWN_TIMEOUT_MS + random.between(60, 90) },
    { fault: 'drop_before' },
    { fault: 'drop_after' },
  ]);
  return {
    faults: [{ match: { method: 'POST', path: '^/books/v3/customerpayments$' }, skip: 0, times: 1, ...fault }],
    ops: [op, { ...op, at: DRAWN_TIMEOUT_MS + random.between(15, 60) }],
    edits: [
      {
        at: random.between(50, 100),
        method: 'POST',
        path: '/customerpayments',
        body: { ...args, payment_mode: random.chance(0.7) ? 'check' : 'cash' },
      },
    ],
    crashes: [],
    pauses: [],
    longAfter: random.chance(0.5),
    restarts,
  };
}

/**
 * Two callers at the same time; the first is held up between its reads and its claim. They send the same write with two keys, or two
 * writes with the same key.
 */
function drawAtOnce(random: Random, drawn: Op, restarts: readonly number[]): Phase {
  const op: Op = {
    ...drawn,
    at: 0,
    server: 0,
    key: 'key at once',
    altered: false,
    meansIt: false,
    cancelAfter: undefined,
    meanwhile: undefined,
  };
  const other = random.chance(0.5) ? { key: 'another key at once' } : { altered: true };
  const pause: Pause = { server: 1, step: 'claim', when: 'before', ms: random.between(60, 120), long: false };
  return {
    faults: [],
    ops: [
      { ...op, server: 1 },
      { ...op, at: random.between(10, 40), ...other },
    ],
    edits: [],
    crashes: [],
    pauses: [pause],
    longAfter: random.chance(0.3),
    restarts,
  };
}

/** Draws calls. Some run at the same time, and some repeat earlier calls. */
function drawOps(random: Random, servers: readonly Server[], intents: readonly Intent[], customers: readonly Customer[]): Op[] {
  const ops: Op[] = [];
  for (const wanted = random.between(1, 4); ops.length < wanted;) {
    const op = drawOp(random, servers, intents, customers);
    ops.push(op);
    if (random.chance(0.35)) {
      // A repeated call: at once or a little later, on this server or another, with the same key or another.
      const at = random.chance(0.5) ? op.at : op.at + random.between(5, 150);
      ops.push({
        ...drawOp(random, servers, intents, customers),
        at,
        intent: op.intent,
        key: random.chance(0.75) ? op.key : drawKey(random, op.intent),
        altered: random.chance(0.25),
        cancelAfter: undefined,
      });
    }
  }
  return ops;
}

function drawOp(random: Random, servers: readonly Server[], intents: readonly Intent[], customers: readonly Customer[]): Op {
  const intent = random.upTo(intents.length);
  return {
    at: random.chance(0.6) ? 0 : random.between(0, 100),
    server: random.upTo(servers.length),
    intent,
    key: drawKey(random, intent),
    altered: random.chance(0.06),
    meansIt: random.chance(0.3),
    cancelAfter: random.chance(0.12) ? random.between(0, 80) : undefined,
    decisions: [0, 1].map(() => random.weighted({ yes: 16, no: 1, dismissed: 1, unticked: 1 })),
    meanwhile: random.chance(0.05) ? drawEdit(random, intents, customers) : undefined,
    approval: random.weighted({ used: 14, 'used twice': 2, 'used for something else': 2, expired: 1, forged: 1, left: 1 }),
  };
}

function drawKey(random: Random, intent: number): string | undefined {
  return random.weighted({ none: 4, first: 5, second: 1 }) === 'none' ? undefined : `key ${intent}${random.chance(0.85) ? '' : ' second'}`;
}

function writes(random: Random): Fault['match'] {
  return random.pick([
    { method: 'POST', path: '^/books/v3/customerpayment' },
    { method: 'PUT', path: '^/books/v3/customerpayment' },
    { method: 'DELETE', path: '^/books/v3/customerpayment' },
  ]);
}

export function drawFaults(random: Random, count: number): Fault[] {
  return Array.from({ length: count }, () => {
    const where = random.weighted({ write: 8, read: 2, token: 1 });
    const match = where === 'write' ? writes(random) : where === 'read' ? { method: 'GET', path: '^/books/v3/' } : { path: '^/oauth/' };
    const [fault, more] = random.pick<[string, Partial<Fault>]>([
      ['drop_before', {}],
      ['drop_after', {}],
      ['drop_after', {}],
      ['delay', { delay_ms: DRAWN_TIMEOUT_MS + random.between(30, 90) }],
      ['delay', { delay_ms: DRAWN_TIMEOUT_MS + random.between(30, 90), after: true }],
      ['delay', { delay_ms: random.between(10, 60) }],
      ['status', { status: random.pick([500, 502, 503]), after: random.chance(0.5) }],
      ['rate_limit', { code: random.pick([44, 1070]) }],
      ['unauthorized', {}],
      ['malformed', { after: random.chance(0.5) }],
      ['truncate', { after: random.chance(0.5) }],
      ['html', { after: random.chance(0.5) }],
      ['another_record', {}],
      ['odd_rows', {}],
      ['wrong_date', { date_ms: random.pick([600_000, -600_000, 31_536_000_000]) }],
      ['no_date', {}],
    ]);
    return { match, fault, skip: random.pick([0, 0, 0, 1, 2]), times: random.pick([1, 1, 1, 2, 4]), ...more };
  });
}

function drawEdit(random: Random, intents: readonly Intent[], customers: readonly Customer[]): Edit {
  const customer = random.pick(customers);
  const payment = random.pick([...customer.advances, ...customer.applied, customer.refunded.payment]);
  const at = random.between(0, 150);
  const create = intents.find(({ tool }) => tool === 'create_customer_payment')?.args;
  return random.pick<Edit>([
    { at, method: 'PUT', path: `/customerpayments/${payment}`, body: { reference_number: `by hand ${random.upTo(9)}` } },
    { at, method: 'PUT', path: `/customerpayments/${payment}`, body: { description: 'by hand' } },
    { at, method: 'PUT', path: `/customerpayments/${random.pick(customer.applied)}`, body: { invoices: [] } },
    {
      at,
      method: 'POST',
      path: '/customerpayments',
      body: { customer_id: customer.id, payment_mode: 'check', amount: random.pick(AMOUNTS), date: '2026-06-20', account_id: CHECKING },
    },
    {
      at,
      method: 'POST',
      path: '/customerpayments',
      body: create ?? { customer_id: customer.id, payment_mode: 'cash', amount: 1, date: '2026-06-20' },
    },
    {
      at,
      method: 'POST',
      path: `/customerpayments/${payment}/refunds`,
      body: { date: '2026-06-20', amount: 10, from_account_id: PETTY_CASH },
    },
    { at, method: 'DELETE', path: `/customerpayments/${random.pick(customer.advances)}` },
    { at, method: 'DELETE', path: `/customerpayments/${customer.refunded.payment}/refunds/${customer.refunded.refund}` },
  ]);
}
