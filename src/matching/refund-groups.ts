import { sum } from '../money.ts';
import { recordNameAndId } from '../records/describe.ts';
import { readId } from '../records/read-row.ts';
import { plain } from '../records/text.ts';
import { withoutEmpty } from '../records/zoho-shapes.ts';
import { currencyTotals, type CurrencyTotal } from './payment-currencies.ts';
import { folded } from './same-name.ts';

/** Groups refunds by customer, mode, account or month. A group has a total for each currency; currencies are never added together. */

export const refundsBy = ['customer', 'mode', 'account', 'month'] as const;
type RefundsBy = (typeof refundsBy)[number];

interface GroupedRefund {
  readonly date?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: unknown;
  readonly refund_mode?: unknown;
  readonly from_account_id?: unknown;
  readonly from_account_name?: unknown;
  readonly currency_code?: string | undefined;
  readonly amount?: number | undefined;
}

/** The values that all refunds of a group share. Omitted if Zoho does not give them. */
type SharedByRefunds = Pick<GroupedRefund, 'customer_id' | 'customer_name' | 'refund_mode' | 'from_account_id' | 'from_account_name'> & {
  readonly month?: string | undefined;
};

export type RefundGroup = SharedByRefunds & { readonly count: number; readonly totals: CurrencyTotal[] };

const refundPartOf: Record<RefundsBy, (refund: GroupedRefund) => { readonly key: string | undefined; readonly facts: SharedByRefunds }> = {
  customer: ({ customer_id, customer_name }) => ({ key: customer_id ?? folded(customer_name), facts: { customer_id, customer_name } }),
  mode: ({ refund_mode }) => ({ key: folded(refund_mode), facts: { refund_mode } }),
  account: ({ from_account_id, from_account_name }) => ({
    key: readId(from_account_id) ?? folded(from_account_name),
    facts: { from_account_id, from_account_name },
  }),
  month: ({ date }) => ({ key: date?.slice(0, 7), facts: { month: date?.slice(0, 7) } }),
};

/** Groups refunds. Sorted by month, then the largest first: by amount if all have one currency, otherwise by count. */
export function refundGroups<R extends GroupedRefund>(
  refunds: readonly R[],
  by: readonly RefundsBy[],
): { readonly group: RefundGroup; readonly refunds: readonly R[] }[] {
  const groups = new Map<string, { facts: SharedByRefunds; refunds: R[] }>();
  for (const refund of refunds) {
    const parts = by.map((name) => refundPartOf[name](refund));
    const key = JSON.stringify(parts.map((part) => part.key));
    const group = groups.get(key) ?? { facts: Object.assign({}, ...parts.map(({ facts }) => facts)) as SharedByRefunds, refunds: [] };
    groups.set(key, group);
    group.refunds.push(refund);
  }
  const oneCurrency = new Set(refunds.map(({ currency_code }) => currency_code)).size === 1;
  const size = (rows: readonly R[]) => (oneCurrency ? sum(rows.map(({ amount = 0 }) => amount)) : 0);
  const month = ({ facts }: { readonly facts: SharedByRefunds }) => facts.month ?? '';
  return [...groups.values()]
    .toSorted((a, b) => month(a).localeCompare(month(b), 'en') || size(b.refunds) - size(a.refunds) || b.refunds.length - a.refunds.length)
    .map((group) => ({
      group: { ...withoutEmpty({ ...group.facts }), count: group.refunds.length, totals: currencyTotals(group.refunds) },
      refunds: group.refunds,
    }));
}

/** The name of a group, in words. */
export function groupName(
  { month, customer_id, customer_name, refund_mode, from_account_id, from_account_name }: RefundGroup,
  by: readonly RefundsBy[],
): string {
  const names: Record<RefundsBy, string> = {
    month: month ?? 'month unknown',
    customer:
      (customer_id ?? customer_name) === undefined ? 'customer unknown' : recordNameAndId('customer', customer_name, customer_id, 60),
    mode: refund_mode === undefined ? 'mode unknown' : plain(refund_mode),
    account:
      (from_account_id ?? from_account_name) === undefined
        ? 'account unknown'
        : `from ${recordNameAndId('account', from_account_name, from_account_id, 60)}`,
  };
  return by.map((name) => names[name]).join(' | ');
}
