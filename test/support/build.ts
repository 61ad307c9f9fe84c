import { chmodSync, copyFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { toolSchemas } from '../../src/mcp/prepared-schemas.ts';

/** Bundles the program into dist: one file to start, and parts that are loaded when they are needed. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');

/**
 * The SDK's HTTP part is in the same file as its core, and a file cannot be split between parts of the bundle. `src/http` gets its own copy of
 * this file, so that a server over stdio does not load it.
 */
const ownSdkForHttp: Plugin = {
  name: 'own SDK for HTTP',
  setup({ onResolve }) {
    onResolve({ filter: /^@modelcontextprotocol\/server$/ }, ({ importer, path }) =>
      importer.startsWith(join(root, 'src/http')) ? { path: fileURLToPath(import.meta.resolve(path)), suffix: '?http' } : undefined,
    );
  },
};

rmSync(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  define: { PREPARED_SCHEMAS: JSON.stringify(toolSchemas()) },
  plugins: [ownSdkForHttp],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  // These packages contain native code, so they cannot be bundled.
  external: ['@photostructure/sqlite', '@napi-rs/keyring'],
  // undici is CommonJS and requires Node's own modules at run time.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
});
copyFileSync(join(root, 'src/cli/launch.cjs'), join(dist, 'zoho-payments-mcp.cjs'));
copyFileSync(join(root, 'src/cli/start.cjs'), join(dist, 'start.cjs'));
copyFileSync(join(root, 'src/write/policy.schema.json'), join(dist, 'policy.schema.json'));
copyFileSync(join(root, 'src/http/tokens.schema.json'), join(dist, 'tokens.schema.json'));
chmodSync(join(dist, 'zoho-payments-mcp.cjs'), 0o755);

const bytes = readdirSync(dist).reduce((total, file) => total + statSync(join(dist, file)).size, 0);
console.log(`dist: ${Math.round(bytes / 1000)} kB`);
