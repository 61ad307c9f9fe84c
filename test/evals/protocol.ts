import * as z from 'zod';

/** The input and the output of a model adapter. */

export const aboutProtocol = `The shell runs CMD once for every turn of the model. On stdin, CMD gets one JSON document:

  {"instructions": "...",            the server's instructions
   "today": "2026-06-30",            the date, as a host gives it
   "tools": [{"name", "description", "inputSchema", ...}, ...],     as in tools/list
   "messages": [{"role": "user", "text": "..."},
                {"role": "assistant", "calls": [{"tool", "arguments"}, ...]},
                {"role": "tool", "tool", "text", "structuredContent", "isError"},     one for each call, in the same order
                {"role": "assistant", "text": "..."}, ...]}

On stdout, CMD answers with one JSON document: {"text": "..."} to speak to the user, {"tool": "...", "arguments": {...}} to call a
tool, or {"calls": [{"tool": "...", "arguments": {...}}, ...]} for several calls. A "text" can be added to calls. Any other output, an
exit code other than 0, or no answer before the timeout fails the try. The output of CMD on stderr is shown.`;

const call = z.object({ tool: z.string().min(1), arguments: z.record(z.string(), z.unknown()).default({}) });
const text = z.string().min(1);
const answer = z.union([
  z.object({ text: text.exactOptional(), calls: z.array(call).min(1).max(100) }),
  call
    .extend({ text: text.exactOptional() })
    .transform(({ text: beside, ...one }) => ({ ...(beside !== undefined && { text: beside }), calls: [one] })),
  z.object({ text }),
]);

export type Call = z.output<typeof call>;
export interface Calls {
  readonly text?: string;
  readonly calls: readonly Call[];
}
export type Answer = { readonly text: string } | Calls;

export interface ToolMessage {
  readonly role: 'tool';
  readonly tool: string;
  readonly text: string;
  readonly structuredContent?: Record<string, unknown> | undefined;
  readonly isError?: boolean | undefined;
}

export type Message = { readonly role: 'user'; readonly text: string } | ({ readonly role: 'assistant' } & Answer) | ToolMessage;

export interface Conversation {
  readonly instructions: string;
  readonly today: string;
  readonly tools: readonly object[];
  readonly messages: readonly Message[];
}

/** A model as a function. Takes the conversation as JSON and returns its answer as JSON. */
export type Model = (conversation: string) => Promise<string>;

/** Parses an answer. Throws with the reason if it is invalid. */
export function readAnswer(text: string): Answer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`the answer is not JSON: ${JSON.stringify(text.slice(0, 200))}`);
  }
  const read = answer.safeParse(json);
  if (!read.success) throw new Error(`the answer is neither a text nor a tool call: ${JSON.stringify(text.slice(0, 200))}`);
  return read.data;
}
