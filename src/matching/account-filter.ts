import type { Reader } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { ifAllowed, ifServed } from '../reading/if-allowed.ts';
import { readId, readText } from '../records/read-row.ts';
import { quoted } from '../records/text.ts';
import { accountNamed, asCalled } from './accounts.ts';
import { isCalledLike, severalCalled } from './id-called.ts';

/**
 * Finds payments into an account, or refunds from an account, by the account's name or id. The account may be closed, or the scopes may
 * not show the list of accounts.
 */

export interface SeenAccount {
  readonly account_id: string;
  readonly account_name?: string | undefined;
}

export interface AccountFilter {
  /** True if the row is in this account. Undefined if Zoho does not give the account. */
  isIn(row: Json): boolean | undefined;
  /** Returns the account. Call it after `isIn` has seen all rows. Throws if the name fits no account in the rows, or several. */
  found(): Promise<SeenAccount>;
}

/** Looks for the name among the open accounts first. If no open account has it, the rows may have a closed account with this name. */
export async function accountFilter(typed: string, zoho: Reader): Promise<AccountFilter> {
  let none: InputError | undefined;
  const id = await ifAllowed(accountNamed(typed, 'account', zoho)).catch((error: unknown) => {
    if (!(error instanceof InputError && error.code === 'no_such_account')) throw error;
    none = error;
    return undefined;
  });
  const seen = new Map<string, string | undefined>();
  return {
    isIn({ account_id, account_name }) {
      const [rowId, name] = [readId(account_id), readText(account_name)];
      if (rowId === undefined || (id === undefined && name === undefined)) return undefined;
      const isIt = id === undefined ? isCalledLike(typed, name) : rowId === id;
      if (isIt) seen.set(rowId, name ?? seen.get(rowId));
      return isIt;
    },
    async found() {
      if (id !== undefined) return { account_id: id, account_name: seen.get(id) ?? (await nameOf(id, zoho)) };
      const [one, ...others] = [...seen].map(([account_id, account_name]) => ({ account_id, account_name }));
      if (one === undefined) throw none ?? noneSeen(typed);
      if (others.length > 0) throw severalCalled(typed, [one, ...others].map(asCalled), { what: 'account', field: 'account' });
      return one;
    },
  };
}

/** The name of an account that is in no row. */
async function nameOf(id: string, zoho: Reader): Promise<string | undefined> {
  const { bankaccounts = [] } = (await ifServed(zoho.recent.read(allBankAccounts, {}))) ?? {};
  return bankaccounts.find(({ account_id }) => account_id === id)?.account_name;
}

function noneSeen(typed: string): InputError {
  return new InputError(`None of the records that were read has an account called ${quoted(typed)}.`, {
    code: 'no_such_account',
    next: 'Call again with the id of the account, or ask the user for its exact name in Zoho Books.',
  });
}
