import { isRead, scopeOf } from '../endpoint.ts';
import { getContact } from './get-contact.ts';
import { getInvoice } from './get-invoice.ts';
import { endpoints } from './index.ts';
import { listBankAccounts } from './list-bank-accounts.ts';
import { listCustomFields } from './list-custom-fields.ts';
import { listOrganizations } from './list-organizations.ts';

/** What look-ups and checks read besides the tools. */
const lookUps = [getContact, getInvoice, listBankAccounts, listCustomFields, listOrganizations];

/** The least OAuth scopes for everything that is switched on. */
export function leastScopes({ readOnly }: { readOnly: boolean }): readonly string[] {
  const tools = readOnly ? endpoints.filter(isRead) : endpoints;
  return [...new Set([...tools, ...lookUps].map(scopeOf))];
}

/** Those of the wanted scopes that were not granted; `ALL` and `fullaccess` hold the others. */
export function scopesMissing(wanted: readonly string[], granted: readonly string[]): readonly string[] {
  const held = new Set(granted.map((scope) => scope.toLowerCase()));
  const covering = (scope: string) => [scope, scope.replace(/\w+$/, 'ALL'), 'ZohoBooks.fullaccess.ALL'];
  return wanted.filter((scope) => !covering(scope).some((name) => held.has(name.toLowerCase())));
}
