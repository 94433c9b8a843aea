// What is kept of the sessions last worked on is bounded by what it holds; one that went is folded over everything once.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { LiveSessions, weightOf } from '../../../server/src/collect/liveSessions';
import type { SessionEvent } from '../../../server/src/model/events';
import { placeBeneath } from '../../../server/src/model/place';
import { info, memoryStore } from '../support/traces';

const owner = {};

function user(entryId: string, preview: string): SessionEvent {
  const entry = { agent: 'main', session: 's', entryId, parentEntryId: null, time: 1, ordinal: 1, runId: null, side: false } as const;
  return { ...entry, kind: 'user', sentTime: null, preview, bytes: 1, provenance: null, mark: null, fromOwner: true };
}

const one = weightOf(user('x', ''));

function fill(sessions: LiveSessions, row: number, events: number): void {
  const live = sessions.begin(row, owner);
  for (let i = 0; i < events; i++) live.add(`transcript ${i}`, user(`${i}`, ''));
  sessions.grew(row);
}

describe('the live sessions', () => {
  it('forget the least recently used when they are full', () => {
    const sessions = new LiveSessions(10 * one);
    fill(sessions, 1, 4);
    fill(sessions, 2, 4);
    expect(sessions.get(1, owner)).not.toBeNull();
    fill(sessions, 3, 4);
    expect(sessions.get(2, owner)).toBeNull();
    expect(sessions.get(1, owner)).not.toBeNull();
    expect(sessions.bytes).toBe(8 * one);
  });

  it('hold of a place its own bytes, not the block of memory in which others were made beside it', () => {
    const turn = placeBeneath(null, '0123456789abcdef', 1);
    const chat = placeBeneath(turn, '0123456789abcdef', 2);
    for (const { key } of [turn, chat, placeBeneath(chat, '0123456789abcdef', 3, 1)]) expect(key.buffer.byteLength).toBe(key.length);
  });

  it('keep less while a history pours in, and the last one all the same', () => {
    const sessions = new LiveSessions(10 * one, 15 * one, 5 * one);
    fill(sessions, 1, 4);
    const poured = (row: number, events: number): void => {
      const live = sessions.begin(row, owner);
      for (let i = 0; i < events; i++) live.add(`transcript ${i}`, user(`${i}`, ''));
      sessions.grew(row, true);
    };
    poured(2, 3);
    expect(sessions.get(1, owner)).toBeNull();
    poured(3, 6);
    expect(sessions.get(2, owner)).toBeNull();
    expect(sessions.get(3, owner)).not.toBeNull();
    fill(sessions, 4, 4);
    expect(sessions.bytes).toBe(10 * one);
  });

  it('of one source stay while a history of another pours in, as far as there is room for all', () => {
    const sessions = new LiveSessions(10 * one, 15 * one, 5 * one);
    const [, other] = [fill(sessions, 1, 4), {}];
    const poured = (row: number, events: number): void => {
      const live = sessions.begin(row, other);
      for (let i = 0; i < events; i++) live.add(`transcript ${i}`, user(`${i}`, ''));
      sessions.grew(row, true);
    };
    poured(2, 3);
    poured(3, 3);
    expect(sessions.get(2, other)).toBeNull();
    poured(4, 2);
    expect(sessions.bytes).toBe(9 * one);
    expect(sessions.get(3, other)).not.toBeNull();
    // A long one takes the room that it needs: its own go first.
    poured(5, 6);
    for (const row of [3, 4]) expect(sessions.get(row, other)).toBeNull();
    expect(sessions.get(1, owner)).not.toBeNull();
    poured(5, 7);
    expect(sessions.get(1, owner)).toBeNull();
    expect(sessions.get(5, other)).not.toBeNull();
    expect(sessions.bytes).toBe(7 * one);
  });

  it('keep the one at work alone when it is long, but not however long', () => {
    const sessions = new LiveSessions(10 * one, 15 * one);
    fill(sessions, 1, 4);
    fill(sessions, 2, 15);
    expect(sessions.get(1, owner)).toBeNull();
    expect(sessions.get(2, owner)).not.toBeNull();
    expect(sessions.bytes).toBe(15 * one);
    fill(sessions, 3, 16);
    expect(sessions.get(3, owner)).toBeNull();
    expect(sessions.bytes).toBe(0);
  });

  it('count what texts they hold, and a known event once', () => {
    const sessions = new LiveSessions();
    const live = sessions.begin(1, owner);
    live.add('transcript a', user('a', 'x'.repeat(200)));
    live.add('transcript a', user('a', 'x'.repeat(200)));
    sessions.grew(1);
    expect(sessions.bytes).toBe(one + 200);
    expect(live.fresh).toHaveLength(1);
  });

  it('give nobody what another one worked on', () => {
    const sessions = new LiveSessions();
    fill(sessions, 1, 4);
    expect(sessions.get(1, {})).toBeNull();
    expect(sessions.bytes).toBe(0);
    fill(sessions, 2, 4);
    sessions.dropAll(owner);
    expect(sessions.bytes).toBe(0);
  });
});

describe('a session in the store', () => {
  const line = (ordinal: number): SourceRecord => ({
    kind: 'transcript',
    agent: 'main',
    session: 's',
    state: 'live',
    file: 's.jsonl',
    ordinal,
    text: JSON.stringify({
      type: 'message',
      id: `e${ordinal}`,
      parentId: ordinal === 0 ? null : `e${ordinal - 1}`,
      timestamp: new Date(Date.UTC(2026, 10, 21) + ordinal * 1000).toISOString(),
      message: { role: 'user', content: `say ${ordinal}` },
    }),
  });

  it('is folded over everything once by who comes to it, and then grows', () => {
    using store = memoryStore();
    const source = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    for (let from = 0; from < 30; from += 10) {
      using ingest = new Ingest(store, source);
      for (let ordinal = from; ordinal < from + 10; ordinal++) {
        const { sessions } = ingest.apply([line(ordinal)]);
        // Whole again, or the new turn alone.
        expect(sessions[0]?.spans.map(({ attributes }) => attributes['sandglass.preview'])).toEqual([`say ${ordinal}`]);
      }
      expect(ingest.folded).toEqual({ anew: 1, grown: 9 });
    }
    expect(store.sessions.list(source)[0]?.info.totals.turns).toBe(30);
    expect(LiveSessions.of(store).bytes).toBe(0);
  });

  it('that gets an entry from before what is known is folded over everything', () => {
    using store = memoryStore();
    const source = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    using ingest = new Ingest(store, source);
    for (const ordinal of [0, 1, 3, 4]) ingest.apply([line(ordinal)]);
    const before = ingest.folded.anew;
    ingest.apply([line(2)]);
    ingest.settle();
    expect(ingest.folded.anew).toBe(before + 1);
    ingest.apply([line(5)]);
    expect(ingest.folded.anew).toBe(before + 1);
    const row = store.sessions.list(source)[0]?.row ?? 0;
    expect(store.spans.page(row, 0, -1).map(({ span }) => span.attributes['sandglass.preview'])).toEqual(
      [0, 1, 2, 3, 4, 5].map((ordinal) => `say ${ordinal}`),
    );
  });
});
