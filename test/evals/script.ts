import type { Answer, Calls, Conversation, Model, ToolMessage } from './protocol.ts';

/** A model that knows the answers: it plays a script, and has every id and every fact it tells from the results it was given. */

/** What it does when it is its turn for the n-th time. */
export type Script = readonly (Answer | ((seen: Seen) => Answer))[];

/** What the results so far show. */
export interface Seen {
  readonly results: readonly ToolMessage[];
  readonly last: ToolMessage;
  /** The first group of the pattern in the newest result that has it. */
  find(pattern: RegExp): string;
}

export const call = (tool: string, args: Record<string, unknown> = {}): Calls => ({ calls: [{ tool, arguments: args }] });
export const say = (text: string): Answer => ({ text });

/** Tells the user what the results since their last sentence hold, as they stand: what is not in them cannot be told. */
export const tell = ({ results }: Seen): Answer => ({ text: results.map(({ text }) => text).join('\n') });

/** The call that the last result offers to take its write back. */
export const undo = ({ last }: Seen): Answer => {
  const { tool, arguments: args } = (last.structuredContent?.['undo'] ?? {}) as { tool: string; arguments: Record<string, unknown> };
  return call(tool, args);
};

export function scriptedModel(script: Script): Model {
  return async (conversation) => JSON.stringify(answerOf(script, JSON.parse(conversation) as Conversation));
}

function answerOf(script: Script, { messages }: Conversation): Answer {
  const step = script[messages.filter(({ role }) => role === 'assistant').length];
  if (step === undefined) return say('That is all I know.');
  return typeof step === 'function' ? step(seenIn(messages)) : step;
}

function seenIn(messages: Conversation['messages']): Seen {
  const all = messages.filter((message) => message.role === 'tool');
  const since = messages.findLastIndex(({ role }) => role === 'user');
  return {
    results: messages.slice(since).filter((message) => message.role === 'tool'),
    get last() {
      return all.at(-1) ?? { role: 'tool', tool: '', text: '' };
    },
    find(pattern) {
      const found = all
        .toReversed()
        .map(({ text }) => pattern.exec(text)?.[1])
        .find((group) => group !== undefined);
      if (found === undefined) throw new Error(`no result shows ${String(pattern)}`);
      return found;
    },
  };
}
