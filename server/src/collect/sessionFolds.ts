/**
 * The sessions of one source that grew and are to be folded: which are due, and the fold itself with what only the other
 * sessions of the store can tell (who owns a copied entry, who spawned whom). Works within the caller's transaction.
 */
import { decodeEntry } from '../decode/openclaw/entry';
import { decodeIndex } from '../decode/openclaw/sessionIndex';
import { decodeTrajectory } from '../decode/openclaw/trajectory';
import { touchedPaths, writesFiles } from '../locate/touches';
import { assertNever } from '../model/assertNever';
import { llmCallKey } from '../model/events';
import type { SessionEvent } from '../model/events';
import { foldSession, latestIndex, parentAmong } from '../model/foldSession';
import type { FoldContext, FoldedSession } from '../model/foldSession';
import { placeSpans } from '../model/place';
import type { Span } from '../protocol/document';
import type { NewRecord, StoredRecord } from '../store/entries';
import type { SessionStore } from '../store/sessions';
import type { SpanFacts, TimeRange } from '../store/spans';
import type { Store } from '../store/store';
import { accountFor } from '../usage/account';
import { FoldPacing } from './foldPacing';
import { SessionCache } from './sessionCache';

export interface SessionChange {
  readonly session: string;
  readonly row: number;
  readonly revision: number;
  /** Spans that are new or other than before. */
  readonly spans: readonly Span[];
  /** When calls ran, or were thought to, that are new or other than before. */
  readonly ran: readonly TimeRange[];
}

interface Folded extends SessionChange {
  /** Sessions that another call is now known to have spawned, or none any more. */
  readonly children: readonly number[];
}

/** Tells of something that could not be worked on. */
export type Skip = (where: string, reason: string) => void;

export class SessionFolds {
  readonly #store: Store;
  readonly #source: number;
  readonly #cache = new SessionCache();
  readonly #pacing = new FoldPacing();
  /** Sessions that grew since they were folded; the store has the same marks. */
  readonly #dirty: Set<number>;

  constructor(store: Store, source: number) {
    this.#store = store;
    this.#source = source;
    this.#dirty = new Set(store.entries.dirty(source));
  }

  /** Milliseconds until the first session is due; null when there is none. */
  get dueMs(): number | null {
    return this.#pacing.wait(this.#dirty, performance.now());
  }

  /** The caller's transaction was rolled back: what was learned in it is not in the store. */
  forget(): void {
    this.#cache.clear();
    this.#dirty.clear();
    for (const row of this.#store.entries.dirty(this.#source)) this.#dirty.add(row);
  }

  /** What is new is kept from its first record on, so that the fold need not decrypt it again. */
  begun(row: number): void {
    this.#cache.put(row, new Map());
  }

  /** A record was added to a session's entries. */
  added(row: number, record: NewRecord, event: SessionEvent): void {
    const cached = this.#cache.get(row);
    if (cached === null) return;
    const key = cacheKey(record);
    if (!cached.has(key)) this.#cache.grew(row, 1);
    cached.set(key, event);
  }

  mark(row: number): void {
    if (this.#dirty.has(row)) return;
    this.#store.entries.markDirty(row);
    this.#dirty.add(row);
  }

  /** Folds what is due. `when`: `bulk` puts off what can wait, because more is coming; `all` puts off nothing. */
  fold(when: 'due' | 'bulk' | 'all', registryProvider: string | null, skip: Skip): readonly SessionChange[] {
    const now = performance.now();
    const rows = [...this.#dirty].filter((row) => when === 'all' || this.#pacing.due(row, now, when === 'bulk'));
    const changes = this.#foldAll(rows, registryProvider, skip);
    // A history that was just read owes no rest: the next record is a live one.
    if (when === 'all') this.#pacing.rested();
    return changes;
  }

  /** Folds until nothing changes what another session is: a new spawn gives a child its parent. */
  #foldAll(rows: readonly number[], registryProvider: string | null, skip: Skip): readonly SessionChange[] {
    const changes = new Map<number, SessionChange>();
    const waiting = new Set(rows);
    for (;;) {
      const next = [...waiting].sort((a, b) => a - b);
      if (next.length === 0) return [...changes.values()];
      waiting.clear();
      for (const row of next) {
        const began = performance.now();
        this.#dirty.delete(row);
        const change = this.#fold(row, registryProvider, skip);
        this.#pacing.folded(row, began, performance.now());
        if (change === null) continue;
        const before = changes.get(row);
        changes.set(
          row,
          before === undefined ? change : { ...change, spans: [...before.spans, ...change.spans], ran: [...before.ran, ...change.ran] },
        );
        // A child folded before its parent was known is folded once more; its own fold changes nothing here, so this ends.
        for (const child of change.children) waiting.add(child);
      }
    }
  }

  #fold(row: number, registryProvider: string | null, skip: Skip): Folded | null {
    const { entries, sessions } = this.#store;
    const session = entries.sessionRow(row);
    const events = this.#events(row, session);
    const list = [...events.values()];
    const foreignEntries = entries.foreignEntries(this.#source, session);
    const foreignCalls = new Set<string>();
    for (const id of entries.foreignCalls(this.#source, session)) {
      const event = events.get(cacheKey({ kind: 'transcript', entryId: id }));
      if (event?.kind === 'assistant') foreignCalls.add(llmCallKey(event));
    }
    const index = latestIndex(list);
    const spawner = index === null ? null : sessions.spawner(this.#source, index.sessionKey);
    const parents =
      index === null || index.spawnedBy === null ? [] : sessions.byKey(this.#source, index.spawnedBy).map((id) => entries.sessionRow(id));
    const context: FoldContext = {
      owns: (entryId) => !foreignEntries.has(entryId),
      ownsCall: (key) => !foreignCalls.has(key),
      account: (call) => accountFor(call, { registryProvider }),
      spawnedBy: spawner,
      parentSession: parentAmong(parents, session.created)?.session ?? null,
    };
    const work = ((): Parameters<SessionStore['put']> | null => {
      try {
        const input = { agent: session.agent, session: session.session, states: entries.fileStates(row), events: list };
        const folded = foldSession(input, context);
        return [row, folded, placeSpans(folded.spans), factsOf(folded)];
      } catch (error) {
        // Whatever a record holds, it costs no more than its own session.
        const reason = error instanceof Error ? error.message : String(error);
        skip(`session ${session.session} of agent ${session.agent}`, `it could not be put together: ${reason}`);
        return null;
      }
    })();
    // It stays marked in the store: what could not be put together is told again at the next attach, not in this one.
    if (work === null) return null;
    const { changed: spans, ran, children } = sessions.put(...work);
    return { session: session.session, row, revision: sessions.byRow(row)?.revision ?? 0, spans, ran, children };
  }

  #events(row: number, session: { readonly agent: string; readonly session: string }): Map<string, SessionEvent> {
    const cached = this.#cache.get(row);
    if (cached !== null) return cached;
    const events = new Map<string, SessionEvent>();
    for (const record of this.#store.entries.records(row)) {
      const event = decodeStored(record, session.agent, session.session);
      if (event !== null) events.set(cacheKey(record), event);
    }
    this.#cache.put(row, events);
    return events;
  }
}

/** What is kept beside each span of a call. What a fork inherited, its first owner did. */
function factsOf({ spans, calls, spawns, workspaceDir }: FoldedSession): ReadonlyMap<string, SpanFacts> {
  const callById = new Map(calls.map((call) => [call.spanId, call]));
  const childById = new Map(spawns.map((spawn) => [spawn.spanId, spawn.childSessionKey]));
  const facts = new Map<string, SpanFacts>();
  for (const span of spans) {
    if (span.kind !== 'execute_tool' || span.attributes['sandglass.inherited'] === true) continue;
    const start = span.startTime === null ? null : Date.parse(span.startTime);
    const writes = writesFiles(span);
    facts.set(span.id, {
      call: callById.get(span.id) ?? null,
      childKey: childById.get(span.id) ?? null,
      touches: touchedPaths(span, workspaceDir).map((path) => ({ spanId: span.id, path, start, writes })),
    });
  }
  return facts;
}

function cacheKey(record: { readonly kind: StoredRecord['kind']; readonly entryId: string }): string {
  return `${record.kind} ${record.entryId}`;
}

function decodeStored(record: StoredRecord, agent: string, session: string): SessionEvent | null {
  switch (record.kind) {
    case 'transcript':
      return decodeEntry(record.text, { agent, session, ordinal: record.ordinal });
    case 'index':
      return decodeIndex(record.text, agent);
    case 'trajectory':
      return decodeTrajectory(record.text, agent, session, record.ordinal);
    default:
      return assertNever(record.kind);
  }
}
