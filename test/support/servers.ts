import { afterAll, afterEach } from 'vitest';
import { harness, type Harness, type HarnessOptions } from './harness.ts';

/** Starts servers for the tests of one file. They end with their test, or with the file if its tests run in parallel. */
export function servers(until: 'test' | 'file' = 'test'): (options?: HarnessOptions) => Promise<Harness> {
  const open: Harness[] = [];
  (until === 'test' ? afterEach : afterAll)(async () => {
    for (const server of open.splice(0).toReversed()) await server.close();
  });
  return async (options = {}) => {
    const server = await harness(options);
    open.push(server);
    await server.client.listTools();
    return server;
  };
}
