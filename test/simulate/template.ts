import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from '@photostructure/sqlite';
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts';
import { TODAY } from '../support/today.ts';

/** The small books with which every run begins. They are made once, because seeding takes longer than a run. */

/** Zoho's time when a run begins. */
export const BEGINNING = Date.parse('2026-07-01T15:00:00Z');

export const CHECKING = '712345000000000361';
export const PETTY_CASH = '3000000000385';
export const UNIQUE_FIELD = 'cf_external_reference';
export const PLAIN_FIELD = '46000000012845';

interface Invoice {
  readonly id: string;
  readonly number: string;
  readonly total: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  /** Open, without any payment. */
  readonly invoices: readonly Invoice[];
  /** Unapplied payments of 100, 101 and 102. */
  readonly advances: readonly string[];
  /** Payments of 300, each with 20 applied to the first invoice and 30 to the second. */
  readonly applied: readonly string[];
  /** A payment of 200 with a refund of 50. */
  readonly refunded: { readonly payment: string; readonly refund: string };
  /** A payment of 90 with a value in the unique field. */
  readonly unique: { readonly payment: string; readonly value: string };
}

export interface Template {
  readonly file: string;
  readonly customers: readonly Customer[];
}

const CUSTOMERS = ['Bowman Furniture', 'Acme Corp'];

export function readTemplate(file: string): Template {
  return JSON.parse(readFileSync(`${file}.json`, 'utf8')) as Template;
}

export async function makeTemplate(file: string): Promise<Template> {
  let now = BEGINNING - 3600_000;
  await (await startSandbox({ data: file, today: TODAY })).close();
  settle(file);
  strip(file);
  const sandbox = await startSandbox({ data: file, now: () => new Date(now), limits: { per_minute: 1000 } });
  const api = await bookkeeper(sandbox);
  const customers: Customer[] = [];
  for (const [n, { id, name, invoices }] of customersOf(file).entries()) {
    const pay = async (amount: number, more: object = {}) => {
      // Each write gets its own second, so that their order in time is certain.
      now += 2000;
      const { payment } = (await api('POST', '/customerpayments', {
        customer_id: id,
        payment_mode: 'cash',
        date: '2026-06-01',
        amount,
        account_id: CHECKING,
        ...more,
      })) as { payment: { payment_id: string } };
      return payment.payment_id;
    };
    const advances = [await pay(100), await pay(101), await pay(102)];
    const rows = [
      { invoice_id: invoices[0]!.id, amount_applied: 20 },
      { invoice_id: invoices[1]!.id, amount_applied: 30 },
    ];
    const applied = [await pay(300, { invoices: rows }), await pay(300, { invoices: rows, date: '2026-06-02' })];
    const payment = await pay(200);
    const refund = (await api('POST', `/customerpayments/${payment}/refunds`, {
      date: '2026-06-03',
      amount: 50,
      from_account_id: PETTY_CASH,
    })) as { payment_refund: { payment_refund_id: string } };
    const value = `U-${n}`;
    const unique = { payment: await pay(90, { custom_fields: [{ api_name: UNIQUE_FIELD, value }] }), value };
    customers.push({
      id,
      name,
      invoices,
      advances,
      applied,
      refunded: { payment, refund: refund.payment_refund.payment_refund_id },
      unique,
    });
  }
  const { problems } = (await (await fetch(`${sandbox.url}/__sandbox/books`)).json()) as { problems: string[] };
  if (problems.length > 0) throw new Error(`The books at the beginning do not balance: ${problems.join('; ')}`);
  await sandbox.close();
  settle(file);
  const template = { file, customers };
  writeFileSync(`${file}.json`, JSON.stringify(template));
  return template;
}

/** Deletes everything except a few open invoices. Checking the books of a full year after each run would take longer than the run. */
function strip(file: string): void {
  const database = new DatabaseSync(file);
  const names = CUSTOMERS.map((name) => `'${name}'`).join(', ');
  database.exec(`
    PRAGMA foreign_keys = ON; BEGIN;
    DELETE FROM applications; DELETE FROM refunds; DELETE FROM custom_values; DELETE FROM payments;
    DELETE FROM invoices WHERE stage <> 'sent' OR customer_name NOT IN (${names}) OR number NOT LIKE 'INV-3%';
    UPDATE invoices SET balance = total, last_payment_date = '';
    UPDATE customers SET unused_credits = 0,
      outstanding = coalesce((SELECT sum(balance) FROM invoices WHERE customer_id = customers.id), 0);
    UPDATE accounts SET balance = opening;
    COMMIT; VACUUM;
  `);
  database.close();
}

/** Writes the write-ahead log into the database file, because only this file is copied. */
function settle(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

function customersOf(file: string): { id: string; name: string; invoices: Invoice[] }[] {
  const database = new DatabaseSync(file);
  const found = CUSTOMERS.map((name) => {
    const { id } = database.prepare('SELECT id FROM customers WHERE name = ?').get(name) as { id: string };
    const invoices = database.prepare('SELECT id, number, total FROM invoices WHERE customer_id = ? ORDER BY seq').all(id) as {
      id: string;
      number: string;
      total: number;
    }[];
    return { id, name, invoices: invoices.map((invoice) => ({ ...invoice, total: invoice.total / 1000 })) };
  });
  database.close();
  return found;
}

export type Bookkeeper = (method: string, path: string, body?: unknown, query?: Record<string, string>) => Promise<unknown>;

/** A person who works directly in Zoho Books. The request log shows their user agent. */
export async function bookkeeper(sandbox: Sandbox): Promise<Bookkeeper> {
  const { client_id, client_secret, refresh_token } = sandbox;
  const granted = await fetch(`${sandbox.accounts_url}/oauth/v2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id, client_secret, refresh_token }),
  });
  const { access_token } = (await granted.json()) as { access_token: string };
  return async (method, path, body, query = {}) => {
    const response = await fetch(
      `${sandbox.api_base_url}${path}?${new URLSearchParams({ organization_id: sandbox.organization_id, ...query })}`,
      {
        method,
        headers: {
          authorization: `Zoho-oauthtoken ${access_token}`,
          'user-agent': 'bookkeeper',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      },
    );
    const answer = (await response.json()) as { code?: number };
    if (answer.code !== 0) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
}
