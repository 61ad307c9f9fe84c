import { isIP } from 'node:net';
import { anyOf, type Callers } from '../http/callers.ts';
import { addressList } from '../http/client-address.ts';
import { createDoor } from '../http/door.ts';
import { openIssuer } from '../http/issuer.ts';
import { listen } from '../http/node-server.ts';
import { openStaticTokens, TokensError } from '../http/static-tokens.ts';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import type { Started } from '../started.ts';
import type { Log } from '../trace.ts';
import { writesSettled } from '../write/send.ts';
import { atMost } from './at-most.ts';
import { ConfigError, type Config } from './config.ts';
import { openServersMemory } from './database.ts';
import { createLog } from './log.ts';
import { openBooks } from './served-books.ts';

/** The options of `serve --http`, as the operator wrote them. */
export interface HttpFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly 'public-url'?: string | undefined;
  readonly 'trust-proxy'?: string | undefined;
  readonly 'allow-origin'?: string | undefined;
  readonly 'auth-tokens'?: string | undefined;
  readonly 'auth-issuer'?: string | undefined;
  readonly 'auth-audience'?: string | undefined;
}

const DEFAULT_PORT = 8787;

/** How long writes that were sent may take after the signal to stop. */
const DRAIN_MS = 30_000;

/** Serves MCP over HTTP until the process gets a signal to stop. */
export async function serveHttp(config: Config, started: Started, flags: HttpFlags): Promise<void> {
  const { host = '127.0.0.1', port = DEFAULT_PORT } = flags;
  const { publicUrl, origins, trusted } = settingsOf(flags, host, port);
  const callers = callersOf(flags, createLog(config.log));
  const isLocal = LOOPBACK_HOSTS.includes(inUrl(host));
  if (!isLocal && callers === undefined)
    throw new ConfigError(
      `--host ${host} lets other machines in, but nobody has to identify themselves: add --auth-tokens FILE or --auth-issuer URL, or use --host 127.0.0.1.`,
    );
  if (!isLocal && flags['public-url'] === undefined)
    throw new ConfigError(`--host ${host} needs --public-url, the https address that clients use.`);
  const memory = await openServersMemory(config);
  const { books, log, close, resolveLeftoversSoon } = openBooks(config, started, memory);
  const door = createDoor({
    endpoints: [{ path: '/mcp', organization: config.organizationId ?? '', books }],
    publicUrl,
    hosts: [...LOOPBACK_HOSTS, inUrl(host)],
    origins,
    callers,
    trusted,
    log,
  });
  const server = await listen(door.answer, { host, port }).catch(async (error: NodeJS.ErrnoException) => {
    await memory?.close();
    throw new ConfigError(`the server cannot listen on ${host}:${port} (${error.code ?? error.name}): use another --host or --port.`);
  });
  process.stderr.write(`zoho-payments-mcp: serving MCP on http://${inUrl(host)}:${server.address.port}/mcp\n`);
  resolveLeftoversSoon();

  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await atMost(
      DRAIN_MS,
      door.drained().then(() => writesSettled()),
    );
    await door.close();
    await server.close();
    await close();
    await memory?.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end());
}

/** The host as it is written in an address. */
const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

function settingsOf(flags: HttpFlags, host: string, port: number) {
  const named = flags['public-url'];
  const publicUrl = new URL(named === undefined ? `http://${inUrl(host)}:${port}` : originIn('--public-url', named));
  if (publicUrl.protocol !== 'https:' && !LOOPBACK_HOSTS.includes(publicUrl.hostname) && named !== undefined)
    throw new ConfigError('--public-url must be an https address, because tokens must not travel unencrypted.');
  const trusted = addressList(partsOfList(flags['trust-proxy']));
  if (trusted === undefined) throw new ConfigError('--trust-proxy must list addresses or networks, such as 10.0.0.5 or 10.0.0.0/8.');
  return { publicUrl, trusted, origins: new Set(partsOfList(flags['allow-origin']).map((origin) => originIn('--allow-origin', origin))) };
}

function originIn(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && (text === url.origin || text === `${url.origin}/`)) return url.origin;
  throw new ConfigError(`${option} must be an address without a path, such as https://payments.example.com.`);
}

/** The issuer as written, because tokens must have exactly this name. */
function issuerIn(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)));
  if (isSafe && url.search === '' && url.hash === '' && url.username === '' && url.password === '') return text;
  throw new ConfigError('--auth-issuer must be an https address without "?" and "#", such as https://login.example.com.');
}

const partsOfList = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

function callersOf(flags: HttpFlags, log: Log): Callers | undefined {
  const { 'auth-tokens': file, 'auth-issuer': issuer, 'auth-audience': audience } = flags;
  if (audience !== undefined && issuer === undefined) throw new ConfigError('--auth-audience needs --auth-issuer.');
  if (audience?.trim() === '') throw new ConfigError('--auth-audience must not be empty.');
  const kinds = issuer === undefined ? [] : [openIssuer({ issuer: issuerIn(issuer), audience })];
  if (file === undefined) return anyOf(kinds);
  try {
    return anyOf([openStaticTokens(file, log), ...kinds]);
  } catch (error) {
    if (!(error instanceof TokensError)) throw error;
    throw new ConfigError(`the tokens ${JSON.stringify(file)} cannot be used: ${error.message}.`);
  }
}
