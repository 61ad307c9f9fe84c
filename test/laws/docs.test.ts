import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { endpoints, leastScopes, scopesMissing, toolsets, workflows } from '../../src/catalogue.ts';
import { readConfig } from '../../src/cli/config.ts';
import { commands } from '../../src/cli/help.ts';
import { concerns } from '../../src/concern.ts';
import { isRead, scopeOf } from '../../src/endpoint.ts';
import { codesByRetry, type Retry } from '../../src/error-codes.ts';
import { listChartOfAccounts } from '../../src/matching/chart-of-accounts.ts';
import { listWrites } from '../../src/mcp/list-writes.ts';
import { limitsResource } from '../../src/mcp/resources.ts';
import { tokensSchema } from '../../src/http/static-tokens.ts';
import { policySchema } from '../../src/write/policy.ts';
import { dataCenter, dataCenterNames, type DataCenterName } from '../../src/zoho/data-centers.ts';
import { zohoCalls } from '../../src/zoho-calls.ts';
import { shown } from '../evals/shown.ts';
import { startSandbox } from '../support/sandbox.ts';
import { importTable } from './import-table.ts';
import { listConversations } from './list-conversations.ts';
import { fileAt, pages, read } from './pages.ts';

const firstLine = (text: string) => text.split('\n', 1)[0] ?? '';

/** Replaces the text between `<!-- name: … -->` and `<!-- /name -->`. */
function withPart(text: string, name: string, part: string): string {
  const found = new RegExp(`(<!-- ${name}:.*? -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  expect(text).toMatch(found);
  return text.replace(found, (_, start: string, end: string) => `${start}${part}\n${end}`);
}

/** Escapes `|`, which would end the cell of a table. */
const cell = (text: string) => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map((text) => cell(String(text))).join(' | ')} |`).join('\n');

/** Compares these parts of a page with the generated text, or rewrites them with `-u`. */
async function generated(page: string, parts: Readonly<Record<string, string>>): Promise<void> {
  const text = Object.entries(parts).reduce((text, [name, part]) => withPart(text, name, part), read(page));
  await expect(text).toMatchFileSnapshot(`../../${page}`);
}

describe('the generated parts are up to date in', () => {
  it('README.md', async () => {
    const rowsOf = (tools: readonly { name: string; description: string }[]) =>
      table(
        ['tool', 'what it does'],
        tools.map(({ name, description }) => [`\`${name}\``, firstLine(description)]),
      );
    await generated('README.md', {
      workflows: rowsOf(workflows),
      payments: rowsOf([...toolsets.payments, listWrites]),
      lookups: rowsOf(toolsets.lookups),
    });
  });

  it('docs/pipelines.md', async () => {
    const programs: Record<Retry, string> = {
      same_call:
        'repeat the same call, but not before `retry_at`. Without `retry_at` wait five seconds, and double the wait each time, up to five ' +
        'minutes. `day_limit` can last until midnight, so set a limit for your own waiting. After `outcome_unknown` and ' +
        '`unresolved_write`, repeat the call until the answer is `recorded` or a different code',
      corrected_call:
        'make another call, as `next` says: the same call would fail again. After `suspected_duplicate`, ask a person. ' +
        'If it is a different payment, add `allow_duplicate_of` from `structuredContent.next[0].arguments`. ' +
        'After `approval_needed` (not in `host` mode), show a person `structuredContent.question`, ' +
        'then add `approval` with the code in `structuredContent.approval`',
      never:
        'stop: somebody must change something else first, as `next` says. ' +
        'With `"refuse": ["duplicate"]` in the policy, a possible duplicate is `against_policy` instead of `suspected_duplicate`',
    };
    const errors = Object.entries(codesByRetry).map(([retry, codes]) => [
      `\`${retry}\``,
      codes.map((code) => `\`${code}\``).join(', '),
      programs[retry as Retry],
    ]);
    const operations = [...toolsets.payments, ...toolsets.lookups].map((endpoint) => [
      `\`${endpoint.name}\``,
      `${endpoint.method} ${endpoint.path}`,
      scopeOf(endpoint).replace('ZohoBooks.', ''),
    ]);
    const resources = endpoints.filter(isRead).flatMap((endpoint) => endpoint.resources ?? []);
    await generated('docs/pipelines.md', {
      errors: table(['`error.retry`', '`error.code`', 'what your program must do'], errors),
      operations: table(['tool', 'Zoho call', 'scope'], operations),
      resources: table(
        ['resource', 'what it is'],
        [...resources, limitsResource].map(({ uri, title }) => [`\`${uri.replace('{?}', '?filter=value&…')}\``, title]),
      ),
      calls: table(
        ['tool', 'calls', 'for', 'when more or fewer'],
        Object.entries(zohoCalls).map(([name, { calls, usual = '', more = '' }]) => [`\`${name}\``, calls, usual, more]),
      ),
    });
  });

  it('docs/safety.md', async () => {
    await generated('docs/safety.md', {
      concerns: table(
        ['code', 'what it means'],
        Object.entries(concerns).map(([code, text]) => [`\`${code}\``, text]),
      ),
    });
  });

  it('docs/hosts.md', async () => {
    const { server, user_config } = JSON.parse(read('manifest.json')) as {
      server: { mcp_config: { env: Record<string, string> } };
      user_config: Record<string, { title: string; description: string }>;
    };
    const rows = Object.entries(server.mcp_config.env).map(([variable, value]) => {
      const field = Object.entries(user_config).find(([name]) => value === `\${user_config.${name}}`)?.[1];
      return [field?.title ?? '', `\`${variable}\``, field?.description ?? ''];
    });
    await generated('docs/hosts.md', { fields: table(['field', 'variable', 'meaning'], rows) });
  });

  it('docs/configuration.md', async () => {
    const parts = Object.entries(commands).flatMap(([name, { usage, does, options, more = [] }]) => [
      `### \`${name}\``,
      [`\`${usage}\`: ${does}.`, ...more].join(' '),
      ...(options.length === 0
        ? []
        : [
            table(
              ['option', 'meaning'],
              options.map(([written, means]) => [`\`${written}\``, means]),
            ),
          ]),
    ]);
    await generated('docs/configuration.md', { options: parts.join('\n\n') });
  });

  it('docs/connect.md', async () => {
    const countries: Record<DataCenterName, string> = {
      us: 'United States',
      eu: 'Europe',
      in: 'India',
      au: 'Australia',
      jp: 'Japan',
      ca: 'Canada',
      cn: 'China',
      sa: 'Saudi Arabia',
    };
    const reading = leastScopes({ readOnly: true });
    const writing = leastScopes({ readOnly: false });
    // `ALL` replaces the scopes of a module only if tools need each of them, so it grants nothing that no tool uses.
    const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const;
    const shorter = (scope: string) => {
      const [, module = ''] = scope.split('.');
      return methods.every((method) => writing.includes(scopeOf({ method, module }))) ? `ZohoBooks.${module}.ALL` : scope;
    };
    const short = [...new Set(writing.map(shorter))];
    expect(scopesMissing(writing, short)).toEqual([]);
    const charts = scopeOf(listChartOfAccounts);
    expect(writing).not.toContain(charts);
    const scopes = [
      ['to read and to record', short],
      ['only to read', reading],
      ['in addition, to find accounts for bank charges and tax by name', [charts]],
    ] as const;
    await generated('docs/connect.md', {
      scopes: scopes.map(([why, names]) => `- ${why}: \`${names.join(',')}\``).join('\n'),
      'data-centers': table(
        ['data center', '`ZOHO_DATA_CENTER`', 'accounts server'],
        dataCenterNames.map((name) => [
          countries[name],
          `\`${name}\`${name === 'us' ? ' (default)' : ''}`,
          new URL(dataCenter(name).accountsUrl).host,
        ]),
      ),
    });
  });

  it('docs/practice-books.md', async () => {
    const sandbox = await startSandbox();
    const guide = await fetch(`${sandbox.url}/__sandbox`)
      .then(async (response) => (await response.json()) as { endpoints: Record<string, string> })
      .finally(() => sandbox.close());
    await generated('docs/practice-books.md', {
      conversations: await shown({
        Recording: 'cash for an invoice',
        Refunding: 'overpaid and refunded',
        'Looking up': 'refunds of a month',
        Correcting: 'paid twice',
      }),
      lists: await listConversations(),
      controls: table(
        ['control', 'what it does'],
        Object.entries(guide.endpoints).map(([control, does]) => [`\`${control}\``, does]),
      ),
    });
  });

  it('src/README.md', async () => {
    // Consecutive rooms with the same imports share a row.
    const rows: { rooms: string[]; imports: string }[] = [];
    for (const [room, others] of Object.entries(importTable)) {
      const imports = others.map((other) => (other === room ? 'itself' : other)).join(', ') || 'no room';
      if (rows.at(-1)?.imports === imports) rows.at(-1)!.rooms.push(room);
      else rows.push({ rooms: [room], imports });
    }
    const imports = ['| room | may import |', '| --- | --- |', ...rows.map(({ rooms, imports }) => `| ${rooms.join(', ')} | ${imports} |`)];
    await expect(withPart(read('src/README.md'), 'imports', imports.join('\n'))).toMatchFileSnapshot('../../src/README.md');
  });

  it('manifest.json', async () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const manifest = JSON.parse(read('manifest.json')) as object;
    const tools = [...workflows, ...toolsets.payments, listWrites].map(({ name, description }) => ({
      name,
      description: firstLine(description),
    }));
    await expect(`${JSON.stringify({ ...manifest, version, tools }, null, 2)}\n`).toMatchFileSnapshot('../../manifest.json');
  });
});

describe('the policy file', () => {
  it('has a published JSON Schema that is up to date', async () => {
    const schema = { title: 'Policy of zoho-payments-mcp', ...z.toJSONSchema(policySchema, { io: 'input' }) };
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../src/write/policy.schema.json');
  });
});

describe('the file of tokens', () => {
  it('has a published JSON Schema that is up to date', async () => {
    const schema = { title: 'Tokens of callers of zoho-payments-mcp', ...z.toJSONSchema(tokensSchema, { io: 'input' }) };
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../src/http/tokens.schema.json');
  });
});

describe('manifest.json', () => {
  const manifest = JSON.parse(read('manifest.json')) as {
    server: { mcp_config: { env: Record<string, string> } };
    user_config: Record<string, { required?: boolean; sensitive?: boolean }>;
  };

  it('passes the validation of the official tool', () => {
    const said = execFileSync(
      process.execPath,
      [fileAt('node_modules/@anthropic-ai/mcpb/dist/cli/cli.js'), 'validate', fileAt('manifest.json')],
      { encoding: 'utf8' },
    );
    expect(said).toContain('Manifest schema validation passes!');
  });

  it('requires no setting, and marks secrets as sensitive', () => {
    expect(Object.entries(manifest.user_config).filter(([, { required }]) => required)).toEqual([]);
    expect(Object.keys(manifest.user_config).filter((name) => manifest.user_config[name]?.sensitive)).toEqual([
      'client_id',
      'client_secret',
      'refresh_token',
    ]);
  });

  it('passes only known settings, and empty settings count as not set', () => {
    const { env } = manifest.server.mcp_config;
    for (const value of Object.values(env))
      expect(Object.keys(manifest.user_config)).toContain(/^\$\{user_config\.(\w+)\}$/.exec(value)?.[1]);
    const known = readFileSync(fileAt('src/cli/config.ts'), 'utf8');
    for (const variable of Object.keys(env)) expect(known).toContain(`'${variable}'`);
    expect(readConfig(env)).toEqual(readConfig({}));
  });
});

describe('README.md', () => {
  it('can be read in two minutes: at most 14,000 bytes', () => {
    expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(14_000);
  });
});

describe('the pages in docs/', () => {
  it('list exactly the variables that the program reads', () => {
    const inCode = new Set(read('src/cli/config.ts').match(/\b(ZOHO|HTTPS?|NO|DATABASE)_[A-Z_]+\b/g));
    const inTable = new Set(
      read('docs/configuration.md')
        .match(/^\| `.*$/gm)
        ?.flatMap((row) => row.match(/\b(ZOHO|HTTPS?|NO|DATABASE)_[A-Z_]+\b/g) ?? []),
    );
    expect(inTable).toEqual(inCode);
  });

  it('list exactly the codes that errors can have', () => {
    const sources = readdirSync(fileAt('src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('sandbox') && file !== 'error-codes.ts')
      .map((file) => read(`src/${file}`));
    const unused = Object.values(codesByRetry)
      .flat()
      .filter((code) => !code.startsWith('ambiguous_') && !sources.some((source) => source.includes(`'${code}'`)));
    // The compiler checks that every code in use is listed.
    expect(unused).toEqual([]);
  });
});

describe('src/README.md', () => {
  const page = read('src/README.md');
  const sectionOf = (title: string) => page.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? '';
  const itemsOf = (title: string) => [...sectionOf(title).matchAll(/^- `(.+?)`:/gm)].map(([, name]) => name);

  it('names exactly the rooms and other files of src', () => {
    const entries = readdirSync(fileAt('src'), { withFileTypes: true });
    const rooms = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).filter((name) => name !== 'README.md');
    expect(itemsOf('The rooms').toSorted()).toEqual(rooms.toSorted());
  });

  it('names exactly the libraries of package.json', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
    const libraries = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(itemsOf('Libraries').toSorted()).toEqual(libraries.toSorted());
  });

  it('names only files and words that exist', () => {
    const paths = ['src', 'test'].flatMap((folder) =>
      readdirSync(fileAt(folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
    );
    const sources = paths.filter((path) => path.endsWith('.ts')).map(read);
    const words = new Set([...paths.map((path) => basename(path)), ...sources.flatMap((source) => source.match(/[\w.]+/g) ?? [])]);
    const commands = /^np[mx] /;
    const named = [...page.replace(sectionOf('Libraries'), '').matchAll(/`(.+?)`/g)].flatMap(([, code = '']) =>
      commands.test(code) ? (code.match(/\btest\/\S+/g) ?? []) : [code],
    );
    const unknown = named.filter((name) => !existsSync(fileAt(`src/${name}`)) && !existsSync(fileAt(name)) && !words.has(name));
    expect(unknown).toEqual([]);
  });
});

it.each(pages)('%s names only npm scripts that exist', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(page).matchAll(/npm run ([\w:]+)/g)].flatMap(([, name]) => name ?? []);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
