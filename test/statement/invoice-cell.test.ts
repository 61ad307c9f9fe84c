import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../src/statement/amount-column.ts';
import { cellInvoices } from '../../src/statement/invoice-cell.ts';

/** Cells of a file of payments that name invoices, with or without amounts. */

const number = fc.stringMatching(/^(?:[A-Z]{1,4}[-/ ]?)?[0-9]{1,6}$/);
const cents = fc.integer({ min: 1, max: 99_999_999 });
const written = (amount: number, decimal: Decimal): string => {
  const [whole = '', part] = (amount / 100).toFixed(2).split('.');
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, decimal === '.' ? ',' : '.')}${decimal}${part}`;
};

describe('a cell with invoices', () => {
  it('and their amounts is read exactly, with either decimal sign', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, cents), { minLength: 1, maxLength: 4 }),
        fc.constantFrom<Decimal>('.', ','),
        fc.boolean(),
        fc.constantFrom('; ', ';', ' | ', ' ;; '),
        fc.constantFrom(':', ': ', ' : '),
        (given, decimal, isShown, between, colon) => {
          const cell = given.map(([invoice, amount]) => `${invoice}${colon}${written(amount, decimal)}`).join(between);
          expect(cellInvoices(cell, isShown ? decimal : undefined)).toEqual(
            given.map(([invoice, amount]) => ({ invoice, amount: amount / 100 })),
          );
        },
      ),
    );
  });

  it('without amounts is a list of invoices, whatever is between them', () => {
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(', ', '; ', ' | ', ' + ', ' & '),
        fc.constantFrom('', 'Invoice: '),
        (invoices, between, before) => {
          const found = cellInvoices(`${before}${invoices.join(between)}`, undefined);
          expect(found).toEqual(invoices.map((one, i) => ({ invoice: `${i === 0 ? before : ''}${one}` })));
        },
      ),
    );
  });

  it.each([
    ['INV-1: 100.00, INV-2: 50.00'],
    ['INV-1: 100,00, INV-2: 50,00'],
    ['INV-1: 100.00; INV-2'],
    ['INV-1; INV-2: 50.00'],
    ['INV-1, INV-2: 150.00'],
    ['INV-1: 100.00 + INV-2: 50.00'],
    ['INV-1: 100.00 INV-2: 50.00'],
    ['INV-1: paid'],
    ['INV-1: -100.00'],
    ['INV-1: (100.00)'],
    ['INV-1: 0'],
    ['INV-1: 100.00 EUR'],
    ['INV-1:'],
    ['INV-1: 100 + 20'],
  ])('such as %j is refused', (cell) => {
    expect(cellInvoices(cell, undefined)).toMatch(/^Its invoices ".*" cannot be read\. Write each invoice with its amount/);
  });

  it('with an amount that can be read in two ways is refused, until the decimal sign is known', () => {
    expect(cellInvoices('INV-1: 1,500; INV-2: 20', undefined)).toBe(
      'The amount "1,500" of its invoice can be read in two ways: choose one with --decimal.',
    );
    expect(cellInvoices('INV-1: 1,500', '.')).toEqual([{ invoice: 'INV-1', amount: 1500 }]);
    expect(cellInvoices('INV-1: 1,500', ',')).toEqual([{ invoice: 'INV-1', amount: 1.5 }]);
    expect(cellInvoices('', undefined)).toEqual([]);
  });
});
