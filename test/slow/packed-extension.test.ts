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

/** The .mcpb as a host installs it: unpacked into a folder of its own, started as its manifest says. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const mcpb = join(root, 'node_modules/@anthropic-ai/mcpb/dist/cli/cli.js');
const built = join(root, 'dist/zoho-payments-mcp.cjs');

interface Manifest {
  readonly server: { readonly entry_point: string; readonly mcp_config: { readonly command: string; readonly args: string[] } };
}

describe('the packed extension', () => {
  // Away from the project, so that nothing of its node_modules is found.
  const folder = mkdtempSync(join(tmpdir(), 'zoho-payments-pack-test-'));
  const installed = join(folder, 'installed');

  beforeAll(() => {
    if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build" first, as "npm test" does.`);
    pack(join(folder, 'zoho-payments.mcpb'));
    execFileSync(process.execPath, [mcpb, 'unpack', join(folder, 'zoho-payments.mcpb'), installed], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds what its manifest names, and starts from its own folder', async () => {
    const { server } = JSON.parse(readFileSync(join(installed, 'manifest.json'), 'utf8')) as Manifest;
    expect(existsSync(join(installed, server.entry_point))).toBe(true);
    const { command, args } = server.mcp_config;
    const transport = new StdioClientTransport({
      command: command === 'node' ? process.execPath : command,
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

  it('brings the native package that the bundle leaves out, for every platform', () => {
    const prebuilt = 'node_modules/@photostructure/sqlite/prebuilds';
    expect(readdirSync(join(installed, prebuilt))).toEqual(readdirSync(join(root, prebuilt)));
    const script =
      'const { DatabaseSync } = require("@photostructure/sqlite"); ' +
      'console.log(new DatabaseSync(":memory:").prepare("select 1 as one").get().one)';
    expect(execFileSync(process.execPath, ['-e', script], { cwd: installed, encoding: 'utf8' }).trim()).toBe('1');
  });
});
