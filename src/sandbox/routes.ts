import type { Module } from './consent-page.ts';
import { getContact, listContacts } from './contacts.ts';
import { getInvoice, listInvoicePayments, listInvoices } from './invoices.ts';
import { type Reply, jsonReply } from './message.ts';
import { listPayments } from './payment-list.ts';
import {
  createPayment,
  deletePayment,
  deletePayments,
  pathPayment,
  updateByCustomField,
  updateCustomFields,
  updatePayment,
} from './payments.ts';
import { paymentReceipt } from './receipt-pdf.ts';
import { createRefund, deleteRefund, getRefund, listRefunds, updateRefund } from './refunds.ts';
import { listRetainers } from './retainers.ts';
import { listBankAccounts, listChartOfAccounts, listCurrencies, listFields, listLocations, listOrganizations } from './settings.ts';
import { paymentShape } from './shapes.ts';
import type { Call } from './world.ts';

type Verb = 'CREATE' | 'READ' | 'UPDATE' | 'DELETE';

export interface Route {
  method: string;
  /** below /books/v3; `:name` matches one segment */
  path: string;
  /** the part of the OAuth scope after `ZohoBooks.`; consent-page.ts describes its module */
  scope: `${Module}.${Verb}`;
  /** true: the sandbox's default credentials do not have this scope */
  unusual?: true;
  handle: (call: Call) => Reply;
}

const PAYMENT = '/customerpayments/:payment_id';
const REFUND = '/customerpayments/:payment_id/refunds/:refund_id';

export const ROUTES: Route[] = [
  { method: 'POST', path: '/customerpayments', scope: 'customerpayments.CREATE', handle: createPayment },
  { method: 'GET', path: '/customerpayments', scope: 'customerpayments.READ', handle: listPayments },
  { method: 'DELETE', path: '/customerpayments', scope: 'customerpayments.DELETE', handle: deletePayments },
  { method: 'PUT', path: '/customerpayments', scope: 'customerpayments.UPDATE', handle: updateByCustomField },
  { method: 'PUT', path: PAYMENT, scope: 'customerpayments.UPDATE', handle: updatePayment },
  { method: 'GET', path: PAYMENT, scope: 'customerpayments.READ', handle: getPayment },
  { method: 'DELETE', path: PAYMENT, scope: 'customerpayments.DELETE', handle: deletePayment },
  { method: 'GET', path: `${PAYMENT}/refunds`, scope: 'customerpayments.READ', handle: listRefunds },
  { method: 'POST', path: `${PAYMENT}/refunds`, scope: 'customerpayments.CREATE', handle: createRefund },
  { method: 'GET', path: REFUND, scope: 'customerpayments.READ', handle: getRefund },
  { method: 'PUT', path: REFUND, scope: 'customerpayments.UPDATE', handle: updateRefund },
  { method: 'DELETE', path: REFUND, scope: 'customerpayments.DELETE', handle: deleteRefund },
  // The path is singular only here (Zoho docs).
  { method: 'PUT', path: '/customerpayment/:payment_id/customfields', scope: 'customerpayments.UPDATE', handle: updateCustomFields },

  { method: 'GET', path: '/contacts', scope: 'contacts.READ', handle: listContacts },
  { method: 'GET', path: '/contacts/:contact_id', scope: 'contacts.READ', handle: getContact },
  { method: 'GET', path: '/invoices', scope: 'invoices.READ', handle: listInvoices },
  { method: 'GET', path: '/invoices/:invoice_id', scope: 'invoices.READ', handle: getInvoice },
  { method: 'GET', path: '/invoices/:invoice_id/payments', scope: 'invoices.READ', handle: listInvoicePayments },
  { method: 'GET', path: '/retainerinvoices', scope: 'invoices.READ', handle: listRetainers },
  { method: 'GET', path: '/bankaccounts', scope: 'banking.READ', handle: listBankAccounts },
  { method: 'GET', path: '/chartofaccounts', scope: 'accountants.READ', unusual: true, handle: listChartOfAccounts },
  { method: 'GET', path: '/locations', scope: 'settings.READ', handle: listLocations },
  { method: 'GET', path: '/organizations', scope: 'settings.READ', handle: listOrganizations },
  { method: 'GET', path: '/settings/currencies', scope: 'settings.READ', handle: listCurrencies },
  { method: 'GET', path: '/settings/fields', scope: 'settings.READ', handle: listFields },
];

/** The scopes of the sandbox's credentials by default. */
export const USUAL_SCOPES = usualScopes();

/** `ALL` for a module if all four verbs are used, otherwise each verb. */
function usualScopes(): string[] {
  const scopes = [...new Set(ROUTES.filter(({ unusual }) => unusual !== true).map(({ scope }) => scope))];
  const moduleOf = (scope: string) => scope.replace(/\.\w+$/, '');
  const named = scopes.map((scope) =>
    scopes.filter((other) => moduleOf(other) === moduleOf(scope)).length === 4 ? `${moduleOf(scope)}.ALL` : scope,
  );
  return [...new Set(named)].map((scope) => `ZohoBooks.${scope}`);
}

function getPayment(call: Call): Reply {
  const { query, headers } = call.arrival;
  const pdf = query.get('accept') === 'pdf' || (!query.has('accept') && (headers.accept ?? '').includes('application/pdf'));
  if (pdf) return paymentReceipt(call);
  return jsonReply(200, { code: 0, message: 'success', payment: paymentShape(call, pathPayment(call)) });
}

export interface Match {
  route: Route | undefined;
  params: Record<string, string>;
  /** the methods that exist for the path; empty if the path is unknown */
  methods: string[];
}

const SPLIT_ROUTES = ROUTES.map((route) => ({ route, segments: route.path.split('/') }));

/** `path` is the part after /books/v3. */
export function matchRoute(method: string, path: string): Match {
  const segments = path.split('/');
  const match: Match = { route: undefined, params: {}, methods: [] };
  for (const { route, segments: pattern } of SPLIT_ROUTES) {
    const params = matchSegments(pattern, segments);
    if (!params) continue;
    match.methods.push(route.method);
    if (route.method === method) Object.assign(match, { route, params });
  }
  return match;
}

function matchSegments(pattern: string[], segments: string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
