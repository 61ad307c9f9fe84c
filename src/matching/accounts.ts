import type { Reader } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { listChartOfAccounts } from './chart-of-accounts.ts';
import { idCalled, orGiveId } from './id-called.ts';
import { isId } from './same-name.ts';

/** Finds accounts by name. `field` is the argument with the name. */

/** Returns the id of the cash or bank account with this name. */
export async function accountNamed(typed: string, field: string, zoho: Reader): Promise<string> {
  if (isId(typed)) return typed;
  const { bankaccounts = [] } = await orGiveId(zoho.recent.read(allBankAccounts, {}), field);
  return openAccountCalled(typed, bankaccounts, { kind: 'open cash or bank account', field });
}

/** Returns the id of the account with this name in the chart of accounts, such as an account for bank charges or withheld tax. */
export async function ledgerAccountNamed(typed: string, field: string, zoho: Reader): Promise<string> {
  if (isId(typed)) return typed;
  const { chartofaccounts = [] } = await orGiveId(zoho.settled.read(listChartOfAccounts, {}), field);
  return openAccountCalled(typed, chartofaccounts, { kind: 'active account', field });
}

interface AccountByName {
  readonly account_id?: string | undefined;
  readonly account_name?: string | undefined;
  readonly is_active?: boolean | undefined;
}

/** Returns only open accounts. If none fits, the error names closed accounts that fit. */
function openAccountCalled(
  typed: string,
  accounts: readonly AccountByName[],
  as: { readonly kind: string; readonly field: string },
): string {
  const isOpen = ({ is_active }: AccountByName) => is_active !== false;
  const closed = accounts.filter((one) => !isOpen(one)).map(asCalled);
  return idCalled(typed, accounts.filter(isOpen).map(asCalled), { what: 'account', ...as, closed });
}

export const asCalled = ({ account_name, account_id }: AccountByName) => ({ name: account_name, id: account_id });
