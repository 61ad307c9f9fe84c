import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** One entry in the operating system's keychain. */
export interface Keychain {
  get(): Promise<string | undefined>;
  set(secret: string): Promise<void>;
  delete(): Promise<void>;
}

const SERVICE = 'zoho-payments-mcp';

/** The entry for the login in `dir`. Throws if the keychain package is missing on this machine. */
export async function keychainFor(dir: string): Promise<Keychain> {
  return await entryNamed(createHash('sha256').update(dir).digest('hex').slice(0, 16));
}

/** True if a stored secret can be read back. The package may exist without a keychain, and the keychain may be locked. */
export async function keychainWorks(): Promise<boolean> {
  try {
    const secret = randomUUID();
    const entry = await entryNamed(`test-${randomUUID()}`);
    await entry.set(secret);
    try {
      return (await entry.get()) === secret;
    } finally {
      await entry.delete();
    }
  } catch {
    return false;
  }
}

async function entryNamed(account: string): Promise<Keychain> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  // On Linux the package would otherwise use the kernel's keyring, which is empty after a restart.
  const entry = new AsyncEntry(SERVICE, account, { linux: { store: 'secret-service' } });
  return {
    get: async () => (await withinWait(entry.getPassword())) ?? undefined,
    set: (secret) => withinWait(entry.setPassword(secret)),
    delete: async () => void (await withinWait(entry.deletePassword())),
  };
}

/** Limits the wait, because a locked keychain waits for a person, and calls to Zoho wait for the keychain. */
async function withinWait<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(KEYCHAIN_WAIT_MS, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error('the keychain does not answer');
  });
  late.catch(() => undefined);
  return await Promise.race([work, late]).finally(() => over.abort());
}

const KEYCHAIN_WAIT_MS = 20_000;
