import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

/** The pages for contributors name only things that exist. */

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('.github/CONTRIBUTING.md');

it.each(['.github/CONTRIBUTING.md', '.github/SECURITY.md', 'CHANGELOG.md'])('%s links only to files that exist', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

it.each(['.github/CONTRIBUTING.md', '.github/workflows/ci.yml', '.ci/run'])('%s names only scripts and test files that exist', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it('the example in CONTRIBUTING.md names only files that exist, except those that it creates', () => {
  const files = [...guide.matchAll(/\b(?:src|test)\/[\w/.-]*\w/g)].map(([file]) => file);
  const made = /credit[-_]notes/;
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => !made.test(file) && !existsSync(join(root, file)))).toEqual([]);
});

it('the code of the example in CONTRIBUTING.md imports only existing exports', () => {
  const imports = [...guide.matchAll(/^ *import (?:type )?\{ (.+) \} from '(\.[^']+)';$/gm)];
  expect(imports.length).toBeGreaterThan(7);
  for (const [line, names = '', from = ''] of imports) {
    const source = read(join('src', from.startsWith('./') ? 'sandbox' : 'endpoints/lookups', from));
    for (const name of names.split(', ').map((name) => name.replace('type ', '')))
      expect(source, line).toMatch(new RegExp(`^export (?:async )?(?:function|const|type|interface|class) ${name}\\b`, 'm'));
  }
});

it('the CI workflow and package.json have the same Node versions as npm run test:nodes', () => {
  const nodes = [...read('test/nodes.ts').matchAll(/'(\d+)': '/g)].map(([, major]) => Number(major));
  expect(read('.github/workflows/ci.yml')).toContain(`node: [${nodes.join(', ')}]`);
  expect(read('test/nodes.ts')).toContain(`'${nodes[0]}': '^${/>=(.+)/.exec(JSON.parse(read('package.json')).engines.node)?.[1]}'`);
});

it('the changelog has the version of package.json', () => {
  expect(read('CHANGELOG.md')).toContain(`## [${JSON.parse(read('package.json')).version}]`);
});
