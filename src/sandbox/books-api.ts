import { accessTokenScope } from './tokens.ts';
import { ZohoError, badToken, badUrl, internalError, scopeMissing, tooManyAtOnce, wrongMethod, wrongOrganization } from './errors.ts';
import { countCall, quotaHeaders } from './limits.ts';
import { type Arrival, type Reply, jsonReply } from './message.ts';
import { type Match, type Route, matchRoute } from './routes.ts';
import { type Call, ORGANIZATION_ID, type World } from './world.ts';

export const BOOKS_PREFIX = '/books/v3';

/**
 * Answers one Books request in one transaction: checks token, scope, organization and limits, then calls the handler. If `keep` is
 * false, rolls the handler's changes back and returns only its answer. `inProcess` includes this request.
 */
export async function answerBooks(world: World, arrival: Arrival, inProcess: number, keep: boolean): Promise<Reply> {
  return world.store.transaction(() => {
    const now = world.now();
    const match = matchRoute(arrival.method, arrival.path.slice(BOOKS_PREFIX.length));
    const reply = guarded(() => {
      admit(world, arrival, match, now, inProcess);
      return world.store.attempt(keep, () => handle(world, arrival, match, now));
    });
    const allow = match.methods.length > 0 ? { allow: ['OPTIONS', ...match.methods].join(', ') } : {};
    const quota = quotaHeaders(world.store, world.limits, now);
    return { ...reply, headers: { ...COMMON_HEADERS, ...quota, ...allow, ...reply.headers } };
  });
}

/** As in the live recordings, so that clients are tested with the real headers. */
const COMMON_HEADERS: Record<string, string> = {
  server: 'ZGS',
  'cache-control': 'no-store, no-cache, must-revalidate, private',
  'content-disposition': 'attachment;',
};

function admit(world: World, arrival: Arrival, match: Match, now: number, inProcess: number): void {
  const scope = accessTokenScope(world.store, bearer(arrival), now);
  if (scope === undefined) throw badToken();
  if (match.route && !covers(scope, match.route)) throw scopeMissing();
  // Zoho's answer without organization_id is unknown. The sandbox refuses: a client with several organizations needs to see the mistake.
  const organizationNeeded = match.route?.path !== '/organizations';
  if (organizationNeeded && arrival.query.get('organization_id') !== ORGANIZATION_ID) throw wrongOrganization();
  if (inProcess > world.limits.concurrent) throw tooManyAtOnce();
  countCall(world.store, world.limits, now);
}

function handle(world: World, arrival: Arrival, match: Match, now: number): Reply {
  if (match.methods.length === 0) throw badUrl();
  if (!match.route) throw wrongMethod(arrival.method, match.methods.join(', '));
  const call: Call = { world, store: world.store, arrival, params: match.params, now, applied: [] };
  const reply = match.route.handle(call);
  return call.applied.length > 0 ? { ...reply, applied: [...new Set(call.applied)] } : reply;
}

/** Errors of Zoho are answered in the envelope. A failure of the sandbox itself is a 500, and its text goes only to the request log. */
function guarded(work: () => Reply): Reply {
  try {
    return work();
  } catch (error) {
    const refusal = error instanceof ZohoError ? error : internalError();
    const reply = jsonReply(refusal.status, { code: refusal.code, message: refusal.message }, refusal.headers);
    return error instanceof ZohoError ? reply : { ...reply, failure: String(error instanceof Error ? error.stack : error) };
  }
}

/** `Zoho-oauthtoken` is the documented scheme. Zoho also accepts `Bearer`. */
function bearer(arrival: Arrival): string {
  return /^(?:Zoho-oauthtoken|Bearer)\s+(\S+)$/i.exec(arrival.headers.authorization ?? '')?.[1] ?? '';
}

function covers(granted: string, route: Route): boolean {
  const [module = ''] = route.scope.split('.');
  const enough = new Set(
    [`zohobooks.${route.scope}`, `zohobooks.${module}.all`, 'zohobooks.fullaccess.all'].map((name) => name.toLowerCase()),
  );
  return granted
    .toLowerCase()
    .split(/[\s,]+/)
    .some((scope) => enough.has(scope));
}
