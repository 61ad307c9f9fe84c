import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  type ClientCapabilities,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { isObject, type Json } from '../json.ts';
import { MINUTE_MS } from '../time.ts';
import type { Log } from '../trace.ts';
import type { Person } from '../write/confirm.ts';
import { APPROVAL_MINUTES } from '../write/seal.ts';
import { CHOICE_KEY, CONSENT_KEY, type Question } from './questions.ts';

/** The person behind the client: whether the client can ask them, the question put to them, and their answer. */

export interface Asking {
  /** What this call shows of the person. */
  personOf(ctx: ServerContext, approval: string | undefined): Person;
  /**
   * Puts a question to them. From 2026-07-28 it is the result of the call, and the answer comes with another call; before, the client is
   * asked while the call waits.
   */
  ask(
    question: Question,
    person: Person,
    ctx: ServerContext,
  ): Promise<{ readonly kind: 'later'; readonly result: InputRequiredResult } | { readonly kind: 'now'; readonly person: Person }>;
}

/**
 * Each question that was shown, by what was sealed into it: for telling how fast its answer came, and so that it is answered once. One for
 * all connections.
 */
export class ShownQuestions {
  readonly #shown = new Map<string, { readonly at: number; answer?: Partial<Person> }>();

  note(state: string): void {
    const now = performance.now();
    // The oldest are first.
    for (const [old, { at }] of this.#shown) {
      if (now - at < ANSWER_MS) break;
      this.#shown.delete(old);
    }
    this.#shown.set(state, { at: now });
  }

  /**
   * What the first answer to a question says, and how fast it came: an answer that comes with the same question again changes nothing, or
   * a program that was too fast would only have to come twice. Of a question of another process it is not known how fast.
   */
  answered(state: string, answer: Partial<Person>): Partial<Person> {
    const question = this.#shown.get(state);
    if (question === undefined) return answer;
    return (question.answer ??= { ...answer, answeredAfterMs: performance.now() - question.at });
  }
}

/** A later answer would be to a question that has expired. */
export const ANSWER_MS = APPROVAL_MINUTES * MINUTE_MS;

interface AskingOptions {
  readonly server: McpServer;
  readonly era: 'legacy' | 'modern';
  readonly shown: ShownQuestions;
  /** How long a client before 2026-07-28 is waited for. */
  readonly answerMs: number;
  readonly log: Log;
}

/** Asking over one connection. */
export function createAsking({ server, era, shown, answerMs, log }: AskingOptions): Asking {
  /** Set once the client failed to ask, for the rest of the connection. */
  let failed = false;
  const fail = (reason: string) => {
    log('warn', 'the client announced that it can ask its user, and failed to; other ways are used from now on', { reason });
    failed = true;
  };

  return {
    personOf({ mcpReq }, approval) {
      const state: unknown = mcpReq.requestState();
      const { inputResponses, droppedInputResponseKeys } = mcpReq;
      const key = ([CONSENT_KEY, CHOICE_KEY] as const).find(
        (key) => inputResponses?.[key] !== undefined || droppedInputResponseKeys?.includes(key),
      );
      const answer = key && readElicited(inputResponses?.[key]);
      if (typeof state === 'string' && key !== undefined && answer === undefined) fail('malformed answer');
      const person = { canBeAsked: !failed && announces(server, mcpReq.envelope), approval };
      if (typeof state !== 'string') return person;
      return { ...person, state, ...(key && answer && shown.answered(state, meaningOf(key, answer))) };
    },

    async ask({ key, state, ...form }, { canBeAsked, approval }, { mcpReq }) {
      if (era === 'modern') {
        shown.note(state);
        return {
          kind: 'later',
          result: inputRequired({ inputRequests: { [key]: inputRequired.elicit(form) }, requestState: state }),
        };
      }
      const began = performance.now();
      const answered = (meaning: Partial<Person>) => ({ kind: 'now', person: { canBeAsked, approval, state, ...meaning } }) as const;
      try {
        const options = { timeout: answerMs, signal: mcpReq.signal };
        const answer = readElicited(await mcpReq.send({ method: 'elicitation/create', params: { ...form } }, z.unknown(), options));
        if (answer !== undefined) return answered({ ...meaningOf(key, answer), answeredAfterMs: performance.now() - began });
        fail('malformed answer');
      } catch (error) {
        if (mcpReq.signal.aborted) throw error;
        if (isSilence(error)) return answered(meaningOf(key, { action: 'cancel' }));
        if (!(error instanceof ProtocolError)) throw error;
        fail(`error ${error.code}`);
      }
      return { kind: 'now', person: { canBeAsked: false, approval } };
    },
  };
}

/** From 2026-07-28 each request says what its client can do; before, the handshake did. No mode named means forms. */
function announces(server: McpServer, envelope: ServerContext['mcpReq']['envelope']): boolean {
  const told = (envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
  const { elicitation } = told ?? server.server.getClientCapabilities() ?? {};
  return elicitation !== undefined && ('form' in elicitation || Object.keys(elicitation).length === 0);
}

/** `REQUEST_TIMEOUT` of the older SDKs, with which a client says that its user did not answer in time. */
const CLIENT_TIMEOUT = -32001;

function isSilence(error: unknown): boolean {
  return (
    (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) ||
    (error instanceof ProtocolError && error.code === CLIENT_TIMEOUT)
  );
}

const actions = ['accept', 'decline', 'cancel'] as const;

interface Elicited {
  readonly action: (typeof actions)[number];
  readonly content?: unknown;
}

/** Undefined for what is no answer to a question. */
function readElicited(given: unknown): Elicited | undefined {
  const action = isObject(given) ? actions.find((action) => action === given['action']) : undefined;
  return action && { action, content: (given as Json)['content'] };
}

function meaningOf(key: Question['key'], { action, content }: Elicited): Partial<Person> {
  const field = action === 'accept' && isObject(content) ? content[key === CONSENT_KEY ? 'approve' : 'which'] : undefined;
  if (key === CHOICE_KEY) return { choice: typeof field === 'string' || typeof field === 'number' ? String(field).trim() : '' };
  return { answer: action === 'decline' ? 'declined' : consentIn(field) };
}

/** Only a ticked box is a yes, and only one left empty is a no. */
function consentIn(field: unknown): Person['answer'] {
  const said = typeof field === 'string' ? field.trim().toLowerCase() : field;
  if (said === true || said === 'true') return 'approved';
  return said === false || said === 'false' ? 'declined' : 'dismissed';
}
