import { amountReader, type Decimal } from './amount-column.ts';
import { cellText } from './unreadable-csv.ts';

/** A cell that names invoices: `INV-1, INV-2`, or with the amount that each invoice gets: `INV-1: 100.00; INV-2: 50.00`. */

export interface CellInvoice {
  readonly invoice: string;
  readonly amount?: number;
}

/** Returns the invoices, or in one sentence why the cell cannot be read. `decimal`: undefined if the file does not show it. */
export function cellInvoices(cell: string, decimal: Decimal | undefined): readonly CellInvoice[] | string {
  // In "Invoice: INV-1" the colon is no amount's: before such a colon is the number of an invoice.
  if (!/\d[^:]*:/.test(cell)) return trimmedParts(cell, /[,;|+&]/).map((invoice) => ({ invoice }));
  const invoices: CellInvoice[] = [];
  for (const part of trimmedParts(cell, /[;|]/)) {
    const [, invoice, written = ''] = /^([^:,+&]*\d[^:,+&]*?)\s*:\s*([^:]+)$/.exec(part) ?? [];
    const amounts = readings(written, decimal);
    const [amount] = amounts;
    if (invoice === undefined || amount === undefined)
      return `Its invoices ${cellText(cell)} cannot be read. Write each invoice with its amount: INV-1: 100.00; INV-2: 50.00.`;
    if (amounts.length > 1) return `The amount ${cellText(written)} of its invoice can be read in two ways: choose one with --decimal.`;
    invoices.push({ invoice, amount });
  }
  return invoices;
}

const trimmedParts = (cell: string, separator: RegExp): string[] =>
  cell
    .split(separator)
    .map((part) => part.trim())
    .filter(Boolean);

/** What the amount can be. Empty if it is not a plain amount above 0. */
function readings(written: string, decimal: Decimal | undefined): readonly number[] {
  const signs = decimal === undefined ? (['.', ','] as const) : [decimal];
  const read = signs.map((sign) => amountReader([], sign)(written)).filter((one) => one !== undefined);
  return [...new Set(read.map(({ amount, mark, currency }) => (mark === undefined && currency === undefined ? amount : 0)))].filter(
    (amount) => amount > 0,
  );
}
