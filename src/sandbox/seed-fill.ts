import { parseRate, RATE_ONE } from './money.ts';
import { type SeedCustomer, seedCustomers } from './seed-customers.ts';
import {
  CHECKING_ID,
  EURO_ACCOUNT_ID,
  EXTERNAL_REFERENCE_FIELD_ID,
  PETTY_CASH_ID,
  RECEIPT_BOOK_FIELD_ID,
  SAVINGS_ID,
  UNDEPOSITED_FUNDS_ID,
} from './seed-ids.ts';
import { type SeedPayment, type SeedWriter, type TellingInvoice, dayAfter } from './seed-writer.ts';

const FIRST_DAY = '2025-07-01';
const DAYS = 365;

const ITEMS = [
  'Oak dining table',
  'Desk chairs',
  'Standing desks',
  'Bookshelves',
  'Sofa, three seats',
  'Conference table',
  'Lighting',
  'Fitting and delivery',
  'Bed frames',
  'Reception counter',
];
const MODES = [
  'check',
  'check',
  'banktransfer',
  'banktransfer',
  'banktransfer',
  'creditcard',
  'creditcard',
  'cash',
  'bankremittance',
  'stripe',
  'paypal',
  'autotransaction',
  'Direct Deposit',
  'others',
];
const NOTES = ['', '', '', 'Thank you', 'Paid at the counter', 'Monthly statement', 'As agreed by phone', 'Deposit for the spring order'];

/**
 * Writes the payments numbered `from` to `to`, with their invoices, spread over a year. The same range always gives the same payments:
 * each payment comes from a random generator seeded with the payment's number.
 */
export function fillPayments(writer: SeedWriter, from: number, to: number): void {
  const customers = seedCustomers().filter((customer) => customer.type === 'customer' && !customer.inactive);
  for (let index = from; index < to; index += 1) {
    const day = Math.floor(((index - from) * DAYS) / (to - from));
    const draw = drawing(index + 1);
    const customer = draw.pick(customers);
    payment(writer, draw, customer, index, dayAfter(FIRST_DAY, day));
  }
}

/** Writes unpaid invoices in every state that an unpaid invoice can have. */
export function fillOpenInvoices(writer: SeedWriter, count: number): void {
  const customers = seedCustomers().filter((customer) => customer.type === 'customer' && !customer.inactive);
  for (let index = 0; index < count; index += 1) {
    const draw = drawing(1_000_003 + index);
    const customer = draw.pick(customers);
    const date = dayAfter(FIRST_DAY, 180 + draw.upTo(180));
    const kind = index % 4;
    writer.invoice({
      customer,
      number: `INV-9${String(index).padStart(5, '0')}`,
      date,
      // Status "sent" must not become overdue soon: due in 2030, under a framework agreement. The others are long overdue.
      due: kind === 0 ? '2030-06-30' : dayAfter(date, customer.terms),
      reference: kind === 0 ? 'Framework agreement' : '',
      total: amount(draw, customer),
      item: draw.pick(ITEMS),
      ...(kind === 2 ? { draft: true } : {}),
      ...(kind === 3 && index % 8 === 3 ? { void: true } : {}),
    });
  }
}

function payment(writer: SeedWriter, draw: Drawing, customer: SeedCustomer, index: number, date: string): void {
  const rate = rateOf(draw, customer.currency);
  const invoice = (part: number, total: number): TellingInvoice => {
    const issued = dayAfter(date, -(5 + draw.upTo(40)));
    const number = `INV-${String(index + 1).padStart(6, '0')}${part === 0 ? '' : `-${part}`}`;
    return writer.invoice({ customer, number, date: issued, due: dayAfter(issued, customer.terms), total, item: draw.pick(ITEMS), rate });
  };
  const total = amount(draw, customer);
  const mode = draw.pick(MODES);
  const common = { customer, date, mode, rate, minute: draw.upTo(360), ...details(draw, customer, mode, index) };
  const kind = draw.upTo(100);
  if (kind < 62) {
    writer.payment({ ...common, amount: total, applied: [{ invoice: invoice(0, total), amount: total }] });
  } else if (kind < 76) {
    // Pays part of a larger invoice.
    const part = share(draw, customer, total);
    writer.payment({ ...common, amount: part, applied: [{ invoice: invoice(0, total), amount: part }] });
  } else if (kind < 84) {
    const totals = [total, amount(draw, customer), ...(draw.upTo(2) === 0 ? [amount(draw, customer)] : [])];
    const applied = totals.map((each, part) => ({ invoice: invoice(part + 1, each), amount: each }));
    writer.payment({ ...common, amount: totals.reduce((sum, each) => sum + each, 0), applied });
  } else if (kind < 91) {
    // Pays more than the balance: the rest is unused.
    writer.payment({ ...common, amount: total + share(draw, customer, total), applied: [{ invoice: invoice(0, total), amount: total }] });
  } else if (kind < 95) {
    writer.payment({ ...common, amount: total });
  } else {
    const excess = share(draw, customer, total);
    const refund = kind < 98 ? excess : share(draw, customer, excess);
    const refunds = [
      {
        amount: refund,
        date: dayAfter(date, 3),
        account: customer.currency === 'EUR' ? EURO_ACCOUNT_ID : CHECKING_ID,
        mode: 'banktransfer',
      },
    ];
    writer.payment({ ...common, amount: total + excess, applied: [{ invoice: invoice(0, total), amount: total }], refunds });
  }
}

function details(draw: Drawing, customer: SeedCustomer, mode: string, index: number): Partial<SeedPayment> {
  const custom: Record<string, string> = {};
  if (draw.upTo(8) === 0) custom[EXTERNAL_REFERENCE_FIELD_ID] = `EXT-${String(index).padStart(6, '0')}`;
  if (mode === 'cash') custom[RECEIPT_BOOK_FIELD_ID] = String(129_000 + draw.upTo(999));
  return { account: accountFor(draw, customer, mode), reference: referenceFor(draw, mode), description: draw.pick(NOTES), custom };
}

function accountFor(draw: Drawing, customer: SeedCustomer, mode: string): string {
  if (mode === 'cash') return draw.upTo(2) === 0 ? PETTY_CASH_ID : UNDEPOSITED_FUNDS_ID;
  if (customer.currency === 'EUR' && draw.upTo(3) > 0) return EURO_ACCOUNT_ID;
  return draw.pick([CHECKING_ID, CHECKING_ID, UNDEPOSITED_FUNDS_ID, SAVINGS_ID]);
}

function referenceFor(draw: Drawing, mode: string): string {
  if (mode === 'check') return String(10_000 + draw.upTo(89_999));
  if (mode === 'stripe')
    return `ch_${draw.upTo(0xffffff).toString(16).padStart(6, '0')}${draw.upTo(0xffffff).toString(16).padStart(6, '0')}`;
  if (mode === 'banktransfer' || mode === 'bankremittance') return `TRF-${100_000 + draw.upTo(899_999)}`;
  return draw.upTo(3) === 0 ? `REF-${1000 + draw.upTo(8999)}` : '';
}

/** An amount in mills, in whole yen or in cents. */
function amount(draw: Drawing, customer: SeedCustomer): number {
  if (customer.currency === 'JPY') return (5000 + draw.upTo(900) * 1000 + draw.upTo(10) * 100) * 1000;
  const cents = 4000 + draw.upTo(draw.upTo(5) === 0 ? 900_000 : 120_000);
  return (draw.upTo(3) === 0 ? cents : cents - (cents % 500)) * 10;
}

/** A random part of an amount, above zero and below the whole. */
function share(draw: Drawing, customer: SeedCustomer, mills: number): number {
  const step = customer.currency === 'JPY' ? 1000 : 10;
  const part = Math.floor((mills * (10 + draw.upTo(80))) / 100 / step) * step;
  return Math.min(Math.max(part, step), mills);
}

function rateOf(draw: Drawing, currency: string): number {
  if (currency === 'EUR') return parseRate((1.05 + draw.upTo(700) / 10_000).toFixed(4)) ?? RATE_ONE;
  if (currency === 'JPY') return parseRate((0.0062 + draw.upTo(700) / 1_000_000).toFixed(6)) ?? RATE_ONE;
  return RATE_ONE;
}

interface Drawing {
  /** a whole number from 0 to below the limit */
  upTo: (limit: number) => number;
  pick: <T>(list: T[]) => T;
}

/** A small random generator (mulberry32). The same seed gives the same numbers on every machine. */
function drawing(seed: number): Drawing {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const upTo = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
  const pick = <T>(list: T[]): T => {
    const chosen = list[upTo(list.length)];
    if (chosen === undefined) throw new Error('The list to pick from is empty');
    return chosen;
  };
  return { upTo, pick };
}
