import { describe, expect, it } from 'vitest';
import type { Reader } from '../src/endpoint.ts';
import { getContact } from '../src/endpoints/lookups/get-contact.ts';
import { getInvoice } from '../src/endpoints/lookups/get-invoice.ts';
import { listCustomerPayments } from '../src/endpoints/payments/list-customer-payments.ts';
import type { Json } from '../src/json.ts';
import { allInOrder, sharing } from '../src/reader.ts';
import { allPayments } from '../src/reading/whole-lists.ts';

/** A reader that notes what is asked of it, and fails for an id that ends in 0. */
function noting() {
  const asked: Json[] = [];
  const zoho: Reader = {
    organizationId: '1',
    clock: () => undefined,
    async read(_endpoint, input) {
      asked.push(input);
      if (Object.values(input).some((value) => String(value).endsWith('0'))) throw new Error(`no ${JSON.stringify(input)}`);
      return {} as never;
    },
    get recent() {
      return zoho;
    },
    get settled() {
      return zoho;
    },
  };
  return { zoho, asked };
}

describe('a reader that shares', () => {
  it('asks equal questions once, also while they are awaited and whatever the order of their fields', async () => {
    const { zoho, asked } = noting();
    const shared = sharing(zoho);
    await Promise.all([
      shared.read(allPayments, { customer_id: '1', page: 1 }),
      shared.read(allPayments, { page: 1, customer_id: '1', date: undefined }),
    ]);
    await shared.read(allPayments, { customer_id: '1', page: 1 });
    expect(asked).toHaveLength(1);
  });

  it('tells questions apart by what is made of the answer, and by every field', async () => {
    const { zoho, asked } = noting();
    const shared = sharing(zoho);
    await shared.read(allPayments, { page: 1 });
    await shared.read(listCustomerPayments, { page: 1 });
    await shared.read(allPayments, { page: 2 });
    expect(asked).toHaveLength(3);
  });

  it('fails for everybody who asks what failed', async () => {
    const { zoho, asked } = noting();
    const shared = sharing(zoho);
    await expect(shared.read(getInvoice, { invoice_id: '10' })).rejects.toThrow('no');
    await expect(shared.read(getInvoice, { invoice_id: '10' })).rejects.toThrow('no');
    expect(asked).toHaveLength(1);
  });

  it('asks again as another reader, and of one that is not fresh', async () => {
    const { zoho, asked } = noting();
    const contact = { contact_id: '1' };
    const shared = sharing(zoho);
    await shared.read(getContact, contact);
    await sharing(zoho).read(getContact, contact);
    await shared.recent.read(getContact, contact);
    expect(asked).toHaveLength(3);
  });

  it('gives what is known without asking', async () => {
    const { zoho, asked } = noting();
    const invoice = { invoice_id: '10', balance: 5 };
    const shared = sharing(zoho, [{ endpoint: getInvoice, input: { invoice_id: '10' }, result: { invoice } }]);
    expect(await shared.read(getInvoice, { invoice_id: '10' })).toEqual({ invoice });
    expect(asked).toEqual([]);
  });
});

describe('what is awaited in order', () => {
  const after = async (ms: number, error?: string) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (error !== undefined) throw new Error(error);
    return ms;
  };

  it('is all there in the end, each in its place', async () => {
    expect(await allInOrder([after(20), 'as it is', after(1), undefined])).toEqual([20, 'as it is', 1, undefined]);
  });

  it('throws the first error of the list, not the first to come', async () => {
    await expect(allInOrder([after(1), after(20, 'second'), after(1, 'third')])).rejects.toThrow('second');
  });

  it('throws as soon as nothing before it can fail', async () => {
    const never = new Promise(() => undefined);
    await expect(allInOrder([after(1, 'first'), never])).rejects.toThrow('first');
  });
});
