// What the log adds follows the fold from span to span: whatever is seen first, and at the cost of what a span touches.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GatewayEvent } from '../../../server/src/model/gatewayLines';
import { GatewayOverlay } from '../../../server/src/model/gatewayOverlay';
import { spanId } from '../../../server/src/model/ids';
import { placeBeneath } from '../../../server/src/model/place';
import type { MadeSpan } from '../../../server/src/model/spanMaker';
import { TimedTurns } from '../../../server/src/model/timedTurns';
import type { TimedTurn } from '../../../server/src/model/timedTurns';
import type { Span } from '../../../server/src/protocol/document';

const t0 = Date.UTC(2026, 10, 21, 10);
const iso = (ms: number): string => new Date(t0 + ms).toISOString();
const idOf = (turn: number): string => spanId('a', 's', `t${turn}`, 'invoke_agent', 0);

interface Seen {
  readonly start: number;
  readonly end: number | null;
  readonly status?: Span['status'];
}

function made(span: Pick<Span, 'id' | 'kind' | 'attributes'>, { start, end, status = 'ok' }: Seen, turnId: string): MadeSpan {
  const times = { startTime: iso(start), endTime: end === null ? null : iso(end), durationMs: null, durationBasis: 'unknown' } as const;
  const rest = { parentId: null, name: span.kind, status, statusMessage: null, entryId: span.id, witness: 'agent' } as const;
  return {
    span: { ...span, ...times, ...rest },
    place: placeBeneath(null, span.id, start),
    turnId,
    call: null,
    childKey: null,
  };
}

function turn(n: number, runId: string | null, seen: Seen, inherited = false): MadeSpan {
  const id = idOf(n);
  return made({ id, kind: 'invoke_agent', attributes: { 'sandglass.run.id': runId, 'sandglass.inherited': inherited } }, seen, id);
}

function chat(n: string, ofTurn: number, seen: Seen): MadeSpan {
  return made({ id: spanId('a', 's', n, 'chat', 0), kind: 'chat', attributes: {} }, seen, idOf(ofTurn));
}

function event(id: string, runId: string, at: number, goesOn: GatewayEvent['goesOn'] = 'told'): GatewayEvent {
  return { id, runId, time: t0 + at, name: 'model-retry', failed: false, preview: id, attributes: {}, goesOn };
}

/** What stands in the end, as the store has it that is told of each step. */
class Shown {
  readonly overlay = new GatewayOverlay('a', 's');
  readonly spans = new Map<string, MadeSpan>();
  gone = false;

  take(): readonly MadeSpan[] {
    const { spans, gone } = this.overlay.take();
    for (const span of spans) this.spans.set(span.span.id, span);
    this.gone ||= gone;
    return spans;
  }
}

describe("what OpenClaw's own log adds", () => {
  it('is the same when its spans and events come one by one as when all are there at once', () => {
    const times = fc.integer({ min: 0, max: 8000 });
    const turns = fc.array(
      fc.record({
        n: fc.nat(4),
        runId: fc.constantFrom(null, 'r0', 'r1', 'r2'),
        start: times,
        lasts: fc.option(fc.nat(3000)),
        inherited: fc.boolean(),
      }),
      { maxLength: 8 },
    );
    const chats = fc.array(fc.record({ n: fc.nat(5), turn: fc.nat(4), start: times, lasts: fc.nat(1500), failed: fc.boolean() }), {
      maxLength: 8,
    });
    const events = fc.array(fc.record({ runId: fc.constantFrom('r0', 'r1', 'r2', 'r3'), at: times, told: fc.boolean() }), { maxLength: 8 });
    fc.assert(
      fc.property(turns, chats, events, fc.integer(), (someTurns, someChats, someEvents, seed) => {
        const spans = [
          ...someTurns.map(({ n, runId, start, lasts, inherited }) =>
            turn(n, runId, { start, end: lasts === null ? null : start + lasts }, inherited),
          ),
          ...someChats.map(({ n, turn: of, start, lasts, failed }) =>
            chat(`c${n}`, of, { start, end: start + lasts, status: failed ? 'error' : 'ok' }),
          ),
        ]
          .map((span, i) => ({ span, rank: Math.sin(seed + i) }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ span }) => span);
        const told = someEvents.map(({ runId, at, told: goesOn }, i) => event(`e${i}`, runId, at, goesOn ? 'told' : 'to be seen'));
        const once = new Shown();
        once.overlay.saw(spans);
        once.overlay.tell(told);
        once.take();
        for (const toldAt of [0, Math.floor(spans.length / 2), spans.length]) {
          const step = new Shown();
          for (const [i, span] of spans.entries()) {
            if (i === toldAt) step.overlay.tell(told.slice(1));
            step.overlay.saw([span]);
            step.take();
          }
          step.overlay.tell(told);
          step.take();
          const all = Object.fromEntries(step.spans);
          if (!step.gone) expect(Object.keys(all).sort()).toEqual([...once.spans.keys()].sort());
          for (const [id, span] of once.spans) expect(all[id]).toEqual(span);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('looks at no event of another turn when a chat or a turn comes', () => {
    let asked = 0;
    const counted = (told: GatewayEvent): GatewayEvent =>
      new Proxy(told, {
        get(target, name): unknown {
          asked += 1;
          return Reflect.get(target, name) as unknown;
        },
      });
    const shown = new Shown();
    const many = 500;
    const at = (n: number): Seen => ({ start: n * 10_000, end: n * 10_000 + 5000 });
    // Some turns name their run, and some are found by their time.
    const runOf = (n: number): string | null => (n % 2 === 0 ? `r${n}` : null);
    shown.overlay.saw(Array.from({ length: many }, (_, n) => turn(n, runOf(n), at(n))));
    shown.overlay.tell(Array.from({ length: many }, (_, n) => counted(event(`e${n}`, `r${n}`, n * 10_000 + 100))));
    expect(shown.take()).toHaveLength(many);
    asked = 0;
    for (const n of [many - 2, many - 1]) {
      shown.overlay.saw([chat(`c${n}`, n, at(n)), turn(n, runOf(n), { start: n * 10_000, end: n * 10_000 + 6000 })]);
      expect(shown.take()).toEqual([]);
    }
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(100);
    // A chat that failed tells the last attempt itself.
    shown.overlay.saw([chat('failed', many - 1, { ...at(many - 1), status: 'error' })]);
    expect(shown.take()).toEqual([]);
    shown.overlay.saw([turn(many, `r${many}`, at(many))]);
    expect(shown.take()).toEqual([]);
    expect(asked).toBeLessThan(200);
  });

  it('says when a span is none any more, and not when one only moves', () => {
    const shown = new Shown();
    shown.overlay.saw([turn(0, null, { start: 0, end: 1000 })]);
    shown.overlay.tell([event('e', 'r', 500)]);
    expect(shown.take().map(({ turnId }) => turnId)).toEqual([idOf(0)]);
    shown.overlay.saw([turn(1, 'r', { start: 400, end: 600 })]);
    expect(shown.overlay.take()).toMatchObject({ spans: [{ turnId: idOf(1) }], gone: false });
    shown.overlay.saw([chat('c', 1, { start: 450, end: 550, status: 'error' })]);
    expect(shown.overlay.take()).toEqual({ spans: [], gone: true });
  });
});

describe('turns by time', () => {
  it('are found as by looking at each', () => {
    const some = fc.array(
      fc.record({ start: fc.nat(20), lasts: fc.nat(10), then: fc.option(fc.record({ start: fc.nat(20), lasts: fc.nat(10) })) }),
    );
    fc.assert(
      fc.property(some, (turns) => {
        const timed = new TimedTurns<TimedTurn>();
        const all = turns.map(({ start, lasts, then }, seq) => {
          const first = { seq, start, end: start + lasts };
          timed.add(first);
          if (then === null) return first;
          timed.remove(first);
          const second = { seq, start: then.start, end: then.start + then.lasts };
          timed.add(second);
          return second;
        });
        for (let time = -1; time < 32; time++) {
          const running = all.filter(({ start, end }) => start <= time && time <= end).sort((a, b) => b.start - a.start || a.seq - b.seq);
          expect(timed.at(time)).toEqual(running[0] ?? null);
        }
      }),
    );
  });
});
