import { levels, traced, type Level, type Log } from '../trace.ts';

/** Writes the log to stderr, as lines for people or as JSON. Stdout is reserved for MCP messages. */
export function createLog({
  level,
  json,
  write = (line) => void process.stderr.write(line),
}: {
  level: Level;
  json: boolean;
  write?: (line: string) => void;
}): Log {
  const most = levels.indexOf(level);
  return (at, event, facts = {}) => {
    if (levels.indexOf(at) > most) return;
    const told = Object.entries({ ...facts, ...traced() }).filter(([, value]) => value !== undefined);
    if (json) return write(`${JSON.stringify({ time: new Date().toISOString(), level: at, event, ...Object.fromEntries(told) })}\n`);
    write(`zoho-payments-mcp: ${[event, ...told.map(([name, value]) => `${name}=${String(value)}`)].join(' ')}\n`);
  };
}
