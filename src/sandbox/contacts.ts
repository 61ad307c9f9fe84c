import { missing, noResource } from './errors.ts';
import { Where, choice, given, readPage, readSort, searchFilter, textFilter } from './list-query.ts';
import { listReply } from './list-reply.ts';
import { type Reply, jsonReply } from './message.ts';
import { convert, moneyNumber, rateNumber } from './money.ts';
import { formattedDate, orgDate, timestamp } from './org-time.ts';
import { type CurrencyRow, type CustomerRow, baseCurrency, currencyOf } from './rows.ts';
import { type Call, isId } from './world.ts';

const OWES = "EXISTS (SELECT 1 FROM invoices i WHERE i.customer_id = customers.id AND i.stage = 'sent' AND i.balance > 0";

/** The SQL condition of each filter_by. `?` is today. */
const FILTERS: Record<string, string> = {
  'Status.All': '1',
  'Status.Active': "status = 'active'",
  'Status.Inactive': "status = 'inactive'",
  // The books have no contacts with the same e-mail address, no portals, no CRM links and no credit limits.
  'Status.Duplicate': '0',
  'Status.PortalEnabled': '0',
  'Status.PortalDisabled': '1',
  'Status.Crm': '0',
  'Status.CreditLimitExceed': '0',
  'Invoice.OverDue': `${OWES} AND i.due_date < ?)`,
  'Invoice.Unpaid': `${OWES})`,
};

const SORT_COLUMNS: Record<string, string> = {
  contact_name: 'name COLLATE NOCASE',
  first_name: 'first_name COLLATE NOCASE',
  last_name: 'last_name COLLATE NOCASE',
  email: 'email COLLATE NOCASE',
  outstanding_receivable_amount: 'outstanding',
  created_time: 'created_at',
  last_modified_time: 'modified_at',
};

export function listContacts(call: Call): Reply {
  const { query } = call.arrival;
  const page = readPage(query);
  const sort = readSort(query, SORT_COLUMNS, { column: 'contact_name', order: 'A' });
  const where = new Where();
  const type = given(query, 'contact_type');
  // The live API returns some vendors for contact_type=customer, so a client must check contact_type itself.
  if (type === 'customer') where.add("(contact_type = 'customer' OR leaks = 1)");
  if (type === 'vendor') where.add("contact_type = 'vendor'");
  textFilter(where, query, 'contact_name', 'name');
  for (const name of ['company_name', 'first_name', 'last_name', 'address', 'email', 'phone']) textFilter(where, query, name, name);
  searchFilter(where, query, ['name', 'notes']);
  const filter = choice(query, 'filter_by', FILTERS);
  if (filter !== undefined) where.add(filter, ...(filter.includes('?') ? [orgDate(call.now)] : []));
  return listReply<CustomerRow>(call, {
    table: 'customers',
    where,
    page,
    sort,
    columns: SORT_COLUMNS,
    tie: 'id',
    key: 'contacts',
    report_name: 'Contacts',
    item: (row) => contactItem(call, row),
  });
}

export function getContact(call: Call): Reply {
  const id = call.params['contact_id'] ?? '';
  if (!isId(id)) throw noResource();
  const row = call.store.get<CustomerRow>('SELECT * FROM customers WHERE id = ?', id);
  if (!row) throw missing('Contact');
  return jsonReply(200, { code: 0, message: 'success', contact: contactDetail(call, row) });
}

function contactItem(call: Call, row: CustomerRow): Record<string, unknown> {
  const currency = currencyOf(call.store, row.currency_code);
  const { precision } = baseCurrency(call.store);
  return {
    contact_id: row.id,
    contact_name: row.name,
    customer_name: row.name,
    vendor_name: row.name,
    company_name: row.company_name,
    contact_type: row.contact_type,
    contact_type_formatted: row.contact_type === 'vendor' ? 'Vendor' : 'Customer',
    status: row.status,
    customer_sub_type: 'business',
    payment_terms: row.payment_terms,
    payment_terms_label: row.payment_terms === 0 ? 'Due on Receipt' : `Net ${row.payment_terms}`,
    currency_id: currency.id,
    currency_code: currency.code,
    outstanding_receivable_amount: moneyNumber(row.outstanding),
    outstanding_receivable_amount_bcy: inBase(row.outstanding, currency, precision),
    unused_credits_receivable_amount: moneyNumber(row.unused_credits),
    unused_credits_receivable_amount_bcy: inBase(row.unused_credits, currency, precision),
    first_name: row.first_name,
    last_name: row.last_name,
    email: row.email,
    phone: row.phone,
    mobile: '',
    portal_status: 'disabled',
    created_time: timestamp(row.created_at),
    created_time_formatted: formattedDate(orgDate(row.created_at)),
    last_modified_time: timestamp(row.modified_at),
    custom_fields: [],
    custom_field_hash: {},
    tags: [],
    has_attachment: false,
  };
}

/** The keys of the live answer that matter here. Zoho sends about thirty more keys, which are empty or concern the layout. */
function contactDetail(call: Call, row: CustomerRow): Record<string, unknown> {
  const currency = currencyOf(call.store, row.currency_code);
  const address = { address: row.address, city: row.city, country: row.country, state: '', zip: '', phone: row.phone };
  const hasTransaction = call.store.get('SELECT 1 FROM invoices WHERE customer_id = ? LIMIT 1', row.id) !== undefined;
  return {
    ...contactItem(call, row),
    is_bcy_only_contact: currency.is_base === 1,
    primary_contact_id: row.id,
    has_transaction: hasTransaction,
    contact_persons: [
      {
        contact_person_id: row.id,
        first_name: row.first_name,
        last_name: row.last_name,
        email: row.email,
        phone: row.phone,
        is_primary_contact: true,
      },
    ],
    addresses: [],
    billing_address: address,
    shipping_address: address,
    customer_currency_summaries: [
      {
        currency_id: currency.id,
        currency_code: currency.code,
        outstanding_receivable_amount: moneyNumber(row.outstanding),
        unused_credits_receivable_amount: moneyNumber(row.unused_credits),
      },
    ],
    opening_balances: [],
    unused_retainer_payments: 0,
    price_precision: currency.precision,
    exchange_rate: rateNumber(currency.rate),
    bank_accounts: [],
    cards: [],
    notes: row.notes,
    default_templates: {},
    lock_details: { can_lock: false },
  };
}

function inBase(mills: number, currency: CurrencyRow, precision: number): number {
  return moneyNumber(convert(mills, currency.rate, precision));
}
