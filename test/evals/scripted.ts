import { readFileSync } from 'node:fs';
import type { Conversation } from './protocol.ts';
import { scriptedModel } from './script.ts';
import { solutions } from './solutions.ts';
import { tasks } from './tasks.ts';

/** The scripted model as an adapter. It finds the task by its first sentence. */

const conversation = readFileSync(0, 'utf8');
const [first] = (JSON.parse(conversation) as Conversation).messages;
const task = tasks.find(({ says: [said] }) => first?.role === 'user' && said === first.text);
const solution = solutions[task?.name ?? ''];
if (solution === undefined) throw new Error('No task begins with this sentence.');
process.stdout.write(await scriptedModel(solution.right)(conversation));
