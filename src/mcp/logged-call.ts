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
  const {
    error: refusal,
    structuredContent: { error = refusal?.data, outcome } = {},
    inputRequests,
  } = (result ?? {}) as {
    /** Of a protocol error. */
    error?: { data: { code: string } };
    structuredContent?: { error?: { code: string }; outcome?: string };
    inputRequests?: unknown;
  };
  return error?.code ?? outcome ?? (inputRequests === undefined ? 'done' : 'asked');
}
