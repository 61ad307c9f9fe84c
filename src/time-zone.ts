/** Times in the organization's time zone, or in UTC if it is unknown. */

/** True if this machine knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    offsetFormatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** ISO 8601 with the offset at that time: `2026-11-29T23:48:55.931-05:00`. Text that is not a time stays unchanged. */
export function localTime(moment: string, timeZone: string | undefined): string {
  const at = Date.parse(moment);
  if (Number.isNaN(at)) return moment;
  const utc = new Date(at).toISOString();
  if (timeZone === undefined) return utc;
  const offset = offsetOf(at, timeZone);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, '0'));
  return `${new Date(at + offset * 60_000).toISOString().slice(0, -1)}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}

/** The same time for people: `2026-11-29 23:48:55 -05:00`, or `2026-11-30 04:48:55 UTC`. */
export function timeText(moment: string, timeZone: string | undefined): string {
  const [, day, time, offset] = /^(.{10})T(.{8})(?:\.\d+)?(.*)$/.exec(localTime(moment, timeZone)) ?? [];
  return day === undefined ? moment : `${day} ${time} ${offset === 'Z' ? 'UTC' : offset}`;
}

/** The start of a calendar day in the time zone. A change of the zone's clock can skip midnight, or even the whole day. */
export function startOfDay(date: string, timeZone: string | undefined): string {
  const midnight = Date.parse(`${date}T00:00:00.000Z`);
  if (timeZone === undefined) return new Date(midnight).toISOString();
  // One candidate uses the offset before a clock change on that day, the other uses the offset after it.
  const candidates = [-1, 1].map((days) => midnight - offsetOf(midnight + days * 86_400_000, timeZone) * 60_000);
  const within = candidates.map((at) => new Date(at).toISOString()).filter((at) => localTime(at, timeZone).slice(0, 10) >= date);
  return within.toSorted()[0] ?? new Date(Math.max(...candidates)).toISOString();
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Throws RangeError if the time zone is unknown. */
function offsetFormatOf(timeZone: string): Intl.DateTimeFormat {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  formats.set(timeZone, format);
  return format;
}

/** Minutes ahead of UTC. */
function offsetOf(at: number, timeZone: string): number {
  const name =
    offsetFormatOf(timeZone)
      .formatToParts(at)
      .find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = 0, minutes = 0] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
