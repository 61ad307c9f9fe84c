import { setTimeout as sleep } from 'node:timers/promises';
import { defaultToolsets, type Toolset } from '../../src/toolsets.ts';
import { withClock, type Clock } from '../simulate/clock.ts';
import { bookkeeper, type Bookkeeper } from '../simulate/template.ts';
import { booksOf, fault, held, release, waiting } from '../support/books.ts';
import { callTool } from '../support/client.ts';
import { harness, textOf, type Choice, type Harness, type PersonAnswer, type ToolResult } from '../support/harness.ts';
import { amiss, changesBetween, recordsIn, tells, TODAY, type Wanted } from './books.ts';
import { readAnswer, type Call, type Conversation, type Message, type Model, type ToolMessage } from './protocol.ts';

/** Plays one task with a model: a sandbox, the server as it is built, a real client, and a person who answers questions. */

export interface Task {
  readonly name: string;
  readonly family:
    | 'conversation'
    | 'recording'
    | 'refunds'
    | 'look-ups'
    | 'corrections'
    | 'traps'
    | 'lists'
    | 'statements'
    | 'injected text';
  /** The user's sentences. Each text of the model is followed by the next sentence. A number first lets that many minutes pass. */
  readonly says: readonly (string | number)[];
  /** The user's answer to the model's first question in the conversation. */
  readonly explains?: string;
  /** Changes that another bookkeeper made before. */
  readonly before?: (byHand: Bookkeeper) => Promise<unknown>;
  readonly fault?: Record<string, unknown>;
  /** The host cancels the call while Zoho carries out its write with this number. */
  readonly cancelledAt?: number;
  /** The person says yes to questions that match, and no to all others. */
  readonly agrees?: RegExp;
  /** The record that the person chooses when the server asks which one they mean. */
  readonly means?: RegExp;
  /** The possible changes of the books; exactly one of these sets must be found. Default: no changes. */
  readonly ends?: readonly (readonly Wanted[])[];
  /** Facts that the answers must contain, if the books cannot show the result. */
  readonly tells?: readonly (number | string | RegExp)[];
  /**
   * The most calls and bytes of results that the scripted player may need. `least`: the smallest possible number of calls, one for each
   * write, and one read if the write needs something that the user does not say. `questions`: how often the server asks the person.
   */
  readonly budget: { readonly calls: number; readonly least: number; readonly bytes: number; readonly questions?: number };
}

export interface Played {
  readonly task: string;
  readonly family: string;
  /** Empty if the try passed. */
  readonly problems: readonly string[];
  readonly calls: number;
  /** Size of the tool results, as text in the context window. */
  readonly bytes: number;
  /** Size of tools/list, counted once. */
  readonly toolsBytes: number;
  readonly messages: readonly Message[];
  /** The questions to the person; `at` is the number of messages at that time. */
  readonly asked: readonly { readonly at: number; readonly question: string; readonly answer: PersonAnswer }[];
}

/** The most answers of the model in one try. A model that needs more is stopped. */
const MOST_ANSWERS = 60;

/** Plays a task. All clocks (Zoho's and this machine's) are simulated, so minutes can pass at once. */
export async function play(task: Task, model: Model, toolsets = defaultToolsets): Promise<Played> {
  return await withClock(Date.parse(`${TODAY}T15:00:00Z`), async (clock) => await playBy(clock, task, model, toolsets));
}

async function playBy(clock: Clock, task: Task, model: Model, toolsets: readonly Toolset[]): Promise<Played> {
  const messages: Message[] = [];
  const asked: Played['asked'][number][] = [];
  const server = await harness({
    toolsets,
    confirm: 'ask',
    person: (question, choices) => {
      const answer = answerOf(task, question, choices);
      asked.push({ at: messages.length, question, answer });
      return answer;
    },
    sandbox: { now: () => new Date(clock.now()), limits: { per_minute: 100_000, per_day: 100_000 } },
  });
  try {
    const { sandbox, client } = server;
    if (task.before !== undefined) await task.before(await bookkeeper(sandbox));
    if (task.fault !== undefined) await fault(sandbox, task.fault);
    if (task.cancelledAt !== undefined)
      await fault(sandbox, { ...held, match: { method: 'POST', path: '^/customerpayments' }, skip: task.cancelledAt - 1 });
    const call = task.cancelledAt === undefined ? server.call : cancelling(server);
    const before = await recordsIn(sandbox);
    const { tools: listed } = await client.listTools();
    const conversation: Conversation = { instructions: client.getInstructions() ?? '', today: TODAY, tools: listed, messages };
    const problems: string[] = [];
    try {
      await converse(task, conversation, messages, model, call, (minutes) => clock.pass(minutes * 60_000));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
    const { balanced, problems: unbalanced } = await booksOf(sandbox);
    if (!balanced) problems.push(`the books do not balance: ${unbalanced.join('; ')}`);
    problems.push(...grade(task, changesBetween(before, await recordsIn(sandbox)), messages));
    const results = messages.filter((message) => message.role === 'tool');
    const bytes = results.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    return {
      task: task.name,
      family: task.family,
      problems,
      calls: results.length,
      bytes,
      toolsBytes: Buffer.byteLength(JSON.stringify({ tools: listed })),
      messages,
      asked,
    };
  } finally {
    await server.close();
  }
}

async function converse(
  task: Task,
  conversation: Conversation,
  messages: Message[],
  model: Model,
  call: (name: string, args: Call['arguments']) => Promise<ToolResult>,
  pass: (minutes: number) => void,
): Promise<void> {
  const says = [...task.says];
  let explains = task.explains;
  let heard: string | undefined;
  for (let answers = 0; ;) {
    // If the model asks a question, the user answers it before the next sentence.
    let said: string | number | undefined = heard?.includes('?') === true ? explains : undefined;
    if (said !== undefined) explains = undefined;
    else said = says.shift();
    while (typeof said === 'number') {
      pass(said);
      said = says.shift();
    }
    if (said === undefined) return;
    messages.push({ role: 'user', text: said });
    for (heard = undefined; heard === undefined; answers += 1) {
      if (answers >= MOST_ANSWERS) throw new Error(`no end after ${MOST_ANSWERS} answers of the model`);
      const answer = readAnswer(await model(JSON.stringify(conversation)));
      messages.push({ role: 'assistant', ...answer });
      if ('calls' in answer) for (const one of answer.calls) messages.push(await resultOf(one, call));
      else heard = answer.text;
    }
  }
}

/** Calls tools, and cancels a call while Zoho does not answer its write. */
function cancelling({ ownClient, sandbox }: Harness): Harness['call'] {
  return async (name, args) => {
    const host = new AbortController();
    const result = callTool(ownClient, name, args, host.signal);
    const ended = result.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([ended, sleep(10, false)]))) {
      if ((await waiting(sandbox, 'POST')).length === 0) continue;
      host.abort(new Error('The host cancelled the call: no answer for 60 seconds.'));
      await release(sandbox);
      break;
    }
    return await result;
  };
}

/** Calls the tool as a host does. The error of an unknown tool also goes to the model. */
async function resultOf(
  { tool, arguments: args }: Call,
  call: (name: string, args: Call['arguments']) => Promise<ToolResult>,
): Promise<ToolMessage> {
  try {
    const result = await call(tool, args);
    return {
      role: 'tool',
      tool,
      text: textOf(result),
      structuredContent: result.structuredContent,
      ...(result.isError && { isError: true }),
    };
  } catch (error) {
    return { role: 'tool', tool, text: error instanceof Error ? error.message : String(error), isError: true };
  }
}

function answerOf({ agrees, means }: Task, question: string, choices: readonly Choice[]): PersonAnswer {
  const meant = choices.find(({ text }) => means?.test(text));
  if (choices.length > 0) return meant === undefined ? { action: 'decline' } : { action: 'accept', content: { which: meant.id } };
  return agrees?.test(question) ? { action: 'accept', content: { approve: true } } : { action: 'decline' };
}

function grade(
  { ends = [[]], tells: facts = [] }: Task,
  changes: ReturnType<typeof changesBetween>,
  messages: readonly Message[],
): string[] {
  // If several results are right, report the differences from the most similar one.
  const [books = []] = ends.map((wanted) => amiss(wanted, changes)).toSorted((a, b) => a.length - b.length);
  const said = messages.flatMap((message) => (message.role === 'assistant' && message.text !== undefined ? [message.text] : [])).join('\n');
  return [
    ...books,
    ...facts
      .filter((fact) => !tells(said, fact))
      .map((fact) => `not in the answer: ${fact instanceof RegExp ? String(fact) : JSON.stringify(fact)}`),
  ];
}
