import type { Json } from '../endpoint.ts';
import { endpoints } from '../endpoints/index.ts';
import { workflows } from '../workflows/index.ts';
import { schemaName } from './advertised.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { listWrites } from './list-writes.ts';
import { argumentsOf, outputOf } from './tools.ts';

/** The schemas of all tools, for the build to put into the program. */
export function toolSchemas(): Record<string, Json> {
  const tools = [
    ...[...workflows, ...endpoints].map((tool) => ({ name: tool.name, input: argumentsOf(tool), output: outputOf(tool) })),
    listWrites,
  ];
  return Object.fromEntries(
    tools.flatMap(({ name, input, output }) => [
      [schemaName(name, 'input'), jsonSchemaOf(input, 'input')],
      [schemaName(name, 'output'), jsonSchemaOf(output, 'output')],
    ]),
  );
}
