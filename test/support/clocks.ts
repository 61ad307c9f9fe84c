import { onTestFinished, vi } from 'vitest';

/** This machine's two clocks, set by a test: each by how many milliseconds it is ahead. Timers go on as they are. `still`: nothing else moves them. */
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
