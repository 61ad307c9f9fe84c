import * as z from 'zod';
import { defineRead, defineWrite } from '../src/endpoint.ts';
import { defineReadWorkflow } from '../src/workflow.ts';

/** What is dangerous to forget does not compile. `npm run types` checks this file; nothing runs it. */

const told = { name: 'x', title: 'x', description: 'x', output: z.looseObject({}), result: () => ({}), text: () => '' };
const input = z.strictObject({ payment_id: z.string() });
const facts = { title: 'x', lines: [], ask: [], not_checked: [], blocks: [], before: {} };
const write = {
  turn: () => ['payment:1'],
  preflight: async () => facts,
  look: async () => ({ seen: 'not there' as const }),
  contradiction: () => undefined,
  undo: () => undefined,
};

const shows = () => 'asked' as const;
defineRead({ ...told, path: '/customerpayments/{payment_id}', input, shows });
defineRead({ ...told, path: '/customerpayments', input });
defineWrite({ ...told, ...write, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a placeholder without an input field
defineRead({ ...told, path: '/customerpayments/{refund_id}', input, shows });

// @ts-expect-error a path that names a record, and nothing that tells whether an answer is about it
defineRead({ ...told, path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a placeholder without an input field, on a write
defineWrite({ ...told, ...write, method: 'PUT', path: '/customerpayments/{refund_id}', input });

const { preflight, look, ...rest } = write;
// @ts-expect-error a write without preflight
defineWrite({ ...told, ...rest, look, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a write without a way to look for it
defineWrite({ ...told, ...rest, preflight, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

const { contradiction: _, ...unproven } = write;
// @ts-expect-error a write whose success answer may be about another record
defineWrite({ ...told, ...unproven, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a resource on a write
defineWrite({ ...told, ...write, method: 'POST', path: '/customerpayments', input, resources: [] });

// @ts-expect-error a GET is no write
defineWrite({ ...told, ...write, method: 'GET', path: '/customerpayments', input });

const task = { name: 'x', title: 'x', description: 'x', input, output: z.looseObject({ count: z.number().optional() }), reads: [] };
defineReadWorkflow({ ...task, run: async () => ({ count: 1, rest: [2] }), text: ({ count, rest: [first] }) => `${count + (first ?? 0)}` });

// @ts-expect-error a text of what the result does not have
defineReadWorkflow({ ...task, run: async () => ({ count: 1 }), text: ({ total }) => `${total}` });

// @ts-expect-error a result that does not fit the output
defineReadWorkflow({ ...task, run: async () => ({ count: '1' }), text: () => '' });
