import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetRequests, requestsTo, writesTo } from '../support/books.ts';
import { importing, resultsOf, type Importing } from '../support/imports.ts';
import { run } from '../support/program.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';
import { atTerminal } from '../support/terminal.ts';

/** `reconcile`, as the built program runs it on the sandbox. */

let sandbox: Sandbox;
let books: Importing;
beforeEach(async () => {
  sandbox = await startSandbox();
  books = importing(sandbox);
  expect(await books.unattended(books.file(payments, 'recorded.csv'))).toMatchObject({ code: 0 });
});
afterEach(() => sandbox.close());

const HEAD = 'Customer,Amount,Date,Payment mode,Allocate,Reference';
/** Nobody else pays on these days in the practice books. */
const rows = [
  'Bowman Furniture,20.50,2025-02-02,cash,as_credit,TRF 901',
  'Kestrel Architects,310.00,2025-02-03,banktransfer,as_credit,TRF 902',
  'Juniper Yoga Studio,75.25,2025-02-05,check,as_credit,TRF 903',
];
const payments = [HEAD, ...rows, ''].join('\n');

const reconcile = async (text: string, ...args: string[]) => {
  const file = books.file(text, 'compared.csv');
  const results = file.replace('.csv', '.results.csv');
  const ended = await run(['reconcile', file, '--results', results, ...args], books.settings);
  return { ...ended, found: ended.code === 2 ? [] : resultsOf(file).map(({ row, status }) => [row, status].join(' ')), file };
};

describe('reconcile', () => {
  it('ends with 0 if the file and the books agree, and changes nothing', async () => {
    await forgetRequests(sandbox);
    const { code, stdout, stderr, found, file } = await reconcile(payments);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(found).toEqual(['1 recorded', '2 recorded', '3 recorded']);
    expect(stdout).toMatch(/\nThe file and the books agree\.$/);
    const imported = resultsOf(file.replace('compared', 'recorded')).map(({ payment_id }) => payment_id);
    expect(resultsOf(file).map(({ payment_id }) => payment_id)).toEqual(imported);
    expect(await writesTo({ sandbox })).toEqual([]);
    // One request for each payment with refunds since then.
    expect((await requestsTo(sandbox)).length).toBeLessThanOrEqual(40);
  });

  it('shows its progress at a terminal, and how many Zoho calls are left', async () => {
    const terminal = atTerminal(['reconcile', books.file(payments, 'compared.csv')], books.settings);
    expect(await terminal.ended).toBe(0);
    const shown = terminal.screen().replaceAll('\r\u001b[K', '\n').split(/\r?\n/);
    expect(shown).toContain('Reading the books');
    expect(shown).toContainEqual(
      expect.stringMatching(/^Looked for refunds in \d+ payments, Zoho calls left: \d+ this minute, \d+ today$/),
    );
    // The progress is removed before the table.
    expect(terminal.screen()).toContain(' today\r\u001b[KRow  State');
  });

  it('names what is missing, different, and not in the file', async () => {
    const file = [
      HEAD,
      rows[0],
      rows[1]!.replace('310.00', '400.00'),
      'Tidewater Theatre,44.44,2025-02-04,cash,as_credit,TRF 999',
      'Bowman Furniture,1.00,2025-02-07,cash,as_credit,',
    ].join('\n');
    const { code, stdout, stderr, found, file: path } = await reconcile(file);
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'zoho-payments-mcp: the file and the books do not agree\n' });
    expect(found).toEqual(['1 recorded', '2 different', '3 missing', '4 missing', ' not_in_file']);
    expect(stdout).toContain('The books have payment');
    expect(stdout).toContain('USD 310.00 on 2025-02-03');
    expect(resultsOf(path)[4]).toMatchObject({
      Customer: '',
      message: expect.stringContaining('"Juniper Yoga Studio": USD 75.25') as string,
    });
  });

  it('reads a bank statement of a German bank', async () => {
    const { code, found } = await reconcile(
      'Konto 123\n\nBuchungstag;Verwendungszweck;Name Zahlungsbeteiligter;Betrag\n02.02.2025;TRF 901;BOWMAN FURNITURE;20,50\n' +
        '03.02.2025;TRF 902;KESTREL ARCHITECTS;310,00\n05.02.2025;TRF 903;JUNIPER YOGA STUDIO;75,25\nSumme;;;405,75\n',
      '--date-format',
      'DD.MM.YYYY',
    );
    expect({ code, found }).toEqual({ code: 0, found: ['1 recorded', '2 recorded', '3 recorded'] });
  });

  it('does not agree if a row cannot be read', async () => {
    const { code, found } = await reconcile(`${payments}Bowman Furniture,about 12,2025-02-05,cash,as_credit,\n`);
    expect({ code, found }).toEqual({ code: 3, found: ['1 recorded', '2 recorded', '3 recorded', '4 unread'] });
  });

  it.each([
    ['Date,Amount\n05/06/2026,1\n', [], '--date-format'],
    ['Aaa,Bbb\n1,2\n', [], '--columns'],
    [payments, ['--days', '99'], 'at most 30'],
  ])('a file that cannot be read ends with 2', async (text, args, says) => {
    const { code, stderr } = await reconcile(text, ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) as string });
  });
});
