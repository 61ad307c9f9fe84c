/** The number of calls to Zoho that each tool makes. */

interface Calls {
  /** Number of calls in the usual case. Before it, only the organization was read. */
  readonly calls: number;
  /** The usual case, if the number is not always the same. */
  readonly usual?: string;
  /** When a tool makes more or fewer calls. */
  readonly more?: string;
}

const oneCall = { calls: 1 };
const onePage = { calls: 1, usual: 'one page' };

/** By tool. `test/budgets/` measures each number. */
export const zohoCalls: Readonly<Record<string, Calls>> = {
  check_duplicates: { calls: 2, usual: 'a month of a customer', more: '1 for each 200 payments' },
  customer_statement: {
    calls: 5,
    usual: '2 payments with refunds',
    more: '1 for each payment with refunds; names from the last minutes are cached',
  },
  find_payments: {
    calls: 4,
    usual: 'by customer and amount',
    more: '1 for each 200 payments searched; 2 of the 4 calls find invoice ids, which can take up to 8',
  },
  find_refunds: {
    calls: 6,
    usual: 'a customer with 2 refunds',
    more: '1 for each payment with refunds, 1 for each refund shown with its account, 1 for an account by name, 1 for each 200 payments',
  },
  match_statement: {
    calls: 10,
    usual: 'a month with 6 payments that have refunds',
    more: '1 for each payment with refunds, 1 for each refund of an account, 2 for an account by name, 1 for each 200 payments, customers or invoices',
  },
  summarize_payments: { calls: 1, usual: 'a month', more: '1 for each 200 payments' },
  record_customer_payments: { calls: 9, usual: 'one row', more: '1 for each further row, and a few for every 25 rows' },
  record_customer_payment: {
    calls: 5,
    usual: 'for an invoice by its number',
    more: '2 more for an account by name, 1 more for a fuzzy match of a name, 1 fewer without an invoice',
  },
  refund_customer_payment: { calls: 8, usual: 'to a customer, from an account by name', more: '3 fewer with the payment_id' },
  get_customer_payment: oneCall,
  get_customer_payment_refund: oneCall,
  list_customer_payment_refunds: oneCall,
  list_customer_payments: onePage,
  create_customer_payment: {
    calls: 4,
    usual: 'for an invoice',
    more: '1 for each further invoice, 1 for an account, 1 for an exchange rate',
  },
  create_customer_payment_refund: { calls: 4, more: '1 for an exchange rate' },
  update_custom_fields_in_customer_payment: { calls: 3 },
  update_customer_payment: { calls: 2, usual: 'a text', more: '1 for each invoice, 1 for an account, 1 for an exchange rate' },
  update_customer_payment_refund: { calls: 5 },
  update_customer_payment_using_custom_field: { calls: 5, usual: 'a new payment', more: '1 for each invoice' },
  bulk_delete_customer_payments: { calls: 5, usual: '2 payments', more: '2 for each payment' },
  delete_customer_payment: { calls: 2 },
  delete_customer_payment_refund: { calls: 3 },
  list_writes: { calls: 0 },
  get_contact: oneCall,
  get_invoice: oneCall,
  list_bank_accounts: onePage,
  list_contacts: onePage,
  list_currencies: oneCall,
  list_custom_fields: oneCall,
  list_invoice_payments: oneCall,
  list_invoices: onePage,
  list_organizations: oneCall,
};

/** About how many payments can be recorded with this number of calls, each for an invoice by its number. */
export const paymentsWith = (calls: number): number => Math.floor(Math.max(0, calls) / zohoCalls['record_customer_payment']!.calls);
