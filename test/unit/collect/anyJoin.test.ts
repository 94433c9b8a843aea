// What is laid to which call hangs on what happened, not on what was heard of first: small logs made at random, with calls that run side
// by side or never end, process ids that come again, connections and what was asked on them, and starts of the sandbox.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { sightingOf } from '../../../server/src/collect/sightingOf';
import { joinPolicy, policySpan } from '../../../server/src/model/joinPolicy';
import type { PolicySpan } from '../../../server/src/protocol/document';
import { isStartOfSandbox } from '../support/restarted';
import { denial, opened, request, session, started, t0 } from '../support/joining';
import { info, memoryStore } from '../support/traces';

const store = memoryStore();
let made = 0;
afterAll(() => store[Symbol.dispose]());

const laid = (span: PolicySpan): unknown => [span.startTime, span.name, span.callId, span.candidates.toSorted()];

/** As it is kept after these batches, and as it is by the rules when all is known. */
function joins(batches: readonly (readonly SourceRecord[])[]): { readonly kept: unknown; readonly byRule: unknown } {
  const row = store.transaction(() => store.sources.ensure(`any ${made++}`, { info, registryProvider: null }));
  using ingest = new Ingest(store, row);
  for (const batch of batches) ingest.apply(batch);
  ingest.settle();
  const kept = store.policies.all(row).map(laid);
  const events = batches.flat().flatMap((record) => (record.kind === 'log' ? (sightingOf(record)?.event ?? []) : []));
  const byRule = joinPolicy(events, store.spans.calls(row, t0 - 1e9, t0 + 1e9))
    .map(policySpan)
    .toSorted((a, b) => ((a.startTime ?? '') + a.id < (b.startTime ?? '') + b.id ? -1 : 1))
    .map(laid);
  store.transaction(() => store.sources.remove(row));
  return { kept, byRule };
}

/** Near enough to each other for connections to hold, and for calls to meet; the last are long after. */
const time = fc.integer({ min: 0, max: 24 }).map((step) => (step < 20 ? step * 10_000 : step * 30_000));
const pid = fc.constantFrom(7, 8);
const program = fc.constantFrom('/usr/bin/curl', '/usr/local/bin/node');
const host = fc.constantFrom('a.example', 'b.example');
const line = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(time, pid, host).map((of) => denial(...of)) },
  { weight: 2, arbitrary: fc.tuple(time, pid, host, program).map((of) => opened(...of)) },
  { weight: 2, arbitrary: fc.tuple(time, host).map((of) => request(...of)) },
  { weight: 1, arbitrary: time.map(started) },
);
const call = fc.record({ began: time, took: fc.option(fc.constantFrom(400, 20_000, 200_000)), of: host });

describe('any log and any calls', () => {
  it('are joined alike in any order, cut anywhere, and by the rules', () => {
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 1, maxLength: 3 }),
        fc.array(line, { minLength: 1, maxLength: 9 }),
        fc.infiniteStream(fc.nat(1_000_000)),
        (calls, lines, random) => {
          const records = [
            ...calls.flatMap(({ began, took, of }, n) => session(`s${n}`, took === null ? null : began + took, began, of)),
            ...lines,
          ];
          const whole = joins([records]);
          expect(whole.kept).toEqual(whole.byRule);
          const next = (): number => random.next().value;
          const batches: SourceRecord[][] = [[]];
          // What changes most is a start that is heard of late: in half of the runs they come last.
          const late = next() % 2 === 0 ? records.filter(isStartOfSandbox) : [];
          for (const rest of [records.filter((record) => !late.includes(record)), late]) {
            while (rest.length > 0) {
              batches.at(-1)?.push(...rest.splice(next() % rest.length, 1));
              if (next() % 2 === 0) batches.push([]);
            }
          }
          expect(joins(batches).kept).toEqual(whole.kept);
        },
      ),
      { numRuns: 500 },
    );
  });
});
