import type { ServerContext } from '@modelcontextprotocol/server';

/** The time between two notifications. Hosts cancel a call after a minute without a notification. */
const EVERY_MS = 5_000;

/** The progress notifications of one call. */
export interface CallProgress {
  tell(message: string): void;
  stop(): void;
}

/** Sends progress notifications while a call waits for Zoho, for a lock or for the user, if the client asked for them. */
export function reportProgress({ mcpReq }: ServerContext, everyMs: number = EVERY_MS): CallProgress {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { tell: () => undefined, stop: () => undefined };
  /** The protocol requires that `progress` grows within a call. The timer here and the call itself both send notifications. */
  let progress = 0;
  let times = 0;
  const tell = (message: string) => {
    progress += 1;
    void mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, message } }).catch(stop);
  };
  const timer = setInterval(() => {
    times += 1;
    tell(`In progress for ${Math.round((times * everyMs) / 1000)} s: waiting for Zoho or for the user.`);
  }, everyMs);
  timer.unref();
  const stop = () => clearInterval(timer);
  mcpReq.signal.addEventListener('abort', stop, { once: true });
  return { tell, stop };
}
