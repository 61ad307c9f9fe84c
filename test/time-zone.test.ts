import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, localTime, startOfDay, timeText } from '../src/time-zone.ts';

/** Times in the organization's time zone, also on days with a clock change. */

describe('the local time', () => {
  it.each([
    ['2026-11-30T04:48:55.931Z', 'America/New_York', '2026-11-29T23:48:55.931-05:00', '2026-11-29 23:48:55 -05:00'],
    ['2026-06-30T04:48:55.931Z', 'America/New_York', '2026-06-30T00:48:55.931-04:00', '2026-06-30 00:48:55 -04:00'],
    ['2026-06-30T20:00:00.000Z', 'Asia/Calcutta', '2026-07-01T01:30:00.000+05:30', '2026-07-01 01:30:00 +05:30'],
    ['2026-06-30T20:00:00.000Z', 'Asia/Kathmandu', '2026-07-01T01:45:00.000+05:45', '2026-07-01 01:45:00 +05:45'],
    ['2026-06-30T20:00:00.000Z', 'GMT', '2026-06-30T20:00:00.000+00:00', '2026-06-30 20:00:00 +00:00'],
    ['2026-06-30T20:00:00.000Z', undefined, '2026-06-30T20:00:00.000Z', '2026-06-30 20:00:00 UTC'],
    // The hour that occurs twice.
    ['2026-11-01T05:30:00.000Z', 'America/New_York', '2026-11-01T01:30:00.000-04:00', '2026-11-01 01:30:00 -04:00'],
    ['2026-11-01T06:30:00.000Z', 'America/New_York', '2026-11-01T01:30:00.000-05:00', '2026-11-01 01:30:00 -05:00'],
    ['no time', 'America/New_York', 'no time', 'no time'],
  ])('of %s in %s is correct', (moment, zone, local, text) => {
    expect(localTime(moment, zone)).toBe(local);
    expect(timeText(moment, zone)).toBe(text);
  });
});

describe('the first moment of', () => {
  it.each([
    ['2026-11-29', 'America/New_York', '2026-11-29T05:00:00.000Z'],
    ['2026-03-08', 'America/New_York', '2026-03-08T05:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z'],
    ['2026-06-01', 'Pacific/Kiritimati', '2026-05-31T10:00:00.000Z'],
    ['2026-06-01', undefined, '2026-06-01T00:00:00.000Z'],
    // A day without midnight, a day with two midnights, a day that was skipped.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    ['2026-04-24', 'Africa/Cairo', '2026-04-23T22:00:00.000Z'],
    ['2026-11-01', 'America/Havana', '2026-11-01T04:00:00.000Z'],
    ['2018-02-18', 'America/Sao_Paulo', '2018-02-18T03:00:00.000Z'],
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ])('%s in %s is correct', (date, zone, begins) => {
    expect(startOfDay(date, zone)).toBe(begins);
  });

  it('any day in any time zone is the end of the day before', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 7_000 }), (zone, days) => {
        const date = new Date(Date.UTC(2012, 0, 1) + days * 86_400_000).toISOString().slice(0, 10);
        const begins = startOfDay(date, zone);
        expect(localTime(begins, zone).slice(0, 10)).toBe(date);
        expect(localTime(new Date(Date.parse(begins) - 1).toISOString(), zone).slice(0, 10) < date).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

it.each([
  ['America/New_York', true],
  ['US/Pacific', true],
  ['PST8PDT', true],
  ['Etc/GMT+12', true],
  ['', false],
  ['Mars/Olympus_Mons', false],
  ['America/New_York\u001b[31m', false],
])('whether %j is a known time zone: %j', (name, known) => {
  expect(isTimeZone(name)).toBe(known);
});
