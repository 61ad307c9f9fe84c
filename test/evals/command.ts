import { spawn, type ChildProcess } from 'node:child_process';
import type { Model } from './protocol.ts';

const LONGEST_ANSWER = 1_000_000;

/** A model behind a command line. The shell runs it, as the person who typed it expects: quotes, pipes and variables are theirs. */
export function commandModel(command: string, timeoutMs: number): Model {
  return async (conversation) =>
    await new Promise((resolve, reject) => {
      // In a group of its own, so that what the shell started ends with it; Windows has no groups.
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
      // Whoever does not read the conversation to its end may still answer.
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
    // It ended by itself.
  }
}
