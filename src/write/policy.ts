import { parse as parseLosslessly } from 'lossless-json';
import * as z from 'zod';
import { concern, concernCodes, type Concern, type ConcernCode } from '../concern.ts';
import { UNKNOWN_CURRENCY, type Facts, type WriteTool } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import { inQuotes } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { formatMoney, subtract } from '../money.ts';
import { DAY_MS, HOUR_MS } from '../time.ts';
import type { Cap } from './journal/journal.ts';
import { oddRate, RATE_TOLERANCE } from './odd-rate.ts';

/** The policy: what the operator allows, even if a model asks for more. It is read once at the start, and no tool can change it. */

/** Replaces the currency code of every currency that the policy does not name. Each of these currencies has its own limit. */
const EVERY_OTHER = '*';

const amountPerCurrency = z
  .record(
    z
      .string()
      .refine(
        (code) => code === EVERY_OTHER || Intl.supportedValuesOf('currency').includes(code),
        'must be a currency code such as USD, or "*"',
      )
      .meta({ pattern: '^([A-Z]{3}|\\*)$' }),
    z.number().positive(),
  )
  .describe('Amount for each currency code. "*" is the limit for each other currency; without "*", other currencies have no limit.');
const codesOf = (codes: readonly ConcernCode[]) => z.array(z.enum(codes as [ConcernCode, ...ConcernCode[]]));
const accountIds = z.array(
  z.string().regex(/^\d+$/, 'must be ids: strings of digits. The tool list_bank_accounts (toolset lookups) shows them'),
);

export const policySchema = z
  .strictObject({
    $schema: z.string().optional(),
    read_only: z.boolean().optional().describe('No writes at all.'),
    allowed_tools: z
      .array(z.string('must be the name of a tool that writes'), 'must be a list of tools that write; reads are always allowed')
      .optional()
      .describe('The only tools that may write. Tools that read are always allowed.'),
    max_amount: z
      .strictObject({ per_write: amountPerCurrency.optional(), per_day: amountPerCurrency.optional() })
      .optional()
      .describe('The highest amount that one write, or all writes of the last 24 hours together, may record.'),
    ask_above: amountPerCurrency.optional().describe('The user is asked to confirm a payment or refund above this amount.'),
    refuse: codesOf(concernCodes).optional().describe('A write with one of these concerns (reasons to ask the user) is refused.'),
    accept: codesOf(concernCodes.filter((code) => code !== 'deletion'))
      .optional()
      .describe('The user is not asked about these concerns. `refuse` takes precedence.'),
    exchange_rate_tolerance: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        `The user is asked if an exchange rate differs from every known rate by more than this fraction. Default: ${RATE_TOLERANCE}.`,
      ),
    max_refunds_per_hour: z.int().min(0).optional().describe('The highest number of refunds in 60 minutes.'),
    allowed_from_account_ids: accountIds.optional().describe('Accounts that refunds may be paid from.'),
    allowed_account_ids: accountIds.optional().describe('Accounts that payments may be deposited to.'),
    earliest_date: z.iso.date().optional().describe('The earliest date that a payment or refund may have.'),
    bulk_delete_max: z.int().min(1).max(25).optional().describe('The highest number of payments that one call may delete. Default: 25.'),
    allow_unattended: z
      .boolean()
      .optional()
      .describe('`import --yes` may record payments without asking, if `accept` has all their concerns.'),
  })
  .describe('What zoho-payments-mcp may do.');

export type Policy = z.output<typeof policySchema>;

/** The error for a file that is not a valid policy. The program then does not start. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Reads the policy from this text. Throws a PolicyError that names what is wrong. */
export function readPolicy(text: string): Policy {
  const json = parsedStrictly(text);
  const parsed = policySchema.safeParse(json, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new PolicyError(parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${messageOf(issue)}`).join('; '));
}

/** The message for an issue that the schema found. */
function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `there is no setting ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    case 'invalid_value': {
      const words = `must be one of ${issue.values.map(String).join(', ')}`;
      return issue.path[0] === 'accept' && issue.input === 'deletion'
        ? `must not be "deletion", because a policy cannot switch off the question about a deletion; it ${words}`
        : words;
    }
    case 'too_big':
      return isOfNumber(issue) ? `must be at most ${Number(issue.maximum)}` : issue.message;
    case 'too_small':
      return isOfNumber(issue) ? `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${Number(issue.minimum)}` : issue.message;
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? `must be ${typesInWords[issue.expected] ?? issue.expected}` : issue.message;
    case 'invalid_format':
      return issue.format === 'date' ? 'must be a calendar date, yyyy-mm-dd' : issue.message;
  }
  return issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message).join(', ') : issue.message;
}

const typesInWords: Readonly<Record<string, string>> = {
  object: 'a group in braces, such as {"per_write": {"USD": 1000}} for max_amount',
  record: 'amounts by currency, such as {"USD": 1000}',
  array: 'a list in square brackets, such as ["…", "…"]',
  number: 'a number without quotation marks, with a decimal point',
  int: 'a whole number without quotation marks',
  boolean: 'true or false, without quotation marks',
  string: 'a text in quotation marks',
};

const isOfNumber = ({ origin }: { readonly origin: string }): boolean => origin === 'number' || origin === 'int';

/** Parses JSON. Refuses names that JSON.parse would drop or overwrite, because their limits would then not apply, without a warning. */
function parsedStrictly(text: string): unknown {
  const kept: string[] = [];
  let json: unknown;
  try {
    json = JSON.parse(text, function (this: unknown, name, value: unknown) {
      if (!Array.isArray(this)) kept.push(name);
      return value;
    });
  } catch {
    throw new PolicyError(notJson(text));
  }
  if (kept.includes('__proto__')) throw new PolicyError('__proto__ is not the name of a rule or a currency');
  // In JSON, a string that is followed by a colon is a name.
  const written = [...text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)].flatMap(([, string = '', colon]) =>
    colon === undefined ? [] : [JSON.parse(string) as string],
  );
  for (const name of kept) written.splice(written.indexOf(name), written.includes(name) ? 1 : 0);
  if (written.length > 0) throw new PolicyError(`it has ${JSON.stringify(written[0])} twice`);
  return json;
}

/** Names the line, because a message of JSON.parse often does not. */
function notJson(text: string): string {
  let where = '';
  try {
    parseLosslessly(text);
  } catch (error) {
    const before = text.slice(0, Number(/at position (\d+)/.exec(String(error))?.[1] ?? text.length));
    // A missing comma belongs to the end of what was read, a comment to the place where reading stopped.
    const lines = new Set([before.trimEnd(), before].map((read) => read.split('\n').length));
    where = ` in line ${[...lines].join(' or ')}`;
  }
  return (
    `it is not valid JSON${where}; the usual causes: a comma after the last entry, a missing comma, a comment, ` +
    'or quotation marks that are not straight (")'
  );
}

const limitOf = (limits: Readonly<Record<string, number>> | undefined, currency: string): number | undefined =>
  limits?.[currency] ?? limits?.[EVERY_OTHER];

const BULK_DELETE_MAX = 25;

/** The number of payments that one call may delete. */
export const deletesAtOnce = ({ bulk_delete_max = BULK_DELETE_MAX }: Policy): number => bulk_delete_max;

/** The error if the policy does not allow this tool that writes, whatever its arguments are. Otherwise undefined. */
export function refusedTool({ read_only, allowed_tools }: Policy, name: string): RefusedError | undefined {
  if (read_only) return against('read_only', 'The policy allows no writes.');
  return allowed_tools?.includes(name) === false ? against('allowed_tools', `The policy does not allow ${name}.`) : undefined;
}

/** Checks the arguments against the policy, before any request to Zoho. An account that is given by name is checked later, by its id. */
export function refuseByPolicy(policy: Policy, endpoint: Pick<WriteTool, 'name'>, input: Json): void {
  const names = (['account_id', 'from_account_id'] as const).filter((name) => !/^\d+$/.test(String(input[name])));
  refuseByValues(policy, endpoint, Object.fromEntries(Object.entries(input).filter(([name]) => !names.some((one) => one === name))));
}

function refuseByValues(policy: Policy, endpoint: Pick<WriteTool, 'name'>, input: Json): void {
  const refused = refusedTool(policy, endpoint.name);
  if (refused !== undefined) throw refused;
  const { date, account_id, from_account_id, payment_id } = input as {
    date?: string;
    account_id?: string;
    from_account_id?: string;
    payment_id?: string | string[];
  };
  if (policy.earliest_date !== undefined && date !== undefined && date < policy.earliest_date)
    throw against('earliest_date', `${date} is before ${policy.earliest_date}, the earliest date the policy allows.`);
  if (policy.allowed_account_ids && account_id !== undefined && !policy.allowed_account_ids.includes(account_id))
    throw new AccountNotAllowed('allowed_account_ids', policy.allowed_account_ids, account_id);
  if (policy.allowed_from_account_ids && from_account_id !== undefined && !policy.allowed_from_account_ids.includes(from_account_id))
    throw new AccountNotAllowed('allowed_from_account_ids', policy.allowed_from_account_ids, from_account_id);
  const most = deletesAtOnce(policy);
  if (Array.isArray(payment_id) && new Set(payment_id).size > most)
    throw against('bulk_delete_max', `${new Set(payment_id).size} payments are more than the ${most} that one call may delete.`);
}

/** Checks the facts of the preflight against the policy: amount, currency, and the account and date, including defaults. */
export function refuseByFacts(
  policy: Policy,
  endpoint: Pick<WriteTool, 'name' | 'input'>,
  { policy: { money, uses }, duplicates: { makes } }: Facts,
): void {
  if (uses !== undefined) refuseByValues(policy, endpoint, uses);
  if (makes === 'payment' && policy.allowed_account_ids && uses?.account_id === undefined)
    throw accountNotNamed(Object.hasOwn(endpoint.input.shape, 'account') ? 'account' : 'account_id', policy.allowed_account_ids);
  if (money === undefined) return;
  if (money.currency === UNKNOWN_CURRENCY && policy.max_amount !== undefined) {
    throw against(
      'max_amount',
      'The policy limits amounts, but the currency of this payment cannot be read (this needs the scope ZohoBooks.contacts.READ).',
    );
  }
  const most = limitOf(policy.max_amount?.per_write, money.currency);
  if (most !== undefined && money.amount > most) {
    throw against(
      'max_amount.per_write',
      `${formatMoney(money.amount, money.currency)} is more than ` +
        `the ${formatMoney(most, money.currency)} that the policy allows in one write.`,
    );
  }
}

/** A record that may be the same payment or refund. */
interface Duplicate {
  readonly id: string;
  readonly text: string;
}

/** The concerns that come from the policy. */
export function askedByPolicy(policy: Policy, facts: Facts): Concern[] {
  const odd = facts.policy.rate && oddRate(facts.policy.rate, policy.exchange_rate_tolerance);
  return [...(odd === undefined ? [] : [concern('exchange_rate', odd)]), ...askedAbove(policy, facts)];
}

function askedAbove(policy: Policy, { policy: { money } }: Facts): Concern[] {
  if (money?.currency === UNKNOWN_CURRENCY && policy.ask_above !== undefined)
    return [concern('above_limit', 'the policy has ask_above, and the currency of this amount cannot be read')];
  const above = money && limitOf(policy.ask_above, money.currency);
  if (money === undefined || above === undefined || money.amount <= above) return [];
  return [concern('above_limit', `the amount is above ${formatMoney(above, money.currency)}`)];
}

/**
 * The concerns that the user is asked about: all that the policy does not accept. Throws RefusedError if the policy refuses a concern. If
 * the policy refuses duplicates, the error names them: otherwise nobody could check whether the payment is already recorded.
 */
export function concernsToAskAbout(
  { refuse = [], accept = [] }: Policy,
  concerns: readonly Concern[],
  duplicates: readonly Duplicate[],
): readonly Concern[] {
  const refused = concerns.filter(({ code }) => refuse.includes(code));
  if (refused.length > 0) {
    const named = refused.some(({ code }) => code === 'duplicate') ? duplicates : [];
    const why = `The policy refuses this, because ${refused.map(({ code, text }) => `${text} (${code})`).join('; ')}.`;
    const already = named.length === 0 ? '' : ` Already recorded: ${named.map(({ text }) => text).join('; ')}.`;
    throw against('refuse', `${why}${already}`, named.length === 0 ? undefined : named.map(({ id }) => id));
  }
  return concerns.filter(({ code }) => !(accept as readonly ConcernCode[]).includes(code));
}

/** The caps for the claim. The transaction of the claim counts the used part, so that two writes at once cannot exceed a cap together. */
export function capsOf(policy: Policy, { policy: { money } }: Facts, now: number): Cap[] {
  if (money === undefined) return [];
  const caps: Cap[] = [];
  const perDay = limitOf(policy.max_amount?.per_day, money.currency);
  if (perDay !== undefined)
    caps.push({
      name: 'max_amount.per_day',
      currency: money.currency,
      since: new Date(now - DAY_MS).toISOString(),
      most: { amount: String(perDay) },
    });
  if (policy.max_refunds_per_hour !== undefined && money.kind === 'refund') {
    caps.push({
      name: 'max_refunds_per_hour',
      kind: 'refund',
      since: new Date(now - HOUR_MS).toISOString(),
      most: { writes: policy.max_refunds_per_hour },
    });
  }
  return caps;
}

export function capReached(cap: Cap, used: string): RefusedError {
  const most =
    'amount' in cap.most
      ? `${cap.currency ?? ''} ${cap.most.amount}`.trim()
      : `${cap.most.writes} ${cap.most.writes === 1 ? 'refund' : 'refunds'}`;
  const [time, last] = 'amount' in cap.most ? ['24 hours', '24 hours'] : ['an hour', 'hour'];
  const left =
    'amount' in cap.most ? ` ${formatMoney(Math.max(0, subtract(Number(cap.most.amount), Number(used))), cap.currency)} is left.` : '';
  return against(
    cap.name,
    `The policy allows ${most} in ${time}. With the ${used} from the last ${last}, this write would exceed that.${left}`,
  );
}

/** The policy does not allow an account. */
export class AccountNotAllowed extends RefusedError {
  readonly #rule: 'allowed_account_ids' | 'allowed_from_account_ids';
  readonly #allowed: readonly string[];
  readonly #account: string;

  constructor(rule: 'allowed_account_ids' | 'allowed_from_account_ids', allowed: readonly string[], account: string, names?: AccountNames) {
    const name = (id: string) => names?.get(id);
    const shown = (id: string) => (name(id) === undefined ? `account ${id}` : `${inQuotes(name(id) ?? '', 40)} (id ${id})`);
    const what = rule === 'allowed_account_ids' ? 'payments into' : 'refunds out of';
    const only = allowed.length === 0 ? 'It allows none.' : `It allows only ${allowed.map(shown).join(', ')}.`;
    super(`The policy does not allow ${what} ${shown(account)}. ${only}`, againstPolicy(rule));
    this.#rule = rule;
    this.#allowed = allowed;
    this.#account = account;
  }

  /** The same error with the names of the accounts, by their ids. */
  named(names: AccountNames): AccountNotAllowed {
    return Object.assign(new AccountNotAllowed(this.#rule, this.#allowed, this.#account, names), this.judged && { judged: this.judged });
  }
}

type AccountNames = ReadonlyMap<string, string>;

function accountNotNamed(argument: string, allowed: readonly string[]): RefusedError {
  return against(
    'allowed_account_ids',
    `The policy allows payments to some accounts only, so ${argument} must name one of ${allowed.join(', ')}.`,
  );
}

function against(rule: string, message: string, duplicates?: readonly string[]): RefusedError {
  return new RefusedError(message, { ...againstPolicy(rule), duplicates });
}

const againstPolicy = (rule: string) =>
  ({ code: 'against_policy', next: `Tell the user: only the operator can change the policy (${rule}).` }) as const;
