import type { ZohoRequest } from '../endpoint.ts';
import type { ErrorCode } from '../error-codes.ts';
import { AccessError, BusyError, InputError, OutcomeUnknownError, PaymentsError, RefusedError, type ZohoRefusal } from '../errors.ts';
import type { AtProxy, NetworkError } from './http.ts';
import { wholeNumber, type ZohoAnswer } from './response-body.ts';
import { zohoWords } from './zoho-message.ts';

/**
 * Turns a failed call into an error that says who must act. Uses the HTTP status and Zoho's `code`, never Zoho's message: messages
 * differ between data centers and over time. Codes and statuses: Zoho Books API introduction and errors page, and live recordings.
 */

type Refusal = (zoho: ZohoRefusal, request: ZohoRequest) => PaymentsError;

const organization: Refusal = (zoho) =>
  new AccessError('The organization does not belong to these credentials.', {
    code: 'wrong_organization',
    next: 'check ZOHO_ORGANIZATION_ID and ZOHO_DATA_CENTER: the organization may belong to another user or to another data center.',
    zoho,
  });

const tokenRejected: Refusal = (zoho) =>
  new AccessError('Zoho does not accept the access token.', {
    code: 'access_token_rejected',
    next: 'check ZOHO_DATA_CENTER: the accounts server and the API must be in the same data center.',
    zoho,
  });

/** A scope that only the lookup of account names needs. `login` does not request it, because account ids can be given instead. */
const BEYOND_LOGIN = /\.accountants\./;

const scopeMissing: Refusal = (zoho, { scope }) => {
  return new AccessError(`The credentials do not allow this call; it needs the scope (permission) ${scope}.`, {
    code: 'scope_missing',
    next: BEYOND_LOGIN.test(scope)
      ? 'set ZOHO_REFRESH_TOKEN to a token that includes this scope (login does not ask for it); docs/connect.md explains how.'
      : {
          say: `run \`zoho-payments-mcp login\`, which asks for every scope that this server needs, also ${scope}.`,
          extension: 'set ZOHO_REFRESH_TOKEN to a token that includes this scope; docs/connect.md explains how.',
        },
    zoho,
  });
};

/** The kinds of records by path, each with the tool that shows the right id. A more specific path comes before a more general path. */
const kinds = [
  {
    path: /^\/customerpayments\/\w+\/refunds\/(\w+)/,
    name: 'refund',
    shows: 'shows the refund_id of each refund of a payment; list_customer_payments shows the payments',
    tool: 'list_customer_payment_refunds',
  },
  {
    path: /^\/customerpayments?\/(\w+)/,
    name: 'payment',
    shows: 'shows the payment_id of each payment (it is not the payment number)',
    tool: 'list_customer_payments',
  },
  {
    path: /^\/contacts\/(\w+)/,
    name: 'customer',
    shows: 'shows the customer_id of customers who have paid before',
    tool: 'list_customer_payments',
  },
  {
    path: /^\/invoices\/(\w+)/,
    name: 'invoice',
    shows: 'shows the invoice ids of a payment',
    tool: 'get_customer_payment',
  },
] as const;

function recordKind(path: string) {
  return kinds.find((kind) => kind.path.test(path));
}

const rightId = (say: string, tool: string, shows: string) => [{ say: `${say}: ${tool} ${shows}`, tool }, { say: 'ask the user' }];

const notFound: Refusal = (zoho, request) => {
  const { method, path } = request;
  if (isWrongAddress(zoho.code, request)) return wrongAddress(zoho);
  const kind = recordKind(path);
  // The body of a write also names records: any of them can be the missing record.
  if (kind === undefined || method === 'POST' || method === 'PUT') {
    return new InputError('Zoho does not know one of the records in this call.', {
      code: 'not_found',
      next: rightId('Call again with the right ids', 'get_customer_payment', 'shows the ids of a payment, its invoices and its account'),
      zoho,
    });
  }
  return new InputError(`There is no ${kind.name} with the id ${kind.path.exec(path)?.[1]}.`, {
    code: 'not_found',
    next: rightId('Call again with the right id', kind.tool, kind.shows),
    zoho,
  });
};

/**
 * True if the address is not Zoho Books. Every organization has a list of payments, so a 404 for this list means a wrong address.
 * Other calls name records that may be missing. Zoho's code 5 means an unknown path, 1002 an unknown record.
 */
function isWrongAddress(code: string | number, { method, path }: ZohoRequest): boolean {
  return method === 'GET' && path === '/customerpayments' && String(code) !== '1002';
}

const wrongAddress = (zoho?: ZohoRefusal): AccessError =>
  new AccessError('There is no Zoho Books API at this address.', {
    code: 'wrong_address',
    next: 'check ZOHO_API_BASE_URL; it must end with /books/v3.',
    zoho,
  });

const methodNotAllowed: Refusal = (zoho) =>
  new AccessError('The server at this address does not accept this call.', {
    code: 'method_not_allowed',
    next: 'check ZOHO_API_BASE_URL; it must end with /books/v3.',
    zoho,
  });

type Next = ConstructorParameters<typeof InputError>[1]['next'];

const forModel =
  (code: ErrorCode, message: string, next: Next): Refusal =>
  (zoho) =>
    new InputError(message, { code, next, zoho });

const forUser =
  (code: ErrorCode, message: string, next: Next): Refusal =>
  (zoho) =>
    new RefusedError(message, { code, next, zoho });

const restsOnIt = forUser('record_in_use', 'This record has refunds or credits.', {
  say: 'Tell the user: its refunds must be deleted first, with delete_customer_payment_refund.',
  tool: 'delete_customer_payment_refund',
  without: 'Tell the user: its refunds must be deleted first.',
});

/** Errors in the call, by Zoho's code alone, because for some codes the HTTP status is not known. */
const byZohoCode = new Map<string, Refusal>([
  [
    '2',
    forModel(
      'invalid_value',
      'Zoho does not accept one of the values.',
      'Call again with another value for the field that Zoho names; if the user gave the value, ask the user.',
    ),
  ],
  ['15', forModel('too_long', 'A text is too long for Zoho.', 'Call again with a shorter text for the field that Zoho names.')],
  [
    '3004',
    forModel(
      'customer_wrong',
      'The customer is missing or unknown, or an invoice belongs to another customer.',
      rightId('Call again with the right customer_id', 'list_customer_payments', 'shows customers who have paid before'),
    ),
  ],
  [
    '24016',
    forUser(
      'more_than_balance',
      'The applied amount is more than the balance due; the invoice may have been paid meanwhile.',
      'Ask the user how much to apply; the rest stays on the payment as unused amount.',
    ),
  ],
  [
    '9521',
    forUser(
      'retainer_in_part',
      'Zoho accepts only the full amount for a retainer invoice.',
      'Ask the user whether the full amount was paid. If yes, call again with that amount; if no, without retainerinvoice_id.',
    ),
  ],
  [
    '9523',
    forUser('retainer_amount_fixed', 'The amount of a payment for a retainer invoice cannot be changed.', {
      say: 'Ask the user whether to delete the payment with delete_customer_payment and record it again with the right amount.',
      tool: 'delete_customer_payment',
      without: 'Tell the user to delete the payment and record it again with the right amount.',
    }),
  ],
  [
    '12006',
    forUser(
      'invoice_closed',
      'The invoice is closed.',
      'Ask the user which invoice is meant; to record a payment for no invoice, leave out `invoices`.',
    ),
  ],
  ['1040', restsOnIt],
  ['12008', restsOnIt],
  [
    '120303',
    forUser('duplicate_unique_value', 'Another record has this value in a custom field that must be unique.', {
      say: 'Ask the user for another value, or whether this payment is recorded already: list_customer_payments shows the payments.',
      tool: 'list_customer_payments',
      without: 'Ask the user for another value, or whether this payment is recorded already.',
    }),
  ],
  [
    '108004',
    forUser(
      'bank_match',
      'The payment does not fit the bank transaction that it is matched with.',
      'Tell the user: in Zoho Books, under Banking, unmatch it or match it with a transaction of the same account.',
    ),
  ],
]);

const refusedByZoho: Refusal = (zoho, { method }) => {
  const details = { code: 'refused_by_zoho', zoho } as const;
  if (method === 'GET') return new InputError('Zoho refused the call.', { ...details, next: 'Correct what Zoho names, then call again.' });
  return new RefusedError('Zoho refused this change.', {
    ...details,
    next: 'tell the user what Zoho says, and call again as the user decides.',
  });
};

const minuteLimit: Refusal = (zoho) =>
  new BusyError("The organization has used up Zoho's calls for this minute (100).", {
    code: 'minute_limit',
    next: 'Wait a minute, then make the same call again.',
    zoho,
  });

const dayLimit: Refusal = (zoho) =>
  new BusyError("The organization has used up Zoho's calls for today.", {
    code: 'day_limit',
    next: "Tell the user; calls are possible again after midnight in the organization's time zone.",
    zoho,
  });

const concurrencyLimit: Refusal = (zoho) =>
  new BusyError('Too many calls to Zoho at once.', {
    code: 'concurrency_limit',
    next: 'Wait a few seconds, then make the calls again, one at a time.',
    zoho,
  });

const byCode = new Map<string, Refusal>([
  ['401/14', tokenRejected],
  ['401/57', scopeMissing],
  ['400/6041', organization],
  ['401/6041', organization],
  ['429/44', minuteLimit],
  ['429/45', dayLimit],
  ['429/1070', concurrencyLimit],
]);

const byStatus = new Map<number, Refusal>([
  [401, tokenRejected],
  [403, scopeMissing],
  [404, notFound],
  [405, methodNotAllowed],
  [429, minuteLimit],
]);

/** Every JSON success has code 0. A document has no envelope; only a read can return a document. */
function isSuccess(answer: ZohoAnswer, { method }: ZohoRequest): boolean {
  if (answer.status < 200 || answer.status >= 300) return false;
  if (answer.kind !== 'json') return answer.kind === 'bytes' && method === 'GET';
  return wholeNumber(answer.body['code']) === 0;
}

/** The error if Zoho certainly refused the call and changed nothing. Undefined for a success, or if the answer may not be from Zoho. */
function refusalOf(answer: ZohoAnswer, request: ZohoRequest, token: string): PaymentsError | undefined {
  if (answer.kind !== 'json') return undefined;
  const { status, body } = answer;
  const code = wholeNumber(body['code']);
  if (isSuccess(answer, request) || status >= 500) return undefined;
  // JSON from a gateway or proxy does not show what Zoho did. For a read, the status is enough.
  if (code === undefined && (request.method !== 'GET' || status < 300)) return undefined;
  // For a write, "nothing was changed" is certain only if the answer is clearly from Zoho. A gateway repeats the HTTP status as its code.
  const known = byCode.has(`${status}/${code}`);
  if (request.method !== 'GET' && !known && (status === 429 || typeof body['message'] !== 'string' || code === status)) return undefined;
  const zoho = zohoWords({ code: code ?? `HTTP ${status}`, message: body['message'] }, [token]);
  const means = byCode.get(`${status}/${zoho.code}`) ?? byZohoCode.get(String(zoho.code)) ?? byStatus.get(status) ?? refusedByZoho;
  return means(zoho, request);
}

/** The error of an answer, or undefined if the call succeeded. Quoted text never contains `token`. */
export function failureOf(answer: ZohoAnswer, request: ZohoRequest, token: string): PaymentsError | undefined {
  const refusal = refusalOf(answer, request, token);
  if (refusal !== undefined) return refusal;
  if (isSuccess(answer, request)) return undefined;
  if (answer.status === 404 && isWrongAddress('HTTP 404', request)) return wrongAddress();
  const what = answer.kind === 'unreadable' ? answer.what : answer.status < 300 ? 'an unexpected answer' : 'an error';
  const zoho =
    answer.kind === 'json'
      ? zohoWords({ code: answer.body['code'] ?? `HTTP ${answer.status}`, message: answer.body['message'] }, [token])
      : undefined;
  const why =
    answer.status === 503
      ? `Zoho is down for maintenance or overloaded (HTTP 503 with ${what})`
      : `Zoho answered HTTP ${answer.status} with ${what}`;
  return unanswered(why, request, zoho);
}

/** The error if the answer shows another record than the requested one. No automatic retry, because earlier answers may be wrong too. */
export function anotherRecord({ path }: ZohoRequest): BusyError {
  const kind = recordKind(path);
  const asked = kind === undefined ? 'a record' : `the ${kind.name} ${kind.path.exec(path)?.[1]}`;
  return new BusyError(
    `The server asked Zoho for ${asked}, but the answer shows something else. ` +
      'The server closed its connections to Zoho, because a connection can mix up answers.',
    {
      code: 'another_record',
      next: 'Make the same call again: it uses a new connection.',
    },
  );
}

/** The error if the answer holds a record of the right kind, but without an id. */
export function unnamedRecord({ path }: ZohoRequest): BusyError {
  const kind = recordKind(path);
  return new BusyError(`Zoho's answer held no ${kind?.name ?? 'record'} with the id ${kind?.path.exec(path)?.[1] ?? 'asked for'}.`, {
    code: 'no_record',
    next: 'Make the same call again in a little while.',
  });
}

/**
 * The error if a proxy did not pass the request on, so that Zoho never received it. The status shows whether the proxy refused or failed.
 */
export function proxyFailure(error: NetworkError, { proxy, target, status }: AtProxy): PaymentsError {
  const unsent = 'The request was not sent to Zoho.';
  const settings = 'HTTPS_PROXY, HTTP_PROXY and NO_PROXY';
  if (status === 407) {
    return new AccessError(
      `The proxy ${proxy} needs a user name and password, or does not accept the ones that were sent (HTTP 407). ${unsent}`,
      {
        code: 'proxy_refused',
        next: 'check the user name and password of the proxy in HTTPS_PROXY or HTTP_PROXY.',
        cause: error,
      },
    );
  }
  if (status !== undefined && status < 500 && status !== 408 && status !== 429) {
    return new AccessError(`The proxy ${proxy} refuses a connection to ${target} (HTTP ${status}). ${unsent}`, {
      code: 'proxy_refused',
      next: [`allow connections to ${target} in the proxy`, `check ${settings}`],
      cause: error,
    });
  }
  const why = status === undefined ? `cannot be used: ${error.message}` : `made no connection to ${target} (HTTP ${status})`;
  return new BusyError(`The proxy ${proxy} ${why}. ${unsent}`, {
    code: 'proxy_unavailable',
    next: 'Make the same call again in a little while',
    ifItStays: `check the proxy, and ${settings}`,
    cause: error,
  });
}

/** The error if no complete response arrived. */
export function networkFailure(error: NetworkError, request: ZohoRequest): PaymentsError {
  if (error.atProxy !== undefined) return proxyFailure(error, error.atProxy);
  if (!error.sent) {
    return new BusyError(`Zoho could not be reached: ${error.message}. The request was not sent.`, {
      code: 'zoho_unreachable',
      next: 'Check the connection, then make the same call again.',
      cause: error,
    });
  }
  return unanswered(
    request.method === 'GET' ? error.message : `The answer from Zoho was lost: ${error.message}`,
    request,
    undefined,
    error,
  );
}

/** The error if no usable answer arrived. A read can be repeated; a write may or may not have been carried out. */
function unanswered(why: string, { method, path }: ZohoRequest, zoho?: ZohoRefusal, cause?: unknown): PaymentsError {
  const what = recordKind(path)?.name;
  if (method === 'GET')
    return new BusyError(`Reading ${what === undefined ? 'from Zoho' : `the ${what}`} failed: ${why}.`, {
      code: 'zoho_unavailable',
      next: 'Make the same call again in a little while.',
      zoho,
      cause,
    });
  return new OutcomeUnknownError(`${why}.`, {
    next: {
      say: 'Do not repeat the call. Check with list_customer_payments or list_customer_payment_refunds whether Zoho carried it out.',
      tool: 'list_customer_payments',
      without: 'Do not repeat the call. Check whether Zoho carried it out.',
    },
    zoho,
    cause,
  });
}
