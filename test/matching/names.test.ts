import { describe, expect, it } from 'vitest';
import { exactOrOnly, fits, isSameName } from '../../src/matching/same-name.ts';
import { altered } from '../support/altered.ts';
import { forgetRequests, requestsTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Names and e-mail addresses as people type them, with or without the accents in the books. */

const start = servers();

describe('the name of a customer', () => {
  it.each([
    ['Müller', ['Mueller', 'Muller', 'MÜLLER', 'MUELLER', 'Mu\u0308ller', 'Ｍüller', ' mü\u00a0ller'.replace('\u00a0', '')]],
    ['Mueller', ['Müller', 'Muller']],
    ['Straße', ['Strasse', 'STRASSE', 'STRAẞE']],
    ['Weiß & Söhne', ['Weiss & Soehne', 'weiss & sohne']],
    ['Jørgensen', ['Joergensen', 'Jorgensen', 'JØRGENSEN']],
    ['Åkerblom', ['Akerblom', 'Aakerblom']],
    ['Bæk', ['Baek']],
    ['Łódź', ['Lodz', 'łódź']],
    ['Đorđević', ['Dordevic']],
    ['İstanbul Işık', ['istanbul isik', 'Istanbul Işik', 'ISTANBUL ISIK']],
    ['Crème Brûlée', ['Creme Brulee']],
    ['Peña Nuñez', ['Pena Nunez']],
    ['Œuvre', ['Oeuvre', 'œuvre']],
    ['Čapek', ['Capek']],
    ['Ștefan', ['Stefan']],
    ['Ελλάς', ['ελλας']],
  ])('(%s) is recognized in the spellings %j', (name, spellings) => {
    for (const one of spellings) {
      expect(isSameName(one, name), one).toBe(true);
      expect(fits(one, `${name} GmbH`), one).toBe(true);
    }
  });

  it.each([
    ['Jo Smith', 'Joe Smith'],
    ['Müller', 'Miller'],
    ['Möbel', 'Mabel'],
    // A mark that makes another letter does not count as an accent.
    ['ガラス', 'カラス'],
    ['कि', 'का'],
  ])('(%s) is not the name %s', (one, other) => {
    expect(isSameName(one, other)).toBe(false);
  });

  it('is not another name that only begins in the same way: Baer is not Barnes', () => {
    expect(fits('Baer', 'Barnes Ltd')).toBe(false);
    expect(fits('Haas', 'Hastings Ltd')).toBe(false);
  });

  it('is recognized with and without an apostrophe', () => {
    for (const name of ["O'Malley Quotes", 'O’Malley Quotes'])
      for (const typed of ['OMalley', 'omalley quotes', "o'malley", 'O Malley', 'Malley']) expect(fits(typed, name), typed).toBe(true);
    expect(fits("O'Malley", 'OMalley Ltd')).toBe(true);
    expect(fits('smiths', "Smith's Bakery")).toBe(true);
    expect(fits('OMalloy', "O'Malley Quotes")).toBe(false);
  });

  it('in its exact spelling is preferred to a name that differs only in accents', () => {
    const all = ['Müller', 'Muller', 'Mueller'];
    for (const one of all) expect(exactOrOnly(one, all, (name) => name)).toBe(one);
    expect(exactOrOnly('Mûller', all, (name) => name)).toBeUndefined();
    expect(exactOrOnly('Riverbend Café', ['Riverbend Cafe', 'Riverbend Café & Bakery'], (name) => name)).toBeUndefined();
    expect(exactOrOnly('mobelhaus', ['Möbelhaus', 'Möbelhaus Nord'], (name) => name)).toBe('Möbelhaus');
  });
});

interface Contact {
  readonly name: string;
  readonly email?: string;
  readonly type?: 'vendor';
  readonly status?: 'inactive';
}

/** The ids of customers in the sandbox, by position. */
const idOf = (i: number) => String(712345000000090009n + BigInt(i) * (i < 20 ? 2n : 1000n));

/** Books with these contacts first, in a Zoho that distinguishes accents. With `others`, they need more than one page. */
async function booksWith(contacts: readonly Contact[], others = 0): Promise<Harness> {
  const sandbox = await startSandbox();
  const all = [...contacts, ...Array.from({ length: others }, (_, i): Contact => ({ name: `Zz Xq ${i}` }))].map(
    ({ name, email = '', type = 'customer', status = 'active' }, i) => ({
      contact_id: idOf(i),
      contact_name: name,
      contact_type: type,
      email,
      status,
      currency_code: 'USD',
    }),
  );
  const sorted = others > 0 ? all.toReversed() : all;
  const zoho = await altered(sandbox, {
    query: (query) => {
      for (const name of ['contact_name_contains', 'contact_name_startswith', 'email_contains']) query.delete(name);
    },
    body(body, query, path) {
      const [, id] = /^\/contacts\/(\d+)$/.exec(path) ?? [];
      if (id !== undefined) return { code: 0, contact: all.find(({ contact_id }) => contact_id === id) };
      if (path !== '/contacts') return body;
      const has = (value: string, name: string) =>
        value.toLowerCase().includes(query.get(`${name}_contains`)?.toLowerCase() ?? '') &&
        value.toLowerCase().startsWith(query.get(`${name}_startswith`)?.toLowerCase() ?? '');
      const found = sorted.filter(
        (row) =>
          row.contact_type === (query.get('contact_type') ?? row.contact_type) &&
          has(row.contact_name, 'contact_name') &&
          has(row.email, 'email'),
      );
      const [page, size] = [Number(query.get('page') ?? 1), Number(query.get('per_page') ?? 200)];
      return {
        code: 0,
        contacts: found.slice((page - 1) * size, page * size),
        page_context: { page, per_page: size, has_more_page: found.length > page * size },
      };
    },
  });
  const server = await start({ on: sandbox, at: zoho });
  closers.push(
    () => sandbox.close(),
    () => zoho.close(),
  );
  return server;
}

const statementOf = async (server: Harness, customer: string) => await server.call('customer_statement', { customer });
const meant = (result: ToolResult) => result.structuredContent['customer_id'] ?? textOf(result);
const codeOf = (result: ToolResult) => (result.structuredContent['error'] as { code: string } | undefined)?.code;

describe.each([
  ['short', 0],
  ['long', 450],
])('in a %s list of customers, the search', (_, others) => {
  it.each([
    ['Möbelhaus Nord', ['Mobelhaus', 'Moebelhaus', 'moebelhaus nord', 'MÖBELHAUS', 'Mo\u0308belhaus Nord']],
    ['Moebelhaus Sued', ['Möbelhaus Süd', 'Mobelhaus Sud', 'möbelhaus']],
    ['Jose Cafe', ['José Café', 'jose café']],
    ['José Café', ['Jose Cafe']],
    ['Strauß AG', ['Strauss', 'STRAUSS AG']],
    ['Łukasz Handel', ['Lukasz', 'lukasz handel']],
    ["O'Malley Quotes", ['OMalley', 'omalley quotes', 'O’Malley']],
    ['OMalley Quotes', ["O'Malley", "o'malley quotes"]],
  ])('finds %s by %j', async (name, spellings) => {
    const server = await booksWith([{ name: 'Anders Ltd' }, { name }], others);
    for (const one of spellings) expect(meant(await statementOf(server, one)), one).toBe(idOf(1));
    expect((await server.call('find_payments', { customer: spellings[0] })).structuredContent, spellings[0]).toMatchObject({
      customers: [{ contact_name: name }],
    });
  });

  it('finds a customer whose name is a number that is as long as an id', async () => {
    const server = await booksWith([{ name: 'Anders Ltd' }, { name: '9876543210' }], others);
    expect(meant(await statementOf(server, '9876543210'))).toBe(idOf(1));
    const { payments = [] } = (await server.call('find_payments', { customer: '9876543210' })).structuredContent as Record<
      string,
      object[]
    >;
    expect(payments.length).toBeGreaterThan(0);
    for (const payment of payments) expect(payment).toMatchObject({ customer_id: idOf(1) });
    expect(meant(await statementOf(server, idOf(0)))).toBe(idOf(0));
    expect(codeOf(await statementOf(server, '9876543211'))).toMatch(/^no/);
  });

  it.each([
    ['Akme Corp', 'Acme Corp'],
    ['Acmee Corp', 'Acme Corp'],
    ['Brigthon Ltd', 'Brighton Ltd'],
    ['Kestral', 'Kestrel Architects'],
    ['Akme Corporation', 'Acme Ltd'],
  ])('suggests for the unknown name %s: %s', async (typed, name) => {
    const server = await booksWith([{ name: 'Anders' }, { name }], others);
    const asked = await statementOf(server, typed);
    expect(codeOf(asked)).toBe('ambiguous_customer');
    expect(textOf(asked)).toContain(`1. "${name}"`);
  });

  it('picks the name in its exact spelling if two names differ in accents, and asks if neither is exact', async () => {
    const server = await booksWith([{ name: 'Müller' }, { name: 'Muller' }, { name: 'Café Nord' }, { name: 'Cafe Nord Bar' }], others);
    expect(meant(await statementOf(server, 'müller'))).toBe(idOf(0));
    expect(meant(await statementOf(server, 'MULLER'))).toBe(idOf(1));
    expect(codeOf(await statementOf(server, 'Mueller'))).toBe('ambiguous_customer');
    // A part of both names, spelled as in one of them.
    expect(codeOf(await statementOf(server, 'Cafe'))).toBe('ambiguous_customer');
    expect(meant(await statementOf(server, 'cafe nord bar'))).toBe(idOf(3));
  });

  it('finds a customer by the exact e-mail address, in the forms that e-mails use', async () => {
    const server = await booksWith(
      [
        { name: 'Acme', email: 'Billing@Acme.example' },
        { name: 'Bolt', email: 'ap@bolt.example' },
        { name: 'Bolt East', email: 'ap@bolt.example' },
        { name: 'Core', email: 'old@core.example', status: 'inactive' },
        { name: 'Core New', email: 'old@core.example' },
        { name: 'shop@web.example', email: 'other@web.example' },
      ],
      others,
    );
    for (const typed of [
      'billing@acme.example',
      'BILLING@ACME.EXAMPLE',
      'mailto:billing@acme.example',
      '<billing@acme.example>',
      'Ann Lee <billing@acme.example>',
      '"Lee, Ann" <billing@acme.example>',
      ' billing@acme.example. ',
    ])
      expect(meant(await statementOf(server, typed)), typed).toBe(idOf(0));
    expect(meant(await statementOf(server, 'old@core.example'))).toBe(idOf(4));
    expect(meant(await statementOf(server, 'shop@web.example'))).toBe(idOf(5));
    const both = await statementOf(server, 'ap@bolt.example');
    expect(codeOf(both)).toBe('ambiguous_customer');
    expect(textOf(both)).toContain('2 customers have the e-mail address "ap@bolt.example". Which one is it?');
    const near = await statementOf(server, 'biling@acme.example');
    expect(codeOf(near)).toBe('ambiguous_customer');
    expect(textOf(near)).toContain('"Acme", "Billing@Acme.example"');
    // A part of an address fits no customer.
    expect(codeOf(await statementOf(server, 'nobody@elsewhere.example'))).toBe('no_such_customer');
    const { payments } = (await server.call('find_payments', { customer: 'billing@acme.example' })).structuredContent as {
      payments: { customer_id: string }[];
    };
    expect(new Set(payments.map(({ customer_id }) => customer_id))).toEqual(new Set([idOf(0)]));
    expect(codeOf(await server.call('find_payments', { customer: 'ap@bolt.example' }))).toBe('ambiguous_customer');
  });

  it('says that a name belongs to a vendor, and that the customer may be new', async () => {
    const server = await booksWith(
      [
        { name: 'Nordic Timber', type: 'vendor' },
        { name: 'Böttcher Verlag', type: 'vendor' },
        { name: 'Nordic & Sons' },
        { name: 'Baker Ltd' },
      ],
      others,
    );
    const near = textOf(await statementOf(server, 'Nordic Timber'));
    expect(near).toContain(`No customer is called "Nordic Timber". "Nordic Timber" (id ${idOf(0)}) is a vendor, not a customer. Is it one`);
    expect(near).toContain('1. "Nordic & Sons"');
    expect(near).toContain('If none of them fits, a new customer must first be created in Zoho Books.');
    const only = await statementOf(server, 'boettcher');
    expect(codeOf(only)).toBe('not_a_customer');
    expect(textOf(only)).toContain(`"Böttcher Verlag" (id ${idOf(1)}) is a vendor, not a customer.`);
    expect(textOf(await statementOf(server, idOf(1)))).toContain(`"Böttcher Verlag" (id ${idOf(1)}) is a vendor, not a customer.`);
    expect(textOf(await server.call('find_payments', { customer: 'Böttcher' }))).toContain('"Böttcher Verlag"');
    const nobody = await statementOf(server, 'Xyzzy');
    expect(codeOf(nobody)).toBe('no_such_customer');
    expect(textOf(nobody)).toContain('A new customer must first be created in Zoho Books.');
  });

  it('finds a name with few calls to Zoho', async () => {
    const server = await booksWith([{ name: 'Möbelhaus Nord' }], others);
    const calls = async () => (await requestsTo(server.sandbox)).filter(({ path }) => path.endsWith('/contacts')).length;
    await statementOf(server, 'Möbelhaus Nord');
    expect(await calls()).toBe(others === 0 ? 1 : 2);
    await statementOf(server, 'mobelhaus');
    expect(await calls()).toBe(others === 0 ? 1 : 5);
  });
});

describe('find_payments by customer name', () => {
  it('says how many more customers it searched than it names', async () => {
    const server = await booksWith(Array.from({ length: 14 }, (_, i) => ({ name: `Lindgren Bau ${i}` })));
    const result = await server.call('find_payments', { customer: 'Lindgren', amount: 999_999 });
    expect(result.structuredContent).toMatchObject({ more_customers: 4 });
    expect(textOf(result)).toMatch(/^Customers searched: "Lindgren Bau .*, and 4 more\.$/m);
  });

  it.each(['デザイン', '株式会社', '山デザ'])('finds payments by %s, a part of a name without spaces', async (customer) => {
    const server = await start();
    const { payments = [] } = (await server.call('find_payments', { customer })).structuredContent as Record<string, object[]>;
    expect(payments.length).toBeGreaterThan(0);
    for (const payment of payments) expect(payment).toMatchObject({ customer_name: 'Aoyama Design KK (青山デザイン株式会社)' });
  });

  it.each(['Mobelhaus', 'moebelhaus', 'MÖBELHAUS', 'Mobelhaus Lindner'])(
    'finds the text %s with any accents, with few calls to Zoho',
    async (text) => {
      const server = await start();
      await forgetRequests(server.sandbox);
      const { payments = [] } = (await server.call('find_payments', { text })).structuredContent as Record<string, object[]>;
      expect(payments.length, text).toBeGreaterThan(0);
      for (const payment of payments)
        expect(payment).toMatchObject({ customer_name: 'Möbelhaus Lindner GmbH', why: 'text in customer name' });
      expect((await requestsTo(server.sandbox)).filter(({ path }) => path.endsWith('/customerpayments')).length).toBeLessThanOrEqual(6);
    },
  );
});

describe('a payment recorded by customer name', () => {
  it('is recorded for the customer with this e-mail address, also with invoices, and for nobody else', async () => {
    const server = await start();
    const given = { amount: 450, payment_mode: 'cash', date: '2026-06-30', invoices: ['INV-385'] };
    const { contact } = (await server.call('get_contact', { contact_id: '903000000000099' })).structuredContent as {
      contact: { email: string };
    };
    const other = await server.call('record_customer_payment', { ...given, customer: 'wiley.crane@acme.example' });
    expect(other.isError).toBe(true);
    const result = await server.call('record_customer_payment', { ...given, customer: contact.email.toUpperCase() });
    expect(result.isError, textOf(result)).toBeFalsy();
    expect(textOf(result)).toContain('"Bowman Furniture"');
  });

  it('is recorded for the right customer if the name was typed without accents', async () => {
    const server = await start();
    const given = { amount: 10, payment_mode: 'cash', date: '2026-06-30', allocate: 'as_credit', exchange_rate: 1.08 };
    const result = await server.call('record_customer_payment', { ...given, customer: 'Moebelhaus Lindner GmbH' });
    expect(result.isError, textOf(result)).toBeFalsy();
    expect(textOf(result)).toContain('"Möbelhaus Lindner GmbH"');
  });
});
