import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  requireScopes,
  ResourceTemplate,
  type McpServer,
  type ReadResourceResult,
} from '@modelcontextprotocol/server';
import { isRead, type ReadTool, type ResourceForm } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { paymentsWith } from '../zoho-calls.ts';
import type { Quota } from '../zoho/limits.ts';
import { readArguments } from './arguments.ts';
import { readByNames } from './by-names.ts';
import { READING } from './caller.ts';
import type { Lookups } from './completions.ts';
import { loggedCall } from './logged-call.ts';
import { errorText, marked, type Edge } from './render.ts';
import { templateOf, titled } from './resource-uris.ts';
import { errorFacts, succeeded } from './results.ts';
import type { Books } from './server-dependencies.ts';

const scopeChallenge = requireScopes(READING);

/**
 * Returns a function that registers the resources of read-only endpoints, from the same declarations as the tools. Makes what all servers
 * share only once.
 */
export function resourcesOf(books: Books, lookups: Lookups, edge: Edge): (server: McpServer) => void {
  const all = books.endpoints.filter(isRead).flatMap((endpoint) =>
    (endpoint.resources ?? []).map((form): ((server: McpServer) => void) => {
      const { name, title, description, mimeType } = form;
      const metadata = { title: titled(title, books.sandbox), description, mimeType, scopeChallenge };
      const template = templateOf(form, endpoint);
      if (typeof template === 'string') {
        return (server) =>
          server.registerResource(name, template, metadata, (uri, { mcpReq }) =>
            readResource(uri, {}, { endpoint, form, books, edge, signal: mcpReq.signal }),
          );
      }
      const list = name === 'customer_payment' ? () => lookups.recentPayments() : undefined;
      const complete = Object.fromEntries(
        template.variableNames.map((variable) => [
          variable,
          (value: string, context?: { arguments?: Record<string, string> }) => lookups.complete(variable, value, context?.arguments ?? {}),
        ]),
      );
      const resource = new ResourceTemplate(template, { list, complete });
      return (server) =>
        server.registerResource(name, resource, metadata, (uri, variables, { mcpReq }) =>
          readResource(uri, variables, { endpoint, form, books, edge, signal: mcpReq.signal }),
        );
    }),
  );
  return (server) => {
    for (const add of all) add(server);
    addLimits(server, books, edge);
  };
}

/** Registers the rate limits. Zoho has no endpoint for them: this machine counts calls and reads the headers of Zoho's answers. */
function addLimits(server: McpServer, { quota, sandbox, log }: Books, edge: Edge): void {
  server.registerResource(
    limitsResource.name,
    limitsResource.uri,
    { ...limitsResource, title: titled(limitsResource.title, sandbox), scopeChallenge },
    (uri) =>
      loggedCall(`resource ${limitsResource.name}`, log, async () => {
        const limits = await quota().catch((error: unknown) => {
          throw error instanceof PaymentsError ? protocolError(error, edge) : error;
        });
        return {
          contents: [
            {
              uri: uri.href,
              mimeType: limitsResource.mimeType,
              text: JSON.stringify({ ...(sandbox && { sandbox }), ...inPayments(limits) }),
            },
          ],
        };
      }),
  );
}

/** Adds about how many payments the remaining calls allow. */
function inPayments({ minute, day, ...others }: Quota) {
  return {
    minute: { ...minute, about_payments: paymentsWith(minute.left) },
    ...(day && { day: { ...day, about_payments: paymentsWith(day.remaining) } }),
    ...others,
  };
}

export const limitsResource = {
  uri: 'zoho-books://limits',
  name: 'limits',
  title: 'Rate limits of Zoho Books',
  description:
    'Zoho calls of this machine this minute and now running, and the calls of the organization that remain today. ' +
    'Shows roughly how many payments these calls allow, and when a pause of the calls ends.',
  mimeType: 'application/json',
} as const;

interface ResourceRead {
  readonly endpoint: ReadTool;
  readonly form: ResourceForm;
  readonly books: Books;
  readonly edge: Edge;
  readonly signal: AbortSignal;
}

function readResource(uri: URL, variables: Json, reading: ResourceRead): Promise<ReadResourceResult> {
  return loggedCall(`resource ${reading.form.name}`, reading.books.log, () => answer(uri, variables, reading));
}

/** Returns the same data as the tool, for the same arguments. */
async function answer(
  uri: URL,
  variables: Json,
  { endpoint, form: { mimeType }, books, edge, signal }: ResourceRead,
): Promise<ReadResourceResult> {
  try {
    const given = readArguments(endpoint.input, variables);
    if (mimeType === 'application/pdf') {
      const { bytes } = await books.zoho.until(signal).document(endpoint, given, 'pdf');
      return {
        contents: [{ uri: uri.href, mimeType, blob: bytes.toString('base64'), ...(books.sandbox && { _meta: { sandbox: true } }) }],
      };
    }
    const { input, result } = await readByNames(endpoint, given, books, signal);
    const { structuredContent } = succeeded(result, endpoint.report(result, input), edge);
    return {
      contents: [
        { uri: uri.href, mimeType, text: JSON.stringify({ ...(edge.sandbox && { sandbox: true }), ...(structuredContent as Json) }) },
      ],
    };
  } catch (error) {
    if (!(error instanceof PaymentsError)) throw error;
    if (error.code === 'not_found') throw new ResourceNotFoundError(uri.href);
    throw protocolError(error, edge);
  }
}

function protocolError(error: PaymentsError, edge: Edge): ProtocolError {
  const code = error.code === 'invalid_arguments' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, marked(errorText(error, edge), edge.sandbox), errorFacts(error, edge));
}
