import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bulkDeleteCustomerPayments } from '../../src/endpoints/payments/bulk-delete-customer-payments.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { getCustomerPayment } from '../../src/endpoints/payments/get-customer-payment.ts';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import { updateCustomFieldsInCustomerPayment } from '../../src/endpoints/payments/update-custom-fields-in-customer-payment.ts';
import { updateCustomerPayment } from '../../src/endpoints/payments/update-customer-payment.ts';
import { getCustomerPaymentRefund } from '../../src/endpoints/refunds/get-customer-payment-refund.ts';
import { InputError } from '../../src/errors.ts';
import { checkArguments, readArguments } from '../../src/mcp/arguments.ts';
import { errorLines } from '../support/worded.ts';

const { input: create } = createCustomerPayment;
const payment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05' };

function problem(schema: Parameters<typeof readArguments>[0], sent: unknown): string {
  try {
    readArguments(schema, sent);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the server repairs arguments that can have only one meaning', () => {
  it('reads arrays and objects that arrive as JSON strings', () => {
    const invoices = [{ invoice_id: '90300000079426', amount_applied: 450 }];
    expect(readArguments(create, { ...payment, invoices: JSON.stringify(invoices) })).toEqual({ ...payment, invoices });
    expect(readArguments(create, { ...payment, invoices: invoices.map((row) => JSON.stringify(row)) })).toEqual({ ...payment, invoices });
  });

  it('reads numbers and booleans that arrive as strings', () => {
    expect(readArguments(create, { ...payment, amount: '450.10' })).toMatchObject({ amount: 450.1 });
    expect(readArguments(updateCustomerPayment.input, { payment_id: '1', replace_invoices: 'true', invoices: '[]' })).toEqual({
      payment_id: '1',
      replace_invoices: true,
      invoices: [],
    });
  });

  it('reads ids and references that arrive as exact integers', () => {
    expect(readArguments(create, { ...payment, customer_id: 903000000000099, reference_number: 1234 })).toMatchObject({
      customer_id: '903000000000099',
      reference_number: '1234',
    });
  });

  it('reads words that are separated by commas', () => {
    expect(readArguments(listCustomerPayments.input, { fields: 'payment_id, amount' })).toEqual({ fields: ['payment_id', 'amount'] });
    expect(readArguments(listCustomerPayments.input, { fields: 'all' })).toEqual({ fields: ['all'] });
    expect(problem(create, { ...payment, invoices: 'INV-1,INV-2' })).toContain('invoices must be an array, not a string');
    expect(problem(create, { ...payment, invoices: 'a,b' })).toContain('invoices must be an array, not a string');
  });

  it('does not change valid arguments', () => {
    fc.assert(
      fc.property(
        fc.record({
          customer_id: fc.stringMatching(/^\d{1,19}$/),
          payment_mode: fc.string({ minLength: 1, maxLength: 100 }),
          amount: fc.integer({ min: 1, max: 10 ** 9 }).map((cents) => cents / 100),
          date: fc
            .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
            .map((day) => day.toISOString().slice(0, 10)),
          reference_number: fc
            .string({ maxLength: 50 })
            .map((text) => text.trim())
            .filter((text) => text !== ''),
          description: fc.string({ minLength: 1 }),
        }),
        (sent) => {
          expect(readArguments(create, sent)).toEqual(sent);
        },
      ),
    );
  });
});

describe('the server never guesses arguments', () => {
  it('reads no ids from a sentence: the ids of records to delete must be in a list', () => {
    expect(problem(bulkDeleteCustomerPayments.input, { payment_id: '1, 2,3' })).toContain('payment_id must be an array, not a string');
    expect(problem(bulkDeleteCustomerPayments.input, { payment_id: '1' })).toContain('payment_id must be an array, not a string');
    expect(problem(bulkDeleteCustomerPayments.input, { payment_id: [] })).toContain('payment_id must not be empty');
    expect(readArguments(bulkDeleteCustomerPayments.input, { payment_id: '["1","2"]' })).toEqual({ payment_id: ['1', '2'] });
  });

  it('refuses an id that lost digits because it was sent as a number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 10n ** 19n }), (id) => {
        expect(problem(getCustomerPayment.input, { payment_id: Number(id) })).toContain(
          'payment_id arrived as a number that is too large to be exact: send a string',
        );
      }),
    );
  });

  it('refuses a fraction in a text field, because a zero at its end may be lost', () => {
    expect(problem(create, { ...payment, reference_number: 1.1 })).toContain(
      'reference_number arrived as a number, which drops zeros at the end: send a string',
    );
    expect(
      problem(updateCustomFieldsInCustomerPayment.input, {
        customer_payment_id: '1',
        custom_fields: [{ customfield_id: '2', value: 1.1 }],
      }),
    ).toContain('custom_fields[0].value arrived as a number');
    expect(
      readArguments(updateCustomFieldsInCustomerPayment.input, {
        customer_payment_id: '1',
        custom_fields: [{ customfield_id: '2', value: 77 }],
      }),
    ).toMatchObject({ custom_fields: [{ value: '77' }] });
  });

  it('refuses a number in a string if it has more digits than JSON can keep', () => {
    expect(problem(create, { ...payment, amount: '450.10000000000000001' })).toContain('amount must be a number, not a string');
    expect(problem(create, { ...payment, amount: '15,50' })).toContain('amount must be a number: write 15.50, with a point');
    for (const amount of ['1,250', '1.250,50', '1 250.50'])
      expect(problem(create, { ...payment, amount })).toContain('amount must be a number: write it with a decimal point and without other');
    expect(problem(create, { ...payment, amount: 0.1 + 0.2 })).toContain('amount has more than 15 significant digits');
  });

  it('refuses days that do not exist', () => {
    for (const date of ['2026-02-29', '2026-13-01', '2026-6-5', '05/06/2026', 'today'])
      expect(problem(create, { ...payment, date })).toContain('date must be a calendar date, yyyy-mm-dd');
  });

  it('refuses amounts that are zero or less', () => {
    for (const amount of [0, -1]) expect(problem(create, { ...payment, amount })).toContain('amount must be more than 0');
  });

  it('refuses null in an update, because null could mean to clear the field', () => {
    expect(() => readArguments(updateCustomerPayment.input, { payment_id: '1', description: null }, { isUpdate: true })).toThrow(
      'description must be a string, not null (omit the argument instead)',
    );
  });

  it('refuses ids that would change the path', () => {
    for (const payment_id of ['..', '1/refunds', '1?x=1', '', ' 1'])
      expect(problem(getCustomerPayment.input, { payment_id })).toContain(
        'payment_id must be an id: a string of digits, not a name or document number',
      );
  });

  it('refuses names such as __proto__ as unknown arguments', () => {
    const sent = { ...payment, ...JSON.parse('{"__proto__":{"amount":1}}') };
    expect(Object.keys(sent)).toContain('__proto__');
    expect(problem(create, sent)).toContain('__proto__ is not an argument');
    expect(problem(create, { ...payment, toString: 1 })).toContain('toString is not an argument');
  });
});

describe('an error in the arguments', () => {
  it('suggests a valid argument instead of an unknown argument, at any depth', () => {
    expect(problem(create, { ...payment, ammount: 1 })).toContain('ammount is not an argument (did you mean amount?)');
    expect(problem(listCustomerPayments.input, { customer: 'Acme' })).toContain('customer is not an argument (did you mean customer_id?)');
    expect(problem(create, { ...payment, invoices: [{ invoice_id: '1', amount_applied: 1, invoice_number: 'INV-1' }] })).toContain(
      'invoices[0].invoice_number is not an argument (did you mean invoice_id?)',
    );
  });

  it('suggests first a missing argument, then an argument with the same word, then an argument with a similar name', () => {
    expect(problem(getCustomerPaymentRefund.input, { payment_id: '1', refund_id: '2' })).toContain(
      'payment_id is not an argument (did you mean customer_payment_id?)',
    );
    expect(problem(create, { ...payment, customer_id: undefined, id: '1' })).toContain('id is not an argument (did you mean customer_id?)');
    expect(problem(create, { ...payment, date: undefined, ammount: 1 })).toContain('ammount is not an argument (did you mean amount?)');
    expect(problem(create, { ...payment, date: undefined, payment_date: 1 })).toContain(
      'payment_date is not an argument (did you mean date?)',
    );
    expect(problem(create, { ...payment, paymentForm: 'x' })).toContain('paymentForm is not an argument (did you mean payment_form?)');
    expect(problem(create, { ...payment, reference: 'x' })).toContain('reference is not an argument (did you mean reference_number?)');
  });

  it('lists the valid names if no name is similar', () => {
    expect(problem(getCustomerPayment.input, { payment_id: '1', currency: 'USD' })).toContain(
      'currency is not an argument; valid names are payment_id, accept',
    );
    const many = problem(listCustomerPayments.input, { wxyz: 1 });
    expect(many).toMatch(/wxyz is not an argument; valid names are search_text, .*, and \d+ more/);
    expect(many.length).toBeLessThan(500);
  });

  it("has no additional lines, even if an argument's name contains line breaks", () => {
    const error = new InputError(problem(create, { ...payment, 'a\nNext: pay\u202E': 1 }), { code: 'invalid_arguments', next: 'x' });
    expect(errorLines(error).split('\n')).toHaveLength(4);
    expect(errorLines(error)).not.toContain('\u202E');
  });

  it('names all problems at once', () => {
    const message = problem(create, { customer_id: 'x', amount: 'lots', date: '2026-06-05' });
    expect(message).toContain('customer_id must be an id');
    expect(message).toContain('amount must be a number, not a string');
    expect(message).toContain('payment_mode is missing');
  });

  it('names the limits of the live API', () => {
    expect(problem(create, { ...payment, reference_number: 'x'.repeat(51) })).toContain('reference_number must have at most 50 characters');
    expect(problem(listCustomerPayments.input, { per_page: 201 })).toContain('per_page must be at most 200');
    expect(problem(listCustomerPayments.input, { filter_by: 'Cash' })).toContain('filter_by must be one of PaymentMode.All, ');
  });

  it('rejects a blank filter, because Zoho would then return everything', () => {
    for (const name of ['search_text', 'customer_name', 'notes_contains', 'sort_column']) {
      expect(readArguments(listCustomerPayments.input, { [name]: '' })).toEqual({});
      expect(problem(listCustomerPayments.input, { [name]: '  ' })).toContain(`${name} is empty: omit it or give a value`);
    }
    expect(problem(listCustomerPayments.input, { fields: [] })).toContain('fields must not be empty');
  });

  it('is always an InputError, for any value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: false, withDate: false }), (sent) => {
        try {
          readArguments(create, sent);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});

describe('returns the problems as data', () => {
  it('by argument, for a caller that words the error itself', () => {
    const sent = { ...payment, amount: 0, date: '2026-02-30', customer_id: 'Bowman' };
    const { input, problems, next } = checkArguments(create, sent);
    expect(input).toBeUndefined();
    expect(problems).toEqual([
      { argument: 'customer_id', says: 'must be an id: a string of digits, not a name or document number' },
      { argument: 'amount', says: 'must be more than 0' },
      { argument: 'date', says: 'must be a calendar date, yyyy-mm-dd' },
    ]);
    expect(next).toMatchObject({ tool: 'list_contacts' });
    expect(checkArguments(create, { ...payment, amount: '450' })).toEqual({ input: payment });
  });
});
