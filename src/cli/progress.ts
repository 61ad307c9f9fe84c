import type { Quota } from '../zoho/limits.ts';

/** Shows the progress of a long command on stderr: a bar at a terminal, otherwise a line every ten seconds. */

const BAR = 20;
const LINE_EVERY_MS = 10_000;
const BAR_EVERY_MS = 200;

export class Progress {
  readonly #quota: () => Promise<Quota>;
  readonly #isBar = process.stderr.isTTY === true;
  #doing = '';
  #began = 0;
  #first = 0;
  #shownAt = 0;
  #calls = '';

  constructor(quota: () => Promise<Quota>) {
    this.#quota = quota;
  }

  /** Shows that row `row` of `of` begins. */
  step(doing: string, row: number, of: number): void {
    const now = performance.now();
    if (doing !== this.#doing) {
      this.#doing = doing;
      this.#began = now;
      this.#first = row;
      this.#shownAt = this.#isBar ? 0 : now;
    }
    if (now - this.#shownAt < (this.#isBar ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shownAt = now;
    const seconds = (now - this.#began) / 1_000;
    const rate = (row - this.#first) / seconds;
    const left = rate > 0 ? `, ${rate.toFixed(rate < 10 ? 1 : 0)} a second, ${remainingTime((of - row + 1) / rate)} left` : '';
    this.#askCalls();
    this.#show(`${doing} row ${row} of ${of}${left}${this.#calls}`, row / of);
  }

  /** Shows what the command does now, as a sentence. For work whose rows cannot be counted beforehand. */
  say(doing: string): void {
    const now = performance.now();
    if (!this.#isBar && this.#shownAt === 0) this.#shownAt = now;
    if (!this.#isBar && now - this.#shownAt < LINE_EVERY_MS) return;
    this.#shownAt = now;
    this.#askCalls();
    this.#show(`${doing.replace(/\.$/, '')}${this.#calls}`);
  }

  /** Says what the command waits for. */
  wait(why: string): void {
    this.clear();
    process.stderr.write(`${why}\n`);
  }

  /** Removes the bar. Called before other text is written. */
  clear(): void {
    if (this.#isBar && this.#shownAt > 0) process.stderr.write('\r\u001b[K');
    this.#shownAt = 0;
  }

  /** `part`: how much is done, from 0 to 1. Undefined if that is not known. */
  #show(text: string, part?: number): void {
    if (!this.#isBar) return void process.stderr.write(`${text}\n`);
    const bar = part === undefined ? '' : `[${'#'.repeat(Math.min(BAR, Math.round(part * BAR))).padEnd(BAR)}] `;
    const line = `${bar}${text}`;
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns || 100) - 1)}`);
  }

  /** Reads the quota for the next step's text. No step waits for it. */
  #askCalls(): void {
    void this.#quota()
      .then(callsText)
      .catch(() => '')
      .then((text) => (this.#calls = text));
  }
}

const callsText = ({ minute, day }: Quota): string =>
  `, Zoho calls left: ${minute.left} this minute${day === undefined ? '' : `, ${day.remaining} today`}`;

function remainingTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
