import * as z from 'zod';

type JsonSchema = Record<string, unknown>;

/**
 * The JSON Schema a model reads: what it says and no more. Left out are `$schema`, the patterns and formats that Zod generates, the bounds
 * of a safe integer, roomy length limits, that an amount is more than 0, `additionalProperties` and what is quiet; validation is ours and
 * still checks them. Some models' APIs refuse all tools for one with a `format` that they do not know, or an object without `properties`.
 */
export function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    reused: 'inline',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => lighten(jsonSchema),
  });
  return json;
}

function lighten(json: JsonSchema): void {
  delete json['named'];
  delete json['pattern'];
  delete json['format'];
  delete json['allOf'];
  delete json['additionalProperties'];
  if (json['minimum'] === Number.MIN_SAFE_INTEGER) delete json['minimum'];
  if (json['maximum'] === Number.MAX_SAFE_INTEGER) delete json['maximum'];
  if (json['exclusiveMinimum'] === 0) delete json['exclusiveMinimum'];
  if (json['minLength'] === 1) delete json['minLength'];
  if (json['minItems'] === 1) delete json['minItems'];
  if (Number(json['maxLength']) >= 100) delete json['maxLength'];
  const properties = json['properties'] as Record<string, JsonSchema> | undefined;
  for (const [name, { quiet }] of Object.entries(properties ?? {})) if (quiet) delete properties?.[name];
}
