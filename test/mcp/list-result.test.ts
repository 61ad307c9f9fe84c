import { describe, expect, it } from 'vitest';
import { AccessError, BusyError, OutcomeUnknownError, RefusedError } from '../../src/errors.ts';
import { listResult } from '../../src/mcp/list-result.ts';
import { createReport } from '../../src/report.ts';
import { startedByName } from '../../src/started.ts';
import type { ListPerformed } from '../../src/write/list-types.ts';

/** The sentences about a list of payments, for none, one and all of its rows. */

type List = Extract<ListPerformed, { kind: 'list' }>;
type Row = List['rows'][number];

const again = 'Make the same call again.';
const recorded: Row = {
  outcome: 'recorded',
  checked: false,
  counted: { kind: 'payment', currency: 'USD', amount: '20' },
  done: {
    kind: 'done',
    entry: 'w_1',
    result: { payment: { payment_id: '903000000000001' } },
    report: createReport(['Recorded.']),
    replayed: false,
    notes: [],
    asked: 'nobody',
    concerns: [],
  },
};
const limit = new BusyError('The calls of this minute are used up.', { code: 'minute_limit', next: again });
const denied = new AccessError('Zoho refused the login.', { code: 'token_refused', next: 'log in again' });
const later: Row = { outcome: 'not_started', checked: false };
const checked: Row = { outcome: 'not_started', checked: true };
const refused: Row = { outcome: 'not_recorded', checked: false, error: new RefusedError('No.', { code: 'invoice_paid', next: 'Ask.' }) };
const changed: Row = {
  outcome: 'not_started',
  checked: true,
  error: new RefusedError('Changed.', { code: 'facts_changed', next: again }),
};
const unknown: Row = { outcome: 'unknown', checked: true, error: new OutcomeUnknownError('Not known.', { next: again }) };
const limited: Row = { outcome: 'not_started', checked: false, error: limit };

function resultOf(rows: readonly Row[], ended?: List['ended']) {
  const edge = { sandbox: false, offered: new Set<string>(), started: startedByName };
  const { content, structuredContent, isError } = listResult({ kind: 'list', rows, ended, write_id: 'l_1', deletesAtOnce: 25 }, edge);
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
  return { text, isError, ...(structuredContent as { outcome: string; error?: { code: string; retry: string } }) };
}

const CORRECT = 'correct the list, and call again with the whole list and the same idempotency_key';
const OTHERS = '; or record the other rows with only_good_rows: true.';

describe('a list of which nothing was recorded says why', () => {
  it.each<[string, Row[], List['ended'], { code: string; says: string; next: string }]>([
    [
      'time, no row',
      [later],
      undefined,
      { code: 'took_too_long', says: 'no row was checked, and the time of this call is up', next: again },
    ],
    ['time, no row of 3', [later, later, later], undefined, { code: 'took_too_long', says: 'no row was checked, and', next: again }],
    ['time, 1 of 3', [checked, later, later], undefined, { code: 'took_too_long', says: '1 of 3 rows was checked, and', next: again }],
    ['time, 3 of 3', [checked, checked, checked], undefined, { code: 'took_too_long', says: '3 of 3 rows were checked, and', next: again }],
    ['time, the row', [checked], undefined, { code: 'took_too_long', says: 'the row was checked, and', next: again }],
    ['refused, the row', [refused], undefined, { code: 'list_refused', says: 'the row cannot be', next: `this row, ${CORRECT}.` }],
    [
      'refused, 1 of 3',
      [refused, checked, later],
      undefined,
      { code: 'list_refused', says: '1 of 3 rows', next: `this row, ${CORRECT}${OTHERS}` },
    ],
    [
      'refused, 3 of 3',
      [refused, refused, refused],
      undefined,
      { code: 'list_refused', says: '3 of 3 rows', next: `these rows, ${CORRECT}.` },
    ],
    ['changed, the row', [changed], undefined, { code: 'facts_changed', says: 'the row was held back', next: again }],
    ['changed, 1 of 2', [changed, later], undefined, { code: 'facts_changed', says: '1 of 2 rows was held back', next: again }],
    ['changed, 2 of 2', [changed, changed], undefined, { code: 'facts_changed', says: '2 of 2 rows were held back', next: again }],
    ['limit at a row', [limited, later], limit, { code: 'minute_limit', says: 'The calls of this minute are used up.', next: again }],
    ['limit before a row', [checked, checked], limit, { code: 'minute_limit', says: 'The calls of this minute are used up.', next: again }],
    [
      'login',
      [{ outcome: 'not_recorded', checked: false, error: denied }, later],
      denied,
      { code: 'token_refused', says: 'refused the login', next: 'log in again' },
    ],
  ])('%s', (_, rows, ended, { code, says, next }) => {
    const { text, error, outcome, isError } = resultOf(rows, ended);
    expect({ code: error?.code, outcome, isError }).toEqual({ code, outcome: 'not_recorded', isError: true });
    expect(text).toContain(says);
    expect(text).toContain(next.replace(/\.$/, ''));
    expect(text).not.toMatch(/\b0 of|\b1 rows|\b1 payments|of 1 /);
    if (code !== 'list_refused') expect(text).not.toContain('correct the list');
  });
});

describe('a list of which something was recorded says how much', () => {
  it.each<[string, Row[], List['ended'], string[]]>([
    ['the payment', [recorded], undefined, ['Recorded the payment, USD 20.00 in all.']],
    ['3 of 3', [recorded, recorded, recorded], undefined, ['Recorded 3 of 3 payments, USD 60.00 in all.']],
    ['1 of 2', [recorded, later], undefined, ['Recorded 1 of 2 payments', 'to record the row that was not started', 'Row 2: not started.']],
    ['1 of 3', [recorded, later, later], undefined, ['to record the 2 rows that were not started', 'Rows 2–3: not started.']],
    ['1 of 2, then a limit', [recorded, later], limit, ['Recorded 1 of 2 payments', 'The calls of this minute are used up.']],
    ['the row is unknown', [unknown], undefined, ['No payment is known to be recorded.', 'Row 1: outcome unknown']],
    ['unknown, 0 of 2', [unknown, later], undefined, ['No payment is known to be recorded.', 'to record the row that was not started']],
  ])('%s', (_, rows, ended, says) => {
    const { text } = resultOf(rows, ended);
    for (const one of says) expect(text).toContain(one);
    expect(text).not.toMatch(/\b0 of|\b1 rows|\b1 payments|of 1 /);
  });
});
