import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  // The sandbox imports nothing from the rest of src, so it must declare shared names again.
  (file) => file.endsWith('.ts') && !file.startsWith(`sandbox${sep}`),
);

/** Parts of a tool's declaration. Every tool has its own, and none exports them. */
const partsOfDeclarations = new Set([
  'input',
  'output',
  'text',
  'number',
  'line',
  'lineOf',
  'usualFields',
  'shownFields',
  'Given',
  'Result',
]);

const declaration = /^(export )?(?:abstract )?(?:async )?(?:function\*?|const|let|type|interface|class) (\w+)/gm;

it('every exported name is declared in only one file, so that it has one meaning everywhere', () => {
  const declaredIn = new Map<string, string[]>();
  for (const file of files) {
    const names = [...readFileSync(join(src, file), 'utf8').matchAll(declaration)]
      .filter(([, exported, name = '']) => exported !== undefined || !partsOfDeclarations.has(name))
      .map(([, , name = '']) => name);
    for (const name of new Set(names)) declaredIn.set(name, [...(declaredIn.get(name) ?? []), file]);
  }
  expect(declaredIn.size).toBeGreaterThan(500);
  expect([...declaredIn].filter(([, where]) => where.length > 1)).toEqual([]);
});
