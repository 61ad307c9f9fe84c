import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|cjs)$/.test(file));
const read = (file: string) => readFileSync(join(src, file), 'utf8');

/**
 * What of ours each room may import, the lowest first: a room is a folder of src, or a file that stands alone. Tools that read and tools
 * that write share folders and stand on different floors, since what is checked before a write is read with the former. Rooms that do not
 * name themselves have files that know nothing of each other. Above them all is cli, which joins them.
 */
const allowed: Record<string, readonly string[]> = {
  concern: [],
  'error-codes': [],
  'foreign-text': [],
  json: [],
  money: [],
  report: [],
  time: [],
  toolsets: [],
  trace: [],
  sandbox: ['sandbox'],
  'answer-cache': [],
  conform: ['json', 'money'],
  errors: ['concern', 'error-codes', 'foreign-text', 'report'],
  endpoint: ['concern', 'conform', 'json', 'report'],
  reader: ['answer-cache', 'endpoint', 'json'],
  workflow: ['json', 'report', 'endpoint', 'reader'],
  machine: ['machine'],
  records: ['endpoint', 'errors', 'foreign-text', 'json', 'money', 'report', 'records'],
  'endpoints that read': ['endpoint', 'foreign-text', 'json', 'money', 'report', 'records'],
  reading: ['endpoint', 'errors', 'json', 'money', 'records', 'endpoints that read', 'reading'],
  preflight: [
    'concern',
    'endpoint',
    'errors',
    'json',
    'money',
    'report',
    'time',
    'reader',
    'records',
    'endpoints that read',
    'reading',
    'preflight',
  ],
  'endpoints that write': [
    'concern',
    'endpoint',
    'errors',
    'json',
    'money',
    'report',
    'reader',
    'records',
    'endpoints that read',
    'reading',
    'preflight',
  ],
  matching: ['endpoint', 'errors', 'foreign-text', 'json', 'money', 'time', 'records', 'endpoints that read', 'reading', 'matching'],
  workflows: [
    'endpoint',
    'errors',
    'json',
    'money',
    'report',
    'workflow',
    'records',
    'endpoints that read',
    'reading',
    'endpoints that write',
    'matching',
  ],
  catalogue: ['endpoint', 'toolsets', 'workflow', 'endpoints that read', 'endpoints that write', 'workflows'],
  zoho: ['answer-cache', 'error-codes', 'endpoint', 'errors', 'foreign-text', 'json', 'time', 'trace', 'machine', 'zoho'],
  'write/journal': ['foreign-text', 'json', 'report', 'errors', 'endpoint', 'machine', 'write/journal'],
  write: [
    'concern',
    'endpoint',
    'errors',
    'foreign-text',
    'json',
    'money',
    'report',
    'time',
    'reader',
    'workflow',
    'machine',
    'zoho',
    'write/journal',
    'write',
  ],
  mcp: [
    'answer-cache',
    'concern',
    'error-codes',
    'endpoint',
    'errors',
    'foreign-text',
    'json',
    'money',
    'report',
    'time',
    'trace',
    'workflow',
    'records',
    'endpoints that read',
    'reading',
    'matching',
    'catalogue',
    'zoho',
    'write/journal',
    'write',
    'mcp',
  ],
};

function roomOf(file: string): string {
  const [folder = '', ...rest] = file.split(sep);
  if (folder === 'endpoints') return /^(get|list)-/.test(rest.at(-1) ?? '') ? 'endpoints that read' : 'endpoints that write';
  if (folder === 'write' && rest[0] === 'journal') return 'write/journal';
  return folder.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  const specifiers = [...read(file).matchAll(/(?:from|import|require)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) => specifier ?? '');
  return specifiers.map((specifier) => relative(src, resolve(src, dirname(file), specifier)));
}

describe('the house keeps its order', () => {
  it('has no circle: each room imports only from those before it in the table, and from itself', () => {
    const rooms = Object.keys(allowed);
    const upward = rooms.flatMap((room, i) =>
      allowed[room]!.filter((other) => !rooms.slice(0, i + 1).includes(other)).map((other) => [room, other]),
    );
    expect(upward).toEqual([]);
  });

  it('covers every room of src', () => {
    expect(new Set(files.map(roomOf))).toEqual(new Set([...Object.keys(allowed), 'cli']));
  });

  it.each(files.filter((file) => roomOf(file) !== 'cli'))('%s imports only what its room may', (file) => {
    const strangers = importsOf(file).filter((target) => !allowed[roomOf(file)]?.includes(roomOf(target)));
    expect(strangers).toEqual([]);
  });

  it('only cli/config.ts reads the environment', () => {
    expect(files.filter((file) => /process\.env\b/.test(read(file)))).toEqual([join('cli', 'config.ts')]);
  });

  it('only cli writes to stdout or ends the process', () => {
    const speakers = files.filter((file) => /\bconsole\.(log|info|warn|error|debug)\b|process\.(exit|stdout)\b/.test(read(file)));
    expect(speakers.filter((file) => roomOf(file) !== 'cli')).toEqual([]);
  });

  it('serving writes nothing to stdout but the protocol', () => {
    expect(read(join('cli', 'serve.ts'))).not.toMatch(/console\.log|stdout\.write/);
  });
});
