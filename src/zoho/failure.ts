import type { ZohoRequest } from '../endpoint.ts';
import type { ErrorCode } from '../error-codes.ts';
import { AccessError, BusyError, InputError, OutcomeUnknownError, PaymentsError, RefusedError, type ZohoRefusal } from '../errors.ts';
import type { AtProxy, NetworkError } from './http.ts';
import { wholeNumber, type ZohoAnswer } from './response-body.ts';
import { zohoWords } from './zoho-message.ts';

/**
 * What a failed call means and who must act. Judged by HTTP status and Zoho's `code`, never by its message: messages
 * differ between data centres and over time. Codes and statuses: Zoho Books API introduction and errors page, and live recordings.
 */

type Refusal = (zoho: ZohoRefusal, request: ZohoRequest) => PaymentsError;

const organization: Refusal = (zoho) =>
  new AccessError('The organization does not belong to these credentials.', {
    code: 'wrong_organization',
    next: "check ZOHO_ORGANIZATION_ID and ZOHO_DATA_CENTER: the organization may be another user's or in another data centre.",
    zoho,
  });

const tokenRejected: Refusal = (zoho) =>
  new AccessError('Zoho does not accept the access token.', {
    code: 'access_token_rejected',
    next: 'check ZOHO_DATA_CENTER: accounts server and API must be of the same data centre.',
    zoho,
  });

/** For names of accounts alone, whose ids can be given instead: `login` does not ask for more than every tool needs. */
const BEYOND_LOGIN = /\.accountants\./;

const scopeMissing: Refusal = (zoho, { scope }) => {
  return new AccessError(`The credentials do not allow this call; it needs the scope ${scope}.`, {
    code: 'scope_missing',
    next: BEYOND_LOGIN.test(scope)
      ? 'set ZOHO_REFRESH_TOKEN to one that includes this scope, which login does not ask for; docs/connect.md says how to make one.'
      : {
          say: `run \`zoho-payments-mcp login\`, which asks for every scope that this server needs, ${scope} among them.`,
          extension: 'set ZOHO_REFRESH_TOKEN to one that includes this scope; docs/connect.md says how to make one.',
        },
    zoho,
  });
};

/** What a path is about, and where the right id would come from. Every one below its own list; the more special first. */
const kinds = [
  {
    path: /^\/customerpayments\/\w+\/refunds\/(\w+)/,
    name: 'refund',
    shows: 'shows the refund_id of each refund of a payment, list_customer_payments the payments',
    tool: 'list_customer_payment_refunds',
  },
  {
    path: /^\/customerpayments?\/(\w+)/,
    name: 'payment',
    shows: 'shows the payment_id of each payment; the payment number is another one',
    tool: 'list_customer_payments',
  },
  {
    path: /^\/contacts\/(\w+)/,
    name: 'customer',
    shows: 'shows the customer_id of those who have paid before',
    tool: 'list_customer_payments',
  },
  {
    path: /^\/invoices\/(\w+)/,
    name: 'invoice',
    shows: 'of a payment on that invoice shows its id',
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
  // What is written names other records besides that of its path: any of them can be the one that is missing.
  if (kind === undefined || method === 'POST' || method === 'PUT') {
    return new InputError('Zoho does not know a record that this call names.', {
      code: 'not_found',
      next: rightId('Call again with the right ids', 'get_customer_payment', 'shows those of a payment, its invoices and its account'),
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
 * The list of payments is there for every organization: without it the address is none of Zoho Books. 5 is Zoho's code for a
 * path that it does not have, 1002 for a record; only a read of the list names no record that could be missing instead.
 */
function isWrongAddress(code: string | number, { method, path }: ZohoRequest): boolean {
  return method === 'GET' && path === '/customerpayments' && String(code) !== '1002';
}

const wrongAddress = (zoho?: ZohoRefusal): AccessError =>
  new AccessError('There is no Zoho Books API at this address.', {
    code: 'wrong_address',
    next: 'check ZOHO_API_BASE_URL; it ends with /books/v3.',
    zoho,
  });

const methodNotAllowed: Refusal = (zoho) =>
  new AccessError('What is at this address does not take such a call.', {
    code: 'method_not_allowed',
    next: 'check ZOHO_API_BASE_URL; it ends with /books/v3.',
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

const restsOnIt = forUser('record_in_use', 'Refunds or credits rest on this record.', {
  say: 'Tell the user; its refunds would have to be deleted first, with delete_customer_payment_refund.',
  tool: 'delete_customer_payment_refund',
  without: 'Tell the user; its refunds would have to be deleted first.',
});

/** What is wrong with a call itself, by Zoho's code alone: with which HTTP status some of them come is not known. */
const byZohoCode = new Map<string, Refusal>([
  [
    '2',
    forModel(
      'invalid_value',
      'Zoho does not take one of the values.',
      'Call again with another value for what Zoho names; if the user gave it, ask the user.',
    ),
  ],
  ['15', forModel('too_long', 'A text is longer than Zoho takes.', 'Call again with a shorter text for what Zoho names.')],
  [
    '3004',
    forModel(
      'customer_wrong',
      'The customer is missing or unknown, or not the one of an invoice.',
      rightId('Call again with the right customer_id', 'list_customer_payments', 'shows those who have paid before'),
    ),
  ],
  [
    '24016',
    forUser(
      'more_than_balance',
      'More is applied than is open; someone may have paid it meanwhile.',
      'Ask the user how much to apply; what is left over stays on the payment as unused amount.',
    ),
  ],
  [
    '9521',
    forUser(
      'retainer_in_part',
      'A retainer invoice is paid in full or not at all.',
      'Ask the user whether all of it was paid: if so, call again with the full amount, otherwise without retainerinvoice_id.',
    ),
  ],
  [
    '9523',
    forUser('retainer_amount_fixed', 'The amount of a payment for a retainer invoice cannot be changed.', {
      say: 'Ask the user whether to delete the payment with delete_customer_payment and to record it again with the right amount.',
      tool: 'delete_customer_payment',
      without: 'Ask the user: the payment would have to be deleted and recorded again with the right amount.',
    }),
  ],
  [
    '12006',
    forUser(
      'invoice_closed',
      'The invoice is closed.',
      'Ask the user which invoice is meant; money for none is recorded without `invoices`.',
    ),
  ],
  ['1040', restsOnIt],
  ['12008', restsOnIt],
  [
    '120303',
    forUser('duplicate_unique_value', 'Another record has this value in a custom field that must be unique.', {
      say: 'Ask the user for another value, or whether this is recorded already: list_customer_payments shows what there is.',
      tool: 'list_customer_payments',
      without: 'Ask the user for another value, or whether this is recorded already.',
    }),
  ],
  [
    '108004',
    forUser(
      'bank_match',
      'It does not fit the bank transaction that it is matched with.',
      'Tell the user; in Zoho Books, under Banking, it has to be unmatched, or matched with one of the same account.',
    ),
  ],
]);

const refusedByZoho: Refusal = (zoho, { method }) => {
  const details = { code: 'refused_by_zoho', zoho } as const;
  if (method === 'GET') return new InputError('Zoho refused the call.', { ...details, next: 'Call again with what Zoho names corrected.' });
  return new RefusedError('Zoho refused to write this.', {
    ...details,
    next: 'tell the user what Zoho says, and call again with what they decide.',
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
    next: 'Wait a few seconds, then make the same call again, one at a time.',
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

/** The envelope of every success has code 0. A document has no envelope, and only a read is answered with one. */
function isSuccess(answer: ZohoAnswer, { method }: ZohoRequest): boolean {
  if (answer.status < 200 || answer.status >= 300) return false;
  if (answer.kind !== 'json') return answer.kind === 'bytes' && method === 'GET';
  return wholeNumber(answer.body['code']) === 0;
}

/** Zoho's envelope with an error: a definite refusal, nothing was changed. Undefined for a success. */
function refusalOf(answer: ZohoAnswer, request: ZohoRequest, token: string): PaymentsError | undefined {
  if (answer.kind !== 'json') return undefined;
  const { status, body } = answer;
  const code = wholeNumber(body['code']);
  if (isSuccess(answer, request) || status >= 500) return undefined;
  // JSON of something in between (a gateway, a proxy) does not say what Zoho did; by its status it can still refuse a read.
  if (code === undefined && (request.method !== 'GET' || status < 300)) return undefined;
  // What a write's "nothing was changed" rests on must look like Zoho in every way; a gateway repeats the status as its code.
  const known = byCode.has(`${status}/${code}`);
  if (request.method !== 'GET' && !known && (status === 429 || typeof body['message'] !== 'string' || code === status)) return undefined;
  const zoho = zohoWords({ code: code ?? `HTTP ${status}`, message: body['message'] }, [token]);
  const means = byCode.get(`${status}/${zoho.code}`) ?? byZohoCode.get(String(zoho.code)) ?? byStatus.get(status) ?? refusedByZoho;
  return means(zoho, request);
}

/** The error that an answer stands for, or undefined when the call succeeded. `token` is left out of what is quoted. */
export function failureOf(answer: ZohoAnswer, request: ZohoRequest, token: string): PaymentsError | undefined {
  const refusal = refusalOf(answer, request, token);
  if (refusal !== undefined) return refusal;
  if (isSuccess(answer, request)) return undefined;
  if (answer.status === 404 && isWrongAddress('HTTP 404', request)) return wrongAddress();
  const what = answer.kind === 'unreadable' ? answer.what : answer.status < 300 ? 'something other than its usual answer' : 'an error';
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

/** The answer is not about the record that was asked for. Not repeated silently: how many other answers were wrong is not known. */
export function anotherRecord({ path }: ZohoRequest): BusyError {
  const kind = recordKind(path);
  const asked = kind === undefined ? 'a record' : `the ${kind.name} ${kind.path.exec(path)?.[1]}`;
  return new BusyError(
    `Zoho was asked for ${asked}, and the answer shows something else. ` +
      'The connections to Zoho were closed, because answers on a connection can get out of step.',
    {
      code: 'another_record',
      next: 'Make the same call again: it uses a new connection.',
    },
  );
}

/** The answer holds such a record, and does not say which one it is. */
export function unnamedRecord({ path }: ZohoRequest): BusyError {
  const kind = recordKind(path);
  return new BusyError(`Zoho's answer held no ${kind?.name ?? 'record'} with the id ${kind?.path.exec(path)?.[1] ?? 'asked for'}.`, {
    code: 'no_record',
    next: 'Make the same call again in a little while.',
  });
}

/**
 * A proxy in between did not let the request through, so Zoho never had it. Whether the proxy refuses or only fails is told by its status.
 */
export function proxyFailure(error: NetworkError, { proxy, target, status }: AtProxy): PaymentsError {
  const unsent = 'The request was not sent to Zoho.';
  const settings = 'HTTPS_PROXY, HTTP_PROXY and NO_PROXY';
  if (status === 407) {
    return new AccessError(
      `The proxy ${proxy} does not accept the user name and password for it, or was given none (HTTP 407). ${unsent}`,
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
      next: [`have the proxy allow connections to ${target}`, `check ${settings}`],
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

/** No whole response came. */
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

/** For a read nothing is lost, and it may only have been a look before a write; a write may or may not have been carried out. */
function unanswered(why: string, { method, path }: ZohoRequest, zoho?: ZohoRefusal, cause?: unknown): PaymentsError {
  const what = recordKind(path)?.name;
  if (method === 'GET')
    return new BusyError(`A look-up${what === undefined ? '' : ` of the ${what}`} failed: ${why}.`, {
      code: 'zoho_unavailable',
      next: 'Make the same call again in a little while.',
      zoho,
      cause,
    });
  return new OutcomeUnknownError(`${why}.`, {
    next: {
      say:
        'Do not make the call again. ' +
        'Look first, with list_customer_payments or list_customer_payment_refunds, whether it was carried out.',
      tool: 'list_customer_payments',
      without: 'Do not make the call again. Look first whether it was carried out.',
    },
    zoho,
    cause,
  });
}
