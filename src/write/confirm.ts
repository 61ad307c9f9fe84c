import type { Asked, Concern } from '../concern.ts';
import type { Facts } from '../endpoint.ts';
import { AccessError, DeclinedError, RefusedError } from '../errors.ts';
import type { Chosen } from '../workflow.ts';
import { digestOf } from './seal.ts';
import type { Road } from './types.ts';

/** Consent to a write: who is asked, what is shown, and which answers count as a yes. */

/** ask: asks the user through the client, otherwise wants a second call. strict: refuses if the user cannot be asked. host: never asks. */
export const confirmModes = ['ask', 'strict', 'host'] as const;
export type ConfirmMode = (typeof confirmModes)[number];

/** window: a form that the client opens. call: a preview and a second call, which the user can allow in the host. In the default order. */
export const askWays = ['window', 'call'] as const;
export type AskWay = (typeof askWays)[number];

/** The user behind the client, with the answers that came with this call. */
export interface Person {
  /** True if the client can ask the user a question. */
  readonly canBeAsked: boolean;
  /** The user's answer to the question that `state` belongs to. */
  readonly answer?: 'approved' | 'declined' | 'dismissed' | undefined;
  /** The time between question and answer, in milliseconds. Undefined if another process asked. */
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
  /** A preview, because the client cannot ask. A second call sends `approval` back, and the user can allow that call in the host. */
  | {
      readonly kind: 'preview';
      readonly question: string;
      readonly approval: string;
      /** Set if the approval that came with the call was used, expired, altered or for another write. */ readonly refused?: true;
    };

/** The most questions within one call. A user who is asked the same a third time no longer reads the question. */
const MOST_ROUNDS = 2;

/** The settings that decide how consent is asked for. */
type Rules = Pick<Road, 'mode' | 'ask' | 'seal' | 'timings'>;

/** True if a second call with the approval of a preview counts as consent. */
const callCounts = ({ mode, ask }: Rules): boolean => mode !== 'strict' && ask.includes('call');

/** The person, who can be asked in a window only if that is the first way of asking that counts. */
export function askedByWindow(person: Person, rules: Rules): Person {
  const first = rules.ask.find((way) => way === 'window' || callCounts(rules));
  return first === 'window' ? person : { ...person, canBeAsked: false };
}

/** True if the answer came faster than a person can read the question. */
export function isOfProgram({ answeredAfterMs = Infinity }: Person, { timings }: Pick<Rules, 'timings'>): boolean {
  return answeredAfterMs < timings.fastestAnswerMs;
}

/** What a person is shown before they agree. */
export interface ConsentForm {
  /** Of the request, and of everything that is shown of it. */
  readonly digest: string;
  readonly question: string;
  readonly about: readonly Concern[];
}

export function shownOf(what: unknown, facts: Facts, about: readonly Concern[]): ConsentForm {
  const { title, lines, not_checked, sealed } = facts.question;
  const because = about.map(({ text }) => text);
  const digest = digestOf({ what, title, lines, not_checked, alike: facts.duplicates.alike ?? [], because, sealed });
  return { digest, question: questionText(facts, because), about };
}

/** Decides if there is consent to exactly what is shown. Throws if the user declined or cannot be asked. */
export function decide({ digest: shown, question, about }: ConsentForm, person: Person, rules: Rules): Consent {
  const { mode, seal } = rules;
  if (about.length === 0 || mode === 'host') return { kind: 'given', asked: 'nobody' };
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

/** The question to the user, built by code from the facts, one line for each. It holds no text that the model wrote. */
function questionText({ question: { title, lines, not_checked }, duplicates: { alike = [] } }: Facts, because: readonly string[]): string {
  return [
    `${title}?`,
    ...lines.map((line) => `- ${line}`),
    ...alike.map(({ text }) => `- Possible duplicate: ${text}`),
    ...not_checked.map((check) => `- Not checked: ${check}`),
    `You are asked because ${because.join('; ')}.`,
  ].join('\n');
}

export function declined(): DeclinedError {
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

/** The error if a program answered. The user has not seen the question, so the answer is neither a yes nor a no of the user. */
function answeredByProgram({ answer, answeredAfterMs = 0 }: Person, mode: ConfirmMode): AccessError {
  const did = answer === 'approved' ? 'agreed' : answer === 'declined' ? 'declined' : 'closed the question';
  return new AccessError(
    `The user was not asked: the host program ${did} by itself, ${Math.round(answeredAfterMs)} ms after the question was sent.`,
    {
      code: 'answered_by_program',
      next: [
        'let the host show questions of MCP servers to the user (elicitation)',
        `set ZOHO_PAYMENTS_ASK to call${mode === 'strict' ? ' and ZOHO_PAYMENTS_CONFIRM to ask' : ''}, ` +
          'so that the conversation shows a preview and a second call approves it',
      ],
    },
  );
}
