import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { closers } from './closers.ts';
import { environment, node, program } from './program.ts';

/** The program at a pseudo-terminal, which the command `script` makes. */
export function atTerminal(args: readonly string[], settings: Record<string, string>) {
  const command = [node, program, ...args];
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', process.platform === 'darwin' ? ['-q', '/dev/null', ...command] : ['-qec', quoted, '/dev/null'], {
    env: environment(settings),
  });
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  closers.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    screen: () => screen,
    ended,
    type: (text: string) => void child.stdin.write(text),
    shows: (text: string, times = 1) => expect.poll(() => screen.split(text).length - 1).toBeGreaterThanOrEqual(times),
  };
}
