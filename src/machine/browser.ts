import { spawn } from 'node:child_process';

/** The command that opens an address in the browser. It uses no shell, because a shell would interpret the `&` in the address. */
export function browserCommand(url: URL, platform: NodeJS.Platform = process.platform): readonly [command: string, ...args: string[]] {
  switch (platform) {
    case 'win32':
      return ['rundll32.exe', 'url.dll,FileProtocolHandler', url.href];
    case 'darwin':
      return ['open', url.href];
    default:
      return ['xdg-open', url.href];
  }
}

/** Tries to open the browser. A failure is ignored, because the address is printed too. */
export function openBrowser(url: URL): void {
  const [command, ...args] = browserCommand(url);
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
