import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callbackPage, type PageName } from './callback-page.ts';
import { ProblemError } from './cli-error.ts';

/** A local HTTP server for the redirect from Zoho's consent page. It accepts one answer. */
export interface Callback {
  readonly redirectUri: string;
  /** The default port, if another program uses it, so that the address differs from the usual one. */
  readonly usualPortTaken: number | undefined;
  /** The query of the first request with our `state`. All other requests are ignored. */
  readonly answer: Promise<URLSearchParams>;
  close(): void;
}

/** The default port. It is fixed because the redirect address must be registered at Zoho beforehand. */
const USUAL_PORT = 17_321;

export async function openCallback({ port, state }: { port: number | undefined; state: string }): Promise<Callback> {
  let answered!: (query: URLSearchParams) => void;
  const answer = new Promise<URLSearchParams>((resolve) => {
    answered = resolve;
  });
  let redirectUri = '';
  let taken = false;

  const server = createServer(({ method, url = '', headers }, response) => {
    const address = URL.canParse(url, redirectUri) ? new URL(url, redirectUri) : undefined;
    // Another name in the Host header is DNS rebinding: a foreign web page whose name resolves to this machine.
    if (headers.host !== new URL(redirectUri).host || method !== 'GET' || address?.pathname !== '/callback')
      return show(response, 404, 'elsewhere');
    if (taken || !same(address.searchParams.get('state') ?? '', state)) return show(response, 400, 'stranger');
    taken = true;
    const { searchParams } = address;
    // Answer only after the browser has its page, because the server is closed after the answer.
    response.once('close', () => answered(searchParams));
    const error = searchParams.get('error');
    if (error === 'access_denied') return show(response, 200, 'declined');
    show(response, 200, error === null && searchParams.has('code') ? 'arrived' : 'failed');
  });

  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  let usualPortTaken: number | undefined;
  const listenAnywhere = () => {
    usualPortTaken = USUAL_PORT;
    return listen(0);
  };
  await (port === undefined ? listen(USUAL_PORT).catch(listenAnywhere) : listen(port)).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'another program uses it' : String(error.code);
    throw new ProblemError(`port ${port} cannot be used (${why}): choose another port with --port`, { exitCode: 1, cause: error });
  });
  redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;

  return {
    redirectUri,
    usualPortTaken,
    answer,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cache-control': 'no-store',
  // The page's address holds the code.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
};

function show(response: ServerResponse, status: number, page: PageName): void {
  response.writeHead(status, headers).end(callbackPage(page));
}

/** Constant-time comparison. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
