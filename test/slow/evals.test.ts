import { describe, expect, it } from 'vitest';
import { tells } from '../evals/books.ts';
import { lists } from '../evals/lists.ts';
import { play } from '../evals/play.ts';
import { readAnswer } from '../evals/protocol.ts';
import { call, say, scriptedModel, type Script } from '../evals/script.ts';
import { solutions } from '../evals/solutions.ts';
import { conversations, tasks } from '../evals/tasks.ts';
import { withThirteen } from '../evals/thirteen.ts';

describe('the list of tasks', () => {
  it('has the twelve conversations and thirteen tasks about lists and statements, and each task has a right solution and wrong solutions', () => {
    expect([conversations.length, lists.length, tasks.length]).toEqual([12, 13, 43]);
    expect(new Set(tasks.map(({ says: [first] }) => first)).size).toBe(43);
    expect(Object.keys(solutions)).toEqual(tasks.map(({ name }) => name));
    for (const { wrong } of Object.values(solutions)) expect(Object.keys(wrong).length).toBeGreaterThan(0);
  });
});

describe('an answer of a model', () => {
  it('can be a text, a call, or several calls with or without a text', () => {
    expect(readAnswer('{"text": "Done."}')).toEqual({ text: 'Done.' });
    expect(readAnswer('{"tool": "list_writes"}')).toEqual({ calls: [{ tool: 'list_writes', arguments: {} }] });
    expect(readAnswer('{"text": "Let me see.", "calls": [{"tool": "a", "arguments": {"b": 1}}]}')).toEqual({
      text: 'Let me see.',
      calls: [{ tool: 'a', arguments: { b: 1 } }],
    });
  });

  it.each([
    ['They paid $79,114.89 in all.', 79114.89, true],
    ['**1 152.92 USD**', 1152.92, true],
    ['EUR 12136.20', 12136.2, true],
    ['It was 600.', 600, true],
    ['USD 600.00', 600, true],
    ['USD 1600', 600, false],
    ['USD 600.50', 600, false],
    ['USD 12136.25', 12136.2, false],
    ['from *Acme* corp', 'Acme Corp', true],
    ['from Acme Corporation', 'Acme Company', false],
  ])('such as %j contains the fact %j: %j', (text, fact, told) => {
    expect(tells(text, fact)).toBe(told);
  });

  it('that asks the user a question gets a reply before the user continues', async () => {
    const { problems } = await play(
      tasks.find(({ name }) => name === 'which Acme')!,
      scriptedModel([
        say('Which Acme do you mean?'),
        call('record_customer_payment', { customer: 'Acme Corporation', amount: 140, payment_mode: 'cash', allocate: 'as_credit' }),
        say('Done.'),
      ]),
    );
    expect(problems).toEqual([]);
  });
});

it('all tasks together need at most 1.15 times the smallest possible number of calls', () => {
  const sum = (of: 'calls' | 'least') => tasks.reduce((total, { budget }) => total + budget[of], 0);
  expect(sum('calls')).toBeLessThanOrEqual(1.15 * sum('least'));
});

describe.each(tasks)('the task $name', (task) => {
  const { right, wrong } = solutions[task.name]!;

  it('can be done within its limits of calls, bytes and questions', async () => {
    const { problems, calls, bytes, messages, asked } = await play(task, scriptedModel(right));
    expect(problems, JSON.stringify(messages, null, 1)).toEqual([]);
    const { least, questions } = task.budget;
    const counted = {
      calls,
      least,
      bytes: Math.max(bytes, task.budget.bytes),
      ...(questions !== undefined && { questions: asked.length }),
    };
    expect(counted).toEqual(task.budget);
  });

  it.each(Object.entries(wrong))('fails if the model %s', async (_, { script, because }) => {
    const { problems, messages } = await play(task, scriptedModel(script));
    expect(problems, JSON.stringify(messages, null, 1)).toContainEqual(expect.stringMatching(because));
  });
});

describe('the twelve conversations, with only the thirteen endpoints of payments', () => {
  it('are possible, or a reason is given why they are not', () => {
    expect(Object.keys(withThirteen)).toEqual(conversations.map(({ name }) => name));
  });

  it.each(conversations.filter(({ name }) => typeof withThirteen[name] !== 'string'))('are possible: $name', async (task) => {
    const { problems, messages } = await play(task, scriptedModel(withThirteen[task.name] as Script), ['payments']);
    expect(problems, JSON.stringify(messages, null, 1)).toEqual([]);
  });
});
