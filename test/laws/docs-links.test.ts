import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { commands, optionsOf, partsOf } from '../../src/cli/help.ts';
import { fileAt, pages, read, userPages } from './pages.ts';

const fence = /^( *)```[\s\S]*?^\1```$/gm;
const withoutFences = (page: string) => read(page).replace(fence, '');

/** The anchors of a page's headings, in GitHub's form. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(page).matchAll(/^#+ (.+)$/gm)) {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let unique = name;
    for (let n = 1; anchors.has(unique); n += 1) unique = `${name}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

describe('links in the documentation', () => {
  it.each(pages)('of %s lead to files and headings that exist', (page) => {
    const targets = [...withoutFences(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = targets
      .filter((target) => !target.startsWith('https:'))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const linked = path === '' ? page : join(dirname(page), path);
        return !existsSync(fileAt(linked)) || (anchor !== undefined && !anchorsOf(linked).has(anchor));
      });
    expect(broken).toEqual([]);
  });

  it('lead from README.md to every page', () => {
    const readme = read('README.md');
    expect(pages.filter((page) => page !== 'README.md' && !readme.includes(`](${page}`))).toEqual([]);
  });
});

describe('the documentation', () => {
  /** The code on a page, line by line. A code span can continue on the next line. */
  const codeOf = (page: string): string[] => [
    ...[...read(page).matchAll(fence)].flatMap(([block]) => block.split('\n').slice(1, -1)),
    ...[...withoutFences(page).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' ')),
  ];
  const others = /^\s*(npm|git|claude|codex|docker|curl) /;
  /** Options of other programs that the pages name without the program. */
  const foreign = ['--scope', '--env'];
  const optionsIn = (code: string) => [...code.matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].map(([, option = '']) => option);

  it.each(userPages)('names only options that exist: %s', (page) => {
    const known = new Set([...Object.keys(commands).flatMap(optionsOf), 'help', 'version']);
    const unknown = codeOf(page)
      .filter((code) => !others.test(code) && !foreign.some((option) => code.startsWith(option)))
      .flatMap(optionsIn)
      .filter((option) => !known.has(option));
    expect(unknown).toEqual([]);
  });

  it.each(userPages)('names only commands that exist, with options that they accept: %s', (page) => {
    const all = Object.keys(commands).filter((name) => !name.includes(' '));
    const program = /(?:zoho-payments-mcp\.cjs|npx zoho-payments-mcp) +(?=[a-z])/;
    const called = codeOf(page).flatMap((code) => {
      const behind = code.split(program)[1];
      if (behind !== undefined) return [behind];
      return all.some((name) => new RegExp(`^${name}( |$)`).test(code)) ? [code] : [];
    });
    const wrong = called.filter((call) => {
      const [first = '', second = ''] = call.replace(/#.*$/, '').trim().split(/ +/);
      if (!all.includes(first)) return true;
      const isPart = /^[a-z]+$/.test(second) && partsOf(first).length > 0;
      if (isPart && !partsOf(first).includes(second)) return true;
      // Text such as `journal …` can mean any part of the command.
      const names = isPart ? [`${first} ${second}`] : [first, ...partsOf(first).map((part) => `${first} ${part}`)];
      const takes = new Set(['help', 'version', ...names.flatMap(optionsOf)]);
      return optionsIn(call).some((option) => !takes.has(option));
    });
    expect(wrong).toEqual([]);
  });

  it.each(userPages)('names only variables that exist: %s', (page) => {
    const known = new Set(read('src/cli/config.ts').match(/\bZOHO_[A-Z_]+\b/g));
    expect((read(page).match(/\bZOHO_[A-Z_]*[A-Z]\b/g) ?? []).filter((name) => !known.has(name))).toEqual([]);
  });
});
