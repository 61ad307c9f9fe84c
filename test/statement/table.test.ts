import { expect, it } from 'vitest';
import { readTable } from '../../src/statement/table.ts';

/** Tables of other things than statements: their columns are recognized in the same way. */

const payments = {
  roles: ['customer', 'amount', 'date', 'payment_mode', 'invoices', 'account', 'reference', 'description', 'key'],
  isHeader: (found: ReadonlySet<string>) => found.has('customer') && found.has('amount'),
  example: { customer: 'Name', amount: 'Amount' },
} as const;

it('recognizes the columns of payments, and keeps every cell as it was', async () => {
  const table = await readTable(
    'Kunde;Betrag;Zahlungsart;Rechnungsnummer;Notiz;Farbe\n Acme ;1,50;bar;"INV-1, INV-2";=1+1;"rot"',
    payments,
  );
  expect([...table.columns]).toEqual([
    ['customer', [0]],
    ['amount', [1]],
    ['payment_mode', [2]],
    ['invoices', [3]],
    ['description', [4]],
  ]);
  expect(table.header).toEqual(['Kunde', 'Betrag', 'Zahlungsart', 'Rechnungsnummer', 'Notiz', 'Farbe']);
  expect(table.rows).toEqual([{ line: 1, cells: ['Acme', '1,50', 'bar', 'INV-1, INV-2', '=1+1', 'rot'] }]);
});

it('takes a column for one thing only, and the one that the user names', async () => {
  const { columns } = await readTable('Name,Client,Amount\nA,B,1', { ...payments, columns: { description: 'name' } });
  expect([...columns]).toEqual([
    ['description', [0]],
    ['customer', [1]],
    ['amount', [2]],
  ]);
});

it.each([
  ['a semicolon in a text', 'Name,Amount\n"A;B;C;D",1', ','],
  ['a comma in a text', 'Name;Amount;Note\nA;1;a, b, c, d', ';'],
])('is not misled by %s', async (_, text, delimiter) => {
  expect((await readTable(text, payments)).delimiter).toBe(delimiter);
});
