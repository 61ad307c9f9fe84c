import type { Endpoint } from '../endpoint.ts';
import { bulkDeleteCustomerPayments } from './bulk-delete-customer-payments.ts';
import { createCustomerPaymentRefund } from './create-customer-payment-refund.ts';
import { createCustomerPayment } from './create-customer-payment.ts';
import { deleteCustomerPaymentRefund } from './delete-customer-payment-refund.ts';
import { deleteCustomerPayment } from './delete-customer-payment.ts';
import { getContact } from './get-contact.ts';
import { getCustomerPaymentRefund } from './get-customer-payment-refund.ts';
import { getCustomerPayment } from './get-customer-payment.ts';
import { getInvoice } from './get-invoice.ts';
import { listBankAccounts } from './list-bank-accounts.ts';
import { listContacts } from './list-contacts.ts';
import { listCurrencies } from './list-currencies.ts';
import { listCustomFields } from './list-custom-fields.ts';
import { listCustomerPaymentRefunds } from './list-customer-payment-refunds.ts';
import { listCustomerPayments } from './list-customer-payments.ts';
import { listInvoicePayments } from './list-invoice-payments.ts';
import { listInvoices } from './list-invoices.ts';
import { listOrganizations } from './list-organizations.ts';
import { updateCustomFieldsInCustomerPayment } from './update-custom-fields-in-customer-payment.ts';
import { updateCustomerPaymentRefund } from './update-customer-payment-refund.ts';
import { updateCustomerPaymentUsingCustomField } from './update-customer-payment-using-custom-field.ts';
import { updateCustomerPayment } from './update-customer-payment.ts';
import type { Toolset } from './toolsets.ts';

const rank = { GET: 0, POST: 1, PUT: 2, DELETE: 3 } as const;

/** Reads first, then writes, what destroys last; by name within. Not by `localeCompare`: its first use takes 10 ms of every start. */
function ordered(tools: readonly Endpoint[]): readonly Endpoint[] {
  return tools.toSorted((a, b) => rank[a.method] - rank[b.method] || (a.name < b.name ? -1 : 1));
}

/** Which tools are in which toolset. */
export const toolsets: Readonly<Record<Exclude<Toolset, 'workflows'>, readonly Endpoint[]>> = {
  payments: ordered([
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
  ] satisfies readonly Endpoint[]),
  lookups: ordered([
    getContact,
    getInvoice,
    listBankAccounts,
    listContacts,
    listCurrencies,
    listCustomFields,
    listInvoicePayments,
    listInvoices,
    listOrganizations,
  ] satisfies readonly Endpoint[]),
};

/** All of them. */
export const endpoints: readonly Endpoint[] = ordered(Object.values(toolsets).flat());
