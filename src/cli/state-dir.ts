import { mkdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { AccessError } from '../errors.ts';
import { inStateDir } from '../write/turn.ts';

/**
 * One fixed place per user and platform, taken from the account and not from the host's environment, so that two hosts
 * with different environments share it.
 */
export function defaultStateDir(platform: NodeJS.Platform = process.platform): string {
  const { homedir } = userInfo();
  switch (platform) {
    case 'win32':
      return join(homedir, 'AppData', 'Local', 'zoho-payments-mcp');
    case 'darwin':
      return join(homedir, 'Library', 'Application Support', 'zoho-payments-mcp');
    default:
      return join(homedir, '.local', 'state', 'zoho-payments-mcp');
  }
}

/** Creates a folder when needed, for its owner only. */
export function ensureDir(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** The folder that an operator named, or else the default one, as it was written. */
export function writtenStateDir(named: string | undefined): string {
  if (named !== undefined) return resolve(named);
  try {
    return defaultStateDir();
  } catch (cause) {
    throw new AccessError("There is no folder for this server's state: the system knows no home folder of this user.", {
      code: 'state_dir_unusable',
      next: 'set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to.',
      cause,
    });
  }
}

/**
 * The folder with its symbolic links resolved, so that what is checked is what is used. Throws AccessError (`state_dir_unsafe`)
 * where others could put another journal or another login into it. It need not exist yet.
 */
export function safeStateDir(named: string | undefined): string {
  const dir = resolved(writtenStateDir(named));
  const stat = statWithMode(dir);
  if (named === undefined && stat !== undefined && stat.uid !== process.geteuid?.()) {
    throw unsafe(`${dir}, belongs to another user of this machine (uid ${stat.uid})`, 'make it their own (chown)');
  }
  return refuseWorldWritable(dir);
}

export function refuseWorldWritable(dir: string): string {
  if (((statWithMode(dir)?.mode ?? 0) & 0o002) !== 0)
    throw unsafe(`${dir}, can be written to by every user of this machine`, 'take that right away (chmod o-w)');
  return dir;
}

/** Without a place for its journal the server writes nothing. */
export function usable(dir: string): string {
  return inStateDir(() => refuseWorldWritable(ensureDir(dir)), 'set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to.');
}

/** What is allowed, and worth a word. */
export function stateDirWarning(dir: string): string | undefined {
  if (((statWithMode(dir)?.mode ?? 0) & 0o020) === 0) return undefined;
  return (
    `the folder for this server's state, ${dir}, can be written to by its group: ` +
    'each member could change the journal or the login (chmod g-w takes that right away)'
  );
}

/** Undefined where there are no modes, and where nothing is there yet or nothing can be seen: whoever uses it is told then. */
function statWithMode(dir: string): Stats | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return statSync(dir);
  } catch {
    return undefined;
  }
}

/** As much of it as exists. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolved(parent), basename(path));
  }
}

function unsafe(what: string, remedy: string): AccessError {
  return new AccessError(`The folder for this server's state, ${what}.`, {
    code: 'state_dir_unsafe',
    next: [remedy, 'set ZOHO_PAYMENTS_STATE_DIR to another folder. Until then nothing is read from it or written to it'],
  });
}
