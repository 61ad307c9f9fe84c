import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import { isObject } from './json.ts';
import { readAmount } from './money.ts';

/**
 * Makes a result fit its output schema: a number becomes a string if it is an id, a string becomes a number if it is an amount, and a field
 * with another type is removed. Clients validate structured content; without this step, a recorded payment would become an error if Zoho
 * changed the type of a field.
 */
export function conform(schema: $ZodType, value: unknown): unknown {
  const { def } = (schema as $ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
      return conform(def.innerType, value);
    case 'string':
      return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
    case 'number':
      return readAmount(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : value === 'true' ? true : value === 'false' ? false : undefined;
    case 'array':
      return Array.isArray(value) ? value.map((item) => conform(def.element, item)).filter((item) => item !== undefined) : undefined;
    case 'object': {
      if (!isObject(value)) return undefined;
      const entries = Object.entries(value).map(([name, item]): [string, unknown] => {
        const field = Object.hasOwn(def.shape, name) ? def.shape[name] : undefined;
        return [name, field === undefined ? item : conform(field, item)];
      });
      return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
    }
    default:
      return value;
  }
}
