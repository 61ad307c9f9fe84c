import { expect } from 'vitest';
import type { Json, Program } from './program.ts';

/** Calls the built program over HTTP. */

/** The address that the program prints as soon as it listens. */
export async function addressOf(server: Program): Promise<string> {
  const found = () => /http:\S+\/mcp/.exec(server.stderr())?.[0];
  await expect.poll(found, { timeout: 20_000 }).toBeDefined();
  return found()!;
}

/** Sends a POST with one message. */
export const post = async (url: string, body: object, headers: Record<string, string> = {}) =>
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
  });

/** The result in an answer, which may be a stream. */
export const resultIn = async (answer: Response): Promise<Json> => {
  const text = await answer.text();
  return (JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as { result: Json }).result;
};

export const call = (name: string, args: object) => ({ method: 'tools/call', params: { name, arguments: args } });
