import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

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
