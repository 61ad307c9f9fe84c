import { isObject } from './body.ts';
import { resetBooks } from './books-file.ts';
import { matchWithBank, unmatch } from './bank-match.ts';
import { FAULT_KINDS, type Faults } from './faults.ts';
import { checkBooks } from './ledger-check.ts';
import { changeLimits } from './limits.ts';
import { changeMandatory } from './mandatory.ts';
import { type Arrival, type Reply, jsonReply } from './message.ts';
import { recordsOf } from './records.ts';
import type { RequestLog } from './request-log.ts';
import { USUAL_SCOPES } from './routes.ts';
import { issueCode } from './tokens.ts';
import type { World } from './world.ts';

export const CONTROL_PREFIX = '/__sandbox';

export interface Controls {
  world: World;
  faults: Faults;
  log: RequestLog;
  payments: number;
  /** the newest date for new books, yyyy-MM-dd */
  today: () => string;
  client_id: string;
}

/** The answer to GET /__sandbox: all controls, with their purpose. */
const guide = {
  'GET /__sandbox/books': 'counts and totals of the books, and whether every balance is correct',
  'GET /__sandbox/records': 'every payment and refund, with names instead of ids, to compare the books at two moments',
  'GET /__sandbox/requests': 'the requests that arrived, and the records that they changed; DELETE clears the list',
  'GET /__sandbox/faults': 'the faults that are set; DELETE removes them',
  'POST /__sandbox/faults':
    `sets a fault for the next matching requests: {"fault": one of ${FAULT_KINDS.join(', ')}, ` +
    '"match": {"method", "path", "query"}, "times", "skip", "status", "code", "message", "delay_ms"}',
  'POST /__sandbox/release': 'ends the delays of requests that wait now; {"match"} as in POST /__sandbox/faults',
  'GET /__sandbox/limits': 'the current limits; POST {"per_minute": 5} changes them',
  'POST /__sandbox/mandatory': 'sets the mandatory fields of payments: {"custom_fields": ["cf_receipt_book_no"], "location": true}',
  'POST /__sandbox/reset': 'replaces the books by new books with dates up to today',
  'POST /__sandbox/match': 'matches a payment with an imported bank transaction, as a user does under Banking: {"payment_id"}',
  'POST /__sandbox/unmatch': 'removes that match: {"payment_id"}',
  'POST /__sandbox/codes': 'creates a code to exchange for a refresh token, as a Self Client does: {"scopes": [...]}',
};

/** Answers the sandbox's own endpoints. They are not part of Zoho, and they are not in the request log. */
export async function answerControl(controls: Controls, arrival: Arrival): Promise<Reply> {
  const { world, faults, log } = controls;
  switch (`${arrival.method} ${arrival.path.slice(CONTROL_PREFIX.length)}`) {
    case 'GET ':
    case 'GET /':
      return jsonReply(200, { endpoints: guide });
    case 'GET /faults':
      return jsonReply(200, { faults: faults.list() });
    case 'POST /faults':
      return addFaults(faults, readBody(arrival));
    case 'DELETE /faults':
      faults.clear();
      return jsonReply(200, { faults: [] });
    case 'POST /release':
      return releaseDelays(faults, readBody(arrival));
    case 'GET /requests':
      return jsonReply(200, { requests: log.list() });
    case 'DELETE /requests':
      log.clear();
      return jsonReply(200, { requests: [] });
    case 'GET /books':
      return jsonReply(200, await world.store.transaction(() => checkBooks(world.store)));
    case 'GET /records':
      return jsonReply(200, await world.store.transaction(() => recordsOf(world.store)));
    case 'POST /reset':
      await resetBooks(world.store, controls.payments, controls.today());
      return jsonReply(200, { reset: true });
    case 'POST /mandatory':
      return setMandatory(world, readBody(arrival));
    case 'GET /limits':
      return jsonReply(200, world.limits);
    case 'POST /limits':
      return setLimits(world, readBody(arrival));
    case 'POST /codes':
      return selfClientCode(controls, readBody(arrival));
    case 'POST /match':
      return await bankMatch(world, readBody(arrival), matchWithBank);
    case 'POST /unmatch':
      return await bankMatch(world, readBody(arrival), unmatch);
    default:
      return jsonReply(404, { error: 'Unknown sandbox endpoint. GET /__sandbox lists all endpoints' });
  }
}

function addFaults(faults: Faults, value: unknown): Reply {
  for (const fault of Array.isArray(value) ? value : [value]) {
    const problem = faults.add(fault);
    if (problem !== undefined) return jsonReply(400, { error: problem });
  }
  return jsonReply(201, { faults: faults.list() });
}

function releaseDelays(faults: Faults, value: unknown): Reply {
  const problem = faults.release(value);
  return problem === undefined ? jsonReply(200, { released: true }) : jsonReply(400, { error: problem });
}

function setLimits(world: World, value: unknown): Reply {
  if (!isObject(value)) return jsonReply(400, { error: 'limits must be a JSON object' });
  const refused = changeLimits(world.limits, value);
  if (refused.length > 0) return jsonReply(400, { error: `unknown limit or not a number: ${refused.join(', ')}`, limits: world.limits });
  return jsonReply(200, world.limits);
}

function setMandatory({ mandatory }: World, value: unknown): Reply {
  const problem = changeMandatory(mandatory, value);
  return problem === undefined ? jsonReply(200, mandatory) : jsonReply(400, { error: problem });
}

/** Creates a code without a redirect address, as Zoho's API console does under "Self Client". */
async function selfClientCode({ world, client_id }: Controls, value: unknown): Promise<Reply> {
  const asked = isObject(value) && Array.isArray(value['scopes']) ? value['scopes'].map(String) : USUAL_SCOPES;
  const code = await world.store.transaction(() =>
    issueCode(world, { client_id, scope: asked.join(','), redirect_uri: '', with_refresh: true }),
  );
  return jsonReply(201, { code, scopes: asked });
}

async function bankMatch({ store }: World, value: unknown, change: typeof unmatch): Promise<Reply> {
  const payment_id = isObject(value) ? String(value['payment_id']) : '';
  const found = await store.transaction(() => change(store, payment_id));
  return found ? jsonReply(200, { payment_id }) : jsonReply(400, { error: 'the payment does not exist or is already in this state' });
}

function readBody(arrival: Arrival): unknown {
  try {
    return arrival.body === '' ? {} : JSON.parse(arrival.body);
  } catch {
    return undefined;
  }
}
