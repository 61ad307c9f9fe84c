import * as z from 'zod';

type JsonSchema = Record<string, unknown>;

/**
 * The JSON Schema a model reads: what it says and no more. Left out are `$schema`, the patterns that Zod generates, the
 * bounds of a safe integer, roomy length limits and `additionalProperties`; validation is ours and still checks them.
 */
export function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, reused: 'inline', unrepresentable: 'any', override: ({ jsonSchema }) => lighten(jsonSchema) });
  return json;
}

function lighten(json: JsonSchema): void {
  delete json['pattern'];
  delete json['allOf'];
  delete json['additionalProperties'];
  if (json['minimum'] === Number.MIN_SAFE_INTEGER) delete json['minimum'];
  if (json['maximum'] === Number.MAX_SAFE_INTEGER) delete json['maximum'];
  if (json['minLength'] === 1) delete json['minLength'];
  if (Number(json['maxLength']) >= 100) delete json['maxLength'];
}
