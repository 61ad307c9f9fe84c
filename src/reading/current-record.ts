import type { Reader } from '../endpoint.ts';
import { getContact, type Contact } from '../endpoints/lookups/get-contact.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { BusyError, InputError } from '../errors.ts';
import { recordNameAndId } from '../records/describe.ts';
import type { Payment, Refund } from '../records/fields.ts';
import { ifAllowed } from './if-allowed.ts';

/** Reads the current records before a write, without cache. A write is refused if a record that it needs cannot be read. */

export async function currentPayment(zoho: Reader, payment_id: string): Promise<Payment> {
  const { payment } = await zoho.read(getCustomerPayment, { payment_id });
  return payment?.payment_id === payment_id ? payment : refuseWithoutRecord('payment', payment_id);
}

export async function currentRefund(zoho: Reader, customer_payment_id: string, refund_id: string): Promise<Refund> {
  const { payment_refund } = await zoho.read(getCustomerPaymentRefund, { customer_payment_id, refund_id });
  return payment_refund?.payment_refund_id === refund_id ? payment_refund : refuseWithoutRecord('refund', refund_id);
}

/** Throws the error `no_record`, because no write may rely on an answer without the record. */
export function refuseWithoutRecord(what: string, id: string): never {
  throw new BusyError(`Zoho's answer contained no ${what} with the id ${id}.`, {
    code: 'no_record',
    next: 'Make the same call again in a little while.',
  });
}

/** The customer with this id. Undefined if the scopes do not allow the read. Throws if there is no such customer, or if it is a vendor. */
export async function customerOf(contact_id: string, zoho: Reader): Promise<Contact | undefined> {
  const found = await ifAllowed(
    zoho.read(getContact, { contact_id }).catch((error: unknown) => {
      if (!(error instanceof InputError) || error.code !== 'not_found') throw error;
      throw new InputError(`There is no customer ${contact_id}.`, {
        code: 'no_such_customer',
        next: [
          { say: 'list_customer_payments shows the customer_id of customers who have paid before', tool: 'list_customer_payments' },
          { say: 'ask the user' },
        ],
        zoho: error.zoho,
      });
    }),
  );
  if (found !== undefined && found.contact?.contact_id !== contact_id) return refuseWithoutRecord('customer', contact_id);
  if (found?.contact?.contact_type !== undefined && found.contact.contact_type !== 'customer') {
    throw new InputError(`${recordNameAndId('contact', found.contact.contact_name, contact_id)} is a vendor, not a customer.`, {
      code: 'not_a_customer',
      next: 'Ask the user which customer paid.',
    });
  }
  return found?.contact;
}
