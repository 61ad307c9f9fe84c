import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { Json } from '../json.ts';
import { jsonSchemaOf } from './json-schema.ts';

/** By tool and direction, made when the program was built: making them takes a good part of its start-up. Undeclared in the source. */
declare const PREPARED_SCHEMAS: Readonly<Record<string, Json>> | undefined;

const schemas = new Map<string, Json>(typeof PREPARED_SCHEMAS === 'undefined' ? [] : Object.entries(PREPARED_SCHEMAS));

export const schemaName = (tool: string, io: 'input' | 'output'): string => `${tool} ${io}`;

/**
 * The schema that tools/list shows. Its `validate` passes everything: repair, validation and wording are `readArguments`,
 * whose errors teach more than the SDK's.
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
