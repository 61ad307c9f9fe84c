import { idOf } from './world.ts';

/** Ids with a fixed meaning: defaults of the API, and the ids of the sample in Zoho's documents. */
export const PETTY_CASH_ID = '3000000000385';
export const UNDEPOSITED_FUNDS_ID = idOf(358);
export const CHECKING_ID = idOf(361);
export const SAVINGS_ID = idOf(364);
export const EURO_ACCOUNT_ID = idOf(367);
export const CLOSED_ACCOUNT_ID = idOf(370);
export const BANK_CHARGES_ACCOUNT_ID = idOf(442);
export const RECEIVABLE_ACCOUNT_ID = idOf(376);
export const LOCATION_ID = '460000000038080';
/** Locations by id. */
export const LOCATIONS: ReadonlyMap<string, string> = new Map([
  [LOCATION_ID, 'Head Office'],
  ['460000000038090', 'Burlington Showroom'],
]);
export const TAX_ACCOUNT_ID = idOf(379);
export const USER_ID = idOf(3);
export const TEMPLATE_ID = idOf(17_003);

export const EXTERNAL_REFERENCE_FIELD_ID = idOf(12_841);
/** The id of the sample for customfields in Zoho's documents. */
export const RECEIPT_BOOK_FIELD_ID = '46000000012845';

export const BOWMAN_ID = '903000000000099';
export const SAMPLE_PAYMENT_ID = '9030000079467';
export const SAMPLE_INVOICE_ID = '90300000079426';
export const SAMPLE_REFUND_ID = '3000000003017';
export const ORGANIZATION_NAME = 'Zillium Books';
