import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AccessError, PaymentsError } from '../errors.ts';
import { createHttp } from '../zoho/http.ts';
import type { Login } from '../zoho/login-store.ts';
import { revoke } from '../zoho/oauth.ts';
import { openShared } from '../zoho/shared-state.ts';
import { baseDirOf, folderOf, loginsOf } from './account.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { print } from './print.ts';
import { SHARED } from './zoho-connection.ts';

/** Revokes the login at Zoho, and deletes it here even if Zoho does not revoke it. */
export async function logout(config: Config): Promise<void> {
  const store = await loginsOf(config);
  const login = await store.read().catch((error: unknown) => {
    if (error instanceof AccessError) return error;
    throw error;
  });
  if (login === undefined) return print('Nobody is logged in.');
  const revoked = login instanceof AccessError ? login : await orError(revokeAt(login, config));
  const forgotten = await orError(store.forget());
  if (!(login instanceof AccessError)) await forgetAccessTokens(config, login);
  if (!(revoked instanceof PaymentsError) && !(forgotten instanceof PaymentsError))
    return print(
      `Logged out: ${revoked ? 'Zoho revoked the login' : 'the login was revoked at Zoho already'}, and it was deleted from this machine.`,
    );
  const account = login instanceof AccessError ? 'in your Zoho user settings' : `at ${login.accountsUrl}`;
  throw new ProblemError(
    [
      forgotten instanceof PaymentsError ? forgotten.whatHappened : 'The login was deleted from this machine.',
      revoked instanceof PaymentsError &&
        `It was not revoked at Zoho: ${revoked.whatHappened} Revoke it yourself ${account}, under Sessions, Connected Apps.`,
    ]
      .filter(Boolean)
      .join(' '),
    { exitCode: 1 },
  );
}

/** Deletes the access tokens that servers of this machine share. Zoho ended them together with the refresh token. */
async function forgetAccessTokens(config: Config, login: Login): Promise<void> {
  const dir = folderOf(baseDirOf(config), login);
  if (!existsSync(dir)) return;
  const shared = await openShared(join(dir, SHARED)).catch(() => undefined);
  await shared?.write((sql) => sql.run('DELETE FROM tokens'));
  shared?.close();
}

async function revokeAt({ accountsUrl, refreshToken }: Login, { proxy }: Config): Promise<boolean> {
  const http = createHttp({ proxy });
  try {
    return await revoke(http, accountsUrl, refreshToken);
  } finally {
    await http.close();
  }
}

async function orError<T>(work: Promise<T>): Promise<T | PaymentsError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PaymentsError) return error;
    throw error;
  }
}
