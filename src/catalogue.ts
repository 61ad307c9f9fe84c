import { isRead, scopeOf, type Endpoint } from './endpoint.ts';
import { getContact } from './endpoints/lookups/get-contact.ts';
import { getInvoice } from './endpoints/lookups/get-invoice.ts';
import { listBankAccounts } from './endpoints/lookups/list-bank-accounts.ts';
import { listContacts } from './endpoints/lookups/list-contacts.ts';
import { listCurrencies } from './endpoints/lookups/list-currencies.ts';
import { listCustomFields } from './endpoints/lookups/list-custom-fields.ts';
import { listInvoicePayments } from './endpoints/lookups/list-invoice-payments.ts';
import { listInvoices } from './endpoints/lookups/list-invoices.ts';
import { listOrganizations } from './endpoints/lookups/list-organizations.ts';
import { bulkDeleteCustomerPayments } from './endpoints/payments/bulk-delete-customer-payments.ts';
import { createCustomerPayment } from './endpoints/payments/create-customer-payment.ts';
import { deleteCustomerPayment } from './endpoints/payments/delete-customer-payment.ts';
import { getCustomerPayment } from './endpoints/payments/get-customer-payment.ts';
import { listCustomerPayments } from './endpoints/payments/list-customer-payments.ts';
import { updateCustomFieldsInCustomerPayment } from './endpoints/payments/update-custom-fields-in-customer-payment.ts';
import { updateCustomerPaymentUsingCustomField } from './endpoints/payments/update-customer-payment-using-custom-field.ts';
import { updateCustomerPayment } from './endpoints/payments/update-customer-payment.ts';
import { createCustomerPaymentRefund } from './endpoints/refunds/create-customer-payment-refund.ts';
import { deleteCustomerPaymentRefund } from './endpoints/refunds/delete-customer-payment-refund.ts';
import { getCustomerPaymentRefund } from './endpoints/refunds/get-customer-payment-refund.ts';
import { listCustomerPaymentRefunds } from './endpoints/refunds/list-customer-payment-refunds.ts';
import { updateCustomerPaymentRefund } from './endpoints/refunds/update-customer-payment-refund.ts';
import type { Toolset } from './toolsets.ts';
import { methodOf, type Workflow } from './workflow.ts';
import { checkDuplicates } from './workflows/check-duplicates.ts';
import { customerStatement } from './workflows/customer-statement.ts';
import { findPayments } from './workflows/find-payments.ts';
import { findRefunds } from './workflows/find-refunds.ts';
import { recordCustomerPayment } from './workflows/record-customer-payment.ts';
import { refundCustomerPayment } from './workflows/refund-customer-payment.ts';
import { summarizePayments } from './workflows/summarize-payments.ts';

/** All tools, their toolsets and scopes. */

const rank = { GET: 0, POST: 1, PUT: 2, DELETE: 3 } as const;

/** Sorts reads first and deletions last, then by name. Avoids `localeCompare`, because its first use adds 10 ms to every start. */
function inToolOrder<T extends Endpoint | Workflow>(tools: readonly T[]): readonly T[] {
  return tools.toSorted((a, b) => rank[methodOf(a)] - rank[methodOf(b)] || (a.name < b.name ? -1 : 1));
}

/** The endpoints of each toolset. */
export const toolsets: Readonly<Record<Exclude<Toolset, 'workflows'>, readonly Endpoint[]>> = {
  payments: inToolOrder<Endpoint>([
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
  ]),
  lookups: inToolOrder<Endpoint>([
    getContact,
    getInvoice,
    listBankAccounts,
    listContacts,
    listCurrencies,
    listCustomFields,
    listInvoicePayments,
    listInvoices,
    listOrganizations,
  ]),
};

/** Tools that are named after an operation of Zoho. */
export const endpoints: readonly Endpoint[] = inToolOrder(Object.values(toolsets).flat());

/** Tools that are named after a task. */
export const workflows: readonly Workflow[] = inToolOrder<Workflow>([
  checkDuplicates,
  customerStatement,
  findPayments,
  findRefunds,
  recordCustomerPayment,
  refundCustomerPayment,
  summarizePayments,
]);

/** The least OAuth scopes for all tools. They include the scopes of lookups, because checks before a write read the same records. */
export function leastScopes({ readOnly }: { readOnly: boolean }): readonly string[] {
  const { payments, lookups } = toolsets;
  return [...new Set([...payments.filter((endpoint) => !readOnly || isRead(endpoint)), ...lookups].map(scopeOf))];
}

/** The wanted scopes that were not granted. `ALL` and `fullaccess` include other scopes. */
export function scopesMissing(wanted: readonly string[], granted: readonly string[]): readonly string[] {
  const held = new Set(granted.map((scope) => scope.toLowerCase()));
  const covering = (scope: string) => [scope, scope.replace(/\w+$/, 'ALL'), 'ZohoBooks.fullaccess.ALL'];
  return wanted.filter((scope) => !covering(scope).some((name) => held.has(name.toLowerCase())));
}
