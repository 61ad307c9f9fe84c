import type { Asked, Concern } from '../concern.ts';
import type { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { callText, capitalized, sentence, zoneLine } from '../mcp/render.ts';
import { formatMoney } from '../money.ts';
import { quoted } from '../records/text.ts';
import { startedByName, type Started } from '../started.ts';
import { timeText } from '../time-zone.ts';
import { aboutOf, calledOf, titleOf } from '../write/journal/about.ts';
import { isSettled } from '../write/journal/entry-state.ts';
import type { Entry } from '../write/journal/journal.ts';
import { graceEnds, ordinaryTimings } from '../write/timings.ts';
import { ProblemError } from './cli-error.ts';

/** Texts for the terminal: errors, and writes of the journal. */

/** An error that ends the program, with its next step. */
export function problemOf(error: PaymentsError): ProblemError {
  return new ProblemError(`${error.whatHappened} ${nextForOperator(error)}`, { exitCode: 1, cause: error });
}

/** The error's next step, in words for the operator. */
export function nextForOperator({ next, ifItStays, actor }: PaymentsError): string {
  const steps = next
    .map(({ say }) => say)
    .filter((say) => say !== undefined)
    .join(actor === 'operator' ? ', or ' : '; otherwise ');
  return sentence(capitalized(ifItStays === undefined ? steps : `${steps}; if the problem persists, ${ifItStays}`));
}

/** A write in one line. */
export function writeLine(entry: Entry, zone: string | undefined): string {
  const { id, claimedAt, state, key, zoho_id, reason } = entry;
  const { reference_number } = aboutOf(entry);
  const number = madePayment(entry)?.payment_number;
  return [
    id,
    timeText(claimedAt, zone),
    state,
    shownTitle(entry),
    number && `payment #${oneLine(String(number), 40)}`,
    zoho_id && `Zoho id ${zoho_id}`,
    reason && oneLine(reason),
    key && `key ${quoted(key, 200)}`,
    reference_number && `reference ${quoted(reference_number)}`,
  ]
    .filter(Boolean)
    .join(' | ');
}

interface WriteShown {
  readonly zone: string | undefined;
  /** From this time on, a search in Zoho can settle the write. Undefined if the time has passed. */
  readonly retryAt: Date | undefined;
  /** The later write that deleted the record of this write. */
  readonly deletedBy?: Entry | undefined;
  readonly here?: Started['here'];
}

/** Describes a write in full sentences, for a person. */
export function writeText(entry: Entry, { zone, retryAt, deletedBy, here = startedByName.here }: WriteShown): string[] {
  const { id, endpoint, scope, key, claimedAt, sentAt, settledAt, answer, erased } = entry;
  const { amount, currency_code, reference_number } = aboutOf(entry);
  const { lines = [], chose = [] } = entry.facts as { lines?: readonly string[]; chose?: readonly string[] };
  const { tool } = calledOf(entry);
  const [organization = '', ...caller] = scope.split('/');
  const at = (moment: string) => timeText(moment, zone);
  const steps = [
    `began at ${at(claimedAt)}`,
    sentAt === undefined ? 'was not sent' : `was ${entry.sentAgain ? 'last ' : ''}sent at ${at(sentAt)}`,
    ...(settledAt === undefined ? [] : [`was settled at ${at(settledAt)}`]),
  ];
  const undo = entry.state === 'recorded' && deletedBy === undefined ? answer?.report.undo : undefined;
  const indented = (texts: readonly string[]) => texts.map((text) => `  ${oneLine(text, 1_000)}`);
  return [
    sentence(shownTitle(entry)),
    `This is the write ${id}. ${tool} was called${tool === endpoint ? '' : `, which called ${endpoint}`}.`,
    `It was made in the organization ${oneLine(organization)} by the caller ${quoted(caller.join('/'))}` +
      `${key === undefined ? '' : `, with the idempotency_key ${quoted(key, 200)}`}.`,
    amount !== undefined && `The amount is ${formatMoney(amount, currency_code && oneLine(currency_code, 10))}.`,
    reference_number !== undefined && `The reference number is ${quoted(reference_number)}.`,
    `It ${new Intl.ListFormat('en').format(steps)}.`,
    ...chose,
    consentText(entry),
    erased && "The customer's data was removed from this entry.",
    lines.length > 0 && 'The request:',
    ...indented(lines),
    outcomeText(entry),
    !isSettled(entry.state) &&
      `${retryAt === undefined ? '' : `From ${at(retryAt.toISOString())} on, `}` +
        `${here(`\`zoho-payments-mcp journal resolve ${id}\``)} searches for it in Zoho and notes the outcome.`,
    answer !== undefined && answer.report.lines.length > 0 && `The answer${entry.delivered ? '' : ' (no client has received it yet)'}:`,
    ...indented(answer?.report.lines ?? []),
    deletedBy && `The write ${deletedBy.id} deleted it later.`,
    undo && `To undo it: ${callText(undo.tool, undo.arguments)}`,
    undo?.not_restored !== undefined &&
      undo.not_restored.length > 0 &&
      `This does not restore ${oneLine(undo.not_restored.join(', '), 1_000)}.`,
    zoneLine(zone),
  ].filter((text): text is string => typeof text === 'string');
}

/** What to do about writes that a search in Zoho did not settle. */
export function unresolvedHints(entries: readonly Entry[], zone: string | undefined): string[] {
  const times = entries.map((entry) => graceEnds(entry, ordinaryTimings));
  const latest = times.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);
  return [
    ...(latest === undefined
      ? []
      : [
          `Zoho may carry out a write until ${timeText(latest.toISOString(), zone)}. If it is not in Zoho then, that is its outcome: ` +
            'run `zoho-payments-mcp journal resolve` after that time. Before, it can only find a write that is already in Zoho.',
        ]),
    ...(times.every((time) => time !== undefined)
      ? []
      : [
          'If a search does not settle a write after that time, look in Zoho Books yourself. Then run ' +
            '`zoho-payments-mcp journal resolve ID --recorded RECORD_ID`, or `zoho-payments-mcp journal resolve ID --not-recorded`.',
        ]),
  ];
}

/** The payment that the write recorded, as Zoho's answer shows it. */
const madePayment = ({ makes, answer }: Entry): { readonly payment_number?: unknown } | undefined =>
  makes === 'payment' ? (answer?.result['payment'] as { payment_number?: unknown } | undefined) : undefined;

function shownTitle(entry: Entry): string {
  const title = titleOf(entry);
  return title === undefined ? entry.endpoint : oneLine(title, 400);
}

/** Who was asked to confirm, how, and why. */
function consentText({ facts, erased }: Entry): string | undefined {
  // Versions before 0.2 stored the reasons in `because`, and an object in `asked`.
  const {
    asked,
    concerns = [],
    because = [],
  } = facts as { asked?: Asked | object; concerns?: readonly Concern[]; because?: readonly string[] };
  const why = oneLine([...concerns.map(({ text }) => text), ...because].join('; '), 1_000);
  if (erased) return undefined;
  if (typeof asked !== 'string') return why === '' ? 'No confirmation was needed.' : `The user was asked because ${why}, and agreed.`;
  if (asked === 'nobody') return why === '' ? 'Nobody was asked to confirm.' : `Nobody was asked to confirm, although ${why}.`;
  const reason = why === '' ? '' : `; the reason: ${why}`;
  // The server cannot know whether a person allowed the second call.
  if (asked === 'call') return `The server gave a preview for the user, and a second call approved it${reason}.`;
  const how = { window: 'in a window of the host', terminal: 'at the command line' }[asked];
  return `The user was asked ${how}, and agreed${reason}.`;
}

function outcomeText({ state, reason, zoho_id, makes, settledIn }: Entry): string {
  const why = reason === undefined ? '' : ` ${sentence(oneLine(reason, 400))}`;
  const record = zoho_id === undefined ? '' : ` as ${makes ?? 'record'} ${zoho_id}`;
  const who = settledIn === 'window' ? ' A person said this when the server asked.' : '';
  switch (state) {
    case 'recorded':
      return `It is recorded in Zoho${record}.${why}${who}`;
    case 'not_recorded':
      return `It was not recorded in Zoho.${why}${who}`;
    case 'unknown':
      return `It is not known whether it was recorded in Zoho.${why}`;
    case 'sent':
      return 'It is not known whether it was recorded in Zoho: no answer was noted.';
    case 'claimed':
      return 'It was not sent yet: a running server may be working on it.';
  }
}
