import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { Json } from '../json.ts';
import { jsonSchemaOf } from './json-schema.ts';

/** The schemas from the build, by tool and direction: making them slows down the start. Undeclared if the source runs without a build. */
declare const PREPARED_SCHEMAS: Readonly<Record<string, Json>> | undefined;

const schemas = new Map<string, Json>(typeof PREPARED_SCHEMAS === 'undefined' ? [] : Object.entries(PREPARED_SCHEMAS));

export const schemaName = (tool: string, io: 'input' | 'output'): string => `${tool} ${io}`;

/**
 * The schema for tools/list. Its `validate` accepts everything, because `readArguments` validates and explains errors better than the SDK.
 */
export function toolSchema(tool: string, io: 'input' | 'output', schema: () => z.ZodObject): StandardSchemaWithJSON<Json> {
  const json = () => {
    const name = schemaName(tool, io);
    const made = schemas.get(name) ?? jsonSchemaOf(schema(), io);
    schemas.set(name, made);
    return made;
  };
  return {
    '~standard': {
      version: 1,
      vendor: 'zoho-payments-mcp',
      validate: (value) => ({ value: value as Json }),
      jsonSchema: { input: json, output: json },
    },
  };
}
