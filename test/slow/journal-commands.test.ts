import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { held, isWaiting } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { folder, run, serving, settingsFor, type Json } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** The built program's journal: its commands, and its state after crashes. */

const payment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'CLI-1' };
const structured = (result: Json) => result['structuredContent'] as Json;

/** Starts a sandbox for this test and returns the settings with which the program uses it in place of Zoho. */
async function zoho() {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  const settings = {
    ...settingsFor(sandbox),
    ZOHO_PAYMENTS_STATE_DIR: folder(),
  };
  const ask = async (path: string) => (await (await fetch(`${sandbox.url}/__sandbox/${path}`)).json()) as Json;
  const fault = async (fault: Json) =>
    void (await fetch(`${sandbox.url}/__sandbox/faults`, { method: 'POST', body: JSON.stringify(fault) }));
  return { sandbox, settings, ask, fault, payments: async () => (await ask('books'))['counts'].payments as number };
}

describe('the command journal', () => {
  it('lists, shows, exports and verifies writes, and removes the data of a customer', async () => {
    const { settings } = await zoho();
    expect(await run(['journal', 'list'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no journal at') as string,
    });
    const server = await serving([], settings);
    const { write_id } = structured(await server.call('create_customer_payment', payment));

    const listed = await run(['journal', 'list'], settings);
    expect(listed.stdout).toMatch(
      new RegExp(
        `^${write_id} \\| .* \\| recorded \\| Record a payment of USD 450\\.00 from "Bowman Furniture" \\| payment #491 \\| Zoho id \\d+`,
      ),
    );
    expect((await run(['journal', 'show', write_id], settings)).stdout).toContain('The reference number is "CLI-1".');
    expect((await run(['journal', 'show', write_id, '--json'], settings)).stdout).toContain('"reference_number": "CLI-1"');
    expect((await run(['journal', 'verify'], settings)).stdout).toMatch(/^intact: \d+ events, 1 write$/);
    const exported = (await run(['journal', 'export'], settings)).stdout.split('\n').map((line) => JSON.parse(line) as Json);
    expect(exported.map(({ type }) => type)).toEqual(expect.arrayContaining(['claimed', 'sent', 'recorded']));

    expect((await run(['journal', 'prune', '--customer', payment.customer_id], settings)).stdout).toBe(
      'removed the data of customer 903000000000099 from 1 write',
    );
    expect((await run(['journal', 'export'], settings)).stdout).not.toContain('Bowman');
    expect((await run(['journal', 'verify'], settings)).code).toBe(0);
  });

  it('prints a one-line error for invalid arguments', async () => {
    const { settings } = await zoho();
    for (const args of [
      ['journal'],
      ['journal', 'burn'],
      ['journal', 'prune'],
      ['journal', 'prune', '--before', 'yesterday'],
      ['journal', 'prune', '--before', '2099-01-01'],
      ['serve', '--before', '2026-01-01'],
    ]) {
      const { code, stderr } = await run(args, settings);
      expect(code, args.join(' ')).not.toBe(0);
      expect(stderr.trim().split('\n'), args.join(' ')).toHaveLength(1);
    }
  });
});

describe('if a program is killed', () => {
  it('during a write, the next program finds the payment and does not send it again', async () => {
    const { settings, ask, fault, payments } = await zoho();
    const before = await payments();
    const server = await serving([], settings);
    await fault({ match: { method: 'POST', path: '^/customerpayments$' }, ...held, after: true });
    void server.call('create_customer_payment', payment).catch(() => undefined);
    await expect.poll(payments).toBe(before + 1);
    server.child.kill('SIGKILL');
    await server.ended;

    const next = await serving([], settings);
    const again = structured(await next.call('create_customer_payment', payment));
    expect(again).toMatchObject({ outcome: 'recorded', replayed: true, payment: { reference_number: 'CLI-1', amount: 450 } });
    expect(await payments()).toBe(before + 1);
    const posts = ((await ask('requests'))['requests'] as Json[]).filter(
      ({ method, path }) => method === 'POST' && path === '/books/v3/customerpayments',
    );
    expect(posts).toHaveLength(1);
    expect((await run(['journal', 'verify'], settings)).code).toBe(0);
  });

  it('an unknown outcome remains, and a person can settle it from the command line', async () => {
    const { settings, fault } = await zoho();
    const server = await serving([], settings);
    await fault({ match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { write_id, outcome } = structured(await server.call('create_customer_payment', payment));
    expect(outcome).toBe('unknown');
    expect(await run(['journal', 'resolve'], settings)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /\| unknown \|[^]*\nstill unresolved: 1\nZoho may carry out a write until \S+ \S+ -0[45]:00\. [^]*journal resolve` after that time/,
      ) as string,
    });
    // Within the grace period, Zoho may still carry out the write. So --not-recorded is refused, but --recorded is accepted.
    expect(await run(['journal', 'resolve', write_id, '--not-recorded'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /still carry out this write: it was sent at .* Try again after \S+ \S+ -0[45]:00, or add --force to decide now, which is final/,
      ) as string,
    });
    expect(await run(['journal', 'resolve', write_id, '--recorded', '999'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no payment 999 in Zoho Books') as string,
    });
    // A payment that existed before the write is refused.
    expect(await run(['journal', 'resolve', write_id, '--recorded', '9030000079467'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'this write did not make 9030000079467: ' +
          'Zoho names the payment 9030000079467, which already existed. If you are sure that it did, add --force',
      ) as string,
    });
    expect((await run(['journal', 'resolve', write_id, '--recorded', '9030000079467', '--force'], settings)).stdout).toMatch(
      /\| recorded \|.*\nThis is final: the outcome of this write cannot be changed again\.$/,
    );
    expect(await run(['journal', 'resolve', write_id, '--not-recorded'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the outcome of this write is known already and cannot be changed') as string,
    });
    expect((await run(['journal', 'list'], settings)).stdout).toContain('Zoho id 9030000079467');
  });
});

describe('the command journal, and journal resolve with --force', () => {
  it.each([
    ['--force needs --recorded or --not-recorded', ['resolve', 'w_1', '--force']],
    ['use either --recorded or --not-recorded, not both', ['resolve', 'w_1', '--recorded', '9030000079467', '--not-recorded']],
    ['--recorded must be the id of a record in Zoho Books (digits only)', ['resolve', 'w_1', '--recorded', 'abc']],
    ['--before must be a date, YYYY-MM-DD', ['prune', '--before', '2026-13-01']],
    ['--before must be a date, YYYY-MM-DD', ['prune', '--before', '2026-02-30']],
    ['--customer must be the id of a customer', ['prune', '--customer', 'Acme']],
    ['use either --before or --customer, not both', ['prune', '--customer', '1', '--before', '2026-01-01']],
    ['unexpected argument "extra"', ['verify', 'extra']],
  ])('refuses wrong options with the message "%s" (%j)', async (message, options) => {
    expect(await run(['journal', ...options], {})).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
  });

  it('refuses an unknown id, and uses one record to settle only one write', async () => {
    const { settings, fault } = await zoho();
    const server = await serving([], settings);
    const made = structured(await server.call('create_customer_payment', payment))['payment'].payment_id as string;
    await fault({ match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { write_id } = structured(await server.call('create_customer_payment', { ...payment, amount: 9 }));
    expect(await run(['journal', 'resolve', 'w_nope'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no write w_nope') as string,
    });
    expect(await run(['journal', 'resolve', write_id, '--recorded', made, '--force'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/this write did not make \d+: the write w_\w+ made it\n/) as string,
    });
    expect(await run(['journal', 'prune', '--customer', payment.customer_id], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('1 write of that customer stays unchanged, because the outcome is unknown') as string,
    });
  });

  it('overrides the clocks, prints what speaks against the decision, and does not touch a lock that a running server holds', async () => {
    const { sandbox, settings, fault } = await zoho();
    const server = await serving([], settings);
    await fault({ match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { write_id } = structured(await server.call('create_customer_payment', payment));
    await fault({ match: { method: 'GET', path: '^/customerpayments' }, ...held });
    void server.call('create_customer_payment', payment).catch(() => undefined);
    await isWaiting(sandbox, 'GET');
    expect(await run(['journal', 'resolve', write_id, '--not-recorded', '--force'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a running server is still working on this write') as string,
    });
    server.child.kill('SIGKILL');
    await server.ended;
    expect(await run(['journal', 'resolve', write_id, '--not-recorded', '--force'], settings)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('| not_recorded |') as string,
      stderr: expect.stringMatching(/decided with --force, although: it was sent at .*up to 5 minutes after it was sent/) as string,
    });
  });
});

describe('without credentials', () => {
  it('the command journal still lists and verifies the writes', async () => {
    const { settings } = await zoho();
    const server = await serving([], settings);
    await server.call('create_customer_payment', payment);
    const alone = { ZOHO_PAYMENTS_STATE_DIR: settings.ZOHO_PAYMENTS_STATE_DIR };
    expect((await run(['journal', 'list'], alone)).stdout).toContain('| recorded |');
    expect((await run(['journal', 'verify'], alone)).stdout).toContain('intact:');
  });
});

describe('a policy file', () => {
  it('stops the start if it cannot be read', async () => {
    const file = join(folder(), 'policy.json');
    writeFileSync(file, '{"max_amuont": {}}');
    const { code, stderr } = await run(['serve', '--sandbox=memory', '--policy', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('max_amuont');
  });

  it('stops the start if it names an unknown tool; tools that it does not allow are not listed', async () => {
    const file = join(folder(), 'policy.json');
    writeFileSync(file, '{"allowed_tools": ["create_payment"]}');
    expect(await run(['serve', '--sandbox=memory', '--policy', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean create_customer_payment?') as string,
    });
    expect((await run(['doctor', '--sandbox=memory', '--policy', file])).stdout).toContain('WRONG  settings');
    writeFileSync(file, '{"allowed_tools": ["create_customer_payment"]}');
    const server = await serving(['serve', '--sandbox=memory', '--policy', file]);
    const { tools } = (await server.request('tools/list'))['result'] as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name).filter((name) => /create|update|delete/.test(name))).toEqual(['create_customer_payment']);
  });

  it('hides all write tools if it allows no writes', async () => {
    const file = join(folder(), 'policy.json');
    writeFileSync(file, '{"read_only": true}');
    const server = await serving(['serve', '--sandbox=memory', '--policy', file]);
    const { tools } = (await server.request('tools/list'))['result'] as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).not.toContain('create_customer_payment');
  });
});
