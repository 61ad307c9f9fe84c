import type { jsonSchemaValidator } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { AjvJsonSchemaValidator as OlderAjv } from '@modelcontextprotocol/sdk/validation/ajv';

/** Validators for results, as the SDKs' clients use by default. Each schema is compiled once, and not once per client. */

function compiledOnce(validators: jsonSchemaValidator): jsonSchemaValidator {
  const compiled = new Map<string, unknown>();
  return {
    getValidator(schema) {
      const text = JSON.stringify(schema);
      const known = compiled.get(text) ?? validators.getValidator(schema);
      compiled.set(text, known);
      return known as ReturnType<typeof validators.getValidator<never>>;
    },
  };
}

export const validators = compiledOnce(new AjvJsonSchemaValidator());
export const olderValidators = compiledOnce(new OlderAjv());
