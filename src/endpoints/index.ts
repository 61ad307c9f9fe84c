import type { Endpoint } from '../endpoint.ts';
import { bulkDeleteCustomerPayments } from './bulk-delete-customer-payments.ts';
import { createCustomerPaymentRefund } from './create-customer-payment-refund.ts';
import { createCustomerPayment } from './create-customer-payment.ts';
import { deleteCustomerPaymentRefund } from './delete-customer-payment-refund.ts';
import { deleteCustomerPayment } from './delete-customer-payment.ts';
import { getCustomerPaymentRefund } from './get-customer-payment-refund.ts';
import { getCustomerPayment } from './get-customer-payment.ts';
import { listCustomerPaymentRefunds } from './list-customer-payment-refunds.ts';
import { listCustomerPayments } from './list-customer-payments.ts';
import { updateCustomFieldsInCustomerPayment } from './update-custom-fields-in-customer-payment.ts';
import { updateCustomerPaymentRefund } from './update-customer-payment-refund.ts';
import { updateCustomerPaymentUsingCustomField } from './update-customer-payment-using-custom-field.ts';
import { updateCustomerPayment } from './update-customer-payment.ts';

const rank = { GET: 0, POST: 1, PUT: 2, DELETE: 3 } as const;

/** The tools: reads first, then writes, what destroys last; by name within. */
export const endpoints: readonly Endpoint[] = (
  [
    bulkDeleteCustomerPayments,
    createCustomerPayment,
    createCustomerPaymentRefund,
    deleteCustomerPayment,
    deleteCustomerPaymentRefund,
    getCustomerPayment,
    getCustomerPaymentRefund,
    listCustomerPaymentRefunds,
    listCustomerPayments,
    updateCustomFieldsInCustomerPayment,
    updateCustomerPayment,
    updateCustomerPaymentRefund,
    updateCustomerPaymentUsingCustomField,
  ] satisfies readonly Endpoint[]
).toSorted((a, b) => rank[a.method] - rank[b.method] || a.name.localeCompare(b.name, 'en'));
