import type { Asked, Concern } from '../concern.ts';
import type { Facts } from '../endpoint.ts';
import { AccessError, DeclinedError, RefusedError } from '../errors.ts';
import type { Chosen } from '../workflow.ts';
import { digestOf } from './seal.ts';
import type { Road } from './types.ts';

/** Consent to a write: how the user is asked, what the question shows, and which answers count as a yes. */

/** ask: asks the user in the client, or needs a second call. strict: refuses if the client cannot ask. host: never asks. */
export const confirmModes = ['ask', 'strict', 'host'] as const;
export type ConfirmMode = (typeof confirmModes)[number];

/** The ways to ask, in the default order. window: a form of the client. call: a preview, and a second call that the user can allow. */
export const askWays = ['window', 'call'] as const;
export type AskWay = (typeof askWays)[number];

/** The user behind the client, with the answers that came with this call. */
export interface Person {
  /** True if the client can ask the user a question. */
  readonly canBeAsked: boolean;
  /** The user's answer to the question that `state` belongs to. */
  readonly answer?: 'approved' | 'declined' | 'dismissed' | undefined;
  /** The time between question and answer, in milliseconds. Undefined if another process asked the question. */
  readonly answeredAfterMs?: number | undefined;
  /** The record that the user chose, if the question was which record is meant. */
  readonly choice?: string | undefined;
  /** The records that the user chose in earlier questions of this call, by argument. */
  readonly chosen?: Chosen | undefined;
  /** The sealed token of the question, which comes back with the answer. */
  readonly state?: string | undefined;
  /** The sealed token of a preview, which comes back as an argument. */
  readonly approval?: string | undefined;
}

export type Consent =
  | { readonly kind: 'given'; readonly asked: Asked; readonly approval?: string | undefined }
  /** A question for the user. The answer comes with another call. */
  | { readonly kind: 'ask'; readonly question: string; readonly state: string }
  /** A preview, because the client cannot ask. A second call sends `approval` back; the user can allow this second call in the host. */
  | {
      readonly kind: 'preview';
      readonly question: string;
      readonly approval: string;
      /** Set if the call's approval was used before, has expired, was altered, or belongs to another write. */ readonly refused?: true;
    };

/** The most questions within one call. A user does not read the same question a third time. */
const MOST_ROUNDS = 2;

/** The settings that decide how consent is asked for. */
type Rules = Pick<Road, 'mode' | 'ask' | 'seal' | 'timings'>;

/** True if a second call with the approval of a preview counts as consent. */
const callCounts = ({ mode, ask }: Rules): boolean => mode !== 'strict' && ask.includes('call');

/** Sets `canBeAsked` to false unless a window is the first way to ask that counts. */
export function askedByWindow(person: Person, rules: Rules): Person {
  const first = rules.ask.find((way) => way === 'window' || callCounts(rules));
  return first === 'window' ? person : { ...person, canBeAsked: false };
}

/** True if the answer came faster than a person can read the question. */
export function isOfProgram({ answeredAfterMs = Infinity }: Person, { timings }: Pick<Rules, 'timings'>): boolean {
  return answeredAfterMs < timings.fastestAnswerMs;
}

/**
 * Decides whether the user consented to exactly this request (`what`) with exactly these facts, which were just read. Throws if the user
 * declined or cannot be asked.
 */
export function decide(what: unknown, facts: Facts, about: readonly Concern[], person: Person, rules: Rules): Consent {
  const { mode, seal } = rules;
  if (about.length === 0 || mode === 'host') return { kind: 'given', asked: 'nobody' };
  const because = about.map(({ text }) => text);
  const { question: asked, duplicates } = facts;
  const { title, lines, not_checked, sealed } = asked;
  const shown = { what, title, lines, not_checked, alike: duplicates.alike ?? [], because, sealed };
  const question = questionText(facts, because);
  const ofProgram = person.answer !== undefined && isOfProgram(person, rules);
  // If a program agreed by itself, the next way of asking is tried. If a program declined, the call ends.
  if (ofProgram && (person.answer !== 'approved' || !callCounts(rules))) throw answeredByProgram(person, mode);

  if (person.canBeAsked && !ofProgram) {
    const digest = digestOf(['question', shown]);
    if (person.answer === 'declined') throw declined();
    if (person.answer === 'dismissed') throw dismissed();
    const opened = person.answer === undefined || person.state === undefined ? undefined : seal.open(person.state);
    if (opened?.kind !== 'good') return { kind: 'ask', question, state: seal.close(digest, 1, person).token };
    const { sealed } = opened;
    if (sealed.digest === digest) return { kind: 'given', asked: 'window', approval: sealed.approval };
    if (sealed.round >= MOST_ROUNDS) throw keepsChanging();
    return {
      kind: 'ask',
      question: `Something changed since you were asked.\n${question}`,
      state: seal.close(digest, sealed.round + 1, person).token,
    };
  }

  if (!callCounts(rules)) throw nobodyToAsk(rules);
  const digest = digestOf(['preview', shown]);
  const opened = person.approval === undefined ? undefined : seal.open(person.approval);
  if (opened?.kind === 'good' && opened.sealed.digest === digest) return { kind: 'given', asked: 'call', approval: opened.sealed.approval };
  return { kind: 'preview', question, approval: seal.close(digest, 1).token, ...(person.approval !== undefined && { refused: true }) };
}

/** The question to the user: one line for each fact. Only code writes it, so it holds no sentence of the model. */
function questionText({ question: { title, lines, not_checked }, duplicates: { alike = [] } }: Facts, because: readonly string[]): string {
  return [
    `${title}?`,
    ...lines.map((line) => `- ${line}`),
    ...alike.map(({ text }) => `- Possible duplicate: ${text}`),
    ...not_checked.map((check) => `- Not checked: ${check}`),
    `You are asked because ${because.join('; ')}.`,
  ].join('\n');
}

function declined(): DeclinedError {
  return new DeclinedError('The user declined.', { code: 'declined', next: 'Do not try again. Ask the user what they want instead.' });
}

function dismissed(): DeclinedError {
  return new DeclinedError('The user was asked and gave no answer.', {
    code: 'not_confirmed',
    next: 'Ask the user whether they want this, then make the same call again.',
  });
}

export function declinedBefore(minutes: number): DeclinedError {
  return new DeclinedError('The user declined this same write a few minutes ago, so they are not asked again yet.', {
    code: 'declined',
    next: `Ask the user in the conversation what they want. If they now want this, make the same call again in ${minutes} minutes.`,
  });
}

function keepsChanging(): DeclinedError {
  return new DeclinedError('The records in the question changed each time before the user answered.', {
    code: 'facts_changed',
    next: {
      say: 'Look at the payment again with get_customer_payment, and tell the user what changed.',
      tool: 'get_customer_payment',
      without: 'Look at the payment again, and tell the user what changed.',
    },
  });
}

function nobodyToAsk({ ask }: Rules): RefusedError {
  // If the settings allow no window, the error must not blame the client.
  if (!ask.includes('window')) {
    return new RefusedError("The user must confirm this in a window, but this server's settings allow no window.", {
      code: 'consent_unavailable',
      next: 'Tell the user: the operator must change ZOHO_PAYMENTS_CONFIRM or ZOHO_PAYMENTS_ASK.',
    });
  }
  return new RefusedError('The user must confirm this, but this client cannot ask the user.', {
    code: 'consent_unavailable',
    next:
      'Tell the user: this needs a client that can ask the user, ' +
      'or the operator must change ZOHO_PAYMENTS_CONFIRM or ZOHO_PAYMENTS_ASK.',
  });
}

/** The error if a program answered. The user has not seen the question, so the user has neither agreed nor declined. */
function answeredByProgram({ answer, answeredAfterMs = 0 }: Person, mode: ConfirmMode): AccessError {
  const did = answer === 'approved' ? 'agreed' : answer === 'declined' ? 'declined' : 'closed the question';
  return new AccessError(
    `The user was not asked: the host program ${did} by itself, ${Math.round(answeredAfterMs)} ms after the question was sent.`,
    {
      code: 'answered_by_program',
      next: [
        'let the host show questions of MCP servers to the user (elicitation)',
        `set ZOHO_PAYMENTS_ASK=call${mode === 'strict' ? ' and ZOHO_PAYMENTS_CONFIRM=ask' : ''}, ` +
          'so that the conversation shows a preview and a second call approves it',
      ],
    },
  );
}
