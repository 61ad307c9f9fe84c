import { mkdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { AccessError } from '../errors.ts';
import { inStateDir } from '../write/turn.ts';

/**
 * The default folder: one fixed folder per user and platform. Its path comes from the operating system's user record and not from the
 * environment, so that two hosts with different environments share the folder.
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

/** Creates a folder if needed, accessible only to its owner. */
export function ensureDir(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** The folder that the operator set, or else the default. Symbolic links are not resolved. */
export function writtenStateDir(named: string | undefined): string {
  if (named !== undefined) return resolve(named);
  try {
    return defaultStateDir();
  } catch (cause) {
    throw new AccessError('This server has no folder for its journal and login: the system knows no home folder of this user.', {
      code: 'state_dir_unusable',
      next: 'set ZOHO_PAYMENTS_STATE_DIR to a writable folder.',
      cause,
    });
  }
}

/**
 * The folder with its symbolic links resolved, so that the program uses the folder that it checked. Throws AccessError (`state_dir_unsafe`)
 * if other users could replace the journal or the login. The folder need not exist.
 */
export function safeStateDir(named: string | undefined): string {
  const dir = resolved(writtenStateDir(named));
  const stat = statWithMode(dir);
  if (named === undefined && stat !== undefined && stat.uid !== process.geteuid?.()) {
    throw unsafe(`${dir}, belongs to another user of this machine (uid ${stat.uid})`, 'make the right user its owner (chown)');
  }
  return refuseWorldWritable(dir);
}

export function refuseWorldWritable(dir: string): string {
  if (((statWithMode(dir)?.mode ?? 0) & 0o002) !== 0)
    throw unsafe(`${dir}, is writable for every user of this machine`, 'remove that permission (chmod o-w)');
  return dir;
}

/** Creates and checks the folder. Throws if it cannot be used: without a journal the server writes nothing to Zoho. */
export function usable(dir: string): string {
  return inStateDir(() => refuseWorldWritable(ensureDir(dir)), 'set ZOHO_PAYMENTS_STATE_DIR to a writable folder.');
}

/** A warning if the group may write to the folder. That is allowed, but unusual. */
export function stateDirWarning(dir: string): string | undefined {
  if (((statWithMode(dir)?.mode ?? 0) & 0o020) === 0) return undefined;
  return (
    `the folder of this server's journal and login, ${dir}, is writable for its group: ` +
    'each member could change them (chmod g-w removes that permission)'
  );
}

/** Undefined on Windows, which has no modes, and if the folder is missing or unreadable. The use of an unreadable folder then throws. */
function statWithMode(dir: string): Stats | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return statSync(dir);
  } catch {
    return undefined;
  }
}

/** Resolves symbolic links in the part of the path that exists. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolved(parent), basename(path));
  }
}

function unsafe(what: string, remedy: string): AccessError {
  return new AccessError(`The folder of this server's journal and login, ${what}.`, {
    code: 'state_dir_unsafe',
    next: [remedy, 'set ZOHO_PAYMENTS_STATE_DIR to another folder. Until then the server does not use the folder'],
  });
}
