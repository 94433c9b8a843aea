import { describe, expect, it } from 'vitest';
import { dayNamed, timeNamed } from '../../../server/src/cli/times';
import { parseCommand, UsageError } from '../../../server/src/cli/usage';

const iso = (day: { from: number; to: number } | null): readonly string[] | null =>
  day === null ? null : [new Date(day.from).toISOString(), new Date(day.to).toISOString()];

describe('a day that is named', () => {
  it.each([
    ['2026-11-21', 'UTC', '2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z'],
    ['2026-11-21', 'America/Los_Angeles', '2026-11-21T08:00:00.000Z', '2026-11-22T08:00:00.000Z'],
    // The farthest there are, where at noon in Greenwich it is another day.
    ['2026-11-21', 'Pacific/Kiritimati', '2026-11-20T10:00:00.000Z', '2026-11-21T10:00:00.000Z'],
    ['2026-11-21', 'Etc/GMT+12', '2026-11-21T12:00:00.000Z', '2026-11-22T12:00:00.000Z'],
    // 25 hours, and 23.
    ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
  ])('%s in %s is from %s to %s', (name, zone, from, to) => {
    expect(iso(dayNamed(name, zone))).toEqual([from, to]);
  });

  it('is empty where it was left out, and none when the calendar has none', () => {
    const left = dayNamed('2011-12-30', 'Pacific/Apia');
    expect(left?.from).toBe(left?.to);
    for (const name of ['2026-02-30', '2026-13-01', '26-01-01', '2026-1-1', 'today', '2026-11-21T00:00Z'])
      expect(dayNamed(name, 'UTC'), name).toBeNull();
  });
});

describe('a time that is named', () => {
  it('has a zone', () => {
    expect(timeNamed('2026-11-21T14:30Z')).toBe(Date.UTC(2026, 10, 21, 14, 30));
    expect(timeNamed('2026-11-21T14:30:15.5+02:00')).toBe(Date.UTC(2026, 10, 21, 12, 30, 15, 500));
    for (const text of ['2026-11-21T14:30', '2026-11-21 14:30Z', '2026-11-21T25:00Z', '14:30', ''])
      expect(timeNamed(text), text).toBeNull();
  });
});

describe('the time that is asked of', () => {
  const cost = (...more: string[]): ReturnType<typeof parseCommand> => parseCommand(['cost', 'x', '--tz', 'Europe/Berlin', ...more]);

  it('goes from the beginning of a day to the end of one', () => {
    expect(cost('--from', '2026-11-20', '--to', '2026-11-21')).toMatchObject({
      from: '2026-11-19T23:00:00.000Z',
      to: '2026-11-21T23:00:00.000Z',
    });
    expect(cost('--to', '2026-11-21T12:00Z')).toMatchObject({ from: null, to: '2026-11-21T12:00:00.000Z' });
    expect(cost()).toMatchObject({ by: 'day', from: null, to: null, timeZone: 'Europe/Berlin', form: 'table', prices: null });
    expect(() => cost('--from', '2026-11-21', '--to', '2026-11-20')).toThrow(UsageError);
  });

  it('is of this machine when no time zone is named', () => {
    const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(parseCommand(['cost', 'x'])).toMatchObject({ timeZone: here });
  });
});
