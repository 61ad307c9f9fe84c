import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statementLines } from '../../src/statement/statement-lines.ts';

/** Statements as banks of several countries write them. */

type Lines = Awaited<ReturnType<typeof statementLines>>;
const short = ({ lines }: Lines) => lines.map(({ date, amount }) => [date, amount]);

describe('the lines of a statement', () => {
  it.each<[string, string, [string, number][]]>([
    [
      'a US bank with signed amounts',
      'Date,Description,Amount\n06/15/2026,"BOWMAN, FURN",450.00\n06/16/2026,FEE,-12.50',
      [
        ['2026-06-15', 450],
        ['2026-06-16', -12.5],
      ],
    ],
    [
      'a US bank with a column of directions',
      'Details,Posting Date,Description,Amount\nCREDIT,06/15/2026,A,450.00\nDEBIT,06/16/2026,B,1,234.00'.replace('1,234.00', '"1,234.00"'),
      [
        ['2026-06-15', 450],
        ['2026-06-16', -1234],
      ],
    ],
    [
      'a German bank',
      '\uFEFFKonto: 123\n\nBuchungstag;Valutadatum;Verwendungszweck;Beguenstigter/Zahlungspflichtiger;Betrag;Waehrung\n15.06.26;15.06.26;RE INV-385;Möbelhaus;1.234,56;EUR\n16.06.26;16.06.26;Entgelt;;-9,90;EUR',
      [
        ['2026-06-15', 1234.56],
        ['2026-06-16', -9.9],
      ],
    ],
    [
      'a UK bank with columns for paid in and paid out',
      'Date,Type,Description,Paid out,Paid in,Balance\n15 Jun 2026,BGC,ACME,,"£1,450.00","£2,450.00"\n16 Jun 2026,DD,RENT,£900.00,,"£1,550.00"',
      [
        ['2026-06-15', 1450],
        ['2026-06-16', -900],
      ],
    ],
    ['whole amounts beside empty cells', 'Date,Paid out,Paid in\n15 Jun 2026,,450', [['2026-06-15', 450]]],
    [
      'an Indian bank',
      'Txn Date,Narration,Withdrawal Amt.,Deposit Amt.,Closing Balance\n15/06/26,NEFT ACME,,"1,25,000.00","3,25,000.00"',
      [['2026-06-15', 125_000]],
    ],
    [
      'a French bank',
      'Date;Libellé;Débit euros;Crédit euros\n15/06/2026;VIR ATELIER;;1 234,56\n16/06/2026;FRAIS;-9,00;',
      [
        ['2026-06-15', 1234.56],
        ['2026-06-16', -9],
      ],
    ],
    ['a Spanish bank', 'Fecha operación;Concepto;Importe;Saldo\n15/06/2026;TRANSF;1.234,56;9.999,99', [['2026-06-15', 1234.56]]],
    ['an Italian bank', 'Data contabile;Descrizione;Dare;Avere\n15/06/2026;BONIFICO;;1.234,56', [['2026-06-15', 1234.56]]],
    [
      'a Dutch bank',
      '"Datum","Naam / Omschrijving","Af Bij","Bedrag (EUR)"\n"20260615","Brouwer","Bij","1234,56"\n"20260616","Huur","Af","900,00"',
      [
        ['2026-06-15', 1234.56],
        ['2026-06-16', -900],
      ],
    ],
    ['a Polish bank', 'Data operacji;Opis operacji;Kwota;Waluta\n2026-06-15;PRZELEW;1 234,56;PLN', [['2026-06-15', 1234.56]]],
    ['a Portuguese bank', 'Data mov.;Descrição;Débito;Crédito\n15-06-2026;TRF;;1.234,56', [['2026-06-15', 1234.56]]],
    [
      'a Brazilian bank with marks',
      'Data;Histórico;Valor\n15/06/2026;PIX;1.234,56 C\n16/06/2026;TARIFA;9,90 D',
      [
        ['2026-06-15', 1234.56],
        ['2026-06-16', -9.9],
      ],
    ],
    [
      'a Swiss bank with apostrophes',
      "Buchungsdatum\tText\tGutschrift\tBelastung\n15.06.2026\tA\t1'234.50\t\n16.06.2026\tB\t\t50.-",
      [
        ['2026-06-15', 1234.5],
        ['2026-06-16', -50],
      ],
    ],
    [
      'brackets and a minus behind',
      'Date|Description|Amount\n2026-06-15|A|(1,234.50)\n2026-06-16|B|12.00-\n2026-06-17|C|US$ 7.00',
      [
        ['2026-06-15', -1234.5],
        ['2026-06-16', -12],
        ['2026-06-17', 7],
      ],
    ],
    [
      'names of months',
      'Buchung;Betrag\n5. März 2026;1,50\n07-MAI-26;2,50',
      [
        ['2026-03-05', 1.5],
        ['2026-05-07', 2.5],
      ],
    ],
    [
      'months of French that begin alike',
      'Date;Montant\n5 juin 2026;1,50\n6 juil. 2026;2,50',
      [
        ['2026-06-05', 1.5],
        ['2026-07-06', 2.5],
      ],
    ],
    [
      'times behind dates',
      'Date,Amount\n2026-06-15T10:00:00Z,1.50\n2026-06-16 11:30,2.50',
      [
        ['2026-06-15', 1.5],
        ['2026-06-16', 2.5],
      ],
    ],
  ])('reads %s', async (_, csv, expected) => {
    expect(short(await statementLines(csv))).toEqual(expected);
  });

  it('keeps texts, the payer of money in, the reference and the currency', async () => {
    const { lines } = await statementLines(
      'Buchungstag;Zahlungspflichtige*r;Zahlungsempfänger*in;Verwendungszweck;Umsatztyp;Betrag (€);Kundenreferenz\n' +
        '15.06.26;Lindner GmbH;Wir;"Rechnung ""INV-397"" ";Eingang;1.190,00 €;NOTPROVIDED',
    );
    expect(lines).toEqual([
      {
        line: 1,
        date: '2026-06-15',
        amount: 1190,
        currency: 'EUR',
        text: 'Rechnung "INV-397"',
        name: 'Lindner GmbH',
        reference: 'NOTPROVIDED',
      },
    ]);
  });

  it('adds columns without a known header to the text, unless all their cells are the same', async () => {
    const { lines } = await statementLines(
      'Date,Amount,Wer,Own account,Code\n2026-06-15,1.00,Acme Corp,Business,17\n2026-06-16,2.00,Bowman,Business,18',
    );
    expect(lines.map(({ text }) => text)).toEqual(['Acme Corp', 'Bowman']);
  });

  it('reports rows without a date or an amount, and counts them', async () => {
    const { lines, skipped } = await statementLines(
      'My bank\nStatement of June\nDate,Description,Amount,Balance\n06/15/2026,Opening balance,,100.00\n06/16/2026,A,5.00,105.00\nTotal,,5.00,\n06/31/2026,B,6.00,\n06/17/2026,C,n/a 7,',
    );
    expect(lines.map(({ line }) => line)).toEqual([2]);
    expect(skipped).toEqual([
      { line: 1, why: 'no amount' },
      { line: 3, why: 'no date' },
      { line: 4, why: 'its date cannot be read', isUnread: true },
      { line: 5, why: 'its amount cannot be read', isUnread: true },
    ]);
  });

  it('takes columns by header or by number, also without a header', async () => {
    const mine = 'Wann;Wieviel;Wer\n15.06.2026;5,50;A';
    await expect(statementLines(mine)).rejects.toThrow(
      'No row has column headers that are recognized. The first row is: "Wann", "Wieviel", "Wer".',
    );
    expect(short(await statementLines(mine, { columns: { date: 'wann', amount: 'Wieviel' } }))).toEqual([['2026-06-15', 5.5]]);
    // A header that is not there is no reason to leave the column out.
    await expect(statementLines('Date,Amount\n2026-06-15,1', { columns: { text: 'Wer' } })).rejects.toThrow('No row has column headers');
    const bare = '15.06.2026;A;5,50\n16.06.2026;B;-6,50';
    expect(await statementLines(bare, { columns: { date: '1', amount: '3', text: '2' } })).toEqual({
      lines: [
        { line: 1, date: '2026-06-15', amount: 5.5, text: 'A' },
        { line: 2, date: '2026-06-16', amount: -6.5, text: 'B' },
      ],
      skipped: [],
    });
  });

  it.each<[string, string, string, Parameters<typeof statementLines>[1]]>([
    ['an amount', 'Date;Amount\n2026-06-15;1.234', 'The amount "1.234" can be read in two ways', { decimal: ',' }],
    ['a date', 'Date;Amount\n05/06/2026;1.00', 'The date "05/06/2026" can be read in two ways', { date_format: 'DD/MM/YYYY' }],
    ['a date with a short year', 'Date;Amount\n14-06-26;1.00', 'The date "14-06-26" can be read in two ways', { date_format: 'DD-MM-YY' }],
  ])('refuses %s that can be read in two ways, and takes it with the option', async (_, csv, says, options) => {
    await expect(statementLines(csv)).rejects.toThrow(says);
    expect((await statementLines(csv, options)).lines).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    ['two decimal signs', 'Date;Amount\n2026-06-15;"1.234,50"\n2026-06-16;"1,234.50"', 'have different decimal signs'],
    ['two orders of dates', 'Date;Amount\n13/06/2026;1.00\n06/13/2026;1.00', 'are written in different ways'],
    ['amounts of which some are marked', 'Date;Amount\n2026-06-15;1.00 CR\n2026-06-16;2.00', 'Some amounts are marked CR or DR'],
    [
      'a type that tells no direction',
      'Date;Type;Amount\n2026-06-15;Credit;1.00\n2026-06-16;Debit;1.00\n2026-06-17;Fee;2.00',
      'It is unclear if a row with "Fee" is money in',
    ],
    ['nothing to read', 'Date;Amount\nx;y', 'No row of the text has a date and an amount'],
    ['an empty text', '', 'The first row is: empty'],
  ])('refuses %s', async (_, csv, says) => {
    await expect(statementLines(csv)).rejects.toThrow(says);
  });
});

it('refuses a date format that is not known', async () => {
  await expect(statementLines('Date;Amount\n05/06/2026;1.00', { date_format: 'dd' })).rejects.toThrow('The date format "dd" is not known.');
});

describe('what was written is read', () => {
  const day = fc
    .date({ min: new Date('2025-01-01'), max: new Date('2027-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const cents = fc.integer({ min: -99_999_999, max: 99_999_999 }).filter((value) => value !== 0);
  const rows = fc.array(fc.tuple(day, cents, fc.string({ unit: 'grapheme', maxLength: 30 })), { minLength: 1, maxLength: 20 });

  const dates: Record<string, (day: string) => string> = {
    'YYYY-MM-DD': (day) => day,
    'DD.MM.YYYY': (day) => day.split('-').toReversed().join('.'),
    'MM/DD/YYYY': (day) => day.replace(/(\d+)-(\d+)-(\d+)/, '$2/$3/$1'),
    'DD/MM/YY': (day) => day.slice(2).split('-').toReversed().join('/'),
  };
  const grouped = (digits: string, sign: string) => digits.replaceAll(/(?<=\d)(?=(?:\d{3})+$)/g, sign);
  const amounts: ((cents: number, group: string, decimal: string) => string)[] = [
    (cents, ...signs) => `${cents < 0 ? '-' : ''}${plain(cents, ...signs)}`,
    (cents, ...signs) => `${plain(cents, ...signs)}${cents < 0 ? '-' : ''}`,
    (cents, ...signs) => (cents < 0 ? `(${plain(cents, ...signs)})` : `${plain(cents, ...signs)}`),
    (cents, ...signs) => `${cents < 0 ? '\u2212' : '+'} ${plain(cents, ...signs)} EUR`,
    (cents, ...signs) => `${plain(cents, ...signs)} ${cents < 0 ? 'DR' : 'CR'}`,
  ];
  function plain(cents: number, group: string, decimal: string) {
    const digits = String(Math.abs(cents)).padStart(3, '0');
    return `${grouped(digits.slice(0, -2), group)}${decimal}${digits.slice(-2)}`;
  }
  const quotedCell = (text: string) => `"${text.replaceAll('"', '""')}"`;

  it('in every style of dates and amounts, with any delimiter', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom(...Object.keys(dates)),
        fc.constantFrom(...amounts),
        fc.constantFrom([',', '.'], ['.', ','], ["'", '.'], ['\u00A0', ','], ['\u202F', ','], ['', '.']),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n'),
        async (rows, format, write, [group = '', decimal = ''], delimiter, end) => {
          const csv = [
            ['Date', 'Description', 'Amount'],
            ...rows.map(([day, cents, text]) => [dates[format]!(day), text, write(cents, group, decimal)]),
          ]
            .map((row) => row.map(quotedCell).join(delimiter))
            .join(end);
          const { lines, skipped } = await statementLines(csv, { date_format: format });
          expect(skipped).toEqual([]);
          expect(lines.map(({ date, amount }) => [date, amount])).toEqual(rows.map(([day, cents]) => [day, cents / 100]));
          expect(lines.map(({ text = '' }) => text)).toEqual(rows.map(([, , text]) => text.trim()));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('without an option as it was written, or refused: never as another day or amount', async () => {
    const whole = fc.integer({ min: 1, max: 999_999 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(day, whole, fc.constantFrom(0, 2, 3)), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...Object.keys(dates)),
        fc.constantFrom([',', '.'], ['.', ',']),
        async (rows, format, [group = '', decimal = '']) => {
          const write = (value: number, places: number) =>
            `${grouped(String(value), group)}${places === 0 ? '' : `${decimal}${'125'.slice(0, places)}`}`;
          const csv = ['Date;Amount', ...rows.map(([day, value, places]) => `${dates[format]!(day)};${write(value, places)}`)].join('\n');
          const read = await statementLines(csv).catch(() => undefined);
          if (read === undefined) return;
          const expected = rows.map(([day, value, places]) => [day, Number(`${value}.${'125'.slice(0, places)}`)]);
          expect(short(read)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});
