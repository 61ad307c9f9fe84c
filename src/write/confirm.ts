import type { Asked, Concern } from '../concern.ts';
import type { Facts } from '../endpoint.ts';
import { AccessError, DeclinedError, RefusedError } from '../errors.ts';
import type { Chosen } from '../workflow.ts';
import { digestOf } from './seal.ts';
import type { Road } from './types.ts';

/** Consent: who is asked, what they are shown, and what counts as yes. */

/** ask: a person through the client, else a second call. strict: no person asked, no write. host: never asks. */
export const confirmModes = ['ask', 'strict', 'host'] as const;
export type ConfirmMode = (typeof confirmModes)[number];

/** A window that the client opens, or a preview and a second call, which the host lets a person allow. In the usual order. */
export const askWays = ['window', 'call'] as const;
export type AskWay = (typeof askWays)[number];

/** The person behind the client, as far as this call shows. */
export interface Person {
  /** Whether the client can put a question to them. */
  readonly canBeAsked: boolean;
  /** Their answer to the question that `state` belongs to. */
  readonly answer?: 'approved' | 'declined' | 'dismissed' | undefined;
  /** How long after the question the answer came. Undefined where another process asked. */
  readonly answeredAfterMs?: number | undefined;
  /** Their choice among records, when they were asked which one it is. */
  readonly choice?: string | undefined;
  /** What they chose in earlier questions of this call, by argument. */
  readonly chosen?: Chosen | undefined;
  /** What we sealed into the question, come back with the answer. */
  readonly state?: string | undefined;
  /** What we sealed into a preview, come back as an argument. */
  readonly approval?: string | undefined;
}

export type Consent =
  | { readonly kind: 'given'; readonly asked: Asked; readonly approval?: string | undefined }
  /** To be put to the person; the answer comes with another call. */
  | { readonly kind: 'ask'; readonly question: string; readonly state: string }
  /** The client cannot ask: to be shown, and sent back in a second call, which the host lets a person allow. */
  | {
      readonly kind: 'preview';
      readonly question: string;
      readonly approval: string;
      /** The one that came with the call: used, expired, altered or of another write. */ readonly refused?: true;
    };

/** A person who is asked the same thing a third time is not being asked any more. */
const MOST_ROUNDS = 2;

/** What consent is asked by. */
type Rules = Pick<Road, 'mode' | 'ask' | 'seal' | 'timings'>;

/** Whether a second call with what a preview showed is consent. */
const callCounts = ({ mode, ask }: Rules): boolean => mode !== 'strict' && ask.includes('call');

/** The person, where a window comes first among the ways that count; else as if the client could not open one. */
export function askedByWindow(person: Person, rules: Rules): Person {
  const first = rules.ask.find((way) => way === 'window' || callCounts(rules));
  return first === 'window' ? person : { ...person, canBeAsked: false };
}

/** Whether an answer came faster than a person can have read the question. */
export function isOfProgram({ answeredAfterMs = Infinity }: Person, { timings }: Pick<Rules, 'timings'>): boolean {
  return answeredAfterMs < timings.fastestAnswerMs;
}

/** What a person is shown before they agree. */
export interface Shown {
  /** Of the request, and of everything that is shown of it. */
  readonly digest: string;
  readonly question: string;
  readonly about: readonly Concern[];
}

export function shownOf(what: unknown, facts: Facts, about: readonly Concern[]): Shown {
  const { title, lines, not_checked, sealed } = facts.question;
  const because = about.map(({ text }) => text);
  const digest = digestOf({ what, title, lines, not_checked, alike: facts.duplicates.alike ?? [], because, sealed });
  return { digest, question: questionText(facts, because), about };
}

/** Decides whether there is consent to exactly what is shown. */
export function decide({ digest: shown, question, about }: Shown, person: Person, rules: Rules): Consent {
  const { mode, seal } = rules;
  if (about.length === 0 || mode === 'host') return { kind: 'given', asked: 'nobody' };
  const ofProgram = person.answer !== undefined && isOfProgram(person, rules);
  // A program that says yes by itself is passed over; one that says no is not.
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

/** Composed by code from facts, one line each; nothing in it is the model's prose. */
function questionText({ question: { title, lines, not_checked }, duplicates: { alike = [] } }: Facts, because: readonly string[]): string {
  return [
    `${title}?`,
    ...lines.map((line) => `- ${line}`),
    ...alike.map(({ text }) => `- There is already: ${text}`),
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
  return new DeclinedError('The user declined exactly this a moment ago, and is not asked again so soon.', {
    code: 'declined',
    next: `Ask the user in the conversation what they want. If it is this after all, make the same call again in ${minutes} minutes.`,
  });
}

function keepsChanging(): DeclinedError {
  return new DeclinedError('What the user was asked about changed each time before they answered.', {
    code: 'facts_changed',
    next: {
      say: 'Look at the payment again with get_customer_payment, and tell the user what changed.',
      tool: 'get_customer_payment',
      without: 'Look at the payment again, and tell the user what changed.',
    },
  });
}

function nobodyToAsk({ ask }: Rules): RefusedError {
  // A client that can ask is not at fault where no window may be opened.
  if (!ask.includes('window')) {
    return new RefusedError('A person has to approve this in a window, and the settings of this server allow none.', {
      code: 'consent_unavailable',
      next: 'Tell the user; the operator has to change ZOHO_PAYMENTS_CONFIRM or ZOHO_PAYMENTS_ASK.',
    });
  }
  return new RefusedError('A person has to approve this, and this client cannot ask one.', {
    code: 'consent_unavailable',
    next:
      'Tell the user that it needs a client that can ask them, ' +
      'or that the operator changes ZOHO_PAYMENTS_CONFIRM or ZOHO_PAYMENTS_ASK.',
  });
}

/** Nobody has seen the question, so this is neither the user's yes nor their no. */
function answeredByProgram({ answer, answeredAfterMs = 0 }: Person, mode: ConfirmMode): AccessError {
  const did = answer === 'approved' ? 'agreed' : answer === 'declined' ? 'declined' : 'closed the question';
  return new AccessError(
    `The user was not asked: the host program ${did} by itself, ${Math.round(answeredAfterMs)} ms after the question was sent.`,
    {
      code: 'answered_by_program',
      next: [
        'let the host show questions of MCP servers to the user (elicitation)',
        `set ZOHO_PAYMENTS_ASK to call${mode === 'strict' ? ' and ZOHO_PAYMENTS_CONFIRM to ask' : ''}, ` +
          'so that a preview is shown in the conversation and a second call is the approval',
      ],
    },
  );
}
