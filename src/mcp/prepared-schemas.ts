import { endpoints, workflows } from '../catalogue.ts';
import type { Json } from '../json.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { listWrites } from './list-writes.ts';
import { schemaName } from './tool-schema.ts';
import { argumentsOf, outputOf } from './tools.ts';

/** The JSON Schemas of all tools. The build puts them into the program. */
export function toolSchemas(): Record<string, Json> {
  return Object.fromEntries(
    [...workflows, ...endpoints, listWrites].flatMap((tool) => [
      [schemaName(tool.name, 'input'), jsonSchemaOf(argumentsOf(tool), 'input')],
      [schemaName(tool.name, 'output'), jsonSchemaOf(outputOf(tool), 'output')],
    ]),
  );
}
