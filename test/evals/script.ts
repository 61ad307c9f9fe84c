import type { Answer, Calls, Conversation, Model, ToolMessage } from './protocol.ts';

/** A scripted model that knows the answers. It plays a script, and takes every id and fact from the results of its calls. */

/** The answers of the model, one for each of its turns. */
export type Script = readonly (Answer | ((seen: Seen) => Answer))[];

/** The right script of a task, and wrong scripts that the check must detect. */
export interface Solution {
  readonly right: Script;
  /** Wrong scripts by their mistake, with the problem that the check must report. */
  readonly wrong: Readonly<Record<string, { readonly script: Script; readonly because: RegExp }>>;
}

/** The results so far. */
export interface Seen {
  readonly results: readonly ToolMessage[];
  readonly last: ToolMessage;
  /** The first group of the pattern, from the newest result that matches. */
  find(pattern: RegExp): string;
}

export const call = (tool: string, args: Record<string, unknown> = {}): Calls => ({ calls: [{ tool, arguments: args }] });
export const say = (text: string): Answer => ({ text });

/** Repeats the results since the user's last sentence to the user, so the model can only say what is in them. */
export const tell = ({ results }: Seen): Answer => ({ text: results.map(({ text }) => text).join('\n') });

/** Calls the undo that the last result offers. */
export const undo = ({ last }: Seen): Answer => {
  const { tool, arguments: args } = (last.structuredContent?.['undo'] ?? {}) as { tool: string; arguments: Record<string, unknown> };
  return call(tool, args);
};

/** Calls all that the last result offers to undo a list. */
export const undoList = ({ last }: Seen): Answer => ({
  calls: (last.structuredContent?.['undo_list'] ?? []) as Calls['calls'],
});

export function scriptedModel(script: Script): Model {
  return async (conversation) => JSON.stringify(answerOf(script, JSON.parse(conversation) as Conversation));
}

function answerOf(script: Script, { messages }: Conversation): Answer {
  const step = script[messages.filter(({ role }) => role === 'assistant').length];
  if (step === undefined) return say('I have nothing more to say.');
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
      if (found === undefined) throw new Error(`no result matches ${String(pattern)}`);
      return found;
    },
  };
}
