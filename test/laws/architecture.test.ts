import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importTable } from './import-table.ts';

const src = resolve(import.meta.dirname, '../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|cjs)$/.test(file));
const read = (file: string) => readFileSync(join(src, file), 'utf8');

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

describe('the code in src', () => {
  it('has an import table without a cycle: a room may import only from rows before its own row, and from itself', () => {
    const rooms = Object.keys(importTable);
    const upward = rooms.flatMap((room, i) =>
      importTable[room]!.filter((other) => !rooms.slice(0, i + 1).includes(other)).map((other) => [room, other]),
    );
    expect(upward).toEqual([]);
  });

  it('has every room in the import table', () => {
    expect(new Set(files.map(roomOf))).toEqual(new Set([...Object.keys(importTable), 'cli']));
  });

  it.each(files.filter((file) => roomOf(file) !== 'cli'))('contains only imports that the table allows: %s', (file) => {
    const strangers = importsOf(file).filter((target) => !importTable[roomOf(file)]?.includes(roomOf(target)));
    expect(strangers).toEqual([]);
  });

  it('loads postgres only where a database is used: outside of it, no file imports it at its start', () => {
    const imports = /^import (?!type )[^;]*'\.[^']*\/postgres\//m;
    expect(files.filter((file) => roomOf(file) !== 'postgres' && imports.test(read(file)))).toEqual([]);
  });

  it('reads the environment only in cli/config.ts', () => {
    expect(files.filter((file) => /process\.env\b/.test(read(file)))).toEqual([join('cli', 'config.ts')]);
  });

  it('writes to stdout and ends the process only in cli', () => {
    const speakers = files.filter((file) => /\bconsole\.(log|info|warn|error|debug)\b|process\.(exit|stdout)\b/.test(read(file)));
    expect(speakers.filter((file) => roomOf(file) !== 'cli')).toEqual([]);
  });

  it('sends a write to Zoho only in write/send.ts', () => {
    expect(files.filter((file) => /\bzoho\s*\.send\(/.test(read(file)))).toEqual([join('write', 'send.ts')]);
  });

  it('writes only the protocol to stdout while a server runs', () => {
    expect(read(join('cli', 'serve.ts'))).not.toMatch(/console\.log|stdout\.write/);
  });
});
