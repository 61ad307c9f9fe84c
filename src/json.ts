/** A JSON object from Zoho: any field may be missing or have an undocumented type. */
export type Json = Record<string, unknown>;

/** True if the value is a JSON object, not null or a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
