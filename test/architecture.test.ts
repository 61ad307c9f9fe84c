import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|cjs)$/.test(file));
const read = (file: string) => readFileSync(join(src, file), 'utf8');

/** Which folders and files of ours each may import. */
const allowed: Record<string, readonly string[]> = {
  concern: [],
  conform: ['money'],
  endpoint: ['concern', 'conform', 'report'],
  kept: [],
  reading: ['endpoint', 'kept'],
  workflow: ['endpoint', 'reading', 'report'],
  report: [],
  'error-codes': [],
  errors: ['concern', 'error-codes', 'foreign-text', 'report'],
  'foreign-text': [],
  money: [],
  trace: [],
  sandbox: ['sandbox'],
  machine: ['machine'],
  endpoints: ['endpoints', 'endpoint', 'concern', 'reading', 'errors', 'error-codes', 'report', 'foreign-text', 'money'],
  workflows: ['workflows', 'workflow', 'endpoints', 'endpoint', 'errors', 'error-codes', 'report', 'foreign-text', 'money'],
  zoho: ['zoho', 'machine', 'endpoint', 'kept', 'errors', 'error-codes', 'report', 'foreign-text', 'trace'],
  write: [
    'write',
    'endpoint',
    'concern',
    'reading',
    'workflow',
    'machine',
    'zoho',
    'errors',
    'error-codes',
    'report',
    'foreign-text',
    'money',
  ],
  mcp: [
    'mcp',
    'concern',
    'endpoint',
    'endpoints',
    'kept',
    'workflow',
    'workflows',
    'errors',
    'error-codes',
    'report',
    'foreign-text',
    'money',
    'trace',
    'write',
    'zoho',
  ],
};

const partOf = (file: string) => (file.split(sep)[0] ?? '').replace(/\.ts$/, '');

function importsOf(file: string): string[] {
  const specifiers = [...read(file).matchAll(/(?:from|import|require)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) => specifier ?? '');
  return specifiers.map((specifier) => relative(src, resolve(src, dirname(file), specifier)));
}

describe('the house keeps its order', () => {
  it('covers every part of src', () => {
    expect(new Set(files.map(partOf))).toEqual(new Set([...Object.keys(allowed), 'cli']));
  });

  it.each(files.filter((file) => partOf(file) !== 'cli'))('%s imports only what its part may', (file) => {
    const strangers = importsOf(file).filter((target) => !allowed[partOf(file)]?.includes(partOf(target)));
    expect(strangers).toEqual([]);
  });

  it('only cli/config.ts reads the environment', () => {
    expect(files.filter((file) => /process\.env\b/.test(read(file)))).toEqual([join('cli', 'config.ts')]);
  });

  it('only cli writes to stdout or ends the process', () => {
    const speakers = files.filter((file) => /\bconsole\.(log|info|warn|error|debug)\b|process\.(exit|stdout)\b/.test(read(file)));
    expect(speakers.filter((file) => partOf(file) !== 'cli')).toEqual([]);
  });

  it('serving writes nothing to stdout but the protocol', () => {
    expect(read(join('cli', 'serve.ts'))).not.toMatch(/console\.log|stdout\.write/);
  });
});
