import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { held, isWaiting } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { folder, run, serving, settingsFor, type Json } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** The built program's journal: from the command line, and across crashes. */

const payment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'CLI-1' };
const structured = (result: Json) => result['structuredContent'] as Json;

/** A sandbox of the test's own, and the settings that point the program at it as if it were Zoho. */
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

describe('journal', () => {
  it('lists, shows, exports and verifies what was written, and forgets a customer', async () => {
    const { settings } = await zoho();
    expect(await run(['journal', 'list'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no journal at') as string,
    });
    const server = await serving([], settings);
    const { write_id } = structured(await server.call('create_customer_payment', payment));

    const listed = await run(['journal', 'list'], settings);
    expect(listed.stdout).toMatch(
      new RegExp(`^${write_id} \\| .* \\| recorded \\| Record a payment of USD 450\\.00 from "Bowman Furniture" \\| Zoho id \\d+`),
    );
    expect((await run(['journal', 'show', write_id], settings)).stdout).toContain('The reference number is "CLI-1".');
    expect((await run(['journal', 'show', write_id, '--json'], settings)).stdout).toContain('"reference_number": "CLI-1"');
    expect((await run(['journal', 'verify'], settings)).stdout).toMatch(/^whole: \d+ events, 1 writes$/);
    const exported = (await run(['journal', 'export'], settings)).stdout.split('\n').map((line) => JSON.parse(line) as Json);
    expect(exported.map(({ type }) => type)).toEqual(expect.arrayContaining(['claimed', 'sent', 'recorded']));

    expect((await run(['journal', 'prune', '--customer', payment.customer_id], settings)).stdout).toBe(
      '1 writes emptied of what is known of customer 903000000000099',
    );
    expect((await run(['journal', 'export'], settings)).stdout).not.toContain('Bowman');
    expect((await run(['journal', 'verify'], settings)).code).toBe(0);
  });

  it('says in one line what it does not take', async () => {
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

describe('a program that is killed', () => {
  it('with a write on the wire: the next one finds the payment, and does not send it again', async () => {
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

  it('leaves an unknown that a person can settle from the command line', async () => {
    const { settings, fault } = await zoho();
    const server = await serving([], settings);
    await fault({ match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { write_id, outcome } = structured(await server.call('create_customer_payment', payment));
    expect(outcome).toBe('unknown');
    expect(await run(['journal', 'resolve'], settings)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/\| unknown \|[^]*\n1 unresolved/) as string,
    });
    // Within the grace period nobody can know that it does not come; that it is there, anybody can see.
    expect(await run(['journal', 'resolve', write_id, '--not-recorded'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/may still be carried out: it was sent at .* or decide now with --force/) as string,
    });
    expect(await run(['journal', 'resolve', write_id, '--recorded', '999'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no payment 999 in Zoho Books') as string,
    });
    // That it is there is not enough: it was there before.
    expect(await run(['journal', 'resolve', write_id, '--recorded', '9030000079467'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        '9030000079467 is not what this write recorded: ' +
          'Zoho names the payment 9030000079467, which already existed. If it is, say so with --force',
      ) as string,
    });
    expect((await run(['journal', 'resolve', write_id, '--recorded', '9030000079467', '--force'], settings)).stdout).toContain(
      '| recorded |',
    );
    expect(await run(['journal', 'resolve', write_id, '--not-recorded'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it is settled already') as string,
    });
    expect((await run(['journal', 'list'], settings)).stdout).toContain('Zoho id 9030000079467');
  });
});

describe('journal resolve --force', () => {
  it.each([
    ['--force goes with --recorded or --not-recorded', ['resolve', 'w_1', '--force']],
    ['--recorded and --not-recorded contradict each other', ['resolve', 'w_1', '--recorded', '9030000079467', '--not-recorded']],
    ['--recorded takes the id of a record in Zoho Books, which is digits', ['resolve', 'w_1', '--recorded', 'abc']],
    ['--before takes a date, YYYY-MM-DD', ['prune', '--before', '2026-13-01']],
    ['--before takes a date, YYYY-MM-DD', ['prune', '--before', '2026-02-30']],
    ['--customer takes the id of a customer', ['prune', '--customer', 'Acme']],
    ['prune takes either --before or --customer', ['prune', '--customer', '1', '--before', '2026-01-01']],
    ['unexpected argument "extra"', ['verify', 'extra']],
  ])('%s (%j)', async (message, options) => {
    expect(await run(['journal', ...options], {})).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
  });

  it('an id that there is not is told, and one record settles one write only', async () => {
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
      stderr: expect.stringMatching(/is not what this write recorded: the write w_\w+ made it\n/) as string,
    });
    expect(await run(['journal', 'prune', '--customer', payment.customer_id], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('of that customer 1 write is kept, since it is not known whether carried out') as string,
    });
  });

  it('decides against the clocks, says what speaks against it, and leaves a turn alone that a running server holds', async () => {
    const { sandbox, settings, fault } = await zoho();
    const server = await serving([], settings);
    await fault({ match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { write_id } = structured(await server.call('create_customer_payment', payment));
    await fault({ match: { method: 'GET', path: '^/customerpayments' }, ...held });
    void server.call('create_customer_payment', payment).catch(() => undefined);
    await isWaiting(sandbox, 'GET');
    expect(await run(['journal', 'resolve', write_id, '--not-recorded', '--force'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a running server still works on this write') as string,
    });
    server.child.kill('SIGKILL');
    await server.ended;
    expect(await run(['journal', 'resolve', write_id, '--not-recorded', '--force'], settings)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('| not_recorded |') as string,
      stderr: expect.stringMatching(/decided with --force, although it was sent at .*up to 5 minutes after it was sent/) as string,
    });
  });
});

describe('the journal alone', () => {
  it('can be read also when nothing connects any more', async () => {
    const { settings } = await zoho();
    const server = await serving([], settings);
    await server.call('create_customer_payment', payment);
    const alone = { ZOHO_PAYMENTS_STATE_DIR: settings.ZOHO_PAYMENTS_STATE_DIR };
    expect((await run(['journal', 'list'], alone)).stdout).toContain('| recorded |');
    expect((await run(['journal', 'verify'], alone)).stdout).toContain('whole:');
  });
});

describe('a policy', () => {
  it('that cannot be read keeps the server from starting', async () => {
    const file = join(folder(), 'policy.json');
    writeFileSync(file, '{"max_amuont": {}}');
    const { code, stderr } = await run(['serve', '--sandbox=memory', '--policy', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('max_amuont');
  });

  it('that names a tool that there is not keeps it from starting too, and what it does not allow is not listed', async () => {
    const file = join(folder(), 'policy.json');
    writeFileSync(file, '{"allowed_tools": ["create_payment"]}');
    expect(await run(['serve', '--sandbox=memory', '--policy', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the nearest is create_customer_payment') as string,
    });
    expect((await run(['doctor', '--sandbox=memory', '--policy', file])).stdout).toContain('WRONG  settings');
    writeFileSync(file, '{"allowed_tools": ["create_customer_payment"]}');
    const server = await serving(['serve', '--sandbox=memory', '--policy', file]);
    const { tools } = (await server.request('tools/list'))['result'] as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name).filter((name) => /create|update|delete/.test(name))).toEqual(['create_customer_payment']);
  });

  it('that allows no writes lists none', async () => {
    const file = join(folder(), 'policy.json');
    writeFileSync(file, '{"read_only": true}');
    const server = await serving(['serve', '--sandbox=memory', '--policy', file]);
    const { tools } = (await server.request('tools/list'))['result'] as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).not.toContain('create_customer_payment');
  });
});
