import { describe, expect, it } from 'vitest';
import type { Reader } from '../src/endpoint.ts';
import { getContact } from '../src/endpoints/lookups/get-contact.ts';
import { getInvoice } from '../src/endpoints/lookups/get-invoice.ts';
import { listCustomerPayments } from '../src/endpoints/payments/list-customer-payments.ts';
import type { Json } from '../src/json.ts';
import { allInOrder, sharing } from '../src/reader.ts';
import { allPayments } from '../src/reading/whole-lists.ts';

/** A reader that notes its calls, and fails for an id that ends in 0. */
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

describe('a reader with shared reads', () => {
  it('sends equal reads once, even if they run at the same time or have their fields in another order', async () => {
    const { zoho, asked } = noting();
    const shared = sharing(zoho);
    await Promise.all([
      shared.read(allPayments, { customer_id: '1', page: 1 }),
      shared.read(allPayments, { page: 1, customer_id: '1', date: undefined }),
    ]);
    await shared.read(allPayments, { customer_id: '1', page: 1 });
    expect(asked).toHaveLength(1);
  });

  it('sends two reads if the declaration or any field differs', async () => {
    const { zoho, asked } = noting();
    const shared = sharing(zoho);
    await shared.read(allPayments, { page: 1 });
    await shared.read(listCustomerPayments, { page: 1 });
    await shared.read(allPayments, { page: 2 });
    expect(asked).toHaveLength(3);
  });

  it('gives every caller the error of a failed read', async () => {
    const { zoho, asked } = noting();
    const shared = sharing(zoho);
    await expect(shared.read(getInvoice, { invoice_id: '10' })).rejects.toThrow('no');
    await expect(shared.read(getInvoice, { invoice_id: '10' })).rejects.toThrow('no');
    expect(asked).toHaveLength(1);
  });

  it('shares no reads with a new reader or with `recent`', async () => {
    const { zoho, asked } = noting();
    const contact = { contact_id: '1' };
    const shared = sharing(zoho);
    await shared.read(getContact, contact);
    await sharing(zoho).read(getContact, contact);
    await shared.recent.read(getContact, contact);
    expect(asked).toHaveLength(3);
  });

  it('returns known answers without a read', async () => {
    const { zoho, asked } = noting();
    const invoice = { invoice_id: '10', balance: 5 };
    const shared = sharing(zoho, [{ endpoint: getInvoice, input: { invoice_id: '10' }, result: { invoice } }]);
    expect(await shared.read(getInvoice, { invoice_id: '10' })).toEqual({ invoice });
    expect(asked).toEqual([]);
  });
});

describe('allInOrder', () => {
  const after = async (ms: number, error?: string) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (error !== undefined) throw new Error(error);
    return ms;
  };

  it('returns all results in order', async () => {
    expect(await allInOrder([after(20), 'as it is', after(1), undefined])).toEqual([20, 'as it is', 1, undefined]);
  });

  it('throws the error of the first failed item in the list, not the earliest error', async () => {
    await expect(allInOrder([after(1), after(20, 'second'), after(1, 'third')])).rejects.toThrow('second');
  });

  it('throws the first error without waiting for later items', async () => {
    const never = new Promise(() => undefined);
    await expect(allInOrder([after(1, 'first'), never])).rejects.toThrow('first');
  });
});
