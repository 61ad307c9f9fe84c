import * as z from 'zod';

type JsonSchema = Record<string, unknown>;

/**
 * Makes the JSON Schema that models read, and keeps it as short as possible. It omits `$schema`, Zod's patterns and formats, the bounds of
 * safe integers, high length limits, minimums of 0 and 1, `additionalProperties` and quiet fields. Our own validation still checks them.
 * Some models' APIs refuse all tools if one tool has an unknown `format`, or an object without `properties`.
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
