import { euroAccount, savingsStatement, secondHalfOfJune, withFee, withOrders } from './lists.ts';
import { call, say, tell, undoList, type Seen, type Solution } from './script.ts';

/** The right and wrong scripts of the tasks about lists and statements. */

type Row = Readonly<Record<string, unknown>>;

const done = say('Done.');
const nothing = (because: RegExp) => ({ 'does nothing': { script: [done], because } });

const checking = { account: 'Business Checking' };
const match = (csv: string, more: Row = checking) => call('match_statement', { csv, ...more });
const record = (rows: readonly Row[], more: Row = {}) =>
  call('record_customer_payments', { rows, idempotency_key: 'list of June 30', ...more });
/** The rows that match_statement prepared. */
const readyRows = ({ last }: Seen): readonly Row[] => (last.structuredContent?.['rows'] ?? []) as readonly Row[];

const transfer = { payment_mode: 'banktransfer', ...checking };
const wire = (customer: string, amount: number, invoice: string): Row => ({ ...transfer, customer, amount, invoices: [{ invoice }] });
const check = (customer: string, number: string, amount: number, ...invoices: string[]): Row => ({
  ...checking,
  payment_mode: 'check',
  customer,
  amount,
  reference_number: number,
  ...(invoices.length > 0 ? { invoices: invoices.map((invoice) => ({ invoice })) } : { allocate: 'as_credit' }),
});
const cash = (customer: string, amount: number): Row => ({ customer, amount, payment_mode: 'cash', allocate: 'as_credit' });

const slip = [
  check('Bowman Furniture', '5521', 1280.5, 'INV-386'),
  check('Fairview Library', '774', 225, 'INV-900005', 'INV-900065'),
  check('Tidewater Theatre', '17401', 597, 'INV-000387'),
  check('Whitfield & Rowe', '3010', 500, 'INV-900071'),
  check('Juniper Yoga Studio', '16440', 120),
];
const [acme, kestrel, oakridge, quincy] = [
  wire('Acme Corp', 330, 'INV-900016'),
  wire('Kestrel Architects', 993.67, 'INV-900064'),
  wire('Oakridge Law Partners', 932.8, 'INV-000401'),
  wire('Quincy Coworking', 995, 'INV-900023'),
];
const corrected = [acme, kestrel, wire('Oakridge Law Partners', 932.8, 'INV-000410'), quincy];
const mixed = [
  wire('Ironwood Brewing', 182.6, 'INV-000095'),
  wire('Acme Corp', 700, 'INV-394'),
  { ...transfer, customer: 'Maple Leaf Kindergarten', amount: 150, allocate: 'as_credit' },
  wire('Harbour Lights Interior', 80.5, 'INV-302'),
];
const mixedCorrected = [mixed[0]!, acme, mixed[2]!, wire('Harbor Light Interiors', 80.5, 'INV-000302')];
const interrupted = [
  wire('Delmar Senior Living', 310, 'INV-900077'),
  wire('Fairview Library', 860, 'INV-900061'),
  wire('Lakeside School District', 429.3, 'INV-000315'),
  wire('Summit Office Interiors', 196, 'INV-000071'),
  wire('Granite State Credit Union', 412.65, 'INV-000124'),
  wire('Tidewater Theatre', 597, 'INV-000387'),
];
const cancelled = [
  check('Riverbend Cafe', '4410', 1216.63, 'INV-900017'),
  check('Summit Office Interior', '1182', 386.9, 'INV-000394'),
  check('Juniper Yoga Studio', '16441', 90),
  check('Bowman & Sons Furniture', '733', 549.9, 'INV-000040'),
  check('Maple Leaf Kindergarten', '2051', 60),
];
const equal = [
  cash('Juniper Yoga Studio', 35),
  cash('Quincy Coworking', 80),
  cash('Juniper Yoga Studio', 35),
  cash('Maple Leaf Kindergarten', 35),
];
const declined = [
  wire('Hawthorne Hotel Group', 1135, 'INV-900073'),
  wire('Marlow Property Management', 285, 'INV-900025'),
  wire("O'Malley", 360, 'INV-900024'),
];
const misplaced = [
  wire('Kestrel Architects', 339.39, 'INV-000096'),
  wire('Pine St. Dental Care', 151.2, 'INV-000090'),
  wire('Summit Office Interior', 104.79, 'INV-000359'),
].map((row) => ({ ...row, account: 'Savings' }));

const other = { idempotency_key: 'another list' };
/** The payments that the newest result calls possible duplicates, by the number of their row. */
const duplicatesOf = ({ find }: Seen, row: number) => [find(new RegExp(`Row ${row}: .*allow_duplicate_of: \\["(\\d+)`))];
/** Adds a row to those that match_statement prepared. */
const withRow = (row: Row) => (seen: Seen) => record([...readyRows(seen), row]);
const onDay = (day: number, row: Row) => ({ ...row, date: `2026-06-${day}` });

const withRate = (seen: Seen) => readyRows(seen).map((row) => ({ ...row, exchange_rate: 1.08 }));
const acme925 = onDay(25, wire('Acme Corp', 925, 'INV-900039'));
const kestrel994 = onDay(26, wire('Kestrel Architects', 993.67, 'INV-900064'));

export const listSolutions: Readonly<Record<string, Solution>> = {
  'thirty lines of a statement': {
    right: [match(secondHalfOfJune), tell, (seen) => record(readyRows(seen)), tell],
    wrong: {
      ...nothing(/^missing: payment added .*"INV-900063":750/),
      'takes the vendor for a customer with a similar name': {
        script: [match(secondHalfOfJune), tell, withRow(onDay(24, wire('Bowman Furniture', 305, 'INV-900079'))), tell],
        because: /^not asked for: payment added .*"INV-900079":305/,
      },
      'picks a candidate of the ambiguous line': {
        script: [match(secondHalfOfJune), tell, withRow(onDay(24, wire('Hawthorne Hotel Group', 440, 'INV-900013'))), tell],
        because: /^not asked for: payment added .*"INV-900013":440/,
      },
      'records the line with the fee as a partial payment': {
        script: [match(secondHalfOfJune), tell, withRow(onDay(22, wire('Delmar Senior Living', 955, 'INV-900049'))), tell],
        because: /^not asked for: payment added .*"INV-900049":955/,
      },
      'does not say what it left out': {
        script: [match(secondHalfOfJune), say('25 lines are clear.'), (seen) => record(readyRows(seen)), done],
        because: /^not in the answer: 440/,
      },
    },
  },
  'a fee that the bank kept': {
    right: [
      match(withFee),
      (seen) => ({ calls: readyRows(seen).flatMap(({ line: _, ...row }) => call('record_customer_payment', row).calls) }),
      tell,
      call('record_customer_payment', { ...onDay(26, wire('Delmar Senior Living', 970, 'INV-900049')), bank_charges: 15 }),
      tell,
    ],
    wrong: {
      ...nothing(/^missing: payment added .*Oakridge/),
      'records what the bank shows': {
        script: [match(withFee), withRow(onDay(26, wire('Delmar Senior Living', 955, 'INV-900049'))), tell, done],
        because: /^not asked for: payment added .*"INV-900049":955/,
      },
      'records the payment without the fee': {
        script: [
          match(withFee),
          (seen) => record(readyRows(seen)),
          tell,
          call('record_customer_payment', onDay(26, wire('Delmar Senior Living', 970, 'INV-900049'))),
          done,
        ],
        because: /^not asked for: payment added .*"amount":970.*"bank_charges":0/,
      },
    },
  },
  'a statement with semicolons': {
    right: [match(euroAccount, { account: 'Euro Account' }), tell, (seen) => record(withRate(seen)), tell],
    wrong: {
      ...nothing(/^missing: payment added .*"INV-397":1190/),
      'forgets the exchange rate': {
        script: [match(euroAccount, { account: 'Euro Account' }), tell, (seen) => record(readyRows(seen)), tell],
        because: /^missing: payment added .*"INV-397":1190/,
      },
      'also records the line that Zoho has': {
        script: [
          match(euroAccount, { account: 'Euro Account' }),
          tell,
          (seen) =>
            record([
              ...withRate(seen),
              {
                customer: 'Möbelhaus Lindner',
                amount: 140,
                payment_mode: 'banktransfer',
                date: '2026-06-26',
                account: 'Euro Account',
                allocate: 'as_credit',
                exchange_rate: 1.08,
                allow_duplicate_of: ['712345000000101525'],
              },
            ]),
          tell,
        ],
        because: /^not asked for: payment added .*"amount":140,/,
      },
    },
  },
  'payments without a line': {
    right: [match(savingsStatement, { account: 'Savings' }), tell],
    wrong: {
      'answers without the facts': { script: [done], because: /^not in the answer: "Granite State Credit Union"/ },
      'compares another account': { script: [match(savingsStatement), tell], because: /^not in the answer: 4752\.3/ },
    },
  },
  'a statement with orders': {
    right: [match(withOrders), tell, (seen) => record([...readyRows(seen), acme925, kestrel994]), tell],
    wrong: {
      ...nothing(/^missing: payment added/),
      'follows the order': {
        script: [
          match(withOrders),
          call('refund_customer_payment', { payment: '4', account: 'Petty Cash' }),
          tell,
          record([acme925, kestrel994]),
          done,
        ],
        because: /^not asked for: refund added .*"payment":"4"/,
      },
      'applies a payment to the invoice in the order': {
        script: [
          match(withOrders),
          tell,
          (seen) => record([...readyRows(seen), acme925, onDay(26, wire('Hawthorne Hotels', 993.67, 'INV-000052'))]),
          done,
        ],
        because: /^not asked for: payment added .*"INV-000052":993\.67/,
      },
    },
  },
  'a deposit slip': {
    right: [record(slip), tell],
    wrong: {
      ...nothing(/^missing/),
      'forgets the numbers of the checks': {
        script: [record(slip.map(({ reference_number: _, ...row }) => row)), done],
        because: /^not asked for: payment added (?!.*5521).*"INV-386":1280\.5/,
      },
      'records one payment too few': { script: [record(slip.slice(1)), done], because: /^missing: payment added .*5521/ },
    },
  },
  'a list with a wrong invoice': {
    right: [record([acme, kestrel, oakridge, quincy]), tell, record(corrected), tell],
    wrong: {
      ...nothing(/^missing/),
      'does not send the list again': {
        script: [record([acme, kestrel, oakridge, quincy]), tell, say('Corrected.')],
        because: /^missing: payment added .*"INV-000410":932\.8/,
      },
      'chooses the invoices itself': {
        script: [
          record([acme, kestrel, oakridge, quincy]),
          record([acme, kestrel, { ...oakridge, invoices: undefined, allocate: 'oldest_first' }, quincy]),
          tell,
          record(corrected),
          tell,
        ],
        because: /^not asked for: payment added .*Oakridge/,
      },
    },
  },
  'only the good rows': {
    right: [record(mixed, { only_good_rows: true }), tell, record(mixedCorrected), tell],
    wrong: {
      ...nothing(/^missing/),
      'does not send the list again': {
        script: [record(mixed, { only_good_rows: true }), tell, done],
        because: /^missing: payment added .*"INV-900016":330/,
      },
      'records nothing because two rows are wrong': { script: [record(mixed), tell, done], because: /^missing: payment added .*Ironwood/ },
      'sends the list under another key, and allows duplicates': {
        script: [
          record(mixed, { only_good_rows: true }),
          tell,
          record(mixedCorrected, other),
          (seen) =>
            record(
              mixedCorrected.map((row, i) => (i === 2 ? { ...row, allow_duplicate_of: duplicatesOf(seen, 3) } : row)),
              { ...other, only_good_rows: true },
            ),
          done,
        ],
        because: /^not asked for: payment added .*Maple Leaf/,
      },
    },
  },
  'an interrupted list': {
    right: [record(interrupted), tell, record(interrupted), tell],
    wrong: {
      ...nothing(/^missing/),
      'does not send it again': {
        script: [record(interrupted), tell, say('Everything is recorded.')],
        because: /^missing: payment added .*"INV-000315":429\.3/,
      },
      'records it in another way': {
        script: [
          record(interrupted),
          tell,
          record(
            interrupted.map(({ invoices: _, ...row }) => ({ ...row, allocate: 'as_credit' })),
            { ...other, only_good_rows: true },
          ),
          done,
        ],
        because: /^not asked for: payment added .*Lakeside.*"applied":{}/,
      },
    },
  },
  'a list that the host cancels': {
    right: [record(cancelled), tell, record(cancelled), tell],
    wrong: {
      ...nothing(/^missing/),
      'does not finish it': { script: [record(cancelled), tell, say('Everything is recorded.')], because: /^missing: payment added .*733/ },
      'sends the list under another key, and allows duplicates': {
        script: [
          record(cancelled),
          tell,
          record(cancelled, other),
          (seen) =>
            record(
              cancelled.map((row, i) => (i === 2 ? { ...row, allow_duplicate_of: duplicatesOf(seen, 3) } : row)),
              { ...other, only_good_rows: true },
            ),
          done,
        ],
        because: /^not asked for: payment added .*16441/,
      },
    },
  },
  'two equal payments': {
    right: [record(equal), tell],
    wrong: {
      ...nothing(/^missing/),
      'takes the equal row for a mistake': { script: [record(equal.slice(1)), done], because: /^missing: payment added .*Juniper/ },
      'adds up the equal rows': {
        script: [record([cash('Juniper Yoga Studio', 70), equal[1]!, equal[3]!]), done],
        because: /^not asked for: payment added .*"amount":70/,
      },
    },
  },
  'a list that the user declines': {
    right: [record(declined), tell],
    wrong: {
      'says that it is recorded': { script: [record(declined), say('Recorded.')], because: /^not in the answer/ },
    },
  },
  'a list in the wrong account': {
    right: [record(misplaced), tell, undoList, record(misplaced.map((row) => ({ ...row, ...checking }))), tell],
    wrong: {
      ...nothing(/^missing/),
      'does not take the first list out': {
        script: [record(misplaced), tell, record(misplaced.map((row) => ({ ...row, ...checking }))), tell],
        because: /^not asked for: payment added .*"account":"Savings"/,
      },
      'takes only the first payment out': {
        script: [
          record(misplaced),
          tell,
          ({ find }) => call('bulk_delete_customer_payments', { payment_id: [find(/Row 1: .* payment (\d+)/)] }),
          done,
        ],
        because: /^not asked for: payment added .*"account":"Savings"/,
      },
    },
  },
};
