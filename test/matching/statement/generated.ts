import type { BookRecord, StatementBooks, OpenInvoice } from '../../../src/matching/statement/books.ts';
import type { StatementLine } from '../../../src/statement/statement-lines.ts';

/** Statements made from books, with the truth about each line. */

export interface Truth {
  readonly line: StatementLine;
  /** The record that the line shows. */
  readonly record?: BookRecord | undefined;
  /** The invoices that the line pays to the cent. */
  readonly invoices?: readonly OpenInvoice[] | undefined;
  readonly kind: string;
}

/** A small generator: the same seed gives the same numbers on every machine. */
export function drawing(seed: number) {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const upTo = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!;
  const chance = (percent: number): boolean => upTo(100) < percent;
  return { upTo, pick, chance };
}
type Draw = ReturnType<typeof drawing>;

const later = (day: string, days: number) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
const cents = (amount: number) => Math.round(amount * 100) / 100;

/** A name as a bank may write it. */
function bankName(draw: Draw, name: string): string {
  const plain = name
    .replaceAll(/[\u200E\u200F\n]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const ascii = (text: string) =>
    draw.chance(50)
      ? text.replaceAll('ö', 'oe').replaceAll('ü', 'ue').normalize('NFKD').replaceAll(/\p{M}/gu, '')
      : text.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const style = draw.upTo(10);
  if (style < 3) return plain.toUpperCase();
  if (style < 5) return ascii(plain).toUpperCase();
  if (style < 7)
    return ascii(plain)
      .toUpperCase()
      .slice(0, 12 + draw.upTo(10))
      .trim();
  if (style === 7)
    return ascii(plain)
      .toUpperCase()
      .replaceAll(/[^A-Z0-9 ]/g, '')
      .slice(0, 18)
      .trim();
  if (style === 8) return plain.replaceAll(/[^\x20-\x7E]/g, '?');
  return plain;
}

const PREFIXES = ['', '', 'ACH CREDIT ', 'SEPA GUTSCHRIFT ', 'NEFT-', 'BGC ', 'WIRE FROM ', 'TRANSFER '];

/** The number as it is, without its zeros, without its prefix or with a digit less. */
function writtenNumber(draw: Draw, number: string): string {
  const style = draw.upTo(8);
  if (style < 3) return number;
  if (style === 3) return number.replace('-', '');
  if (style === 4) return number.replace(/-0+/, '-');
  if (style === 5) return `INV ${number.replace(/^\D+/, '')}`;
  if (style === 6) return number.replace(/^\D+/, '');
  const at = 1 + draw.upTo(number.length - 1);
  return `${number.slice(0, at)}${number.slice(at + 1)}`;
}

function textFor(
  draw: Draw,
  name: string,
  numbers: readonly string[],
  reference: string | undefined,
): Pick<StatementLine, 'text' | 'name' | 'reference'> {
  const said = bankName(draw, name);
  const tail = draw.chance(50) && numbers.length > 0 ? numbers.map((number) => writtenNumber(draw, number)).join(' ') : '';
  const ref = reference && draw.chance(50) ? reference : '';
  const style = draw.upTo(10);
  if (style < 5) return { text: `${draw.pick(PREFIXES)}${said}${draw.pick(['*', ' ', ' / ', ' REF '])}${tail} ${ref}`.trim() };
  if (style < 8) return { name: said, text: `${tail} ${ref}`.trim() || 'PAYMENT' };
  if (style === 8 && ref) return { text: `DEPOSIT ${draw.chance(50) ? 'CHECK ' : ''}${ref}` };
  return style === 9 && tail ? { text: `PAYMENT ${tail}` } : { name: said };
}

const STRANGERS = [
  'ZEBRA HOLDINGS',
  'Bowman Trucking Ltd',
  'ACME',
  'CARD SETTLEMENT 4471',
  'Kestrel Aviation',
  'J SMITH RENT',
  'SUMMIT OIL',
  'INTEREST',
  'STRIPE PAYOUT',
  'Lindner & Söhne KG',
];

/** Lines of the days from `start` on, in any order. */
export function statementOf(
  books: StatementBooks,
  seed: number,
  { start, days, most = 200 }: { start: string; days: number; most?: number },
): Truth[] {
  const draw = drawing(seed);
  const end = later(start, days);
  const made: Omit<Truth, 'line'>[] = [];
  const lines: Omit<StatementLine, 'line'>[] = [];
  const add = (line: Omit<StatementLine, 'line'>, truth: Omit<Truth, 'line'>) => {
    lines.push(line);
    made.push(truth);
  };
  const customers = books.contacts.filter(({ is_customer }) => is_customer);
  const nameOf = (id: string | undefined) => books.contacts.find(({ contact_id }) => contact_id === id)?.contact_name ?? '';
  const someDay = () => later(start, draw.upTo(days));

  for (const record of books.records.filter(({ date }) => date >= start && date < end)) {
    const sign = record.refund_id === undefined ? 1 : -1;
    const date = later(record.date, draw.upTo(4));
    const currency = draw.chance(50) ? record.currency_code : undefined;
    if (draw.chance(80)) {
      const texts = textFor(draw, nameOf(record.customer_id), record.invoice_numbers, record.reference_number);
      add({ date, amount: sign * record.amount, ...texts, currency }, { record, kind: 'recorded' });
      continue;
    }
    if (sign < 0 || !draw.chance(50)) continue;
    // The line of the payment is on another statement. Somebody else paid the same.
    const other = draw.pick([
      ...customers.filter(({ contact_id }) => contact_id !== record.customer_id).map(({ contact_name }) => contact_name),
      ...STRANGERS,
    ]);
    const kin = customers.filter(
      ({ contact_id, contact_name }) =>
        contact_id !== record.customer_id && contact_name.slice(0, 4) === nameOf(record.customer_id).slice(0, 4),
    );
    const name = kin.length > 0 && draw.chance(70) ? draw.pick(kin).contact_name : other;
    const style = draw.chance(50) ? name.toUpperCase() : name;
    add({ date, amount: record.amount, text: style }, { kind: 'same amount, other payer' });
  }
  const open = new Set(books.invoices);
  for (const invoice of books.invoices) {
    if (!open.has(invoice) || !draw.chance(60)) continue;
    const { customer_id, balance, invoice_number } = invoice;
    const theirs = [...open].filter((one) => one.customer_id === customer_id);
    const kind = draw.upTo(10);
    const pay = (some: readonly OpenInvoice[], amount: number, truth: Omit<Truth, 'line'>) => {
      for (const one of some) open.delete(one);
      const issued = [start, ...some.map((one) => one.date ?? start)].toSorted().at(-1)!;
      const line = {
        date: later(issued, draw.upTo(days)),
        amount: cents(amount),
        ...textFor(
          draw,
          nameOf(customer_id),
          some.map((one) => one.invoice_number),
          undefined,
        ),
      };
      add(line, truth);
      return line;
    };
    if (kind < 4) pay([invoice], balance, { invoices: [invoice], kind: 'invoice' });
    else if (kind === 4 && theirs.length > 1) {
      const some = theirs.slice(0, 2 + draw.upTo(2));
      pay(
        some,
        some.reduce((total, one) => total + one.balance, 0),
        { invoices: some, kind: 'several invoices' },
      );
    } else if (kind === 5) pay([invoice], balance - draw.pick([2.5, 15, 25]), { kind: 'less a fee' });
    else if (kind === 6) pay([invoice], balance * 0.9, { kind: 'less withheld tax' });
    else if (kind === 7) pay([invoice], balance * 0.37, { kind: 'a part' });
    else if (kind === 8) {
      const line = pay([invoice], balance, { invoices: [invoice], kind: 'equal lines' });
      // A second payment of the same: for no invoice.
      add(line, { kind: 'equal lines' });
    } else {
      const stranger = draw.pick(STRANGERS);
      add(
        { date: someDay(), amount: balance, text: draw.chance(50) ? stranger : `${stranger} ${invoice_number.slice(-3)}` },
        { kind: 'amount of an invoice, by a stranger' },
      );
    }
  }
  for (let i = 0; i < 12; i += 1) {
    const customer = draw.pick(customers);
    const amount = cents(1000 + draw.upTo(900_000) / 100);
    add({ date: someDay(), amount, ...textFor(draw, customer.contact_name, [], undefined) }, { kind: 'advance' });
    add({ date: someDay(), amount: cents(draw.upTo(500_000) / 100 + 1), text: draw.pick(STRANGERS) }, { kind: 'stranger' });
    add(
      {
        date: someDay(),
        amount: -cents(draw.upTo(50_000) / 100 + 1),
        text: draw.pick(['BANK FEE', 'COASTAL FREIGHT LINES', 'RENT', 'Bowman Timber Supply']),
      },
      { kind: 'money out' },
    );
  }
  const order = lines.map((_, i) => ({ i, at: draw.upTo(1_000_000) })).toSorted((a, b) => a.at - b.at || a.i - b.i);
  return order.slice(0, most).map(({ i }, line) => ({ ...made[i]!, line: { ...lines[i]!, line: line + 1 } }));
}

/** Customers who pay the same every month or week, with payments that were recorded some days before the bank shows them. */
export function subscriptionsOf(seed: number): { readonly books: StatementBooks; readonly statement: Truth[] } {
  const draw = drawing(seed);
  const contacts = Array.from({ length: 15 }, (_, i) => ({
    contact_id: `c${i}`,
    contact_name: `${['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm'][i % 5]} ${['House', 'Housing', 'Homes'][Math.floor(i / 5)]}`,
    is_customer: true,
  }));
  const records: BookRecord[] = [];
  const invoices: OpenInvoice[] = [];
  const made: Omit<Truth, 'line'>[] = [];
  const lines: Omit<StatementLine, 'line'>[] = [];
  let number = 100;
  for (const { contact_id: customer_id, contact_name: customer_name } of contacts) {
    const amount = draw.pick([500, 500, 750, 1000]);
    const every = draw.pick([7, 14, 30]);
    for (let day = later('2026-05-01', draw.upTo(every)); day < '2026-07-15'; day = later(day, every)) {
      const invoice = { invoice_id: `i${(number += 1)}`, invoice_number: `INV-${number}`, customer_id, customer_name, balance: amount };
      const paid = later(day, draw.upTo(8));
      const isRecorded = draw.chance(60);
      const isShown = paid >= '2026-06-01' && paid <= '2026-06-30';
      const record: BookRecord = {
        payment_id: `p${number}`,
        customer_id,
        customer_name,
        date: later(paid, -draw.upTo(draw.chance(20) ? 15 : 4)),
        amount,
        invoice_numbers: [invoice.invoice_number],
        account: 'unknown',
      };
      if (isRecorded) records.push(record);
      else invoices.push(invoice);
      if (!isShown) continue;
      lines.push({ date: paid, amount, text: `${customer_name.toUpperCase()}${draw.chance(30) ? ` ${invoice.invoice_number}` : ''}` });
      made.push(isRecorded ? { record, kind: 'recorded' } : { invoices: [invoice], kind: 'invoice' });
    }
  }
  const books = { records, invoices, contacts, unclear: new Set<string>(), isComplete: () => true };
  return { books, statement: made.map((truth, i) => ({ ...truth, line: { ...lines[i]!, line: i + 1 } })) };
}
