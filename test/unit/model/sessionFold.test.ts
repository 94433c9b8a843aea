// A fold that grows makes what a fold over everything makes, wherever its events are cut; or it says that it can't.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';
import { decodeTrajectory } from '../../../server/src/decode/openclaw/trajectory';
import type { SessionEvent } from '../../../server/src/model/events';
import { ExactSum } from '../../../server/src/model/exactSum';
import { EntryOrder } from '../../../server/src/model/order';
import { placeSpans } from '../../../server/src/model/place';
import { SessionFold } from '../../../server/src/model/sessionFold';
import type { SessionFacts } from '../../../server/src/model/sessionFold';
import type { MadeSpan } from '../../../server/src/model/spanMaker';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook } from '../../../server/src/usage/book';
import { recordings } from '../../fixtures/recordings';
import { recordsOf } from '../support/traces';

const ownership = { owns: () => true, ownsCall: () => true };
const around = { index: null, state: 'live', spawnedBy: null, parentSession: null } as const;
/** Cuts of each session that are tried. */
const runs = 4;

async function sessionsOf(root: string): Promise<ReadonlyMap<string, readonly SessionEvent[]>> {
  const sessions = new Map<string, SessionEvent[]>();
  for (const record of await recordsOf(root)) {
    if (record.kind !== 'transcript' && record.kind !== 'trajectory') continue;
    const event =
      record.kind === 'trajectory'
        ? decodeTrajectory(record.text, record.agent, record.session, record.ordinal)
        : decodeEntry(record.text, { agent: record.agent, session: record.session, ordinal: record.ordinal });
    const key = `${record.agent} ${record.session}`;
    if (event !== null) sessions.set(key, [...(sessions.get(key) ?? []), event]);
  }
  return sessions;
}

interface Grown {
  readonly spans: ReadonlyMap<string, MadeSpan>;
  readonly facts: SessionFacts;
  readonly anew: number;
}

/** `batches`: of which the first is never refused. */
function grow(batches: readonly (readonly SessionEvent[])[]): Grown {
  const make = (): SessionFold => new SessionFold('main', 's', (call) => accountFor(call, { registryProvider: null, book: emptyBook }));
  let fold = make();
  let facts: SessionFacts | null = null;
  let anew = 0;
  const spans = new Map<string, MadeSpan>();
  const sofar: SessionEvent[] = [];
  for (const batch of batches) {
    sofar.push(...batch);
    const fits = fold.fits(batch);
    expect(fold.append(batch, ownership)).toBe(fits);
    if (!fits) {
      anew += 1;
      fold = make();
      spans.clear();
      expect(fold.append(sofar, ownership)).toBe(true);
    }
    const step = fold.take(around);
    facts = step.facts;
    for (const made of step.spans) spans.set(made.span.id, made);
  }
  if (facts === null) throw new Error('no events');
  return { spans: new Map([...spans].sort(([a], [b]) => (a < b ? -1 : 1))), facts, anew };
}

describe.each(recordings())('$name', ({ root }) => {
  it('comes to the same, cut anywhere, in order or not', async () => {
    for (const events of (await sessionsOf(root)).values()) {
      const whole = grow([events]);
      fc.assert(
        fc.property(fc.array(fc.nat(40), { minLength: 1 }), fc.boolean(), (sizes, turned) => {
          const entries = (new EntryOrder().next(events) ?? []).map(({ entry }) => entry);
          const rest = events.filter((event) => !(entries as readonly SessionEvent[]).includes(event));
          const line = turned ? [...events].reverse() : [...rest.slice(0, 1), ...entries, ...rest.slice(1)];
          const batches: SessionEvent[][] = [];
          for (let at = 0, i = 0; at < line.length; i++) {
            const size = 1 + (sizes[i % sizes.length] ?? 0);
            batches.push(line.slice(at, at + size));
            at += size;
          }
          const grown = grow(batches);
          expect({ spans: [...grown.spans], facts: grown.facts }).toEqual({ spans: [...whole.spans], facts: whole.facts });
        }),
        { numRuns: runs },
      );
    }
  });

  it('is never refused what comes after all that is known', async () => {
    for (const events of (await sessionsOf(root)).values()) {
      const entries = (new EntryOrder().next(events) ?? []).map(({ entry }) => entry);
      const { anew } = grow(entries.map((entry) => [entry]));
      expect(anew).toBe(0);
    }
  });

  it('places a span by itself where all spans together place it', async () => {
    for (const events of (await sessionsOf(root)).values()) {
      const { spans } = grow([events]);
      const placed = placeSpans([...spans.values()].map(({ span }) => span));
      expect(placed).toHaveLength(spans.size);
      for (const { span, place, turnId } of placed)
        expect({ place, turnId }).toEqual({ place: spans.get(span.id)?.place, turnId: spans.get(span.id)?.turnId });
    }
  });
});

describe('a sum', () => {
  it('is the same whatever came first', () => {
    const money = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(money, (values) => {
        const sumOf = (numbers: readonly number[]): number => {
          const sum = new ExactSum();
          for (const number of numbers) sum.add(number);
          return sum.value;
        };
        expect(sumOf([...values].reverse())).toBe(sumOf(values));
        expect(sumOf([...values].sort((a, b) => a - b))).toBe(sumOf(values));
      }),
    );
    const tenths = new ExactSum();
    for (let i = 0; i < 10; i++) tenths.add(0.1);
    expect(tenths.value).toBe(1);
  });
});
