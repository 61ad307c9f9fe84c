import { spawn } from 'node:child_process';

/** What opens an address in the person's browser, without a shell that would read the `&` in it. */
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

/** Tries to. Where there is no browser nothing happens: the address was printed too. */
export function openBrowser(url: URL): void {
  const [command, ...args] = browserCommand(url);
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
