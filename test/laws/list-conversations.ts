import { payment } from '../evals/books.ts';
import { play, type Task } from '../evals/play.ts';
import { call, scriptedModel, tell, type Script } from '../evals/script.ts';
import { transcriptOf } from '../evals/shown.ts';

/** The conversations about lists and bank statements in docs/practice-books.md. */

const budget = { calls: 2, least: 2, bytes: 5_000 };

interface ListConversation extends Pick<Task, 'says' | 'agrees' | 'ends'> {
  readonly script: Script;
}

const list = call('record_customer_payments', {
  rows: [
    { customer: 'Hawthorne Hotels', amount: 620, payment_mode: 'check', invoices: [{ invoice: 'INV-900048' }] },
    { customer: 'Fairview Library', amount: 85, payment_mode: 'cash', invoices: [{ invoice: 'INV-900005' }] },
    { customer: 'Delmar Senior Living', amount: 310, payment_mode: 'banktransfer', invoices: [{ invoice: 'INV-900077' }] },
  ],
  idempotency_key: 'list of June 30',
});

const conversations: Readonly<Record<string, ListConversation>> = {
  'Recording a list': {
    says: [
      'Three payments came in today: Hawthorne Hotels 620 by check for INV-900048, Fairview Library 85 in cash for INV-900005, ' +
        'Delmar Senior Living 310 by bank transfer for INV-900077.',
      'Did that really go through? Send the same list again.',
    ],
    agrees: /^Record 3 payments/,
    ends: [
      [
        payment({ customer: 'Hawthorne Hotels', amount: 620, mode: 'check', applied: { 'INV-900048': 620 } }),
        payment({ customer: 'Fairview Library', amount: 85, mode: 'cash', applied: { 'INV-900005': 85 } }),
        payment({ customer: 'Delmar Senior Living', amount: 310, mode: 'banktransfer', applied: { 'INV-900077': 310 } }),
      ],
    ],
    script: [list, tell, list, tell],
  },
  'Going through a bank statement': {
    says: [
      'Our bank shows DELMAR SENIOR LIVING 5,120.00 on 28 June 2026, CHECK 6620 TIDEWATER THEATRE INV-000387 597.00 and ACH QUINCY COWORK ' +
        'INV 000261 273.75 on 29 June, and on 30 June KESTREL ARCHITECTS 1,234.00 and a service fee of 15.00. ' +
        'What is recorded already, and what do the other lines pay?',
      'Record the two that fit.',
    ],
    agrees: /^Record 2 payments/,
    ends: [
      [
        payment({ customer: 'Tidewater Theatre', amount: 597, mode: 'check', date: '2026-06-29', applied: { 'INV-000387': 597 } }),
        payment({
          customer: 'Quincy Coworking',
          amount: 273.75,
          mode: 'banktransfer',
          date: '2026-06-29',
          applied: { 'INV-000261': 273.75 },
        }),
      ],
    ],
    script: [
      call('match_statement', {
        lines: [
          { date: '2026-06-28', amount: 5120, text: 'DELMAR SENIOR LIVING' },
          { date: '2026-06-29', amount: 597, text: 'CHECK 6620 TIDEWATER THEATRE INV-000387' },
          { date: '2026-06-29', amount: 273.75, text: 'ACH QUINCY COWORK INV 000261' },
          { date: '2026-06-30', amount: 1234, text: 'KESTREL ARCHITECTS' },
          { date: '2026-06-30', amount: -15, text: 'service fee' },
        ],
      }),
      tell,
      ({ last }) => call('record_customer_payments', { rows: last.structuredContent?.['rows'], idempotency_key: 'statement of June 30' }),
      tell,
    ],
  },
};

/** Plays the conversations and formats each of them under its title. */
export async function listConversations(): Promise<string> {
  const parts: string[] = [];
  for (const [title, { script, ...task }] of Object.entries(conversations))
    parts.push(`### ${title}`, transcriptOf(await play({ name: title, family: 'conversation', budget, ...task }, scriptedModel(script))));
  return parts.join('\n\n');
}
