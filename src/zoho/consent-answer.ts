import { AccessError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { dataCenter, dataCenterOf, isDataCenterName } from './data-centers.ts';

/** A code, and the accounts server where it can be exchanged. */
export interface AuthorizationCode {
  readonly code: string;
  readonly accountsUrl: string;
}

/**
 * What the consent page sent back. The client secret goes to the accounts server that it names: so only to one of Zoho's, or
 * to the very one where we began.
 */
export function readConsent(answer: URLSearchParams, beganAt: string): AuthorizationCode {
  const error = answer.get('error');
  if (error === 'access_denied')
    throw new AccessError("Access was declined on Zoho's page.", {
      code: 'access_denied',
      next: 'run `zoho-payments-mcp login` again and accept.',
    });
  if (error !== null)
    throw new AccessError(`Zoho gave no access: ${oneLine(error, 60)}.`, {
      code: 'consent_failed',
      next: "check the client in Zoho's API console.",
    });
  const code = answer.get('code');
  if (!code)
    throw new AccessError('Zoho sent no code.', {
      code: 'consent_failed',
      next: 'run `zoho-payments-mcp login` again.',
    });
  return { code, accountsUrl: accountsServer(answer, beganAt) };
}

function accountsServer(answer: URLSearchParams, beganAt: string): string {
  const named = answer.get('accounts-server')?.replace(/\/$/, '');
  const location = answer.get('location') ?? '';
  // An account's location tells its server too, but never leads from elsewhere to Zoho.
  if (named === undefined) return dataCenterOf(beganAt) && isDataCenterName(location) ? dataCenter(location).accountsUrl : beganAt;
  if (named === beganAt || dataCenterOf(named)) return named;
  throw new AccessError("The answer names an accounts server that is none of Zoho's: nothing was sent there.", {
    code: 'foreign_accounts_server',
    next: 'run `zoho-payments-mcp login` again; if this repeats, something on this machine changes addresses.',
  });
}
