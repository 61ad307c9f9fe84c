import * as z from 'zod';
import { defineRead, defineWrite } from '../../src/endpoint.ts';
import { defineReadWorkflow } from '../../src/workflow.ts';

/** Dangerous omissions do not compile. `npm run types` checks this file; it never runs. */

const told = {
  name: 'x',
  title: 'x',
  description: 'x',
  output: z.looseObject({}),
  result: () => ({}),
  report: () => ({ lines: [], next: [] }),
};
const input = z.strictObject({ payment_id: z.string() });
const facts = {
  question: { title: 'x', lines: [], ask: [], not_checked: [] },
  policy: {},
  duplicates: {},
  lost: { touches: {}, before: {} },
};
const safety = {
  turn: () => ['payment:1'],
  preflight: async () => facts,
  look: async () => ({ seen: 'not there' as const }),
  contradiction: () => undefined,
  undo: () => undefined,
};

const shows = () => 'asked' as const;
defineRead({ ...told, path: '/customerpayments/{payment_id}', input, shows });
defineRead({ ...told, path: '/customerpayments', input });
defineWrite({ ...told, safety, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a placeholder without an input field
defineRead({ ...told, path: '/customerpayments/{refund_id}', input, shows });

// @ts-expect-error a path to one record, but no way to check that the answer is about this record
defineRead({ ...told, path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a placeholder without an input field, on a write
defineWrite({ ...told, safety, method: 'PUT', path: '/customerpayments/{refund_id}', input });

const { preflight, look, ...rest } = safety;
// @ts-expect-error a write without preflight
defineWrite({ ...told, safety: { ...rest, look }, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a write without a way to find it after a lost answer
defineWrite({ ...told, safety: { ...rest, preflight }, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

const { contradiction: _, ...unproven } = safety;
// @ts-expect-error a write whose success answer could be about another record
defineWrite({ ...told, safety: unproven, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a resource on a write
defineWrite({ ...told, safety, method: 'POST', path: '/customerpayments', input, resources: [] });

// @ts-expect-error a GET is not a write
defineWrite({ ...told, safety, method: 'GET', path: '/customerpayments', input });

const task = { name: 'x', title: 'x', description: 'x', input, output: z.looseObject({ count: z.number().optional() }), reads: [] };
defineReadWorkflow({
  ...task,
  run: async () => ({ count: 1, rest: [2] }),
  report: ({ count, rest: [first] }) => ({ lines: [`${count + (first ?? 0)}`], next: [] }),
});

// @ts-expect-error a report with a field that the result does not have
defineReadWorkflow({ ...task, run: async () => ({ count: 1 }), report: ({ total }) => ({ lines: [`${total}`], next: [] }) });

// @ts-expect-error a result that does not fit the output
defineReadWorkflow({ ...task, run: async () => ({ count: '1' }), text: () => '' });
