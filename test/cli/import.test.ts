import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { booksOf, fault, forgetRequests, isWaiting, release, requestsTo, seed, writesTo } from '../support/books.ts';
import { importing, manyRows, resultsOf, type Importing } from '../support/imports.ts';
import { run, type Json } from '../support/program.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';
import { atTerminal } from '../support/terminal.ts';

/** `import`, as the built program runs it on the sandbox. */

let sandbox: Sandbox;
let books: Importing;
beforeEach(async () => {
  sandbox = await startSandbox();
  await fetch(`${sandbox.url}/__sandbox/limits`, { method: 'POST', body: JSON.stringify({ per_minute: 100_000, per_day: 100_000 }) });
  books = importing(sandbox);
});
afterEach(() => sandbox.close());

const sent = async () => (await writesTo({ sandbox })).map(({ body }) => body as Json);
const countIn = async () => (await booksOf(sandbox)).counts.payments;
const outcomes = (file: string) => resultsOf(file).map(({ outcome, code }) => [outcome, code].filter(Boolean).join(' '));

const HEAD = 'Customer,Amount,Date,Payment mode,Allocate,Reference';
const credit = (amount: number | string, more = '') => `Bowman Furniture,${amount},2026-06-20,cash,as_credit,${more}`;
const listOf = (...rows: string[]) => [HEAD, ...rows, ''].join('\n');
const both = listOf(credit(20.5, 'TRF 1'), credit(30, 'TRF 2'));

describe('a file is read as banks and spreadsheets write it', () => {
  const bowman = { customer_id: seed.bowman, payment_mode: 'cash', date: '2026-06-28' };
  it.each<[string, string | Buffer, string[], Json[]]>([
    [
      'commas',
      'Customer,Amount,Date,Payment mode,Invoice\nBowman Furniture,"1,280.50",2026-06-28,Cash,INV-386\n',
      [],
      [{ ...bowman, amount: 1280.5, invoices: [{ invoice_id: seed.overdueInvoice, amount_applied: 1280.5 }] }],
    ],
    [
      'a BOM, semicolons, decimal commas and German headers',
      '\uFEFFKunde;Betrag;Datum;Zahlungsart;Rechnungsnummer;Bemerkung\r\nBowman Furniture;1.280,50;28.06.2026;cash;INV-386;"bar; am Tresen"\r\n',
      [],
      [{ ...bowman, amount: 1280.5, description: 'bar; am Tresen' }],
    ],
    [
      'latin1 and Spanish headers',
      Buffer.from(
        'Cliente;Importe;Fecha de pago;Forma de pago;Factura;Observaciones\nBowman Furniture;450,00;28/06/2026;cash;INV-385;Año\n',
        'latin1',
      ),
      ['--encoding', 'latin1'],
      [{ ...bowman, amount: 450, description: 'Año' }],
    ],
    [
      'UTF-16 with a BOM and tabs',
      Buffer.from('\uFEFFCustomer\tAmount\tDate\tPayment mode\tInvoices\nBowman Furniture\t450\t28 Jun 2026\tcash\tINV-385\n', 'utf16le'),
      [],
      [{ ...bowman, amount: 450 }],
    ],
    [
      'several invoices in a cell, and columns for money in and out',
      'Bank of Burlington\n\nDate,Payer,Paid out,Paid in,Mode,Invoices\n06/28/2026,Bowman Furniture,,"$1,730.50",cash,"INV-385; INV-386"\n',
      [],
      [
        {
          ...bowman,
          amount: 1730.5,
          invoices: [
            { invoice_id: seed.openInvoice, amount_applied: 450 },
            { invoice_id: seed.overdueInvoice, amount_applied: 1280.5 },
          ],
        },
      ],
    ],
    [
      'invoices with amounts, and other invoices without',
      'Customer,Amount,Date,Mode,Invoices\nBowman Furniture,"1,000.00",2026-06-28,cash,"INV-385: 400.00; INV-386: 600"\n' +
        'Bowman Furniture,50,2026-06-28,cash,INV-384\n',
      [],
      [
        {
          ...bowman,
          amount: 1000,
          invoices: [
            { invoice_id: seed.openInvoice, amount_applied: 400 },
            { invoice_id: seed.overdueInvoice, amount_applied: 600 },
          ],
        },
        { ...bowman, amount: 50 },
      ],
    ],
    [
      'invoices with amounts and decimal commas',
      'Kunde;Betrag;Datum;Zahlungsart;Rechnungen\nBowman Furniture;1.150,50;28.06.2026;Bar;"INV-385: 50,50; INV-386: 1.100,00"\n',
      [],
      [
        {
          ...bowman,
          amount: 1150.5,
          invoices: [
            { invoice_id: seed.openInvoice, amount_applied: 50.5 },
            { invoice_id: seed.overdueInvoice, amount_applied: 1100 },
          ],
        },
      ],
    ],
    [
      'columns, an order of dates and a decimal sign that are named, and one mode for all rows',
      'Wer|Was|Wann|Wofür\nBowman Furniture|1.280|05/06/2026|INV-386\n',
      ['--columns', 'customer=Wer,amount=Was,date=3,invoice=Wofür,payment_mode:=cash', '--decimal', ',', '--date-format', 'DD/MM/YYYY'],
      [{ ...bowman, date: '2026-06-05', amount: 1280, invoices: [{ invoice_id: seed.overdueInvoice, amount_applied: 1280 }] }],
    ],
    [
      'reference, account, bank charges and currency',
      'Customer,Amount,Date,Mode,Allocation,Cheque No,Deposit to,Bank charges,Currency\nBowman Furniture,90,2026-06-28,Cheque,as credit,00017,Petty Cash,1.5,USD\n',
      [],
      [{ ...bowman, payment_mode: 'check', amount: 90, reference_number: '00017', account_id: seed.pettyCash, bank_charges: 1.5 }],
    ],
  ])('%s', async (_, text, args, bodies) => {
    const file = books.file(text);
    const { code, stderr } = await books.unattended(file, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await sent()).toMatchObject(bodies);
    expect(outcomes(file)).toEqual(bodies.map(() => 'recorded'));
  });

  it.each<[string, string | Buffer, string[], RegExp]>([
    [
      'an amount that can be read in two ways',
      'Customer;Amount;Mode\nBowman Furniture;1,450;cash\n',
      [],
      /"1,450" can be read in two ways.*--decimal/,
    ],
    [
      'a date that can be read in two ways',
      'Customer,Amount,Date,Mode\nA,1,05/06/2026,cash\n',
      [],
      /"05\/06\/2026" can be read in two ways.*--date-format/,
    ],
    ['headers that are not known', 'Aaa,Bbb\nBowman,1\n', [], /No row has column headers.*--columns/],
    [
      'headers that resemble known ones',
      'Custmer,Amont,Mode\nBowman,1,cash\n',
      [],
      /The best guess is --columns "amount=Amont,customer=Custmer"/,
    ],
    ['no payment mode', 'Customer,Amount\nBowman,1\n', [], /no column has the payment mode: .*payment_mode:=banktransfer/],
    [
      'bytes that are no UTF-8',
      Buffer.from('Kunde;Betrag;Zahlungsart\nMöbel;1;bar\n', 'latin1'),
      [],
      /is not utf-8 text.*--encoding latin1/,
    ],
    ['a named column that is not there', both, ['--columns', 'account=Bank'], /there is no column "Bank"; the columns are "Customer"/],
    ['a column that there is not', both, ['--columns', 'colour=Customer'], /--columns names "colour"; the columns are key, /],
    ['an encoding that there is not', both, ['--encoding', 'klingon'], /--encoding "klingon" is not known/],
    ['no row', `${HEAD}\n`, [], /There is no row below the header/],
  ])('%s ends with 2', async (_, text, args, says) => {
    const { code, stderr } = await books.unattended(books.file(text), ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(says) as string });
    expect(await requestsTo(sandbox)).toEqual([]);
  });

  it('a file that is not there ends with 2', async () => {
    expect(await books.unattended('/no/such/file.csv')).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') as string });
    expect(await run(['import'], books.settings)).toMatchObject({ code: 2 });
  });
});

describe("a payment mode in a bank's or another language's words", () => {
  const modes = (...words: string[]) => listOf(...words.map((word, i) => credit(10 + i, `T ${i}`).replace('cash', word)));

  it("is recorded as Zoho's own mode", async () => {
    const said = {
      cash: ['Bar', 'in bar', 'Barzahlung', 'espèces', 'en especes', 'efectivo', 'contanti', 'gotówka', 'dinheiro'],
      check: ['Scheck', 'CHÈQUE', 'par chèque', 'assegno', 'czek', 'cheque'],
      creditcard: ['Kreditkarte', 'carte de crédit', 'tarjeta de crédito', 'karta kredytowa', 'credit card'],
      banktransfer: ['Überweisung', 'Ueberweisung', 'per Überweisung', 'SEPA-Überweisung', 'virement', 'Virement bancaire'].concat(
        ['transferencia', 'transferência bancária', 'bonifico', 'con bonifico', 'overboeking', 'przelew', 'NEFT', 'RTGS', 'IMPS', 'UPI'],
        ['ACH', 'BACS', 'CHAPS', 'Faster Payments', 'EFT', 'bank transfer'],
      ),
      others: ['Sonstiges', 'autre', 'altro'],
    };
    const { code, stderr } = await books.unattended(books.file(modes(...Object.values(said).flat())));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const expected = Object.entries(said).flatMap(([mode, words]) => words.map(() => mode));
    expect((await sent()).map(({ payment_mode }) => payment_mode)).toEqual(expected);
  });

  it('is refused by row, column and valid modes if it is not known, unless the user says that the organization has it', async () => {
    const file = books.file(modes('cash', 'SEPA', 'PayPal', 'Lastschrift'));
    expect((await books.unattended(file)).code).toBe(3);
    const message = (word: string) =>
      `The payment mode "${word}" in the column "Payment mode" is not known. Write one of cash, check, creditcard, banktransfer, ` +
      'bankremittance, autotransaction, others. If your organization added this mode in Zoho Books, name it with --payment-modes.';
    expect(resultsOf(file).map(({ row, message }) => [row, message])).toEqual([
      ['1', ''],
      ['2', message('SEPA')],
      ['3', message('PayPal')],
      ['4', message('Lastschrift')],
    ]);
    const added = books.file(modes('cash', 'paypal', 'ach'), 'added.csv');
    expect((await books.unattended(added, '--payment-modes', 'PayPal, ACH')).code).toBe(0);
    expect((await sent()).map(({ payment_mode }) => payment_mode)).toEqual(['cash', 'PayPal', 'ACH']);
  });

  it.each([
    [['--columns', 'payment_mode:=Lastschrift'], '"Lastschrift" for all rows is not known'],
    [['--payment-modes', 'PayPal,'], '--payment-modes takes names'],
  ])('%j ends with 2', async (args, says) => {
    const { code, stderr } = await books.unattended(books.file(both), ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) as string });
  });
});

describe('the plan', () => {
  it('--dry-run shows it and sends nothing', async () => {
    const file = books.file(both);
    const { code, stdout, stderr } = await run(['import', file, '--dry-run'], books.settings);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^payments\.csv: 2 rows\. Columns: .*customer = "Customer"/);
    expect(stdout).toMatch(/\n {2}1 {2}to record {9}USD 20\.50 from "Bowman Furniture", 2026-06-20, "cash"/);
    expect(stdout).toMatch(/\nRecord 2 payments, USD 50\.50 in all\.$/);
    expect(await sent()).toEqual([]);
    expect(existsSync(file.replace('.csv', '.results.csv'))).toBe(false);
  });

  it('names every row that is wrong, and nothing is sent', async () => {
    const file = books.file(
      listOf(credit(20), credit('x'), credit(-5), credit(30).replace('Bowman Furniture', 'Nobody at all'), credit('').replace('Bow', '')),
    );
    const { code, stdout, stderr } = await books.unattended(file);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: 'zoho-payments-mcp: nothing was recorded: 4 rows cannot be recorded. Correct them, and run the command again\n',
    });
    expect(stdout).toMatch(
      / 1 {2}to record .*\n {2}2 {2}PROBLEM .*no amount.*\n {2}3 {2}PROBLEM .*money out.*\n {2}4 {2}PROBLEM .*no_such_customer/,
    );
    expect(outcomes(file)).toEqual([
      'not_started',
      'not_recorded invalid_arguments',
      'not_recorded invalid_arguments',
      'not_recorded no_such_customer',
      'not_recorded invalid_arguments',
    ]);
    expect(await sent()).toEqual([]);
    expect((await run(['import', file, '--dry-run'], books.settings)).code).toBe(3);
  });

  it('names the row with invoices whose amounts are not clear', async () => {
    const rows = ['INV-385: 400', 'INV-385: 1,500', 'INV-385: 400, INV-386: 600', 'INV-385: 400; INV-386: 700'];
    const text = ['Customer,Amount,Date,Mode,Invoices', ...rows.map((cell) => `Bowman Furniture,1000,2026-06-28,cash,"${cell}"`)].join(
      '\n',
    );
    const file = books.file(text);
    expect((await books.unattended(file)).code).toBe(3);
    expect(outcomes(file)).toEqual([
      'not_started',
      'not_recorded invalid_arguments',
      'not_recorded invalid_arguments',
      'not_recorded applied_more_than_amount',
    ]);
    expect(resultsOf(file).map(({ message }) => message)).toEqual([
      '',
      'The amount "1,500" of its invoice can be read in two ways: choose one with --decimal.',
      'Its invoices "INV-385: 400, INV-386: 600" cannot be read. Write each invoice with its amount: INV-1: 100.00; INV-2: 50.00.',
      expect.any(String),
    ]);
    expect(await sent()).toEqual([]);
  });

  it('takes the id of a possible duplicate from the row', async () => {
    const same = 'Bowman Furniture,600,2026-06-18,check,as_credit,';
    const refused = books.file(listOf(same), 'a.csv');
    expect((await books.unattended(refused)).code).toBe(3);
    const [{ code, message } = {}] = resultsOf(refused);
    expect(code).toBe('suspected_duplicate');
    expect(message).toContain('into a column "allow_duplicate_of"');
    const named = books.file(`${HEAD},Allow duplicate of\n${same},${seed.paymentWithUnused}\n`, 'b.csv');
    // A person has to look at it, or the policy accepts it.
    expect(await books.unattended(named)).toMatchObject({ code: 3, stderr: expect.stringContaining('(duplicate)') as string });
    expect(await sent()).toEqual([]);
  });
});

describe('nobody is asked', () => {
  it('only if the policy allows it', async () => {
    const file = books.file(both);
    expect(await run(['import', file, '--yes'], books.settings)).toMatchObject({
      code: 3,
      stderr: 'zoho-payments-mcp: the policy does not allow --yes: this needs "allow_unattended": true\n',
    });
    expect(await run(['import', file], books.settings)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no terminal') as string,
    });
    expect(await sent()).toEqual([]);
  });

  it('about concerns that the policy accepts; others stop the run', async () => {
    const equal = listOf(credit(20.5), credit(20.5));
    const file = books.file(equal);
    const { code, stderr } = await books.unattended(file);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr:
        'zoho-payments-mcp: nothing was recorded, because a person must decide: row 2: it is a possible duplicate of row 1 of this list (duplicate)\n',
    });
    expect(await sent()).toEqual([]);
    const accepting = importing(sandbox, ['duplicate']);
    expect((await accepting.unattended(accepting.file(equal))).code).toBe(0);
    expect(await sent()).toHaveLength(2);
  });

  it('never if the settings allow only reading', async () => {
    const file = books.file(both);
    const reading = { ...books.settings, ZOHO_PAYMENTS_READ_ONLY: '1' };
    expect((await run(['import', file, '--dry-run'], reading)).code).toBe(0);
    const refused = importing(sandbox);
    refused.settings['ZOHO_PAYMENTS_READ_ONLY'] = '1';
    expect((await refused.unattended(refused.file(both))).code).toBe(3);
    expect(await sent()).toEqual([]);
  });
});

describe('a person at the terminal', () => {
  it('agrees to the rows as shown, and they are recorded', async () => {
    const terminal = atTerminal(['import', books.file(both)], books.settings);
    await terminal.shows('Record them? (yes/no)');
    expect(await sent()).toEqual([]);
    terminal.type('yes\r');
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain('Recorded 2 rows, USD 50.50 in all.');
    expect(await sent()).toHaveLength(2);
    const { stdout } = await run(['journal', 'export'], books.settings);
    expect(stdout).toContain('"asked":"terminal"');
  });

  it.each([
    ['says no', 'no\r', 3, 'you did not agree'],
    ['answers something else', 'hm\r', 3, 'you did not agree'],
    ['cancels', '\u0003', 130, 'cancelled: nothing was recorded'],
  ])('%s, and nothing is recorded', async (_, answer, code, says) => {
    const terminal = atTerminal(['import', books.file(both)], books.settings);
    await terminal.shows('Record them? (yes/no)');
    terminal.type(answer);
    expect(await terminal.ended).toBe(code);
    expect(terminal.screen()).toContain(says);
    expect(await sent()).toEqual([]);
  });

  it('is asked about a guess of columns and about the payment mode', async () => {
    const terminal = atTerminal(['import', books.file('Custmer,Amont\nKestrel Architects,12.5\n')], books.settings);
    await terminal.shows('customer may be the column "Custmer"');
    await terminal.shows('Is that right?');
    terminal.type('y\r');
    await terminal.shows('Which payment mode do all rows have');
    terminal.type('cash\r');
    await terminal.shows('allocation_needed');
    expect(await terminal.ended).toBe(3);
    expect(await sent()).toEqual([]);
  });

  it('is told of a row whose facts changed after the yes; it is not sent, and the next run asks about it', async () => {
    const file = books.file(
      'Customer,Amount,Date,Mode,Invoice,Allocate\nBowman Furniture,400,2026-06-20,cash,INV-385,\nBowman Furniture,30,2026-06-20,cash,,as_credit\n',
    );
    const terminal = atTerminal(['import', file], books.settings);
    await terminal.shows('Record them? (yes/no)');
    const other = importing(sandbox);
    expect(
      (await other.unattended(other.file('Customer,Amount,Date,Mode,Invoice\nBowman Furniture,50,2026-06-29,cash,INV-385\n'))).code,
    ).toBe(0);
    terminal.type('yes\r');
    expect(await terminal.ended).toBe(4);
    expect(terminal.screen()).toContain('Row 1: not sent yet (facts_changed).');
    expect(outcomes(file)).toEqual(['not_started facts_changed', 'recorded']);
    // The yes was for the first run only.
    const again = atTerminal(['import', file], books.settings);
    await again.shows('Record a payment, USD 400.00 in all.');
    await again.shows('Record them? (yes/no)');
    again.type('yes\r');
    expect(await again.ended).toBe(0);
    expect((await booksOf(sandbox)).problems).toEqual([]);
    expect(await sent()).toHaveLength(3);
  });
});

describe('nothing is recorded twice', () => {
  it('by the same file, in another form, with another name', async () => {
    const file = books.file(both);
    expect((await books.unattended(file)).code).toBe(0);
    const again = await books.unattended(file);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Every row is recorded already.') as string });
    const other = books.file(
      'Zahlungsart;Betrag;Datum;Kunde;Referenz;Zuordnung;Farbe\nCash;30,00;20.06.2026;Bowman  Furniture;TRF 2;as_credit;rot\ncash;20,50;20.06.2026;Bowman Furniture;TRF 1;as credit;blau\n',
      'other.csv',
    );
    expect((await books.unattended(other)).code).toBe(0);
    expect(await sent()).toHaveLength(2);
    expect(resultsOf(other).map(({ payment_id }) => payment_id)).toEqual(
      resultsOf(file)
        .map(({ payment_id }) => payment_id)
        .toReversed(),
    );
  });

  it('by an overlapping file and by a corrected one', async () => {
    await books.unattended(books.file(manyRows(6)));
    expect((await books.unattended(books.file(manyRows(6, 4), 'next.csv'))).code).toBe(0);
    expect(await sent()).toHaveLength(9);
    const wrong = listOf(credit(20.5, 'A'), credit(30, 'B').replace('Bowman Furniture', 'Nobody'));
    const file = books.file(wrong, 'corrected.csv');
    expect((await books.unattended(file)).code).toBe(3);
    expect((await books.unattended(books.file(wrong.replace('Nobody', 'Kestrel Architects'), 'corrected.csv'))).code).toBe(0);
    expect((await books.unattended(books.file(wrong.replace('Nobody', 'Kestrel Architects'), 'corrected.csv'))).code).toBe(0);
    expect(await sent()).toHaveLength(11);
  });

  it('by two runs at once', async () => {
    const file = books.file(manyRows(25));
    const runs = [books.unattended(file), books.unattended(file, '--results', file.replace('.csv', '2.results.csv'))];
    expect((await Promise.all(runs)).map(({ code, stderr }) => [code, stderr.replace(/^Another import.*\n/, '')])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expect(await sent()).toHaveLength(25);
  });

  it('with keys of its own; a changed row with a used key is refused', async () => {
    const keyed = (amount: number) => `${HEAD},Key\n${credit(amount)},k 1\n${credit(40)},k 2\n`;
    expect((await books.unattended(books.file(keyed(30)))).code).toBe(0);
    expect((await books.unattended(books.file(keyed(30)))).code).toBe(0);
    const changed = books.file(keyed(31));
    expect((await books.unattended(changed)).code).toBe(3);
    expect(outcomes(changed)).toEqual(['not_recorded key_reused', 'recorded']);
    const twice = books.file(`${HEAD},Key\n${credit(30)},k 1\n${credit(50)},k 1\n`, 'twice.csv');
    expect((await books.unattended(twice)).code).toBe(3);
    expect(resultsOf(twice)[1]).toMatchObject({ message: 'It has the same key as row 1.' });
    expect(await sent()).toHaveLength(2);
  });
});

describe('an interrupted run can be continued', () => {
  const CREATE = { method: 'POST', path: '^/customerpayments$' };

  it('after kill -9 in the middle of 60 rows, with each row once', async () => {
    const before = await countIn();
    const file = books.file(manyRows(60));
    await fault(sandbox, { match: CREATE, fault: 'delay', delay_ms: 600_000, skip: 30, times: 1 });
    const { child, ended } = books.begun(file);
    await isWaiting(sandbox, 'POST');
    // What is done with is in the results file, whatever happens now.
    expect(outcomes(file)).toEqual(Array.from({ length: 30 }, () => 'recorded'));
    child.kill('SIGKILL');
    await ended;
    await release(sandbox, { method: 'POST' });
    await expect.poll(countIn).toBe(before + 31);
    expect((await books.unattended(file)).code).toBe(0);
    expect(outcomes(file)).toEqual(Array.from({ length: 60 }, () => 'recorded'));
    expect(await sent()).toHaveLength(60);
    expect(await countIn()).toBe(before + 60);
    expect((await booksOf(sandbox)).problems).toEqual([]);
  });

  it('after Ctrl-C, which lets the row in flight end', async () => {
    const file = books.file(manyRows(30));
    await fault(sandbox, { match: CREATE, fault: 'delay', delay_ms: 1_500, skip: 10, times: 1 });
    const { child, ended, stderr } = books.begun(file);
    await isWaiting(sandbox, 'POST');
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 130, signal: null });
    expect(stderr()).toContain('cancelled: 11 of 30 rows are recorded. Run the same command again to continue');
    expect(outcomes(file).filter((one) => one === 'recorded')).toHaveLength(11);
    expect((await books.unattended(file)).code).toBe(0);
    expect(await sent()).toHaveLength(30);
  });

  it('although answers are lost', async () => {
    const before = await countIn();
    for (const skip of [7, 30, 44]) await fault(sandbox, { match: CREATE, fault: 'drop_after', skip, times: 1 });
    const file = books.file(manyRows(60));
    expect((await books.unattended(file)).code).toBe(0);
    expect(await countIn()).toBe(before + 60);
    expect(await sent()).toHaveLength(60);
  });

  it('a row whose outcome is unknown ends with 5; the others are recorded', async () => {
    await fault(sandbox, { match: CREATE, fault: 'drop_before', skip: 1, times: 1 });
    const file = books.file(
      listOf(...[20, 30, 40].map((amount, i) => credit(amount, `T${i}`)), credit(50).replace('Bowman Furniture', 'Kestrel Architects')),
    );
    const { code, stderr } = await books.unattended(file);
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('the outcome of 1 row is unknown') as string });
    expect(outcomes(file)[1]).toBe('unknown outcome_unknown');
    expect(outcomes(file)[3]).toBe('recorded');
  });

  it('a row that Zoho refuses ends with 4', async () => {
    await fault(sandbox, { match: CREATE, fault: 'status', status: 400, code: 15, message: 'No.', skip: 1, times: 1 });
    const file = books.file(manyRows(3));
    expect((await books.unattended(file)).code).toBe(4);
    expect(outcomes(file)).toEqual(['recorded', expect.stringMatching(/^not_recorded ./), 'recorded']);
    expect((await books.unattended(file)).code).toBe(0);
    expect(await sent()).toHaveLength(4);
  });

  it('when the calls of the day are used up, it ends with 4', async () => {
    await fault(sandbox, { match: CREATE, fault: 'rate_limit', code: 45, skip: 3, times: 1 });
    const file = books.file(manyRows(6));
    const { code, stdout } = await books.unattended(file);
    expect(code, stdout).toBe(4);
    expect(outcomes(file).filter((one) => one === 'recorded')).toHaveLength(3);
    expect(outcomes(file)[3]).toBe('not_started day_limit');
  });

  it('with --wait it waits for them, until it is interrupted', async () => {
    await fault(sandbox, { match: CREATE, fault: 'rate_limit', code: 45, skip: 3, times: 1 });
    const file = books.file(manyRows(6));
    const { child, ended, stderr } = books.begun(file, '--wait');
    await expect.poll(stderr).toMatch(/The import waits until \d{4}-/);
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 130, signal: null });
    expect(outcomes(file).filter((one) => one === 'recorded')).toHaveLength(3);
  });
});

describe('the results file', () => {
  it('keeps the original columns, and makes cells harmless', async () => {
    const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '"a, ""b"""', "' =x"];
    const file = books.file(
      `Customer,Amount,Date,Mode,Allocate,Note,=X\n${hostile.map((note, i) => `Bowman Furniture,${20 + i},2026-06-20,cash,as_credit,${note},y`).join('\n')}\n`,
    );
    expect((await books.unattended(file)).code).toBe(0);
    const text = readFileSync(file.replace('.csv', '.results.csv'), 'utf8');
    expect(text.split('\n', 1)[0]).toBe(`row,outcome,payment_id,code,message,Customer,Amount,Date,Mode,Allocate,Note,"'=X"`);
    expect(resultsOf(file).map(({ Note }) => Note)).toEqual(["'=1+1", "'+1", "'-1", "'@SUM(A1)", 'a, "b"', "' =x"]);
    // What was recorded is what the file said.
    expect((await sent()).map(({ description }) => description)).toEqual(['=1+1', '+1', '-1', '@SUM(A1)', 'a, "b"', "' =x"]);
    for (const cell of text.split(/[\n,]/)) expect(cell).not.toMatch(/^"?[=+\-@]/);
  });

  it('overwrites only a results file', async () => {
    const file = books.file(both);
    const results = books.file('my own notes\n', 'payments.results.csv');
    expect(await books.unattended(file)).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a results file') as string });
    expect(readFileSync(results, 'utf8')).toBe('my own notes\n');
    expect(await books.unattended(file, '--results', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is the input') as string,
    });
    expect(await sent()).toEqual([]);
    writeFileSync(results, 'row,outcome,payment_id,code,message,Old\n1,recorded,1,,,x\n');
    expect((await books.unattended(file)).code).toBe(0);
    expect(outcomes(file)).toEqual(['recorded', 'recorded']);
  });

  it('that cannot be written does not stop the import', async () => {
    const { code, stderr } = await books.unattended(books.file(both), '--results', '/no/such/folder/r.csv');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'The results file could not be written (ENOENT). The journal has every payment.\n',
    });
    expect(await sent()).toHaveLength(2);
  });
});

it('takes few calls to Zoho', async () => {
  const file = books.file(manyRows(60));
  await forgetRequests(sandbox);
  expect((await books.unattended(file)).code).toBe(0);
  expect((await requestsTo(sandbox)).length).toBeLessThanOrEqual(90);
});

it('logs no data of customers', async () => {
  const { code, stderr } = await books.unattended(books.file(both), '--log-level', 'debug');
  expect(code).toBe(2);
  expect(stderr).toContain('import has no option --log-level');
  const logged = importing(sandbox);
  logged.settings['ZOHO_PAYMENTS_LOG_LEVEL'] = 'debug';
  const run = await logged.unattended(logged.file(both));
  expect(run.code).toBe(0);
  expect(run.stderr).toContain('POST /customerpayments');
  expect(run.stderr).not.toMatch(/Bowman|20\.5|TRF/);
});
