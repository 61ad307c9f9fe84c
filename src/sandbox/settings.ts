import { customFields } from './custom-fields.ts';
import { choice, given, pageContext, readPage, readSort } from './list-query.ts';
import { type Reply, jsonReply } from './message.ts';
import { convert, moneyNumber, rateNumber } from './money.ts';
import { ORG_TIME_ZONE, timestamp } from './org-time.ts';
import { type AccountRow, type CurrencyRow, baseCurrency, currencyOf } from './rows.ts';
import { BANK_CHARGES_ACCOUNT_ID, LOCATIONS, RECEIVABLE_ACCOUNT_ID, TAX_ACCOUNT_ID } from './seed-ids.ts';
import { type Call, ORGANIZATION_ID } from './world.ts';

const ACCOUNT_FILTERS: Record<string, string> = {
  'Status.All': '1',
  'Status.Active': 'is_active = 1',
  'Status.Inactive': 'is_active = 0',
};
const ACCOUNT_SORTS: Record<string, string> = { account_name: 'name COLLATE NOCASE', account_type: 'type', account_code: 'id' };

export function listBankAccounts(call: Call): Reply {
  const { query } = call.arrival;
  const page = readPage(query);
  const sort = readSort(query, ACCOUNT_SORTS, { column: 'account_name', order: 'A' });
  const filter = choice(query, 'filter_by', ACCOUNT_FILTERS) ?? '1';
  const direction = sort.order === 'A' ? 'ASC' : 'DESC';
  const rows = call.store.all<AccountRow>(
    `SELECT * FROM accounts WHERE ${filter} ORDER BY ${ACCOUNT_SORTS[sort.column]} ${direction}, id LIMIT ? OFFSET ?`,
    page.per_page + 1,
    page.offset,
  );
  return jsonReply(200, {
    code: 0,
    message: 'success',
    bankaccounts: rows.slice(0, page.per_page).map((row) => accountItem(call, row)),
    page_context: pageContext(page, rows.length, {
      report_name: 'Bank Accounts',
      applied_filter: given(query, 'filter_by') ?? 'Status.All',
      sort_column: sort.column,
      sort_order: sort.order,
    }),
  });
}

function accountItem(call: Call, row: AccountRow): Record<string, unknown> {
  const currency = currencyOf(call.store, row.currency_code);
  return {
    account_id: row.id,
    account_name: row.name,
    account_code: '',
    currency_id: currency.id,
    currency_code: currency.code,
    account_type: row.type,
    account_sub_type: 'commercial',
    uncategorized_transactions: 0,
    is_active: row.is_active === 1,
    balance: moneyNumber(row.balance),
    bank_balance: 0,
    bcy_balance: moneyNumber(convert(row.balance, currency.rate, baseCurrency(call.store).precision)),
    bank_name: row.bank_name,
  };
}

/**
 * The accounts that payments use besides cash and bank accounts (Zoho docs, live recording). The books keep no balances for them.
 */
export function listChartOfAccounts(call: Call): Reply {
  const others: [id: string, name: string, type: string][] = [
    [RECEIVABLE_ACCOUNT_ID, 'Accounts Receivable', 'accounts_receivable'],
    [TAX_ACCOUNT_ID, 'Advance Tax', 'other_current_asset'],
    [BANK_CHARGES_ACCOUNT_ID, 'Bank Fees and Charges', 'expense'],
  ];
  const money = call.store.all<AccountRow>('SELECT * FROM accounts WHERE is_active = 1').map(({ id, name, type }) => [id, name, type]);
  return jsonReply(200, {
    code: 0,
    message: 'success',
    chartofaccounts: [...others, ...money].map(([account_id, account_name, account_type]) => ({
      account_id,
      account_name,
      account_code: '',
      account_type,
      description: '',
      is_user_created: false,
      is_system_account: true,
      is_active: true,
      parent_account_id: '',
      depth: 0,
    })),
    page_context: {
      page: 1,
      per_page: 5000,
      has_more_page: false,
      report_name: 'List Chart Of Accounts',
      applied_filter: 'AccountType.Active',
    },
  });
}

/** Locations. In the sandbox this feature is always on (Zoho docs). */
export function listLocations(): Reply {
  const locations = [...LOCATIONS].map(([location_id, location_name]) => ({
    location_id,
    location_name,
    type: 'general',
    email: '',
    phone: '',
  }));
  return jsonReply(200, { code: 0, message: 'success', locations });
}

/** GET /organizations: the only call without organization_id. The recording has no page_context. */
export function listOrganizations(call: Call): Reply {
  const base = baseCurrency(call.store);
  return jsonReply(200, {
    code: 0,
    message: 'success',
    organizations: call.world.organizations.map(({ organization_id, name }) => ({
      organization_id,
      name,
      contact_name: 'Dana Whitfield',
      email: 'dana.whitfield@zilliumbooks.example',
      is_default_org: organization_id === ORGANIZATION_ID,
      language_code: 'en',
      fiscal_year_start_month: '1',
      account_created_date: '2016-01-04',
      time_zone: ORG_TIME_ZONE,
      is_dst_active: !timestamp(call.now).endsWith('-0500'),
      date_format: 'MM/dd/yyyy',
      currency_id: base.id,
      currency_code: base.code,
      currency_symbol: base.symbol,
      currency_format: '###,##0.00',
      price_precision: base.precision,
      plan_type: 3,
      plan_name: 'Professional',
      plan_period: 'Month',
      country_code: 'US',
      country_name: 'U.S.A',
      org_settings: { is_org_active: true },
    })),
  });
}

export function listCurrencies(call: Call): Reply {
  const { query } = call.arrival;
  const filter = choice(query, 'filter_by', { 'Currencies.ExcludeBaseCurrency': 'is_base = 0' }) ?? '1';
  const page = readPage(query);
  const rows = call.store.all<CurrencyRow>(
    `SELECT * FROM currencies WHERE ${filter} ORDER BY code LIMIT ? OFFSET ?`,
    page.per_page + 1,
    page.offset,
  );
  return jsonReply(200, {
    code: 0,
    message: 'success',
    currencies: rows.slice(0, page.per_page).map((row) => ({
      currency_id: row.id,
      currency_code: row.code,
      currency_name: row.name,
      currency_name_formatted: `${row.code}- ${row.name}`,
      currency_symbol: row.symbol,
      price_precision: row.precision,
      currency_format: row.precision === 0 ? '1,234,567' : '1,234,567.89',
      is_base_currency: row.is_base === 1,
      // Zoho sends 0 if it has no rate, for example for the base currency.
      exchange_rate: row.is_base === 1 ? 0 : rateNumber(row.rate),
      effective_date: '',
      auto_exchange_rate_enabled: false,
    })),
    page_context: pageContext(page, rows.length, { report_name: 'Currencies', sort_column: 'currency_code', sort_order: 'A' }),
  });
}

/** Undocumented, but seen in use: the custom fields of an entity. Only payments have custom fields here. */
export function listFields(call: Call): Reply {
  const entity = given(call.arrival.query, 'entity');
  const fields = entity === 'customer_payment' ? customFields(call.store) : [];
  return jsonReply(200, {
    code: 0,
    message: 'success',
    fields: fields.map((field) => ({
      field_id: field.id,
      customfield_id: field.id,
      label: field.label,
      api_name: field.api_name,
      data_type: field.data_type,
      index: field.place,
      is_unique: field.is_unique === 1,
      is_mandatory: call.world.mandatory.custom_fields.includes(field.api_name),
      is_active: true,
      is_custom_field: true,
      values: [],
    })),
  });
}
