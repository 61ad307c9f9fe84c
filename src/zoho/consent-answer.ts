import { AccessError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { dataCenter, dataCenterOf, isDataCenterName } from './data-centers.ts';

/** An authorization code, and the accounts server that exchanges it for tokens. */
export interface AuthorizationCode {
  readonly code: string;
  readonly accountsUrl: string;
}

/**
 * Reads the answer of the consent page. The program sends the client secret to the accounts server that this answer names, so the server
 * must be one of Zoho's, or the server where the login began.
 */
export function readConsent(answer: URLSearchParams, beganAt: string): AuthorizationCode {
  const error = answer.get('error');
  if (error === 'access_denied')
    throw new AccessError("Access was declined on Zoho's page.", {
      code: 'access_denied',
      next: 'run `zoho-payments-mcp login` again, and accept on that page.',
    });
  if (error !== null)
    throw new AccessError(`Zoho gave no access: ${oneLine(error, 60)}.`, {
      code: 'consent_failed',
      next: "check the client's settings in Zoho's API console.",
    });
  const code = answer.get('code');
  if (!code)
    throw new AccessError('Zoho sent no authorization code.', {
      code: 'consent_failed',
      next: 'run `zoho-payments-mcp login` again.',
    });
  return { code, accountsUrl: accountsServer(answer, beganAt) };
}

function accountsServer(answer: URLSearchParams, beganAt: string): string {
  const named = answer.get('accounts-server')?.replace(/\/$/, '');
  const location = answer.get('location') ?? '';
  // `location` names the user's data center. It is used only if the login began at Zoho, not at another server.
  if (named === undefined) return dataCenterOf(beganAt) && isDataCenterName(location) ? dataCenter(location).accountsUrl : beganAt;
  if (named === beganAt || dataCenterOf(named)) return named;
  throw new AccessError("The answer names an accounts server that is not one of Zoho's. Nothing was sent to it.", {
    code: 'foreign_accounts_server',
    next: 'run `zoho-payments-mcp login` again; if this happens again, perhaps a program on this machine changes web addresses.',
  });
}
