import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import type { Started } from '../started.ts';

/** How this program was started, so that hints show a command that works on this machine. */

export interface Launch {
  /** The script file in Node's command line: the program itself, or a link to it. */
  readonly script: string | undefined;
  /** The path of the Node executable. */
  readonly node: string;
  readonly windows: boolean;
  /** The shell's search path. */
  readonly path: string | undefined;
}

const NAME = 'zoho-payments-mcp';

/** The Launch of this process, from its command line. */
export const launchOf = (path: string | undefined): Launch => ({
  script: process.argv[1],
  node: process.execPath,
  windows: process.platform === 'win32',
  path,
});

/** `sandbox`: this process uses the practice books, so hints for `journal` need `--sandbox` too. */
export function startedAs(launch: Launch, { sandbox }: { readonly sandbox: boolean }): Started {
  const { command, folder } = commandOf(launch);
  return {
    extension: false,
    here: (text) =>
      text.replaceAll(/`zoho-payments-mcp(?=[ `])([^`]*)`/g, (_, args: string) => {
        const books = sandbox && args.startsWith(' journal') ? ' --sandbox' : '';
        return `\`${command}${args}${books}\`${folder === undefined ? '' : ` (in ${folder})`}`;
      }),
  };
}

/** The command line that starts the program in a shell of this machine. `folder`: it works only in this folder. */
export function commandOf({ script, node, windows, path }: Launch): { readonly command: string; readonly folder?: string } {
  if (script === undefined) return { command: NAME };
  const quoted = (text: string) => quotedFor(windows, text);
  const cached = /^(.*[\\/]_npx[\\/][^\\/]+)[\\/]node_modules[\\/]/.exec(script)?.[1];
  if (cached !== undefined) {
    const packages = npxPackages(cached);
    const [only = NAME] = packages;
    if (packages.length > 1) return { command: `npx ${packages.map((name) => `-p ${quoted(name)} `).join('')}${NAME}` };
    return isFolder(only) ? { command: `npx ${NAME}`, folder: only } : { command: `npx ${quoted(only)}` };
  }
  // A link that npm made: in a project, or for the whole machine.
  const project = /^(.*)[\\/]node_modules[\\/]\.bin[\\/][^\\/]+$/.exec(script)?.[1];
  if (project !== undefined) return { command: `npx ${NAME}`, folder: project };
  if (!/\.[cm]?[jt]s$/.test(script)) {
    const name = basename(script);
    return { command: isFound(name, script, path) ? name : quoted(script) };
  }
  return { command: `${isFound(windows ? 'node.exe' : 'node', node, path) ? 'node' : quoted(node)} ${quoted(script)}` };
}

/** The packages in the npx command. npx notes them in its cache folder. */
function npxPackages(folder: string): string[] {
  try {
    const { _npx } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { _npx?: { packages?: unknown } };
    return Array.isArray(_npx?.packages) ? _npx.packages.map(String) : [];
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return /[\\/]/.test(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** True if a shell finds this file by its name, or if the search path is not known. */
function isFound(name: string, file: string, path: string | undefined): boolean {
  if (path === undefined) return true;
  const real = (at: string) => {
    try {
      return realpathSync(at);
    } catch {
      return undefined;
    }
  };
  const first = path.split(delimiter).find((folder) => folder !== '' && real(join(folder, name)) !== undefined);
  return first !== undefined && real(join(first, name)) === real(join(dirname(file), basename(file)));
}

/** A word of a command line, quoted if the shell would split it. */
function quotedFor(windows: boolean, text: string): string {
  if (windows) return /^[\w@+=:,.\\/-]+$/.test(text) ? text : `"${text}"`;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The titles of the extension's fields in manifest.json, by the variables that they set. */
export const extensionFields: Readonly<Record<string, string>> = {
  ZOHO_CLIENT_ID: 'Zoho client id',
  ZOHO_CLIENT_SECRET: 'Zoho client secret',
  ZOHO_REFRESH_TOKEN: 'Zoho refresh token',
  ZOHO_ORGANIZATION_ID: 'Organization id',
  ZOHO_DATA_CENTER: 'Data center',
  ZOHO_PAYMENTS_SANDBOX: 'Use the sandbox',
  ZOHO_PAYMENTS_READ_ONLY: 'Read only',
  ZOHO_PAYMENTS_TOOLSETS: 'Toolsets',
  ZOHO_PAYMENTS_POLICY: 'Policy',
  ZOHO_PAYMENTS_ASK: 'How you are asked',
  ZOHO_PAYMENTS_STATE_DIR: 'Folder',
};

/** Started as an extension: `--extension` is in the command line of manifest.json. */
export const startedAsExtension: Started = {
  extension: true,
  here(text) {
    let named = false;
    return text.replaceAll(/\b(ZOHO_[A-Z_]+)(=\w+)?/g, (variable, name: string) => {
      const field = extensionFields[name];
      if (field === undefined) return variable;
      const where = named ? '' : ' in the settings of this extension';
      named = true;
      return `“${field}”${where}`;
    });
  },
};
