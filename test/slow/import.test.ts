import { expect, it } from 'vitest';
import { booksOf, fault, forgetRequests, noFaults, requestsTo, writesTo } from '../support/books.ts';
import { importing, manyRows, resultsOf } from '../support/imports.ts';
import { startSandbox } from '../support/sandbox.ts';
import { closers } from '../support/closers.ts';

/** Long files: many rows, lost answers, kills, and Zoho's limit for a minute. */

const CREATE = { method: 'POST', path: '^/customerpayments$' };

async function zohoWithoutLimits() {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  await fetch(`${sandbox.url}/__sandbox/limits`, { method: 'POST', body: JSON.stringify({ per_minute: 100_000, per_day: 100_000 }) });
  return sandbox;
}

it('records 500 rows with few calls', async () => {
  const sandbox = await zohoWithoutLimits();
  const books = importing(sandbox);
  const file = books.file(manyRows(500));
  await forgetRequests(sandbox);
  expect(await books.unattended(file)).toMatchObject({ code: 0 });
  expect((await requestsTo(sandbox)).length).toBeLessThanOrEqual(600);
  expect(await writesTo({ sandbox })).toHaveLength(500);
});

it('records each of 500 rows once, although 2 % of the answers are lost and the run is killed three times', async () => {
  const sandbox = await zohoWithoutLimits();
  const books = importing(sandbox);
  const before = (await booksOf(sandbox)).counts.payments;
  const file = books.file(manyRows(500));
  // Every 50th answer is lost after Zoho recorded the payment.
  for (let skip = 20; skip < 500; skip += 50) await fault(sandbox, { match: CREATE, fault: 'drop_after', skip, times: 1 });
  const countIn = async () => (await booksOf(sandbox)).counts.payments - before;
  for (const kill of [90, 210, 380]) {
    const { child, ended } = books.begun(file);
    await expect.poll(countIn, { timeout: 300_000, interval: 50 }).toBeGreaterThanOrEqual(kill);
    child.kill('SIGKILL');
    await ended;
    // What Zoho carried out is at most one payment ahead of the results file.
    const known = resultsOf(file).filter(({ outcome }) => outcome === 'recorded').length;
    expect((await countIn()) - known).toBeLessThanOrEqual(1);
  }
  let last = await books.unattended(file);
  // A request that was killed before it reached Zoho is unknown until it cannot arrive any more.
  for (let wait = 0; last.code === 5 && wait < 12; wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, 30_000));
    last = await books.unattended(file);
  }
  expect(last).toMatchObject({ code: 0 });
  await noFaults(sandbox);
  const ids = resultsOf(file).map(({ payment_id }) => payment_id);
  expect(new Set(ids).size).toBe(500);
  expect(await countIn()).toBe(500);
  expect((await booksOf(sandbox)).problems).toEqual([]);
}, 1_200_000);

it("with --wait waits for Zoho's minute, and goes on", async () => {
  const sandbox = await zohoWithoutLimits();
  const books = importing(sandbox);
  books.settings['ZOHO_PAYMENTS_CALLS_PER_MINUTE'] = '30';
  const file = books.file(manyRows(40));
  const first = await books.unattended(file);
  expect(first).toMatchObject({ code: 4, stderr: expect.stringContaining('not recorded') as string });
  expect(resultsOf(file).map(({ code }) => code)).toContain('minute_limit');
  const { code, stderr } = await books.unattended(file, '--wait');
  expect(code, stderr).toBe(0);
  expect(await writesTo({ sandbox })).toHaveLength(40);
});
