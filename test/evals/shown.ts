import { play, type Played } from './play.ts';
import { scriptedModel } from './script.ts';
import { solutions } from './solutions.ts';
import { tasks } from './tasks.ts';

/** Formats real conversations for the docs. From the tools' answers, the lines with next steps are removed. */

/** Plays these tasks and formats each of them under its title. */
export async function shown(names: Readonly<Record<string, string>>): Promise<string> {
  const parts: string[] = [];
  for (const [title, name] of Object.entries(names))
    parts.push(
      `### ${title}`,
      transcriptOf(
        await play(
          tasks.find((task) => task.name === name)!,
          scriptedModel(solutions[name]!.right),
        ),
      ),
    );
  return parts.join('\n\n');
}

export function transcriptOf({ task, problems, messages, asked }: Played): string {
  if (problems.length > 0) throw new Error(`${task}: ${problems.join('; ')}`);
  const lines: string[] = [];
  for (const [i, message] of messages.entries()) {
    if (message.role === 'user') lines.push(...(i > 0 ? ['```', ''] : []), `**“${message.text}”**`, '', '```text');
    if (message.role === 'tool') lines.push(...message.text.split('\n').filter((line) => !line.startsWith('Next: ')));
    // The scripted model's texts only repeat the tools' answers.
    if (message.role !== 'assistant' || !('calls' in message)) continue;
    lines.push(...message.calls.map(({ tool, arguments: args }) => `→ ${tool} ${JSON.stringify(args)}`));
    for (const { at, question, answer } of asked)
      if (at === i + 1)
        lines.push(...question.split('\n').map((line) => `  │ ${line}`), `  │ → ${answer.action === 'accept' ? 'Yes' : 'No'}`);
  }
  return [...lines, '```'].join('\n');
}
