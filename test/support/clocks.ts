import { onTestFinished, vi } from 'vitest';

/** Sets this machine's two clocks ahead, each by a number of milliseconds. Timers are not affected. `still`: the clocks stop otherwise. */
export function clocks({ still = false } = {}): { wall: number; ticks: number } {
  const ahead = { wall: 0, ticks: 0 };
  const [wall, ticks] = [Date.now.bind(Date), performance.now.bind(performance)].map((clock) => {
    const now = clock();
    return still ? () => now : clock;
  }) as [() => number, () => number];
  const spies = [
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(wall() + ahead.wall)),
    vi.spyOn(performance, 'now').mockImplementation(() => ticks() + ahead.ticks),
  ];
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  return ahead;
}
