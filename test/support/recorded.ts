import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server that repeats Zoho's answers: recordings of the live API (June 2026, US edition), or else the samples of Zoho's documentation.
 * It keeps no books. It shows that the server understands every shape.
 */

const detail = {
  payment_id: '260815000000110028',
  payment_number: '4',
  sales_channel: 'direct_sales',
  account_identifier: '',
  payment_link_id: '',
  created_by: '260815000000064001',
  created_time: '2026-06-09T13:15:33-0400',
  updated_time: '2026-06-09T13:15:33-0400',
  lock_details: { can_lock: false },
  locked_actions: [],
  payment_number_prefix: '',
  payment_number_suffix: '4',
  documents: [],
  customer_id: '260815000000097001',
  customer_name: 'Acme Corp',
  payment_mode: 'cash',
  card_type: '',
  date: '2026-06-09',
  account_id: '260815000000000358',
  account_name: 'Undeposited Funds',
  account_type: 'cash',
  customer_advance_account_name: 'Accounts Receivable',
  currency_id: '260815000000000097',
  currency_symbol: '$',
  currency_code: 'USD',
  exchange_rate: 1,
  amount: 100,
  unused_amount: 0,
  bank_charges: 0,
  bank_charges_account_id: '',
  tax_amount_withheld: 0,
  discount_amount: 0,
  description: '',
  reference_number: '',
  invoices: [
    {
      invoice_number: 'INV-000008',
      invoice_payment_id: '260815000000110032',
      invoice_id: '260815000000132001',
      invoice_customer_id: '',
      invoice_customer_name: '',
      amount_applied: 100,
      tax_amount_withheld: 0,
      discount_amount: 0,
      total: 100,
      balance: 0,
      date: '2026-06-09',
      due_date: '2026-06-09',
      price_precision: 2,
      apply_date: '2026-06-09',
      allow_partial_payments: '',
      is_early_payment_discount_applicable: false,
      invoice_installments: [],
      installments: [],
    },
  ],
  payment_status: 'paid',
  payment_refunds: [],
  last_four_digits: '',
  template_id: '260815000000017001',
  template_name: 'Elite Template',
  page_width: '8.27in',
  page_height: '11.69in',
  orientation: 'portrait',
  template_type: 'elite',
  can_send_in_mail: true,
  custom_fields: [],
  custom_field_hash: {},
  imported_transactions: [],
  price_precision: 2,
  rounding_mode: 'round_half_up',
  tags: [],
};

const row = {
  payment_id: '260815000000114002',
  payment_number: '2',
  invoice_numbers: 'INV-000002',
  date: '2026-06-09',
  payment_mode: 'cash',
  payment_mode_formatted: 'cash',
  amount: 750,
  bcy_amount: 750,
  unused_amount: 0,
  bcy_unused_amount: 0,
  account_id: '260815000000000358',
  account_name: 'Undeposited Funds',
  description: '',
  reference_number: '',
  customer_id: '260815000000097001',
  customer_name: 'Acme Corp',
  created_time: '2026-06-09T09:47:45-0400',
  last_modified_time: '2026-06-09T09:47:45-0400',
  last_four_digits: '',
  bcy_refunded_amount: 0,
  applied_invoices: [],
  has_attachment: false,
  tags: [],
  tax_amount_withheld: 0,
  payment_type: 'Invoice Payment',
  payment_status: 'paid',
};

const liveContext = {
  page: 1,
  per_page: 200,
  has_more_page: false,
  report_name: 'Payments Received',
  applied_filter: 'PaymentMode.All',
  custom_fields: [],
  sort_column: 'date',
  sort_order: 'D',
};

const documentedPayment = {
  payment_id: '9030000079467',
  payment_mode: 'cash',
  amount: 450,
  amount_refunded: 50,
  bank_charges: 10,
  date: '2016-06-05',
  status: 'success',
  reference_number: 'INV-384',
  description: 'Payment has been added to INV-384',
  customer_id: '903000000000099',
  customer_name: 'Bowman Furniture',
  email: 'benjamin.george@bowmanfurniture.com',
  invoices: [
    {
      invoice_id: '90300000079426',
      invoice_number: 'INV-384',
      date: '2016-06-05',
      invoice_amount: 450,
      amount_applied: 450,
      balance_amount: 0,
    },
  ],
  currency_code: 'USD',
  currency_symbol: '$',
  location_id: '460000000038080',
  location_name: 'string',
  custom_fields: [{ index: 1, value: 129890, label: 'label', data_type: 'text' }],
};

const documentedRefund = {
  payment_refund_id: '3000000003017',
  payment_id: '9030000079467',
  date: '2016-06-05',
  refund_mode: 'cash',
  reference_number: 'INV-384',
  amount: 450,
  exchange_rate: 1,
  payment_form: 'cash',
  description: 'Payment has been added to INV-384',
};

const olderRefund = {
  payment_refund_id: '3000000004055',
  payment_id: '3000000003001',
  date: '2016-03-30',
  refund_mode: 'Cash',
  reference_number: '',
  amount: 8,
  exchange_rate: 1,
  from_account_id: '3000000000385',
  from_account_name: 'Petty Cash',
  description: '',
};

const refundRow = {
  payment_refund_id: '3000000003017',
  payment_id: '9030000079467',
  date: '2016-06-05',
  refund_mode: 'cash',
  reference_number: 'INV-384',
  payment_number: '2',
  customer_name: 'Bowman Furniture',
  amount_bcy: 10,
  amount_fcy: 10,
};

const contactRow = {
  contact_id: '260815000000097001',
  contact_name: 'Acme Corp',
  customer_name: 'Acme Corp',
  vendor_name: 'Acme Corp',
  company_name: '',
  contact_type: 'customer',
  contact_type_formatted: 'Customer',
  status: 'active',
  customer_sub_type: 'business',
  payment_terms: 0,
  payment_terms_label: 'Due on Receipt',
  currency_id: '260815000000000097',
  currency_code: 'USD',
  outstanding_receivable_amount: 149.97,
  outstanding_receivable_amount_bcy: 149.97,
  unused_credits_receivable_amount: 300,
  unused_credits_receivable_amount_bcy: 300,
  first_name: '',
  last_name: '',
  email: '',
  phone: '',
  mobile: '',
  portal_status: 'disabled',
  created_time: '2026-06-09T09:45:19-0400',
  created_time_formatted: '09 Jun 2026',
  last_modified_time: '2026-06-09T13:15:33-0400',
  custom_fields: [],
  custom_field_hash: {},
  tags: [],
  has_attachment: false,
};

const documentedContact = {
  contact_id: 460000000026049,
  contact_name: 'Bowman and Co',
  company_name: 'Bowman and Co',
  contact_type: 'customer',
  status: 'active',
  payment_terms: 15,
  payment_terms_label: 'Net 15',
  currency_id: 460000000000097,
  currency_code: 'USD',
  outstanding_receivable_amount: 250,
  unused_credits_receivable_amount: 1369.66,
  first_name: 'Will',
  last_name: 'Smith',
  email: 'willsmith@bowmanfurniture.com',
};

const invoiceRow = {
  invoice_id: '260815000000104012',
  customer_id: '260815000000097001',
  customer_name: 'Acme Corp',
  status: 'draft',
  invoice_number: 'INV-000005',
  reference_number: '',
  date: '2026-06-09',
  due_date: '2026-06-09',
  due_days: '',
  total: 100,
  balance: 100,
  currency_id: '260815000000000097',
  currency_code: 'USD',
  currency_symbol: '$',
  exchange_rate: 1,
  last_payment_date: '',
  payment_expected_date: '',
  unprocessed_payment_amount: 0,
  write_off_amount: 0,
  created_time: '2026-06-09T13:14:55-0400',
  last_modified_time: '2026-06-09T13:14:55-0400',
  custom_fields: [],
  tags: [],
  has_attachment: false,
  is_emailed: false,
};

const documentedInvoice = {
  invoice_id: 982000000567114,
  customer_id: 982000000567001,
  customer_name: 'Bowman & Co',
  status: 'draft',
  invoice_number: 'INV-00003',
  reference_number: ' ',
  date: '2013-11-17',
  due_date: '2013-12-03',
  currency_id: '982000000567001',
  currency_code: 'USD',
  total: 40.6,
  balance: 40.6,
};

const documentedInvoicePayment = {
  payment_id: '982000000567190',
  payment_number: 7,
  invoice_id: '982000000567036',
  invoice_payment_id: '982000000567192',
  payment_mode: 'cash',
  description: '',
  date: '2013-11-18',
  reference_number: '99782374',
  exchange_rate: 1,
  amount: 10.57,
  tax_amount_withheld: 0,
  online_transaction_id: '',
  is_single_invoice_payment: true,
};

const bankAccount = {
  account_id: '3000000000385',
  account_name: 'Petty Cash',
  account_code: '',
  currency_id: '260815000000000097',
  currency_code: 'USD',
  account_type: 'cash',
  account_sub_type: 'commercial',
  uncategorized_transactions: 0,
  is_active: true,
  balance: -1,
  bank_balance: 0,
  bcy_balance: -1,
  bank_name: '',
};

const recordedOrganization = {
  organization_id: '927270289',
  name: 'Nango Dev',
  is_default_org: true,
  language_code: 'en',
  time_zone: 'America/New_York',
  date_format: 'MM/dd/yyyy',
  currency_id: '260815000000000097',
  currency_code: 'USD',
  price_precision: 2,
  plan_name: 'Professional',
  country_code: 'US',
  org_settings: { is_org_active: true },
};

const currency = {
  currency_id: '260815000000000103',
  currency_code: 'AED',
  currency_name: 'UAE Dirham',
  currency_name_formatted: 'AED- UAE Dirham',
  currency_symbol: 'AED',
  price_precision: 2,
  currency_format: '1,234,567.89',
  is_base_currency: false,
  exchange_rate: 0,
  effective_date: '',
  auto_exchange_rate_enabled: true,
};

type Answer = readonly [status: number, body: unknown];
type Answers = Readonly<Record<string, Answer>>;

const told = (status: number, message: string, rest: object = {}): Answer => [status, { code: 0, message, ...rest }];

/** Answers by method and path pattern. */
const documented: Answers = {
  'POST /customerpayments': told(201, 'The payment has been created.', { payment: documentedPayment }),
  'GET /customerpayments': told(200, 'success', {
    customer_payments: [
      {
        payment_id: '9030000079467',
        payment_number: '2',
        invoice_number: 'INV-384',
        date: '2016-06-05',
        payment_mode: 'cash',
        amount: 450,
        bcy_amount: '450',
        location_id: '460000000038080',
        location_name: 'string',
      },
    ],
    page_context: null,
  }),
  'DELETE /customerpayments': told(200, 'The selected customer payments have been deleted.'),
  'PUT /customerpayments': told(200, 'The payment details have been updated.', { payment: documentedPayment }),
  'PUT /customerpayments/ID': told(200, 'The payment details have been updated.', { payment: documentedPayment }),
  'GET /customerpayments/ID': told(200, 'success', { payment: documentedPayment }),
  'DELETE /customerpayments/ID': told(200, 'The payment has been deleted.'),
  'GET /customerpayments/ID/refunds': told(200, 'The list of refunds of the customer is displayed successfully.', {
    payment_refunds: [refundRow],
    page_context: {
      page: 1,
      per_page: 200,
      has_more_page: false,
      report_name: 'Customer Payments Refund',
      sort_column: 'created_time',
      sort_order: 'D',
    },
  }),
  'POST /customerpayments/ID/refunds': told(200, 'The refund information for this payment has been saved.', {
    payment_refunds: [documentedRefund],
  }),
  'GET /customerpayments/ID/refunds/ID': told(200, 'The details of the refund are displayed successfully.', {
    payment_refunds: [documentedRefund],
  }),
  'PUT /customerpayments/ID/refunds/ID': told(200, 'The refund information has been saved.', { payment_refunds: [documentedRefund] }),
  'DELETE /customerpayments/ID/refunds/ID': told(200, 'The refund has been deleted.'),
  'PUT /customerpayment/ID/customfields': told(200, 'Custom Fields Updated Successfully'),
  'GET /contacts/ID': told(200, 'success', {
    contact: { contact_id: '903000000000099', contact_name: 'Bowman Furniture', currency_code: 'USD', price_precision: 2 },
  }),
  'GET /contacts': told(200, 'success', {
    contacts: [documentedContact],
    page_context: {
      page: 1,
      per_page: 200,
      has_more_page: false,
      applied_filter: 'Status.All',
      sort_column: 'contact_name',
      sort_order: 'A',
    },
  }),
  'GET /invoices': told(200, 'success', { invoices: [documentedInvoice] }),
  'GET /invoices/ID': told(200, 'success', {
    invoice: { ...documentedInvoice, payment_made: 0, credits_applied: 0, price_precision: 2, notes: 'Looking forward for your business.' },
  }),
  'GET /invoices/ID/payments': told(200, 'success', { payments: [documentedInvoicePayment] }),
  // For these calls, the documentation and the recordings agree.
  'GET /bankaccounts': told(200, 'success', {
    bankaccounts: [bankAccount],
    page_context: {
      page: 1,
      per_page: 200,
      has_more_page: false,
      report_name: 'Bank Accounts',
      sort_column: 'account_name',
      sort_order: 'A',
    },
  }),
  'GET /organizations': told(200, 'success', { organizations: [recordedOrganization] }),
  'GET /settings/currencies': told(200, 'success', { currencies: [currency] }),
  'GET /settings/fields': told(200, 'success', {
    fields: [
      {
        field_id: '46000000012845',
        label: 'Receipt Book No',
        api_name: 'cf_receipt_book_no',
        data_type: 'string',
        is_unique: false,
        is_mandatory: false,
        values: [],
      },
    ],
  }),
};

const live: Answers = {
  'POST /customerpayments': told(201, 'The payment from the customer has been recorded', { payment: detail }),
  'GET /customerpayments': told(200, 'success', { customerpayments: [row], page_context: liveContext }),
  'PUT /customerpayments': told(200, 'The details of the payment received from the customer have been updated', { payment: detail }),
  'PUT /customerpayments/ID': told(200, 'The details of the payment received from the customer have been updated', { payment: detail }),
  // The recorded payment has no unused amount. With 8 more, it can be refunded.
  'GET /customerpayments/ID': told(200, 'success', { payment: { ...detail, amount: 108, unused_amount: 8 } }),
  'DELETE /customerpayments/ID': told(200, 'The payment has been deleted.'),
  'GET /contacts': told(200, 'success', {
    contacts: [contactRow],
    page_context: {
      page: 1,
      per_page: 200,
      has_more_page: false,
      report_name: 'Contacts',
      applied_filter: 'Status.All',
      sort_column: 'contact_name',
      sort_order: 'A',
    },
  }),
  'GET /contacts/ID': told(200, 'success', {
    contact: {
      ...contactRow,
      price_precision: 2,
      exchange_rate: 1,
      contact_persons: [],
      addresses: [],
      billing_address: { address: '', city: '', country: '' },
      notes: '',
      unused_retainer_payments: 0,
    },
  }),
  'GET /invoices': told(200, 'success', {
    invoices: [invoiceRow],
    page_context: {
      page: 1,
      per_page: 200,
      has_more_page: false,
      report_name: 'Invoices',
      applied_filter: 'Status.All',
      sort_column: 'created_time',
      sort_order: 'D',
    },
  }),
  'GET /invoices/ID': told(200, 'success', {
    invoice: {
      ...invoiceRow,
      payment_made: 0,
      credits_applied: 0,
      unused_retainer_payments: 0,
      in_process_payments: [],
      price_precision: 2,
      bcy_total: 100,
    },
  }),
};

const olderPage: Answers = {
  'GET /customerpayments/ID/refunds': told(200, 'success', {
    payment_refunds: [{ ...refundRow, description: '' }],
    page_context: {
      page: 1,
      per_page: 200,
      has_more_page: false,
      report_name: 'Retainer Payment Refund',
      sort_column: 'date',
      sort_order: 'D',
    },
  }),
  'POST /customerpayments/ID/refunds': told(201, 'The refund information for this payment has been saved.', {
    payment_refund: olderRefund,
  }),
  'GET /customerpayments/ID/refunds/ID': told(200, 'success', { payment_refund: olderRefund }),
  'PUT /customerpayments/ID/refunds/ID': told(200, 'The refund information has been saved.', { payment_refund: olderRefund }),
};

export const recordings = {
  'as documented (OpenAPI)': documented,
  'as recorded live': { ...documented, ...live },
  'as on the older refunds page': { ...documented, ...olderPage },
} as const;

/** An id that no recording contains, for new records. */
export const NEW_ID = '9030000099999';

/** The field with a record's id, by its path. Add a path here if `idFieldOf` does not find its field. */
const idFields: Record<string, string> = { bankaccounts: 'account_id' };

/** `invoice_id` for `invoices`. */
const idFieldOf = (kind: string): string => idFields[kind] ?? `${kind.replace(/ies$/, 'y').replace(/s$/, '')}_id`;

/** Puts the ids and amounts of the request into the recorded answer, so that the answer is about the same record. */
function asAsked(method: string, pathname: string, sent: Record<string, unknown>): (key: string, value: unknown) => unknown {
  const { kind, id } = /\/(?<kind>\w+)\/(?<id>\d+)/.exec(pathname)?.groups ?? {};
  const { payment_id, refund_id } = /\/customerpayments\/(?<payment_id>\d+)(\/refunds\/(?<refund_id>\d+))?/.exec(pathname)?.groups ?? {};
  const made = method === 'POST' ? NEW_ID : undefined;
  const asked: Record<string, unknown> = {
    payment_id: payment_id ?? made,
    payment_refund_id: refund_id ?? made,
    amount: sent['amount'],
    customer_id: sent['customer_id'],
    from_account_id: sent['from_account_id'],
    ...(kind !== undefined && { [idFieldOf(kind)]: id }),
  };
  return (key, value) => (Object.hasOwn(asked, key) ? asked[key] : undefined) ?? value;
}

export interface RecordedZoho {
  readonly apiBaseUrl: string;
  readonly accountsUrl: string;
  /** Received calls, as `METHOD /path`. */
  readonly calls: string[];
  close(): Promise<void>;
}

function sentIn(chunks: readonly Buffer[]): Record<string, unknown> {
  const text = Buffer.concat(chunks).toString();
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
}

export async function recordedZoho(answers: Answers): Promise<RecordedZoho> {
  const calls: string[] = [];
  /** Payments of a bulk deletion. The server reads each of them afterwards. */
  const gone = new Set<string>();
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
        if (request.method === 'DELETE')
          searchParams
            .get('payment_id')
            ?.split(',')
            .forEach((id) => gone.add(id));
        const call = `${request.method} ${pathname.replace('/books/v3', '')}`;
        calls.push(call);
        const [status, body] =
          pathname === '/oauth/v2/token'
            ? [
                200,
                {
                  access_token: `1000.${'a'.repeat(32)}.${'b'.repeat(32)}`,
                  api_domain: 'https://www.zohoapis.com',
                  token_type: 'Bearer',
                  expires_in: 3600,
                },
              ]
            : gone.has(pathname.split('/').at(-1) ?? '')
              ? [404, { code: 1002, message: 'Payment does not exist.' }]
              : (answers[call.replaceAll(/\/\d+/g, '/ID')] ?? [404, { code: 5, message: 'Invalid URL Passed' }]);
        response
          .writeHead(status, { 'content-type': 'application/json;charset=UTF-8' })
          .end(JSON.stringify(body, asAsked(request.method ?? '', pathname, sentIn(chunks))));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    apiBaseUrl: `http://127.0.0.1:${port}/books/v3`,
    accountsUrl: `http://127.0.0.1:${port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
