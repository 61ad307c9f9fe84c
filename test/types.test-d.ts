import * as z from 'zod';
import { defineRead, defineWrite } from '../src/endpoint.ts';

/** What is dangerous to forget does not compile. `npm run types` checks this file; nothing runs it. */

const told = { name: 'x', title: 'x', description: 'x', output: z.looseObject({}), result: () => ({}), text: () => '' };
const input = z.strictObject({ payment_id: z.string() });

defineRead({ ...told, path: '/customerpayments/{payment_id}', input });
defineWrite({ ...told, method: 'DELETE', path: '/customerpayments/{payment_id}', input, preflight: async () => ({}) });

// @ts-expect-error a placeholder without an input field
defineRead({ ...told, path: '/customerpayments/{refund_id}', input });

// @ts-expect-error a placeholder without an input field, on a write
defineWrite({ ...told, method: 'PUT', path: '/customerpayments/{refund_id}', input, preflight: async () => ({}) });

// @ts-expect-error a write without preflight
defineWrite({ ...told, method: 'DELETE', path: '/customerpayments/{payment_id}', input });

// @ts-expect-error a resource on a write
defineWrite({ ...told, method: 'POST', path: '/customerpayments', input, preflight: async () => ({}), resources: [] });

// @ts-expect-error a GET is no write
defineWrite({ ...told, method: 'GET', path: '/customerpayments', input, preflight: async () => ({}) });
