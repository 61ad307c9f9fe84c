import { customFields } from './custom-fields.ts';
import {
  Where,
  choice,
  dateFilter,
  given,
  moneyFilter,
  pageContext,
  readPage,
  readSort,
  searchFilter,
  textFilter,
  textParameter,
} from './list-query.ts';
import { type Reply, jsonReply } from './message.ts';
import type { PaymentRow } from './rows.ts';
import { listKey, paymentItems } from './shapes.ts';
import type { Call } from './world.ts';

/** filter_by values and their modes (Zoho docs name the values, but not the modes of an organization: guess). */
const MODES: Record<string, string> = {
  'PaymentMode.Check': 'check',
  'PaymentMode.Cash': 'cash',
  'PaymentMode.BankTransfer': 'banktransfer',
  'PaymentMode.Paypal': 'paypal',
  'PaymentMode.CreditCard': 'creditcard',
  'PaymentMode.GoogleCheckout': 'googlecheckout',
  'PaymentMode.Credit': 'credit',
  'PaymentMode.Authorizenet': 'authorizenet',
  'PaymentMode.BankRemittance': 'bankremittance',
  'PaymentMode.Payflowpro': 'payflowpro',
  'PaymentMode.Stripe': 'stripe',
  'PaymentMode.TwoCheckout': 'twocheckout',
  'PaymentMode.Braintree': 'braintree',
};
const ALL = 'PaymentMode.All';
const OTHERS = 'PaymentMode.Others';
const FILTERS: Record<string, string> = { ...MODES, [ALL]: '', [OTHERS]: '' };

const SORT_COLUMNS: Record<string, string> = {
  date: 'date',
  created_time: 'created_at',
  last_modified_time: 'modified_at',
  amount: 'amount',
  total: 'amount',
  unused_amount: 'unused',
  customer_name: 'customer_name COLLATE NOCASE',
  payment_number: 'number',
  reference_number: 'reference_number COLLATE NOCASE',
  payment_mode: 'mode COLLATE NOCASE',
};

export function listPayments(call: Call): Reply {
  const { query } = call.arrival;
  const page = readPage(query);
  const sort = readSort(query, SORT_COLUMNS, { column: 'date', order: 'D' });
  const { where, filter } = paymentFilters(call);
  const direction = sort.order === 'A' ? 'ASC' : 'DESC';
  const rows = call.store.all<PaymentRow>(
    `SELECT * FROM payments ${where.sql} ORDER BY ${SORT_COLUMNS[sort.column]} ${direction}, seq ${direction} LIMIT ? OFFSET ?`,
    ...where.values,
    page.per_page + 1,
    page.offset,
  );
  const { shapes } = call.world;
  return jsonReply(200, {
    code: 0,
    message: 'success',
    [listKey(shapes)]: paymentItems(call, rows.slice(0, page.per_page)),
    // The documented sample has null, but the live API always sends an object.
    page_context:
      shapes === 'documented'
        ? null
        : pageContext(page, rows.length, {
            report_name: 'Payments Received',
            applied_filter: filter,
            custom_fields: [],
            sort_column: sort.column,
            sort_order: sort.order,
          }),
  });
}

function paymentFilters(call: Call): { where: Where; filter: string } {
  const { query } = call.arrival;
  const where = new Where();
  const customer = textParameter(query, 'customer_id');
  if (customer !== undefined) where.add('customer_id = ?', customer);
  textFilter(where, query, 'customer_name', 'customer_name');
  textFilter(where, query, 'reference_number', 'reference_number');
  textFilter(where, query, 'notes', 'description');
  textFilter(where, query, 'payment_mode', 'mode');
  dateFilter(where, query, 'date', 'date', false);
  moneyFilter(where, query, 'amount', 'amount');
  searchFilter(where, query, ['reference_number', 'customer_name', 'description']);
  customFieldFilters(call, where);

  choice(query, 'filter_by', FILTERS);
  const filter = given(query, 'filter_by') ?? ALL;
  const mode = MODES[filter];
  if (mode !== undefined) where.add('mode_key = ?', mode);
  if (filter === OTHERS)
    where.add(
      `mode_key NOT IN (${Object.values(MODES)
        .map(() => '?')
        .join(', ')})`,
      ...Object.values(MODES),
    );
  return { where, filter };
}

/** `cf_x=value`, recorded live for contacts (a guess for payments). */
function customFieldFilters(call: Call, where: Where): void {
  for (const field of customFields(call.store)) {
    const value = given(call.arrival.query, field.api_name);
    if (value === undefined) continue;
    where.add('id IN (SELECT payment_id FROM custom_values WHERE field_id = ? AND value = ?)', field.id, value);
  }
}
