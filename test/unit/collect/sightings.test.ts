// The supervisor's events by several ways at once: console, daily file, JSON on the console, JSONL. Each is one event, whatever came
// first, and there are as many as the way has that has most of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogOrigin, SourceRecord } from '../../../server/src/attach/record';
import { policyId } from '../../../server/src/model/ids';
import { nearMs } from '../../../server/src/model/sightings';
import type { PolicySpan } from '../../../server/src/protocol/document';
import { traceOfBatches } from '../support/traces';

const folder = join(import.meta.dirname, '../../fixtures/openshell');
const linesOf = (name: string): readonly string[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
const shorthand = linesOf('constructed-openshell.log');
const json = linesOf('constructed-ocsf.jsonl');

const log = (origin: LogOrigin, text: string): SourceRecord => ({ kind: 'log', origin, text });
const iso = (time: number): string => new Date(time).toISOString();

function policyOf(...batches: (readonly SourceRecord[])[]): readonly PolicySpan[] {
  return traceOfBatches(batches).policy;
}

/** Each of the constructed events, by one way. */
const ways: Readonly<Record<string, readonly SourceRecord[]>> = {
  console: shorthand.map((line) => log('console', line)),
  file: shorthand.map((line) => log('file', line)),
  'console in JSON': json.map((line, at) => log('console', `${(shorthand[at] ?? '').slice(0, 24)} OCSF-JSON ${line}`)),
  jsonl: json.map((line) => log('jsonl', line)),
};

const ids = (spans: readonly PolicySpan[]): readonly string[] => spans.map((span) => span.id);

describe('an event that comes by several ways', () => {
  it.each(Object.keys(ways))('has by %s alone the id of its shorthand', (name) => {
    const spans = policyOf(ways[name] ?? []);
    expect(ids(spans).toSorted()).toEqual(shorthand.map((line) => policyId(line.slice(0, 24), line.slice(30), 0)).toSorted());
  });

  it('is one, in any order of arrival and any cut, and tells all that any way told', () => {
    const all = Object.values(ways).flat();
    const whole = policyOf(all);
    expect(whole).toHaveLength(shorthand.length);
    expect(ids(whole)).toEqual(ids(policyOf(ways['console'] ?? [])));
    expect(whole.find((span) => span.statusMessage?.includes('SYMLINK HINT'))?.statusMessage).toContain('check sandbox logs');
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), fc.integer({ min: 1, max: all.length }), (records, size) => {
        const batches = Array.from({ length: Math.ceil(records.length / size) }, (_, at) => records.slice(at * size, (at + 1) * size));
        expect(policyOf(...batches)).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });

  it('is one though each way stamps it with a clock of its own', () => {
    const line = (time: number): string =>
      `${iso(time)} OCSF NET:OPEN [MED] DENIED /usr/bin/curl(64) -> a.example:443 [policy:- engine:opa]`;
    const at = Date.parse('2026-08-17T20:53:25.000Z');
    const late = policyOf([log('file', line(at)), log('console', line(at + 3))]);
    expect(late).toHaveLength(1);
    // The console's time, whichever is the earlier.
    expect(late[0]?.startTime).toBe(iso(at + 3));
    expect(policyOf([log('console', line(at)), log('file', line(at + nearMs + 1))])).toHaveLength(2);
    // Of one way two are two, however near.
    expect(policyOf([log('console', line(at)), log('console', line(at))])).toHaveLength(2);
  });

  it('is one in versions that write it with less', () => {
    const at = '2026-08-17T20:53:25.000Z';
    const old = `${at} OCSF HTTP:GET [INFO] ALLOWED GET http://a.example/x [policy:p]`;
    const now = `${at} OCSF HTTP:GET [INFO] ALLOWED GET http://a.example:80/x [policy:p engine:l7] [k:v]`;
    expect(policyOf([log('console', old), log('file', now)])).toHaveLength(1);
  });

  /** What a way tells: some of so many equal events, each a little late. */
  const way = fc.record({
    origin: fc.constantFrom<LogOrigin>('console', 'file', 'jsonl'),
    late: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 8, maxLength: 8 }),
    has: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  });
  const gaps = fc.array(fc.constantFrom(0, 1, 30, 200, nearMs - 1, nearMs + 1, 5000), { minLength: 1, maxLength: 8 });
  const template = json[5] ?? '';

  function told(
    { origin, late, has }: { origin: LogOrigin; late: readonly number[]; has: readonly boolean[] },
    times: readonly number[],
  ): SourceRecord[] {
    const records: SourceRecord[] = [];
    let last = 0;
    times.forEach((time, at) => {
      if (has[at] === false) return;
      // A way keeps the order of its events.
      last = Math.max(last, time + (late[at] ?? 0));
      if (origin === 'jsonl') records.push(log(origin, template.replace(/"time":\d+/, `"time":${last}`)));
      else records.push(log(origin, `${iso(last)} ${(shorthand[5] ?? '').slice(25)}`));
    });
    return records;
  }

  it('is counted as often as the way has it that has it most often, in any interleaving', () => {
    const base = Date.parse('2026-08-17T20:53:25.000Z');
    fc.assert(
      fc.property(
        gaps,
        fc.uniqueArray(way, { selector: ({ origin }) => origin, minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.nat(1000)),
        (steps, of, random) => {
          let time = base;
          const times = steps.map((step) => (time += step));
          const lists = of.map((one) => told(one, times));
          const whole = policyOf(lists.flat());
          const full = of.map((one) => told({ ...one, has: [] }, times));
          expect(policyOf(full.flat())).toHaveLength(times.length);
          expect(whole.length).toBeGreaterThanOrEqual(Math.max(0, ...lists.map((list) => list.length)));
          expect(whole.length).toBeLessThanOrEqual(times.length);
          // One after another, as they come: the first of any list each time.
          const rest = lists.map((list) => [...list]);
          const batches: SourceRecord[][] = [];
          while (rest.some((list) => list.length > 0)) {
            const open = rest.filter((list) => list.length > 0);
            const next = open[random.next().value % open.length]?.shift();
            if (next !== undefined) batches.push([next]);
          }
          expect(policyOf(...batches)).toEqual(whole);
        },
      ),
      { numRuns: 50 },
    );
  });
});
