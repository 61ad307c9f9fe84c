import type { Reader } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { listChartOfAccounts } from './chart-of-accounts.ts';
import { idCalled, orGiveId } from './id-called.ts';
import { isId } from './same-name.ts';

/** Accounts by their names. `field` is the argument that named one. */

/** The id of the cash or bank account of this name. */
export async function accountNamed(typed: string, field: string, zoho: Reader): Promise<string> {
  if (isId(typed)) return typed;
  const { bankaccounts = [] } = await orGiveId(zoho.recent.read(allBankAccounts, {}), field);
  return idCalled(typed, bankaccounts.filter(isOpenAccount).map(asCalled), {
    what: 'account',
    kind: 'open cash or bank account',
    field,
    closed: closedOf(bankaccounts),
  });
}

/** The id of the account of this name, whatever it is for: bank charges, withheld tax. */
export async function ledgerAccountNamed(typed: string, field: string, zoho: Reader): Promise<string> {
  if (isId(typed)) return typed;
  const { chartofaccounts = [] } = await orGiveId(zoho.settled.read(listChartOfAccounts, {}), field);
  return idCalled(typed, chartofaccounts.filter(isOpenAccount).map(asCalled), {
    what: 'account',
    kind: 'active account',
    field,
    closed: closedOf(chartofaccounts),
  });
}

interface AccountByName {
  readonly account_id?: string | undefined;
  readonly account_name?: string | undefined;
  readonly is_active?: boolean | undefined;
}

const isOpenAccount = ({ is_active }: AccountByName): boolean => is_active !== false;
export const asCalled = ({ account_name, account_id }: AccountByName) => ({ name: account_name, id: account_id });
const closedOf = (accounts: readonly AccountByName[]) => accounts.filter((one) => !isOpenAccount(one)).map(asCalled);
