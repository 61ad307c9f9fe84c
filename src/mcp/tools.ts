import type { CallToolResult, InputRequiredResult, McpServer, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { isRead, type Endpoint, type Json, type ReadEndpoint, type WriteEndpoint } from '../endpoint.ts';
import { InternalError, OutcomeUnknownError, PaymentsError, RefusedError } from '../errors.ts';
import { APPROVAL_MINUTES } from '../write/confirm.ts';
import type { Performed } from '../write/call.ts';
import { advertised } from './advertised.ts';
import { readArguments } from './arguments.ts';
import type { Books } from './books.ts';
import type { Deliveries } from './deliveries.ts';
import { ask, askWhich, personOf } from './person.ts';
import { linksOf } from './resource-uris.ts';
import { tracked } from './tracked.ts';
import { failed, marked, succeeded, type WriteFacts } from './results.ts';

/** Endpoints as tools. Everything here follows from the declaration; nothing is typed by hand per tool. */

/** Told of every write that may have changed something: its input, and its result if there was one. */
export type OnWritten = (input: Json, result: Json) => void;

interface Served {
  readonly server: McpServer;
  readonly books: Books;
  readonly deliveries: Deliveries;
  readonly onWritten: OnWritten;
}

export function addTools(served: Served): void {
  const { server, books } = served;
  for (const endpoint of books.endpoints) {
    server.registerTool(
      endpoint.name,
      {
        title: endpoint.title,
        description: endpoint.description,
        inputSchema: advertised(endpoint.name, 'input', () => argumentsOf(endpoint)),
        outputSchema: advertised(endpoint.name, 'output', () => outputOf(endpoint)),
        annotations: annotationsOf(endpoint),
      },
      (args, ctx) =>
        tracked(endpoint.name, books.log, async () => {
          try {
            return isRead(endpoint) ? await read(endpoint, args, served, ctx) : await write(endpoint, args, served, ctx);
          } catch (error) {
            // A cancelled call gets no answer.
            if (ctx.mcpReq.signal.aborted && !(error instanceof PaymentsError)) throw error;
            const known = error instanceof PaymentsError ? error : unexpected(error, endpoint, books);
            return failed(known, books.sandbox, isRead(endpoint) ? undefined : outcomeOf(known));
          }
        }),
    );
  }
}

async function read(endpoint: ReadEndpoint, args: unknown, { books: { zoho, sandbox } }: Served, { mcpReq }: ServerContext): Promise<CallToolResult> {
  const input = readArguments(endpoint.input, args);
  const result = await zoho.until(mcpReq.signal).read(endpoint, input);
  return succeeded(result, endpoint.text(result, input), linksOf(endpoint, input), sandbox);
}

/** Arguments that every write takes besides its own. */
const writeArguments = {
  idempotency_key: z.string().min(1).max(200).optional().describe('A name for this intent; a retry keeps it.'),
  approval: z.string().max(2000).optional().describe('From the preview of this very call.'),
};
const duplicateArgument = { allow_duplicate_of: z.array(z.string()).optional().describe('Ids of look-alikes that the user says are other ones.') };

const extended = new WeakMap<Endpoint, z.ZodObject>();

/** The input of an endpoint, with what every write takes besides. */
export function argumentsOf(endpoint: Endpoint): z.ZodObject {
  if (isRead(endpoint)) return endpoint.input;
  const known = extended.get(endpoint) ?? endpoint.input.extend({ ...writeArguments, ...(endpoint.canMake && duplicateArgument) });
  extended.set(endpoint, known);
  return known;
}

const text = z.string().optional();
/** What every write tells besides its result. */
const writeFacts = {
  outcome: z.enum(['recorded', 'not_recorded', 'unknown']).optional(),
  replayed: z.boolean().optional(),
  undo: z.looseObject({ tool: text }).optional(),
  write_id: text,
};

export function outputOf(endpoint: Endpoint): z.ZodObject {
  return isRead(endpoint) ? endpoint.output : endpoint.output.extend(writeFacts);
}

async function write(endpoint: WriteEndpoint, args: unknown, { server, books, deliveries, onWritten }: Served, ctx: ServerContext): Promise<CallToolResult | InputRequiredResult> {
  const { idempotency_key: key, approval, allow_duplicate_of = [], ...input } = readArguments(argumentsOf(endpoint), args);
  const person = personOf(server, ctx, approval as string | undefined);
  const { signal, id } = ctx.mcpReq;
  const performed = await books
    .write({ endpoint, input, key: key as string | undefined, allowDuplicateOf: allow_duplicate_of as string[], person, signal })
    .catch((error: unknown) => {
      if (error instanceof OutcomeUnknownError && error.entry !== undefined) {
        onWritten(input, {});
        deliveries.expect(id, { entry: error.entry, state: 'unknown' });
      }
      throw error;
    });
  if (performed.kind === 'ask') return ask(marked(performed.question, books.sandbox), performed.state);
  if (performed.kind === 'settle') return askWhich({ ...performed, question: marked(performed.question, books.sandbox) });
  if (performed.kind === 'preview') return preview(performed, books.sandbox);
  const { entry, result, text, replayed, undo } = performed;
  if (!replayed) onWritten(input, result);
  deliveries.expect(id, { entry, state: 'recorded' });
  const facts: WriteFacts = { outcome: 'recorded', replayed, undo, write_id: entry };
  return succeeded({ ...result, ...facts }, text, [], books.sandbox);
}

/** Shown where the client cannot ask: the second call, which the host lets a person allow, is then the consent. */
function preview({ question, approval }: Extract<Performed, { kind: 'preview' }>, sandbox: boolean): CallToolResult {
  const error = new RefusedError('This needs the consent of the user, and nothing was done yet.', {
    code: 'approval_needed',
    next: `Show the user the above. If they agree, make the same call again within ${APPROVAL_MINUTES} minutes with approval: ${JSON.stringify(approval)}.`,
  });
  const { content, ...rest } = failed(error, sandbox, { outcome: 'not_recorded' });
  return { ...rest, content: [{ type: 'text', text: marked(question, sandbox) }, ...content], structuredContent: { ...(rest.structuredContent as Json), question, approval } };
}

function outcomeOf(error: PaymentsError): WriteFacts {
  const write_id = error instanceof OutcomeUnknownError ? error.entry : undefined;
  return { outcome: error.changed === 'no' ? 'not_recorded' : error.changed === 'yes' ? 'recorded' : 'unknown', ...(write_id && { write_id }) };
}

/** A fault of ours. Its message could hold customer data, so only its place is logged. */
function unexpected(error: unknown, endpoint: Endpoint, { log }: Books): InternalError {
  const place = error instanceof Error ? (error.stack ?? '').split('\n').find((line) => line.trimStart().startsWith('at ')) : undefined;
  log('error', `${endpoint.name} failed`, { error: error instanceof Error ? error.name : typeof error, place: place?.trim() });
  return new InternalError(isRead(endpoint) ? 'no' : 'unknown', error);
}

/** Hints follow from the HTTP method, so none can be forgotten or typed wrong. */
export function annotationsOf({ method }: Pick<Endpoint, 'method'>): ToolAnnotations {
  return {
    readOnlyHint: method === 'GET',
    // PUT overwrites what was there, DELETE removes it; POST only adds.
    destructiveHint: method === 'PUT' || method === 'DELETE',
    idempotentHint: method !== 'POST',
    openWorldHint: true,
  };
}
