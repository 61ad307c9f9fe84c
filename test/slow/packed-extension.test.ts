import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolsets, workflows } from '../../src/catalogue.ts';
import { pack } from '../support/pack.ts';
import { node } from '../support/program.ts';

/** Tests the .mcpb as a host installs it: unpacked into its own folder and started as the manifest says. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const mcpb = join(root, 'node_modules/@anthropic-ai/mcpb/dist/cli/cli.js');
const built = join(root, 'dist/zoho-payments-mcp.cjs');

interface Manifest {
  readonly compatibility: { readonly platforms: string[] };
  readonly server: { readonly entry_point: string; readonly mcp_config: { readonly command: string; readonly args: string[] } };
}

describe('the packed extension of Claude Desktop', () => {
  // Outside the project, so that the extension cannot use the project's node_modules.
  const folder = mkdtempSync(join(tmpdir(), 'zoho-payments-pack-test-'));
  const installed = join(folder, 'installed');

  beforeAll(() => {
    if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build" first, as "npm test" does.`);
    pack(join(folder, 'zoho-payments.mcpb'));
    execFileSync(process.execPath, [mcpb, 'unpack', join(folder, 'zoho-payments.mcpb'), installed], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('contains every file that its manifest names, and starts from its own folder', async () => {
    const { server } = JSON.parse(readFileSync(join(installed, 'manifest.json'), 'utf8')) as Manifest;
    expect(existsSync(join(installed, server.entry_point))).toBe(true);
    const { command, args } = server.mcp_config;
    const transport = new StdioClientTransport({
      command: command === 'node' ? node : command,
      args: args.map((arg) => arg.replaceAll('${__dirname}', installed)),
      cwd: installed,
      env: { PATH: process.env['PATH'] ?? '', ZOHO_PAYMENTS_SANDBOX: 'memory' },
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
        ...workflows.map(({ name }) => name),
        ...toolsets.payments.map(({ name }) => name),
        'list_writes',
      ]);
      const { structuredContent } = await client.callTool({ name: 'list_customer_payments', arguments: { per_page: 1 } });
      expect(structuredContent).toMatchObject({ sandbox: true, customerpayments: [{ payment_id: expect.any(String) as string }] });
    } finally {
      await client.close();
    }
  });

  const { platforms } = (JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as Manifest).compatibility;
  it.each(platforms.flatMap((platform) => ['x64', 'arm64'].map((cpu) => [platform, cpu])))(
    'contains the native packages for %s with %s',
    (platform, cpu) => {
      const files = (folder: string) => readdirSync(join(installed, 'node_modules', folder), { encoding: 'utf8', recursive: true });
      const libraries = platform === 'linux' ? ['glibc', 'musl'] : ['glibc'];
      const sqlite = files(`@photostructure/sqlite/prebuilds/${platform}-${cpu}`);
      for (const library of libraries) expect(sqlite).toContainEqual(expect.stringContaining(`${library}.node`));
      const keychain = { darwin: [''], win32: ['-msvc'], linux: ['-gnu', '-musl'] }[platform] ?? [];
      expect(keychain).toHaveLength(libraries.length);
      for (const kind of keychain)
        expect(files(`@napi-rs/keyring-${platform}-${cpu}${kind}`)).toContain(`keyring.${platform}-${cpu}${kind}.node`);
    },
  );

  it('loads the native packages, which are not in the bundle', () => {
    const script =
      'const { DatabaseSync } = require("@photostructure/sqlite"); ' +
      'console.log(new DatabaseSync(":memory:").prepare("select 1 as one").get().one)';
    expect(execFileSync(node, ['-e', script], { cwd: installed, encoding: 'utf8' }).trim()).toBe('1');
    const keychain = 'console.log(typeof require("@napi-rs/keyring").AsyncEntry)';
    expect(execFileSync(node, ['-e', keychain], { cwd: installed, encoding: 'utf8' }).trim()).toBe('function');
  });
});
