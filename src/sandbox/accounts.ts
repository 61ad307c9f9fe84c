import { problemPage } from './consent-page.ts';
import { decideConsent, showConsent } from './consent.ts';
import { type Arrival, type Reply, htmlReply, jsonReply } from './message.ts';
import { revoke, token } from './tokens.ts';
import type { World } from './world.ts';

/** Answers the accounts server's requests: everything under /oauth. */
export async function answerAccounts(world: World, arrival: Arrival, keep: boolean): Promise<Reply> {
  const handler = HANDLERS[`${arrival.method} ${arrival.path}`];
  if (!handler) return htmlReply(404, problemPage('Not found', 'This page does not exist on the accounts server.'));
  return world.store.transaction(() => world.store.attempt(keep, () => handler(world, arrival)));
}

type Handler = (world: World, arrival: Arrival) => Reply;

const HANDLERS: Record<string, Handler> = {
  'POST /oauth/v2/token': token,
  'POST /oauth/v2/token/revoke': revoke,
  'GET /oauth/v2/auth': showConsent,
  'POST /oauth/v2/auth': decideConsent,
  'GET /oauth/serverinfo': serverInfo,
};

/** Zoho's list of data centers. Only the one that the sandbox simulates leads to this machine. The exact shape is a guess. */
function serverInfo(world: World): Reply {
  return jsonReply(200, {
    result: 'success',
    locations: {
      us: world.url,
      eu: 'https://accounts.zoho.eu',
      in: 'https://accounts.zoho.in',
      au: 'https://accounts.zoho.com.au',
      jp: 'https://accounts.zoho.jp',
      ca: 'https://accounts.zohocloud.ca',
      cn: 'https://accounts.zoho.com.cn',
      sa: 'https://accounts.zoho.sa',
    },
  });
}
