import { withRequestId, type Log } from '../trace.ts';

/** Gives the call its own request id, answers the call, and logs its name, outcome and duration. */
export function loggedCall<T>(what: string, log: Log, answer: () => Promise<T>): Promise<T> {
  return withRequestId(async () => {
    const began = performance.now();
    const end = (outcome: string) => log('info', what, { outcome, ms: Math.round(performance.now() - began) });
    try {
      const result = await answer();
      end(outcomeOf(result));
      return result;
    } catch (error) {
      end('no answer');
      throw error;
    }
  });
}

function outcomeOf(result: unknown): string {
  const { structuredContent: { error, outcome } = {}, inputRequests } = (result ?? {}) as {
    structuredContent?: { error?: { code: string }; outcome?: string };
    inputRequests?: unknown;
  };
  return error?.code ?? outcome ?? (inputRequests === undefined ? 'done' : 'asked');
}
