import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callbackPage, type PageName } from './callback-page.ts';
import { ProblemError } from './cli-error.ts';

/** The address on this machine to which Zoho's consent page sends the browser back, once. */
export interface Callback {
  readonly redirectUri: string;
  /** The query of the one answer that carries our state. What else comes to the address changes nothing. */
  readonly answer: Promise<URLSearchParams>;
  close(): void;
}

/** Where it listens when nothing else does: always the same, since Zoho wants to know the address beforehand. */
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
    // Another name for this machine in Host is a page elsewhere that had its own name led here.
    if (headers.host !== new URL(redirectUri).host || method !== 'GET' || address?.pathname !== '/callback')
      return show(response, 404, 'elsewhere');
    if (taken || !same(address.searchParams.get('state') ?? '', state)) return show(response, 400, 'stranger');
    taken = true;
    const { searchParams } = address;
    // Not before the browser has its page: then nobody listens any more.
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
  await (port === undefined ? listen(USUAL_PORT).catch(() => listen(0)) : listen(port)).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'another program has it' : String(error.code);
    throw new ProblemError(`port ${port} cannot be used (${why}): choose another with --port`, { exitCode: 1, cause: error });
  });
  redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;

  return {
    redirectUri,
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
  // The code is in the page's address.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
};

function show(response: ServerResponse, status: number, page: PageName): void {
  response.writeHead(status, headers).end(callbackPage(page));
}

/** In a time that tells nothing of where they differ. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
