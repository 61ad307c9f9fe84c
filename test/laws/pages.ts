import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The pages of the documentation, and parts of them. */

export const fileAt = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
export const read = (path: string) => readFileSync(fileAt(path), 'utf8');

/** Pages for users and operators. */
export const userPages: readonly string[] = [
  'README.md',
  ...readdirSync(fileAt('docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** All pages. */
export const pages: readonly string[] = [...userPages, 'src/README.md'];

/** The text between `<!-- name… -->` and `<!-- /name -->`, without its code fence. */
export function fenced(page: string, name: string): string {
  const found = new RegExp(`<!-- ${name}\\b.*? -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\`\\n<!-- /${name} -->`).exec(read(page));
  if (found === null) throw new Error(`${page} has no ${name}`);
  return found[1]!;
}
