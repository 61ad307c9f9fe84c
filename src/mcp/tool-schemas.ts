import type { Json } from '../endpoint.ts';
import { endpoints } from '../endpoints/index.ts';
import { schemaName } from './advertised.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { listWrites } from './list-writes.ts';
import { argumentsOf, outputOf } from './tools.ts';

/** The schemas of all tools, for the build to put into the program. */
export function toolSchemas(): Record<string, Json> {
  const tools = [...endpoints.map((endpoint) => ({ name: endpoint.name, input: argumentsOf(endpoint), output: outputOf(endpoint) })), listWrites];
  return Object.fromEntries(tools.flatMap(({ name, input, output }) => [
    [schemaName(name, 'input'), jsonSchemaOf(input, 'input')],
    [schemaName(name, 'output'), jsonSchemaOf(output, 'output')],
  ]));
}
