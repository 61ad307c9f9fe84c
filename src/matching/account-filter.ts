import type { Reader } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { InputError } from '../errors.ts';
import { ifAllowed, ifServed } from '../reading/if-allowed.ts';
import { recordNameAndId } from '../records/describe.ts';
import { readId, readText } from '../records/read-row.ts';
import { quoted } from '../records/text.ts';
import { accountNamed } from './accounts.ts';
import type { PaymentRow } from './payments.ts';
import { fits, folded } from './same-name.ts';

/** Payments into one account, by its name or id: also into one that is closed since, or that the scopes do not list. */

export interface SeenAccount {
  readonly account_id: string;
  readonly account_name?: string | undefined;
}

export interface AccountFilter {
  /** Undefined where Zoho does not tell the account. */
  isIn(row: PaymentRow): boolean | undefined;
  /** The account, once all rows were asked about. Throws where the name fits none of them, or several. */
  found(): Promise<SeenAccount>;
}

/** The open accounts decide what a name means. One that none of them has may be a closed account's, which the rows name. */
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
      const isIt = id === undefined ? folded(name) === folded(typed) || fits(typed, name) : rowId === id;
      if (isIt) seen.set(rowId, name ?? seen.get(rowId));
      return isIt;
    },
    async found() {
      if (id !== undefined) return { account_id: id, account_name: seen.get(id) ?? (await nameOf(id, zoho)) };
      const [one, ...others] = [...seen].map(([account_id, account_name]) => ({ account_id, account_name }));
      if (one === undefined) throw none ?? noneSeen(typed);
      if (others.length > 0) throw severalSeen(typed, [one, ...others]);
      return one;
    },
  };
}

/** Of one that no payment went into. */
async function nameOf(id: string, zoho: Reader): Promise<string | undefined> {
  const { bankaccounts = [] } = (await ifServed(zoho.recent.read(allBankAccounts, {}))) ?? {};
  return bankaccounts.find(({ account_id }) => account_id === id)?.account_name;
}

function noneSeen(typed: string): InputError {
  return new InputError(`No payment of these went into an account called ${quoted(typed)}.`, {
    code: 'no_such_account',
    next: 'Call again with the id of the account, or ask the user for its name as it stands in Zoho Books.',
  });
}

function severalSeen(typed: string, accounts: readonly SeenAccount[]): InputError {
  const offered = accounts.slice(0, 10).map((one) => recordNameAndId('account', one.account_name, one.account_id, 40));
  return new InputError(`Several accounts are called something like ${quoted(typed)}.`, {
    code: 'ambiguous_account',
    next: `Call again with one of these as account: ${offered.join(', ')}. If it is not clear which one is meant, ask the user.`,
  });
}
