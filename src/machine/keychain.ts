import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** The operating system's keychain, where there is one that works. */
export interface Keychain {
  get(): Promise<string | undefined>;
  set(secret: string): Promise<void>;
  delete(): Promise<void>;
}

const SERVICE = 'zoho-payments-mcp';

/** The entry of the login that is kept in `dir`. Throws where this machine has no package for its keychain. */
export async function keychainFor(dir: string): Promise<Keychain> {
  return await entryNamed(createHash('sha256').update(dir).digest('hex').slice(0, 16));
}

/** Whether what is put there can be had again: a package can be there without a keychain, and a keychain without a key. */
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
  // On Linux the package would else make do with the kernel's keyring, which is empty after the next start of the machine.
  const entry = new AsyncEntry(SERVICE, account, { linux: { store: 'secret-service' } });
  return {
    get: async () => (await withinWait(entry.getPassword())) ?? undefined,
    set: (secret) => withinWait(entry.setPassword(secret)),
    delete: async () => void (await withinWait(entry.deletePassword())),
  };
}

/** A keychain that is locked may wait for a person, and calls to Zoho wait for it. */
async function withinWait<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(KEYCHAIN_WAIT_MS, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error('the keychain does not answer');
  });
  late.catch(() => undefined);
  return await Promise.race([work, late]).finally(() => over.abort());
}

const KEYCHAIN_WAIT_MS = 20_000;
