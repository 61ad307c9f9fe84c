import type { Reader } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { InputError } from '../errors.ts';
import { recordNameAndId } from '../records/describe.ts';
import { quoted } from '../records/text.ts';
import { fits, folded, isId, exactOrOnly } from './same-name.ts';

/** The id of the cash or bank account of this name. `field` is the argument that named it. */
export async function accountNamed(typed: string, field: string, zoho: Reader): Promise<string> {
  if (isId(typed)) return typed;
  const { bankaccounts = [] } = await zoho.recent.read(allBankAccounts, {});
  const active = bankaccounts.filter(({ is_active }) => is_active !== false);
  const found = active.filter(({ account_name }) => folded(account_name) === folded(typed) || fits(typed, account_name));
  const id = exactOrOnly(typed, found, (account) => account.account_name)?.account_id;
  if (id !== undefined) return id;
  const offered = (found.length > 0 ? found : active)
    .slice(0, 10)
    .map(({ account_name, account_id }) => recordNameAndId('account', account_name, account_id, 40));
  throw new InputError(
    found.length > 0
      ? `Several accounts are called something like ${quoted(typed)}.`
      : `No open cash or bank account is called ${quoted(typed)}.`,
    {
      code: found.length > 0 ? 'ambiguous_account' : 'no_such_account',
      next: `Call again with one of these as ${field}: ${offered.join(', ')}. If it is not clear which one is meant, ask the user.`,
    },
  );
}
