/** The organization's time zone is New York's. Its timestamps and its midnight use this zone (live recording). */
export const ORG_TIME_ZONE = 'America/New_York';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const offsetFormat = new Intl.DateTimeFormat('en-US', { timeZone: ORG_TIME_ZONE, timeZoneName: 'longOffset' });
// A page of 200 payments needs 400 times, and Intl is slow. The offset is cached, because it is the same for a whole hour.
const offsetByHour = new Map<number, number>();

function offsetMs(at: number): number {
  const hour = Math.floor(at / HOUR_MS);
  const known = offsetByHour.get(hour);
  if (known !== undefined) return known;
  const name = offsetFormat.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name);
  const minutes = match ? Number(match[2]) * 60 + Number(match[3]) : 0;
  const offset = (match?.[1] === '-' ? -minutes : minutes) * 60_000;
  if (offsetByHour.size > 50_000) offsetByHour.clear();
  offsetByHour.set(hour, offset);
  return offset;
}

/** `2026-06-09T09:47:45-0400`: the organization's time zone, no colon in the offset (live recording). */
export function timestamp(at: number): string {
  const offset = offsetMs(at);
  const minutes = Math.abs(offset) / 60_000;
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`;
  return new Date(at + offset).toISOString().slice(0, 19) + zone;
}

/** Today's date at the organization, yyyy-MM-dd. */
export function orgDate(at: number): string {
  return new Date(at + offsetMs(at)).toISOString().slice(0, 10);
}

export function secondsToOrgMidnight(at: number): number {
  const local = at + offsetMs(at);
  const localMidnight = (Math.floor(local / DAY_MS) + 1) * DAY_MS;
  // Daylight saving can change the offset during the day, so the offset of midnight itself is used.
  const midnight = localMidnight - offsetMs(localMidnight - offsetMs(at));
  return Math.max(0, Math.floor((midnight - at) / 1000));
}

/** True for dates that exist in the calendar. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** `09 Jun 2026`, as in Zoho's *_formatted fields (live recording). */
export function formattedDate(text: string): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const [year = '', month = '', day = ''] = text.split('-');
  return text === '' ? '' : `${day} ${months[Number(month) - 1] ?? ''} ${year}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
