import { subtract, sum } from '../../money.ts';
import { money } from '../../records/text.ts';
import {
  amountKey,
  grouped,
  isEqualLine,
  isIssued,
  sameCurrency,
  type StatementBooks,
  type Candidate,
  type OpenInvoice,
  type ReadLine,
} from './books.ts';
import { setsWorth } from './invoice-sets.ts';
import { nameLevels } from './names-in-text.ts';
import { bareDigits, TELLING_DIGITS, type Certainty } from './numbers-in-text.ts';
import { isFee } from './record-pairs.ts';

/** Compares the lines of a statement with open invoices. */

export interface InvoiceMatch {
  /** The only invoices that fit. */
  readonly fits?: Candidate;
  /** Other possible matches, the best first. */
  readonly candidates: readonly Candidate[];
}

/** Invoices that fit a line to the cent. */
interface Exact {
  readonly invoices: readonly OpenInvoice[];
  /** By their numbers in the text, or by the amount and the customer alone. */
  readonly by: 'number' | 'amount';
  /** The line that pays the rest, or the first part, of the invoice. */
  readonly other?: ReadLine;
}

const MOST_ONLY_BY_AMOUNT = 3;
const MOST_CUSTOMERS = 3;

/**
 * `lines`: money in that is not recorded. `shown`: currencies of recorded payments that other lines show. An invoice in a currency that is
 * neither shown nor the base currency does not fit a line without a currency.
 */
export function invoiceMatches(
  lines: readonly ReadLine[],
  books: StatementBooks,
  shown: ReadonlySet<string | undefined>,
): ReadonlyMap<ReadLine, InvoiceMatch> {
  const { invoices } = books;
  const pick = (indices: readonly number[] | undefined) => (indices ?? []).map((i) => invoices[i]!);
  const byCustomer = grouped(invoices, ({ customer_id }) => customer_id);
  const byBalance = grouped(invoices, ({ balance }) => amountKey(balance));
  const byDigits = new Map<string, number[]>();
  for (const [i, { invoice_number }] of invoices.entries())
    for (const digits of invoice_number.match(/\d+/g) ?? [])
      byDigits.set(bareDigits(digits), [...(byDigits.get(bareDigits(digits)) ?? []), i]);
  const customers = new Set(books.contacts.filter(({ is_customer }) => is_customer).map(({ contact_id }) => contact_id));
  const everyRecord = books.records.map((_, i) => i);
  const recordsOf = grouped(books.records, ({ customer_id }) => customer_id);
  const names = new Map(books.contacts.map(({ contact_id, contact_name }) => [contact_id, contact_name]));

  const openOf = (customer_id: string, { line }: ReadLine) =>
    pick(byCustomer.get(customer_id)).filter(({ currency_code }) => sameCurrency(line.currency, currency_code));
  /** The customers of these that have open invoices of the line's amount. */
  const owe = (some: readonly string[], one: ReadLine) => some.filter((id) => setsWorth(one.line.amount, openOf(id, one)).sets.length > 0);
  /** The customer that the line names, if it is one only. */
  const payerOf = ({ names }: ReadLine) =>
    names.best.length === 1 && names.top >= nameLevels.cut && customers.has(names.best[0]!) ? names.best[0] : undefined;
  /** The invoices that the line names by their numbers: if it names the customer, only those of the customer. */
  const named = new Map(
    lines.map((one) => {
      const some = [...new Set([...one.numbers.digits].flatMap((digits) => byDigits.get(digits) ?? []))];
      const all = pick(some.toSorted((a, b) => a - b)).map((invoice) => ({
        invoice,
        certainty: one.numbers.invoice(invoice.invoice_number),
      }));
      const sure = all.filter(({ certainty }) => certainty !== undefined && certainty !== 'bare');
      const theirs = sure.filter(({ invoice }) => invoice.customer_id === payerOf(one));
      const exact = sure.filter(({ certainty }) => certainty === 'exact');
      // "INV-397" may be INV-000397, but not if there is an INV-397.
      const best = [theirs, exact, sure].find(({ length }) => length > 0) ?? [];
      return [one, best.map(({ invoice }) => invoice)] as const;
    }),
  );
  const namedBy = new Map<string, ReadLine[]>();
  for (const [one, some] of named) for (const { invoice_id } of some) namedBy.set(invoice_id, [...(namedBy.get(invoice_id) ?? []), one]);

  const isWorth = (some: readonly OpenInvoice[], { line }: ReadLine) =>
    some.length > 0 &&
    sum(some.map(({ balance }) => balance)) === line.amount &&
    some.every(({ currency_code }) => sameCurrency(line.currency, currency_code));

  /** Whether the line names an invoice that one of these payments paid. */
  const namesPaid = ({ numbers }: ReadLine, some: readonly number[] = [], is: (certainty: Certainty | undefined) => boolean): boolean =>
    some.some((i) => books.records[i]!.invoice_numbers.some((number) => is(numbers.invoice(number))));

  /** Whether the invoices that the line names are those of a customer whom it names, or of one customer and nobody else is named. */
  const isOfPayer = (one: ReadLine, owner: string): boolean => {
    const { names, numbers } = one;
    const mine = named.get(one)!;
    const isTheirs = mine.every(({ customer_id }) => customer_id === owner) && !names.isAnother(owner);
    const isNamed = names.level(owner) === names.top || names.top < nameLevels.alike;
    // Somebody else may have used the number for something else, unless it is written in full.
    const isTelling = ({ invoice_number }: OpenInvoice) => {
      const [certainty, digits] = [numbers.invoice(invoice_number), invoice_number.replaceAll(/\D/g, '')];
      if (certainty === 'long') return false;
      return (
        names.level(owner) > 0 ||
        numbers.hasAsWritten(invoice_number) ||
        (certainty === 'exact' ? digits : bareDigits(digits)).length >= TELLING_DIGITS
      );
    };
    const isMeant = names.level(owner) >= nameLevels.longer || !names.hasOtherWords || mine.every(isTelling);
    // "INV-397" is not INV-000397 if INV-397 is paid. The number of another customer's invoice matters only if the line has no name.
    const isExact = mine.every(({ invoice_number }) => numbers.invoice(invoice_number) === 'exact');
    const paid = names.level(owner) >= nameLevels.cut ? recordsOf.get(owner) : everyRecord;
    const isPaid = !isExact && namesPaid(one, paid, (certainty) => certainty === 'exact');
    return isTheirs && isNamed && isMeant && !isPaid;
  };
  /** Whether the line names the customer, and no number of another invoice. */
  const mayPay = (one: ReadLine, payer: string, some: readonly OpenInvoice[]): boolean =>
    payerOf(one) === payer &&
    !one.names.isAnother(payer) &&
    !namesPaid(one, recordsOf.get(payer), (certainty) => certainty !== undefined) &&
    one.numbers.otherInvoice(some.map(({ invoice_number }) => invoice_number)) === undefined;

  const foreign = books.records.flatMap((one) =>
    one.base_amount === undefined || one.base_amount === one.amount ? [] : (one.currency_code ?? []),
  );
  const uncertain = new Set(foreign.filter((code) => !shown.has(code)));
  /** Whether the line may be in the base currency, and the invoice is not. */
  const isUncertain = ({ line }: ReadLine, { currency_code = '' }: OpenInvoice) =>
    line.currency === undefined && uncertain.has(currency_code);

  const exactOf = (one: ReadLine): Exact | undefined => {
    const { line, names, numbers } = one;
    if (!books.isComplete(line.date)) return undefined;
    const mine = named.get(one)!;
    const [owner] = mine.map(({ customer_id }) => customer_id);
    if (owner !== undefined) {
      if (!isOfPayer(one, owner)) return undefined;
      // "INV-384, 385": the second number has no prefix.
      const all = openOf(owner, one).filter(({ invoice_number }) => numbers.invoice(invoice_number) !== undefined);
      const worth = [mine, all].find((some) => isWorth(some, one));
      return worth && { invoices: worth, by: 'number' };
    }
    const bare = (names.top < nameLevels.cut ? [] : names.best)
      .filter((id) => customers.has(id) && !names.isAnother(id))
      .map((id) => openOf(id, one).filter(({ invoice_number }) => numbers.invoice(invoice_number) === 'bare'))
      .filter((some) => isWorth(some, one));
    if (bare.length === 1) return { invoices: bare[0]!, by: 'number' };
    const payer = payerOf(one);
    if (payer === undefined) return undefined;
    const open = openOf(payer, one);
    const isClear = [payer, ...names.cut].every((id) => !books.unclear.has(id)) && owe(names.cut, one).length === 0;
    if (!isClear) return undefined;
    const free = open.filter(
      (invoice) => isIssued(invoice, line.date) && (namedBy.get(invoice.invoice_id) ?? []).every((other) => other === one),
    );
    const { sets, cut } = setsWorth(line.amount, free);
    const [only, ...others] = sets;
    if (only === undefined || others.length > 0 || cut || !mayPay(one, payer, only)) return undefined;
    // For any amount, some few invoices have a similar sum by chance. Only the sum of all open invoices is not a coincidence.
    return only.length === 1 || only.length === open.length ? { invoices: only, by: 'amount' } : undefined;
  };
  const exact = new Map(
    lines.map((one) => {
      const found = exactOf(one);
      return [one, found?.invoices.some((invoice) => isUncertain(one, invoice)) ? undefined : found];
    }),
  );

  /** Two lines that together pay the invoice to the cent: one names its number, the other the number or the customer. */
  const partsOf = (invoice: OpenInvoice) => {
    const { customer_id, balance, currency_code } = invoice;
    const parts = lines.filter(
      (one) =>
        exact.get(one) === undefined &&
        one.line.amount < balance &&
        sameCurrency(one.line.currency, currency_code) &&
        !isUncertain(one, invoice) &&
        books.isComplete(one.line.date),
    );
    const isNaming = (one: ReadLine) => named.get(one)!.length === 1 && named.get(one)![0] === invoice && isOfPayer(one, customer_id);
    const naming = parts.filter(isNaming);
    const isAlone = (pair: readonly ReadLine[]) => namedBy.get(invoice.invoice_id)!.every((one) => pair.includes(one));
    const others = parts.filter(
      (one) => named.get(one)!.length === 0 && isIssued(invoice, one.line.date) && mayPay(one, customer_id, [invoice]),
    );
    return naming.flatMap((one, i) =>
      [...naming.slice(i + 1), ...others]
        .filter((other) => sum([one.line.amount, other.line.amount]) === balance && isAlone([one, other]))
        .map((other) => ({ invoice, pair: [one, other] as const })),
    );
  };
  const parts = [...namedBy.keys()].flatMap((id) => partsOf(invoices.find(({ invoice_id }) => invoice_id === id)!));
  for (const { invoice, pair } of parts) {
    const isOne = parts.every(
      (other) => other.pair === pair || (other.invoice !== invoice && !other.pair.some((one) => pair.includes(one))),
    );
    const [one, other] = pair;
    if (!isOne) continue;
    exact.set(one, { invoices: [invoice], by: 'number', other });
    exact.set(other, { invoices: [invoice], by: 'number', other: one });
  }

  /** An invoice is paid once: by the line that names it, or by the first of several equal lines. */
  const isOnly = (one: ReadLine, { invoices, by, other }: Exact): boolean => {
    const ids = new Set(invoices.map(({ invoice_id }) => invoice_id));
    const rivals = lines.filter(
      (rival) => rival !== one && rival !== other && exact.get(rival)?.invoices.some(({ invoice_id }) => ids.has(invoice_id)),
    );
    return rivals.every(
      (rival) =>
        (by === 'number' && exact.get(rival)?.by === 'amount') || (isEqualLine(one, rival) && lines.indexOf(one) < lines.indexOf(rival)),
    );
  };

  const candidate = (customer_id: string, some: readonly OpenInvoice[], reason: string, amounts?: readonly number[]): Candidate => ({
    customer_id,
    customer_name: names.get(customer_id) ?? some[0]?.customer_name,
    ...(some.length > 0 && {
      invoices: some.map(({ invoice_id, invoice_number, balance }, i) => ({ invoice_id, invoice_number, amount: amounts?.[i] ?? balance })),
    }),
    reason,
  });

  const sure = new Map([...exact].filter(([one, found]) => found !== undefined && isOnly(one, found)));

  /** What other lines leave of an invoice: those that fit, and earlier partial payments. */
  const leftOf = (invoice: OpenInvoice, one: ReadLine): number => {
    const isEarlier = ({ line }: ReadLine) => line.date < one.line.date || (line.date === one.line.date && line.line < one.line.line);
    const others = lines.filter((other) => {
      if (other === one) return false;
      if (exact.get(other) !== undefined) return sure.get(other)?.invoices.includes(invoice);
      return (
        named.get(other)!.includes(invoice) && named.get(other)!.length === 1 && other.line.amount < invoice.balance && isEarlier(other)
      );
    });
    return others.reduce((left, other) => subtract(left, Math.min(left, other.line.amount)), invoice.balance);
  };

  /** The possible matches for one customer. */
  const ofCustomer = (one: ReadLine, customer_id: string): Candidate[] => {
    const { line } = one;
    const all = openOf(customer_id, one);
    const mine = named
      .get(one)!
      .filter((invoice) => invoice.customer_id === customer_id && all.includes(invoice))
      .map((invoice) => ({ ...invoice, balance: leftOf(invoice, one) }));
    const open = mine.filter(({ balance }) => balance > 0);
    if (open.length > 0) return [candidate(customer_id, open, againstBalance(line.amount, open), spreadOver(line.amount, open))];
    if (mine.length > 0) return [candidate(customer_id, [], 'other lines pay this invoice: an advance?')];
    const { sets, cut } = setsWorth(line.amount, all);
    const found = sets.map((set) =>
      candidate(
        customer_id,
        set,
        `${set.length === 1 ? 'an invoice' : `${set.length} invoices`} of this amount${cut ? '; not every combination was tried' : ''}`,
      ),
    );
    if (found.length > 0) return found;
    const short = all
      .map((invoice) => ({ invoice, less: subtract(invoice.balance, line.amount) }))
      .filter(({ invoice, less }) => isFee(less, invoice.balance) || isWithheld(less, invoice.balance))
      .toSorted((a, b) => a.less - b.less)
      .map(({ invoice }) => candidate(customer_id, [invoice], againstBalance(line.amount, [invoice]), [line.amount]));
    if (short.length > 0) return short;
    const none =
      all.length === 0 ? 'no invoice is open' : `no open invoice is of this amount${cut ? ', as far as combinations were tried' : ''}`;
    return [candidate(customer_id, [], `${none}: an advance, or a partial payment?`)];
  };

  return new Map(
    lines.map((one): [ReadLine, InvoiceMatch] => {
      const found = sure.get(one);
      const customer = found?.invoices[0]?.customer_id ?? '';
      if (found !== undefined) {
        const reason = found.by === 'number' ? 'invoice number and amount' : 'name and amount, and no other invoice fits';
        const fits =
          found.other === undefined
            ? candidate(customer, found.invoices, reason)
            : candidate(customer, found.invoices, `a part of the invoice; line ${found.other.line.line} pays the rest`, [one.line.amount]);
        return [one, { fits, candidates: [] }];
      }
      const payers = one.names.top >= nameLevels.longer ? one.names.best.filter((id) => customers.has(id)) : [];
      const owners = named.get(one)!.map(({ customer_id }) => customer_id);
      const some = [...new Set([...owners, ...payers])].slice(0, MOST_CUSTOMERS);
      const cut = owe(one.names.cut, one).filter((id) => !some.includes(id));
      const candidates = [...cut.slice(0, MOST_CUSTOMERS), ...some].flatMap((id) => ofCustomer(one, id));
      if (candidates.length > 0 || one.names.top >= nameLevels.cut) return [one, { candidates }];
      const same = pick(byBalance.get(amountKey(one.line.amount))).filter(({ currency_code }) =>
        sameCurrency(one.line.currency, currency_code),
      );
      const only = same.length > MOST_ONLY_BY_AMOUNT ? [] : same;
      return [one, { candidates: only.map((invoice) => candidate(invoice.customer_id, [invoice], 'only the amount fits')) }];
    }),
  );
}

/** True if the difference is a typical rate of withheld tax. */
const isWithheld = (less: number, of: number): boolean =>
  less > 0 && [0.01, 0.02, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3].some((rate) => Math.abs(less - of * rate) < 0.015);

/** How the amount differs from what is open. */
function againstBalance(amount: number, invoices: readonly OpenInvoice[]): string {
  const total = sum(invoices.map(({ balance }) => balance));
  const currency_code = invoices[0]?.currency_code;
  const less = subtract(total, amount);
  if (less === 0) return 'the amount that is open';
  if (less < 0) return `${money(-less, { currency_code })} more than is open`;
  const what = isWithheld(less, total) ? ': tax withheld or a bank fee?' : isFee(less, total) ? ': a bank fee?' : ': a partial payment?';
  return `${money(less, { currency_code })} less than is open${what}`;
}

/** The amount over the invoices in their order. */
function spreadOver(amount: number, invoices: readonly OpenInvoice[]): number[] {
  let left = amount;
  return invoices.map(({ balance }) => {
    const part = Math.min(left, balance);
    left = subtract(left, part);
    return part;
  });
}
