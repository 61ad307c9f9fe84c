import type { McpServer, StandardSchemaWithJSON, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import { isRead, type Endpoint, type Json } from '../endpoint.ts';
import { InternalError, PaymentsError } from '../errors.ts';
import { perform } from '../write/perform.ts';
import { readArguments } from './arguments.ts';
import type { Books } from './books.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { linksOf } from './resource-uris.ts';
import { failed, succeeded } from './results.ts';

/** Endpoints as tools. Everything here follows from the declaration; nothing is typed by hand per tool. */

/** Told of every write that may have changed something: its input, and its result if there was one. */
export type OnWritten = (input: Json, result: Json) => void;

export function addTools(server: McpServer, books: Books, onWritten: OnWritten): void {
  for (const endpoint of books.endpoints) {
    server.registerTool(
      endpoint.name,
      {
        title: endpoint.title,
        description: endpoint.description,
        inputSchema: advertised(endpoint.input, 'input'),
        outputSchema: advertised(endpoint.output, 'output'),
        annotations: annotationsOf(endpoint),
      },
      async (args, { mcpReq }) => {
        try {
          return await callEndpoint(endpoint, args, books, onWritten, mcpReq.signal);
        } catch (error) {
          // A cancelled call gets no answer.
          if (mcpReq.signal.aborted && !(error instanceof PaymentsError)) throw error;
          return failed(error instanceof PaymentsError ? error : unexpected(error, endpoint, books), books.sandbox);
        }
      },
    );
  }
}

async function callEndpoint(endpoint: Endpoint, args: unknown, { zoho, sandbox }: Books, onWritten: OnWritten, signal: AbortSignal) {
  const input = readArguments(endpoint.input, args);
  if (isRead(endpoint)) {
    const result = await zoho.until(signal).read(endpoint, input);
    return succeeded(result, endpoint.text(result, input), linksOf(endpoint, input), sandbox);
  }
  try {
    const { result, facts } = await perform(endpoint, input, zoho, signal);
    onWritten(input, result);
    return succeeded(result, endpoint.text(result, input, facts), [], sandbox);
  } catch (error) {
    if (error instanceof PaymentsError && error.changed !== 'no') onWritten(input, {});
    throw error;
  }
}

/** A fault of ours. Its message could hold customer data, so only its place is logged. */
function unexpected(error: unknown, endpoint: Endpoint, { warn }: Books): InternalError {
  const place = error instanceof Error ? (error.stack ?? '').split('\n').find((line) => line.trimStart().startsWith('at ')) : undefined;
  warn(`${endpoint.name} failed: ${error instanceof Error ? error.name : typeof error} ${place?.trim() ?? ''}`);
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

const schemas = new WeakMap<z.ZodObject, Json>();

/**
 * The schema that tools/list shows. Its `validate` passes everything: repair, validation and wording are `readArguments`,
 * whose errors teach more than the SDK's.
 */
function advertised(schema: z.ZodObject, io: 'input' | 'output'): StandardSchemaWithJSON<Json> {
  const json = () => {
    const known = schemas.get(schema) ?? jsonSchemaOf(schema, io);
    schemas.set(schema, known);
    return known;
  };
  return { '~standard': { version: 1, vendor: 'zoho-payments-mcp', validate: (value) => ({ value: value as Json }), jsonSchema: { input: json, output: json } } };
}
