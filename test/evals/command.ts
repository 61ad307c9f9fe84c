import { spawn, type ChildProcess } from 'node:child_process';
import type { Model } from './protocol.ts';

const LONGEST_ANSWER = 1_000_000;

/** A model that a command runs. The shell runs the command, so that quotes, pipes and variables work as in a terminal. */
export function commandModel(command: string, timeoutMs: number): Model {
  return async (conversation) =>
    await new Promise((resolve, reject) => {
      // In its own process group, so that all processes of the command can be ended. Windows has no process groups.
      const child = spawn(command, {
        shell: true,
        stdio: ['pipe', 'pipe', 'inherit'],
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
      const end = (reason: string) => {
        reject(new Error(reason));
        killTree(child);
      };
      const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
      let answer = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
        if (answer.length > LONGEST_ANSWER) end('the answer is too long');
      });
      // A command that does not read the whole conversation can still answer.
      child.stdin.on('error', () => undefined).end(conversation);
      child.on('error', reject).on('error', () => clearTimeout(timer));
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        if (code === 0) resolve(answer);
        else reject(new Error(`the command ended with ${code ?? signal}`));
      });
    });
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { stdio: 'ignore' }).on('error', () => child.kill());
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}
