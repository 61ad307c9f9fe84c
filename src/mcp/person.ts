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
import { DECLINED } from '../write/repeated-call.ts';
import { APPROVAL_MINUTES } from '../write/seal.ts';
import { CHOICE_KEY, CONSENT_KEY, type Question } from './questions.ts';

/** Asks the user through the client: checks whether the client can ask, sends the question, reads the answer. */

export interface Asking {
  /** The user, as far as this call shows: whether the client can ask them, and their approval or answer. */
  personOf(ctx: ServerContext, approval: string | undefined): Person;
  /**
   * Asks the user. Since revision 2026-07-28, the question is the result of the call, and the answer comes with a new call. In older
   * revisions, the call waits until the client answers.
   */
  ask(
    question: Question,
    person: Person,
    ctx: ServerContext,
  ): Promise<{ readonly kind: 'later'; readonly result: InputRequiredResult } | { readonly kind: 'now'; readonly person: Person }>;
}

/**
 * The questions that were shown, by their sealed state. Measures how fast an answer comes, and accepts only one answer to each question.
 * All connections share one object.
 */
export class ShownQuestions {
  readonly #shown = new Map<string, { readonly at: number; answer?: Partial<Person> }>();

  note(state: string): void {
    const now = performance.now();
    // The oldest come first.
    for (const [old, { at }] of this.#shown) {
      if (now - at < ANSWER_MS) break;
      this.#shown.delete(old);
    }
    this.#shown.set(state, { at: now });
  }

  /**
   * Returns the first answer to this question, and how fast it came. Ignores a second answer: otherwise a program that answers too fast
   * could simply answer again. For a question of another process, the time is unknown.
   */
  answered(state: string, answer: Partial<Person>): Partial<Person> {
    const question = this.#shown.get(state);
    if (question === undefined) return answer;
    return (question.answer ??= { ...answer, answeredAfterMs: performance.now() - question.at });
  }
}

/** A question expires after this time. */
export const ANSWER_MS = APPROVAL_MINUTES * MINUTE_MS;

interface AskingOptions {
  readonly server: McpServer;
  readonly era: 'legacy' | 'modern';
  readonly shown: ShownQuestions;
  /** How long the server waits for the answer of a client before revision 2026-07-28. */
  readonly answerMs: number;
  readonly log: Log;
}

/** Makes the `Asking` of one connection. */
export function createAsking({ server, era, shown, answerMs, log }: AskingOptions): Asking {
  /** True after the client failed to ask, for the rest of the connection. */
  let failed = false;
  const fail = (reason: string) => {
    log('warn', 'the client announced elicitation but failed to ask its user; the server will use previews instead', { reason });
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

/** True if the client can show forms. Since 2026-07-28 each request says so; before, the handshake said so. No mode means forms. */
function announces(server: McpServer, envelope: ServerContext['mcpReq']['envelope']): boolean {
  const told = (envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
  const { elicitation } = told ?? server.server.getClientCapabilities() ?? {};
  return elicitation !== undefined && ('form' in elicitation || Object.keys(elicitation).length === 0);
}

/** The code `REQUEST_TIMEOUT` of older SDKs: the user did not answer in time. */
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

/** Reads the client's answer, or returns undefined if it is malformed. */
function readElicited(given: unknown): Elicited | undefined {
  const action = isObject(given) ? actions.find((action) => action === given['action']) : undefined;
  return action && { action, content: (given as Json)['content'] };
}

function meaningOf(key: Question['key'], { action, content }: Elicited): Partial<Person> {
  const field = action === 'accept' && isObject(content) ? content[key === CONSENT_KEY ? 'approve' : 'which'] : undefined;
  if (key === CHOICE_KEY && action === 'decline') return { choice: DECLINED };
  if (key === CHOICE_KEY) return { choice: typeof field === 'string' || typeof field === 'number' ? String(field).trim() : '' };
  return { answer: action === 'decline' ? 'declined' : consentIn(field) };
}

/** A ticked box is a yes, an empty box is a no. Anything else is no answer. */
function consentIn(field: unknown): Person['answer'] {
  const said = typeof field === 'string' ? field.trim().toLowerCase() : field;
  if (said === true || said === 'true') return 'approved';
  return said === false || said === 'false' ? 'declined' : 'dismissed';
}
