import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  inputResponse,
  type ClientCapabilities,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Person } from '../write/confirm.ts';
import { NONE_OF_THESE } from '../write/repeated-call.ts';
import type { Settling } from '../write/types.ts';

/** The person behind the client: whether they can be asked, what they answered, and the question put to them. */

export function personOf(server: McpServer, { mcpReq }: ServerContext, approval: string | undefined): Person {
  const state = mcpReq.requestState();
  return {
    canBeAsked: canBeAsked(server, mcpReq.envelope),
    answer: consentAnswerOf(mcpReq.inputResponses),
    choice: choiceOf(mcpReq.inputResponses),
    state: typeof state === 'string' ? state : undefined,
    approval,
  };
}

/** From 2026-07-28 each request says what its client can do; before, the handshake did. No mode named means forms. */
function canBeAsked(server: McpServer, envelope: ServerContext['mcpReq']['envelope']): boolean {
  const told = (envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
  const { elicitation } = told ?? server.server.getClientCapabilities() ?? {};
  return elicitation !== undefined && ('form' in elicitation || Object.keys(elicitation).length === 0);
}

/** Only a ticked box that was sent off is a yes. */
function consentAnswerOf(responses: ServerContext['mcpReq']['inputResponses']): Person['answer'] {
  const view = inputResponse(responses, 'consent');
  if (view.kind !== 'elicit') return undefined;
  if (view.action === 'accept') return view.content?.['approve'] === true ? 'approved' : 'declined';
  return view.action === 'decline' ? 'declined' : 'dismissed';
}

function choiceOf(responses: ServerContext['mcpReq']['inputResponses']): string | undefined {
  const view = inputResponse(responses, 'which');
  if (view.kind !== 'elicit') return undefined;
  const which = view.action === 'accept' ? view.content?.['which'] : undefined;
  return typeof which === 'string' ? which : '';
}

export function choiceRequest({ question, choices, state }: Settling): InputRequiredResult {
  const which = {
    type: 'string' as const,
    title: 'Which one is it?',
    enum: [...choices.map(({ id }) => id), NONE_OF_THESE],
    enumNames: [...choices.map(({ text }) => text), NONE_OF_THESE],
  };
  return inputRequired({
    inputRequests: {
      which: inputRequired.elicit({ message: question, requestedSchema: { type: 'object', properties: { which }, required: ['which'] } }),
    },
    requestState: state,
  });
}

export function consentRequest(question: string, requestState: string): InputRequiredResult {
  return inputRequired({
    inputRequests: {
      consent: inputRequired.elicit({
        message: question,
        requestedSchema: {
          type: 'object',
          properties: { approve: { type: 'boolean', title: 'Yes, do exactly this' } },
          required: ['approve'],
        },
      }),
    },
    requestState,
  });
}
