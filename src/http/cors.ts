/** Cross-origin requests (CORS): which web pages a browser lets call this server. */

const METHODS = 'POST, GET, DELETE, OPTIONS';
const EXPOSED = 'WWW-Authenticate, Retry-After, Mcp-Session-Id';

/** Answers a browser that asks whether a page may call. The headers for allowed origins are in `corsHeaders`. */
export function preflight(request: Request): Response {
  const wanted = request.headers.get('access-control-request-headers');
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': METHODS,
      'access-control-max-age': '600',
      ...(wanted !== null && { 'access-control-allow-headers': wanted }),
    },
  });
}

/** The headers of every answer to a page of an allowed origin. */
export function corsHeaders(request: Request, allowed: ReadonlySet<string>): readonly (readonly [string, string])[] {
  const origin = request.headers.get('origin');
  if (origin === null || !allowed.has(origin)) return [];
  return [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', EXPOSED],
    ['vary', 'Origin'],
  ];
}
