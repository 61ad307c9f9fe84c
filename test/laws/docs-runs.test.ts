import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/write/policy.ts';
import { type Person } from '../support/client.ts';
import { harness, textOf } from '../support/harness.ts';
import { environment, folder, program, run } from '../support/program.ts';
import { fenced, fileAt, read } from './pages.ts';

/** Runs the examples of the pages. */

describe('the sample in docs/pipelines.md', () => {
  const sample = fenced('docs/pipelines.md', 'sample');

  it('is short', () => {
    expect(sample.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  it('runs and prints what the page says', async () => {
    expect(existsSync(program), 'run "npm run build" first').toBe(true);
    const running = promisify(execFile)(process.execPath, ['--input-type=module'], { cwd: fileAt('.'), env: environment() });
    running.child.stdin?.end(sample);
    const { stdout } = await running;
    expect(read('docs/pipelines.md')).toContain(`It prints \`${stdout.trim()}\`.`);
  });
});

describe('the file in docs/pipelines.md', () => {
  it('can be imported as the page says', async () => {
    const file = join(folder(), 'payments.csv');
    writeFileSync(file, fenced('docs/pipelines.md', 'file'));
    const { code, stdout, stderr } = await run(['import', file, '--dry-run', '--sandbox=memory']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Record 2 payments, USD 1780.50 in all.');
    expect(stdout).toMatch(/ 2 {2}to record .*"banktransfer".*USD 50\.00 to Invoice "INV-384".*USD 1280\.50 to Invoice "INV-386"/);
  });
});

describe('the exit codes of docs/pipelines.md', () => {
  it.each([
    ['0', ['--version'], 'the command succeeded'],
    ['1', ['journal', 'list', '--sandbox'], 'there is no journal yet'],
    ['2', ['--no-such-option'], 'an unknown command or option'],
  ] as const)('are correct: %s', async (code, args, when) => {
    expect(read('docs/pipelines.md')).toMatch(new RegExp(`^\\| ${code} \\| .*${when}`, 'm'));
    expect(String((await run(args)).code)).toBe(code);
  });
});

describe('docs/safety.md', () => {
  it('shows a policy that the server accepts', () => {
    expect(Object.keys(readPolicy(fenced('docs/safety.md', 'policy')))).toContain('max_amount');
  });
});

describe('README.md', () => {
  it('shows a conversation that really takes place with these tools', async () => {
    // Without the quotation marks.
    const readme = read('README.md').replaceAll('\n> ', ' ').replaceAll(/[“”]/g, '"');
    const asked: string[] = [];
    const yes: Person = (question) => {
      asked.push(question.split('\n', 1)[0] ?? '');
      return { action: 'accept', content: { approve: true } };
    };
    const customer = 'Bowman Furniture';
    const { call, close } = await harness({ confirm: 'ask', person: yes });
    const says = async (tool: string, args: object) => textOf(await call(tool, { customer, ...args }));
    const told = [
      await says('find_payments', {}),
      await says('record_customer_payment', { amount: 450, payment_mode: 'cash', invoices: [{ invoice: 'INV-385' }] }),
      await says('record_customer_payment', { amount: 500, payment_mode: 'banktransfer', invoices: [{ invoice: 'INV-384' }] }),
      await says('refund_customer_payment', { amount: 450, account: 'Petty Cash' }),
    ];
    const lines = [
      { date: '2026-06-28', amount: 5120, text: 'DELMAR SENIOR LIVING' },
      { date: '2026-06-29', amount: 597, text: 'CHECK 6620 TIDEWATER THEATRE INV-000387' },
      { date: '2026-06-29', amount: 273.75, text: 'ACH QUINCY COWORK INV 000261' },
      { date: '2026-06-30', amount: 1234, text: 'KESTREL ARCHITECTS' },
      { date: '2026-06-30', amount: -15, text: 'service fee' },
    ];
    const matched = await call('match_statement', { lines });
    const list = { rows: matched.structuredContent['rows'], idempotency_key: 'statement' };
    const outcomes = [...told, textOf(matched), textOf(await call('record_customer_payments', list))].join('\n');
    await close();

    // Each fact on the page, with the text in the tools' answers.
    const facts: readonly (readonly [string, RegExp])[] = [
      ['250.00 by bank transfer on the 22nd', /2026-06-22 .*USD 250\.00 .*banktransfer.*unused USD 250\.00/],
      ['600.00 by check on the 18th, of which 100.00 is unused', /2026-06-18 .*USD 600\.00 .*check.*unused USD 100\.00/],
      ['6,205.00 through Stripe on the 3rd', /2026-06-03 .*USD 6205\.00 .*stripe/],
      [
        'payment #491: USD 450.00 in cash, applied in full to INV-385, which is now paid',
        /#491 .*USD 450\.00 .*cash\.\n.*INV-385 .*USD 450\.00, now paid/,
      ],
      ['payment #492, USD 50.00 applied to INV-384', /#492 .*USD 500\.00 .*\n.*INV-384 .*USD 50\.00/],
      ['One line was recorded already', /5 lines: 1 recorded, 2 fits, 1 likely, 1 unknown\./],
      ['I recorded 597.00 from Tidewater Theatre for INV-000387', /597 .*fits: "Tidewater Theatre" .*INV-000387 [^]*Row 1: recorded as/],
      ['and 273.75 from Quincy Coworking for INV-000261', /273\.75 .*fits: "Quincy Coworking" .*INV-000261 [^]*Row 2: recorded as/],
      ['Is the 1,234.00 from Kestrel Architects an advance?', /1234 .*likely \| "Kestrel Architects" .*an advance/],
      ['The remaining USD 450.00 is refunded out of Petty Cash', /refund .*of USD 450\.00 .*out of "Petty Cash"/],
    ];
    for (const [shown, fact] of facts) {
      expect(readme).toContain(shown);
      expect(outcomes).toMatch(fact);
    }
    expect(asked).toHaveLength(3);
    for (const question of asked) expect(readme).toContain(question);
  });
});
