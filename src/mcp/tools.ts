import {
  requireScopes,
  type CallToolResult,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
  type ToolAnnotations,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { toolsets } from '../catalogue.ts';
import { NOT_JUDGED } from '../concern.ts';
import type { Endpoint, WriteTool } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { InternalError, OutcomeUnknownError, PaymentsError, RefusedError } from '../errors.ts';
import type { Json } from '../json.ts';
import { quiet } from '../records/fields.ts';
import { isWrite, methodOf, writtenBy, type Workflow, type WriteListWorkflow, type WriteWorkflow } from '../workflow.ts';
import { AccountNotAllowed } from '../write/policy.ts';
import type { Person } from '../write/confirm.ts';
import { APPROVAL_MINUTES } from '../write/seal.ts';
import type { Done, Performed } from '../write/types.ts';
import { readArguments } from './arguments.ts';
import { readByNames, writeByNames } from './by-names.ts';
import { scopeFor } from './caller.ts';
import type { Deliveries } from './delivered-answers.ts';
import { listWrites, type JournalTool } from './list-writes.ts';
import { loggedCall } from './logged-call.ts';
import type { Asking } from './person.ts';
import { reportProgress } from './progress.ts';
import { choiceQuestion, consentQuestion, type Question } from './questions.ts';
import { errorText, marked, type Edge } from './render.ts';
import { listResult } from './list-result.ts';
import { linksOf } from './resource-uris.ts';
import { failed, succeeded, type WriteFacts } from './results.ts';
import type { Books } from './server-dependencies.ts';
import { toolSchema } from './tool-schema.ts';

/** Makes tools from the declarations of endpoints and workflows. There is no code here for a single tool. */

export type Tool = Endpoint | Workflow | JournalTool;

/** The tools that tools/list shows. `list_writes` is one of them if a tool for payments is offered. */
export function toolsOf({ endpoints, workflows }: Pick<Books, 'endpoints' | 'workflows'>): readonly Tool[] {
  const hasPayments = workflows.length > 0 || toolsets.payments.some((endpoint) => endpoints.includes(endpoint));
  return [...workflows, ...endpoints, ...(hasPayments ? [listWrites] : [])];
}

/** Called after each write that may have changed something. Gets the write's input and its result, or {} without a result. */
export type OnWritten = (input: Json, result: Json) => void;

interface Served {
  readonly server: McpServer;
  readonly books: Books;
  readonly deliveries: Deliveries;
  readonly onWritten: OnWritten;
  readonly asking: Asking;
  readonly edge: Edge;
  /** Time between two progress notifications. */
  readonly progressMs?: number | undefined;
}

/** What a call needs: its server, the SDK's context, and a way to report progress. */
interface Serving extends Served {
  readonly ctx: ServerContext;
  tell(message: string): void;
}

type ToolDeclaration = ReturnType<typeof declarationOf>;
const declarations = new WeakMap<Tool, ToolDeclaration>();

/** What clients see of a tool. Made only once, because over HTTP each request registers the tools. */
function declaredOf(tool: Tool): ToolDeclaration {
  const made = declarations.get(tool) ?? declarationOf(tool);
  declarations.set(tool, made);
  return made;
}

const declarationOf = (tool: Tool) => ({
  title: tool.title,
  description: tool.description,
  inputSchema: toolSchema(tool.name, 'input', () => argumentsOf(tool)),
  outputSchema: toolSchema(tool.name, 'output', () => outputOf(tool)),
  annotations: annotationsOf(tool),
  scopeChallenge: requireScopes(scopeFor(tool)),
});

export function addTools(tools: readonly Tool[], served: Served): void {
  const { server, books } = served;
  for (const tool of tools) {
    server.registerTool(tool.name, declaredOf(tool), (args, ctx) =>
      loggedCall(tool.name, books.log, async () => {
        const progress = reportProgress(ctx, served.progressMs);
        try {
          return await answerCall(tool, args, { ...served, ctx, tell: progress.tell });
        } catch (error) {
          // A cancelled call gets no answer.
          if (ctx.mcpReq.signal.aborted && !(error instanceof PaymentsError)) throw error;
          const known = error instanceof PaymentsError && !(error instanceof InternalError) ? error : unexpected(error, tool, books);
          return failed(known, served.edge, isWrite(tool) ? outcomeFacts(known) : undefined);
        } finally {
          progress.stop();
        }
      }),
    );
  }
}

async function answerCall(tool: Tool, args: unknown, serving: Serving): Promise<CallToolResult | InputRequiredResult> {
  const { books, edge, tell } = serving;
  const { mcpReq } = serving.ctx;
  switch (tool.kind) {
    case 'read': {
      const { input, result } = await readByNames(tool, readArguments(tool.input, args), books, mcpReq.signal);
      return succeeded(result, tool.report(result, input), edge, linksOf(tool, input));
    }
    case 'read task': {
      const input = readArguments(tool.input, args);
      const result = await tool.run(input, { zoho: await books.reader(mcpReq.signal), progress: tell });
      return succeeded(result, tool.report(result, input), edge);
    }
    case 'journal': {
      const input = readArguments(tool.input, args);
      const { result, report } = await tool.run(input, books, edge);
      return succeeded(result, report, edge);
    }
    case 'write':
    case 'write task':
      return await write(tool, args, serving);
    case 'write list':
      return await writeList(tool, args, serving);
  }
}

/** Arguments that every write has in addition to its own. */
const writeArguments = {
  idempotency_key: z.string().min(1).max(200).optional().describe('Retry with the same key.'),
  approval: z.string().max(2000).optional().describe('Code from error approval_needed.'),
};
const duplicateArgument = {
  allow_duplicate_of: z.array(z.string()).optional().describe('Ids of possible duplicates, if this is wanted too.'),
};

const extended = new WeakMap<Tool, z.ZodObject>();

/** The input of a tool, including the arguments of every write. */
export function argumentsOf(tool: Tool): z.ZodObject {
  if (!isWrite(tool)) return tool.input;
  const { canDuplicate } = writtenBy(tool).safety;
  const known =
    extended.get(tool) ?? tool.input.extend({ ...writeArguments, ...(canDuplicate && tool.kind !== 'write list' && duplicateArgument) });
  extended.set(tool, known);
  return known;
}

const text = z.string().optional();
/** Fields that every write returns in addition to its result. */
const writeFacts = {
  outcome: z.enum(['recorded', 'not_recorded', 'unknown']).optional(),
  replayed: quiet(z.boolean().optional()),
  undo: z.looseObject({ tool: quiet(text) }).optional(),
  write_id: text,
  asked: quiet(text),
  concerns: quiet(z.array(z.looseObject({ code: text, text })).optional()),
};

const listFacts = {
  outcome: z.enum(['recorded', 'partly_recorded', 'not_recorded', 'unknown']).optional(),
  write_id: text,
};

export function outputOf(tool: Tool): z.ZodObject {
  return isWrite(tool) ? tool.output.extend(tool.kind === 'write list' ? listFacts : writeFacts) : tool.output;
}

/** The parts of `Performed` that the user has to answer first. */
type Questioned = Extract<Performed, { kind: 'ask' | 'settle' | 'preview' }>;

const isQuestioned = (performed: { readonly kind: string }): performed is Questioned =>
  performed.kind === 'ask' || performed.kind === 'settle' || performed.kind === 'preview';

/** Performs a write, and asks the user until no question is left. Returns what was performed, or an answer that asks the user. */
async function performAsking<P extends { readonly kind: 'done' | 'list' }>(
  approval: string | undefined,
  serving: Serving,
  perform: (person: Person) => Promise<P | Questioned>,
): Promise<P | { readonly kind: 'answer'; readonly answer: CallToolResult | InputRequiredResult }> {
  const { asking, edge, ctx } = serving;
  const { signal } = ctx.mcpReq;
  let person = beforeSending(() => asking.personOf(ctx, approval));
  for (;;) {
    const performed = await perform(person);
    if (!isQuestioned(performed)) return performed;
    if (performed.kind === 'preview') return { kind: 'answer', answer: beforeSending(() => preview(performed, edge)) };
    // When the answer arrives, everything before the claim runs again.
    const question = beforeSending(() => asQuestion(performed, serving));
    const asked = await asking.ask(question, person, ctx).catch((error: unknown) => {
      throw signal.aborted ? error : new InternalError('no', error);
    });
    if (asked.kind === 'later') return { kind: 'answer', answer: asked.result };
    person = asked.person;
  }
}

async function write(tool: WriteTool | WriteWorkflow, args: unknown, serving: Serving): Promise<CallToolResult | InputRequiredResult> {
  const { books, deliveries, onWritten, edge } = serving;
  const {
    idempotency_key: key,
    approval,
    allow_duplicate_of = [],
    ...input
  } = beforeSending(() => readArguments(argumentsOf(tool), args, { isUpdate: methodOf(tool) === 'PUT' }));
  const { signal, id } = serving.ctx.mcpReq;
  const performed = await performAsking(approval as string | undefined, serving, (person) =>
    writeByNames(tool, input, (called) =>
      books.write({
        ...called,
        input,
        key: key as string | undefined,
        allowDuplicateOf: allow_duplicate_of as string[],
        person,
        signal,
      }),
    ).catch(async (error: unknown) => {
      if (error instanceof OutcomeUnknownError && error.entry !== undefined) {
        onWritten(input, {});
        deliveries.expect(id, { entry: error.entry, state: 'unknown' });
      }
      throw await withWhatIsMissing(error, tool, input, books);
    }),
  );
  if (performed.kind === 'answer') return performed.answer;
  const { entry, result, report, replayed, notes, asked, concerns } = performed;
  if (!replayed) onWritten(input, result);
  deliveries.expect(id, { entry, state: 'recorded' });
  const facts: WriteFacts = { outcome: 'recorded', replayed, write_id: entry, asked, concerns };
  const lines = [...aboutConcerns(performed), ...report.lines, ...notes, ...aboutConsent(performed)];
  return succeeded({ ...result, ...facts }, { ...report, lines }, edge);
}

async function writeList(tool: WriteListWorkflow, args: unknown, serving: Serving): Promise<CallToolResult | InputRequiredResult> {
  const { books, deliveries, onWritten, edge, tell } = serving;
  const {
    idempotency_key: key,
    approval,
    rows,
    only_good_rows: onlyGoodRows = false,
  } = beforeSending(() => readArguments(argumentsOf(tool), args) as unknown as ListArguments);
  const calls = rows.map(({ idempotency_key, allow_duplicate_of = [], line: _, ...input }) => ({
    input,
    key: idempotency_key,
    allowDuplicateOf: allow_duplicate_of,
  }));
  const { signal, id } = serving.ctx.mcpReq;
  const performed = await performAsking(approval, serving, (person) =>
    books.writeList({
      workflow: tool,
      rows: calls,
      key,
      onlyGoodRows,
      person,
      signal,
      progress: (doing, row, of) => tell(`${doing} row ${row} of ${of}`),
    }),
  );
  if (performed.kind === 'answer') return performed.answer;
  const told = performed.rows.flatMap((row) => (row.outcome === 'recorded' ? [{ entry: row.done.entry, state: row.outcome }] : []));
  for (const row of performed.rows) if (row.outcome === 'recorded' && !row.done.replayed) onWritten({}, row.done.result);
  deliveries.expect(id, ...told);
  return listResult(performed, edge);
}

interface ListArguments {
  readonly rows: readonly (Json & { readonly idempotency_key?: string; readonly allow_duplicate_of?: readonly string[] })[];
  readonly only_good_rows?: boolean;
  readonly idempotency_key?: string;
  readonly approval?: string;
}

function asQuestion(performed: Extract<Performed, { kind: 'ask' | 'settle' }>, { server, books }: Served): Question {
  const question = marked(performed.question, books.sandbox);
  if (performed.kind === 'ask') return consentQuestion(question, performed.state);
  return choiceQuestion({ ...performed, question }, server.server.getNegotiatedProtocolVersion());
}

/** Adds possible reasons to a refusal from Zoho with an unknown code, for example a missing mandatory field. */
async function withWhatIsMissing(error: unknown, tool: WriteTool | WriteWorkflow, input: Json, books: Books): Promise<unknown> {
  if (error instanceof AccountNotAllowed) return await withAccountNames(error, books);
  if (!(error instanceof RefusedError) || error.code !== 'refused_by_zoho') return error;
  const { message, code, next, zoho, judged } = error;
  const { safety } = writtenBy(tool);
  try {
    const steps = (await safety.afterRefusal?.(input, await books.reader(AbortSignal.timeout(EXPLAINING_MS)))) ?? [];
    return new RefusedError(message, { code, next: [...steps, ...next], zoho, ...(judged && { judged }) });
  } catch {
    // The explanation failed, so the answer is Zoho's own refusal.
    return error;
  }
}

async function withAccountNames(error: AccountNotAllowed, books: Books): Promise<AccountNotAllowed> {
  try {
    const { bankaccounts = [] } = await (await books.reader(AbortSignal.timeout(EXPLAINING_MS))).recent.read(allBankAccounts, {});
    return error.named(
      new Map(bankaccounts.flatMap(({ account_id, account_name }) => (account_id && account_name ? [[account_id, account_name]] : []))),
    );
  } catch {
    return error;
  }
}

/** The time limit for the explanation. It is short, because the answer to the write waits for it. */
const EXPLAINING_MS = 5_000;

/** Reports the concerns that the user was not asked about, so that somebody notices them. */
function aboutConcerns({ asked, concerns }: Pick<Done, 'asked' | 'concerns'>): string[] {
  return asked !== 'nobody' || !concerns?.length ? [] : [`The user was not asked, although ${concerns.map((one) => one.text).join('; ')}.`];
}

/** Reports the user's consent. An answer from the journal reports the earlier consent. */
function aboutConsent({ asked, replayed }: Pick<Done, 'asked' | 'replayed'>): string[] {
  if (asked === 'window') return [replayed ? 'The user confirmed it earlier.' : 'The user confirmed this.'];
  return asked === 'call' ? [`A second call approved it${replayed ? ' earlier' : ''}.`] : [];
}

/** The answer if the client cannot ask the user. The user consents by allowing the second call in the host. */
function preview({ question, approval, refused, asked, concerns }: Extract<Performed, { kind: 'preview' }>, edge: Edge): CallToolResult {
  const error = new RefusedError(
    refused
      ? 'The approval in this call is not valid: it was already used, has expired, or belongs to another write.'
      : 'The user must confirm this.',
    {
      code: 'approval_needed',
      next:
        'Show the user the text above. ' +
        `If they agree, make the same call again within ${APPROVAL_MINUTES} minutes with approval: ${JSON.stringify(approval)}.`,
    },
  );
  const { content: _, ...rest } = failed(error, edge, { outcome: 'not_recorded', asked, concerns });
  return {
    ...rest,
    content: [
      { type: 'text', text: marked(question, edge.sandbox) },
      { type: 'text', text: errorText(error, edge) },
    ],
    structuredContent: { ...(rest.structuredContent as Json), question, approval },
  };
}

function outcomeFacts(error: PaymentsError): WriteFacts {
  const write_id = error instanceof OutcomeUnknownError ? error.entry : undefined;
  return {
    outcome: error.changed === 'no' ? 'not_recorded' : error.changed === 'yes' ? 'recorded' : 'unknown',
    ...(write_id && { write_id }),
    ...(error.judged ?? NOT_JUDGED),
  };
}

/** Runs a part of a write's call that sends nothing. If our own code fails there, the error says that nothing was changed. */
function beforeSending<T>(part: () => T): T {
  try {
    return part();
  } catch (error) {
    throw error instanceof PaymentsError ? error : new InternalError('no', error);
  }
}

/** Logs a failure of our own code. The error's message could contain customer data, so the log gets only the place in the code. */
function unexpected(error: unknown, tool: Tool, { log }: Books): InternalError {
  const fault = error instanceof InternalError ? error.cause : error;
  const place = fault instanceof Error ? (fault.stack ?? '').split('\n').find((line) => line.trimStart().startsWith('at ')) : undefined;
  log('error', `${tool.name} failed`, { error: fault instanceof Error ? fault.name : typeof fault, place: place?.trim() });
  return error instanceof InternalError ? error : new InternalError(isWrite(tool) ? 'unknown' : 'no', error);
}

/** Derives a tool's hints from its HTTP method, so that no hint can be forgotten or wrong. */
export function annotationsOf(tool: Tool): ToolAnnotations {
  const method = tool.kind === 'journal' ? 'GET' : methodOf(tool);
  return {
    readOnlyHint: method === 'GET',
    // True for every write, although POST only adds: hosts' directories require it for tools that record payments.
    destructiveHint: method !== 'GET',
    idempotentHint: method !== 'POST',
    openWorldHint: tool.kind !== 'journal',
  };
}
