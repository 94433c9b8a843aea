/**
 * Takes a batch of records of one source into the store: decode, keep, fold what is due, join with the supervisor's log,
 * commit with the cursors that cover the batch. Either all of a batch is there afterwards or nothing of it. A session that is
 * not folded yet is marked in the store, so that a restart folds it. A record or session that can't be worked on is told as
 * skipped, and everything else goes on.
 */
import type { SourceRecord } from '../attach/record';
import type { Span } from '../protocol/document';
import { decodeEntry } from '../decode/openclaw/entry';
import { decodeIndex } from '../decode/openclaw/sessionIndex';
import { decodeTrajectory } from '../decode/openclaw/trajectory';
import { decodeShorthand } from '../decode/ocsf/shorthand';
import { assertNever } from '../model/assertNever';
import { llmCallKey } from '../model/events';
import type { PolicyEvent, SessionEvent } from '../model/events';
import { foldSession, latestIndex, parentAmong } from '../model/foldSession';
import type { FoldContext } from '../model/foldSession';
import { joinPolicy } from '../model/joinPolicy';
import { placeSpans } from '../model/place';
import { touchedPaths, writesFiles } from '../locate/touches';
import { recordDigest } from '../store/entries';
import type { NewRecord, StoredRecord } from '../store/entries';
import type { SessionStore, Touch } from '../store/sessions';
import type { Store } from '../store/store';
import { accountFor } from '../usage/account';
import { FoldPacing } from './foldPacing';
import { SessionCache } from './sessionCache';

/** How far around a change the supervisor's events are joined again. */
const joinMarginMs = 60_000;

export interface SessionChange {
  readonly session: string;
  readonly row: number;
  readonly revision: number;
  /** Spans that are new or other than before. */
  readonly spans: readonly Span[];
}

/** Tells of something that could not be worked on. */
type Skip = (where: string, reason: string) => void;

interface Folded extends SessionChange {
  /** Sessions that are now known to be spawned by this one. */
  readonly children: readonly number[];
}

export interface IngestResult {
  readonly sessions: readonly SessionChange[];
  readonly policyChanged: boolean;
  readonly skippedChanged: boolean;
}

export class Ingest {
  readonly #store: Store;
  readonly #source: number;
  #registryProvider: string | null;
  readonly #cache = new SessionCache();
  readonly #pacing = new FoldPacing();
  /** Sessions that grew since they were folded; the store has the same marks. */
  readonly #dirty: Set<number>;
  /** Sessions being read again, with the ids that have come so far; bounded by the files the reader has open. */
  readonly #rereads = new Map<string, Set<string>>();

  constructor(store: Store, source: number) {
    this.#store = store;
    this.#source = source;
    this.#registryProvider = store.sources.get(source)?.registryProvider ?? null;
    this.#dirty = new Set(store.entries.dirty(source));
  }

  /** `bulk`: more waits to be taken in, so folding is put off. */
  apply(records: readonly SourceRecord[], bulk = false): IngestResult {
    return this.#atomic(() => this.#apply(records, (row) => this.#pacing.due(row, performance.now(), bulk)));
  }

  /** Folds everything that was put off. */
  settle(): IngestResult {
    return this.#atomic(() => this.#apply([], () => true));
  }

  /** Milliseconds until a fold that was put off is due (`apply([])` does it); null when there is none. */
  get foldDueMs(): number | null {
    return this.#pacing.wait(this.#dirty, performance.now());
  }

  #atomic(body: () => IngestResult): IngestResult {
    try {
      return this.#store.transaction(body);
    } catch (error) {
      // What was learned in a batch that was rolled back is not in the store.
      this.#cache.clear();
      this.#rereads.clear();
      this.#dirty.clear();
      for (const row of this.#store.entries.dirty(this.#source)) this.#dirty.add(row);
      throw error;
    }
  }

  #apply(records: readonly SourceRecord[], due: (row: number) => boolean): IngestResult {
    const dirty = new Set<number>();
    const policy: PolicyEvent[] = [];
    let skippedChanged = false;
    const skip: Skip = (where, reason) => {
      this.#store.sources.addSkipped(this.#source, { where, reason });
      skippedChanged = true;
    };
    const cursors = new Map<string, string>();
    for (const record of records) {
      switch (record.kind) {
        case 'transcript':
          this.#transcript(record, dirty, skip);
          break;
        case 'index':
          this.#index(record, dirty, skip);
          break;
        case 'trajectory':
          this.#trajectory(record, dirty, skip);
          break;
        case 'log': {
          const event = decoded(() => decodeShorthand(record.text), 'a line of the log', skip);
          if (event !== null) policy.push(event);
          break;
        }
        case 'skipped':
          skip(record.where, record.reason);
          break;
        case 'reread':
          this.#reread(record, dirty);
          break;
        case 'gone':
          this.#gone(record, dirty);
          break;
        case 'about':
          this.#about(record, dirty);
          break;
        case 'caughtUp':
        case 'heartbeat':
          break;
        default:
          assertNever(record);
      }
      if (record.cursor !== undefined) cursors.set(record.cursor.key, record.cursor.value);
    }
    for (const event of policy) this.#store.policies.add(this.#source, event);
    for (const row of dirty) this.#markDirty(row);
    const changes = this.#foldAll([...this.#dirty].filter(due), skip);
    const judged = this.#join(policy, changes);
    for (const [key, value] of cursors) this.#store.sources.setCursor(this.#source, key, value);
    return { sessions: this.#withJudged(changes, judged), policyChanged: policy.length > 0 || judged.size > 0, skippedChanged };
  }

  #about(record: Extract<SourceRecord, { kind: 'about' }>, dirty: Set<number>): void {
    const stored = this.#store.sources.get(this.#source);
    if (stored === null) throw new Error('records of a source that is not in the store');
    const info = {
      ...stored.info,
      sandbox: record.sandboxName ?? stored.info.sandbox,
      runtimeVersion: record.runtimeVersion ?? stored.info.runtimeVersion,
    };
    const registryProvider = record.provider ?? stored.registryProvider;
    this.#store.sources.update(this.#source, { info, registryProvider });
    if (registryProvider === this.#registryProvider) return;
    this.#registryProvider = registryProvider;
    // Every price hangs on who the provider is; what was folded under another is folded again.
    for (const view of this.#store.sessions.list(this.#source)) dirty.add(view.row);
  }

  #transcript(record: Extract<SourceRecord, { kind: 'transcript' }>, dirty: Set<number>, skip: Skip): void {
    const where = `${record.file}:${record.ordinal}`;
    const event = decoded(
      () => decodeEntry(record.text, { agent: record.agent, session: record.session, ordinal: record.ordinal }),
      where,
      skip,
    );
    if (event === null) {
      skip(where, 'the line is no JSON object');
      return;
    }
    const { entries } = this.#store;
    const row = this.#session(record.agent, record.session);
    if (entries.setFileState(row, record.file, record.state)) dirty.add(row);
    this.#rereads.get(`${row} ${record.file}`)?.add(event.entryId);
    const callKey = event.kind === 'assistant' && !event.synthetic ? llmCallKey(event) : null;
    // A fork may bring the header of the session it copies; its own is the one with its id.
    const entryId = event.kind === 'header' ? `#header:${event.entryId}` : event.entryId;
    const added = this.#add(
      row,
      { kind: 'transcript', entryId, ordinal: record.ordinal, file: record.file, callKey, text: record.text },
      event,
    );
    if (added === 'known') return;
    dirty.add(row);
    const ageChanged = entries.noteTimes(row, event.kind === 'header' ? event.time : null, event.time);
    if (ageChanged) {
      for (const other of entries.related(this.#source, row)) dirty.add(other);
      for (const child of this.#store.sessions.spawnedByKeyOf(row)) dirty.add(child);
    }
    if (event.kind !== 'header') for (const other of entries.sharers(this.#source, row, event.entryId, callKey)) dirty.add(other);
  }

  #index(record: Extract<SourceRecord, { kind: 'index' }>, dirty: Set<number>, skip: Skip): void {
    const event = decoded(() => decodeIndex(record.text, record.agent), `the session index of agent ${record.agent}`, skip);
    if (event === null) return;
    const row = this.#session(record.agent, event.session);
    const added = this.#add(row, { kind: 'index', entryId: '#index', ordinal: 0, file: null, callKey: null, text: record.text }, event);
    if (added === 'known') return;
    dirty.add(row);
    this.#store.sessions.setKeys(row, event.sessionKey, event.spawnedBy);
    for (const child of this.#store.sessions.spawnedByKey(this.#source, event.sessionKey)) dirty.add(child);
  }

  #trajectory(record: Extract<SourceRecord, { kind: 'trajectory' }>, dirty: Set<number>, skip: Skip): void {
    const event = decoded(
      () => decodeTrajectory(record.text, record.agent, record.session, record.ordinal),
      `trajectory of session ${record.session}:${record.ordinal}`,
      skip,
    );
    if (event === null) return;
    const row = this.#session(record.agent, record.session);
    // The file is written anew after each run, so an event is what it says, not where it stands.
    const entryId = `#${recordDigest(record.text).toString('hex')}`;
    if (
      this.#add(row, { kind: 'trajectory', entryId, ordinal: record.ordinal, file: null, callKey: null, text: record.text }, event) !==
      'known'
    )
      dirty.add(row);
  }

  #add(row: number, record: NewRecord, event: SessionEvent): 'new' | 'known' | 'changed' {
    const added = this.#store.entries.add(row, record);
    const cached = this.#cache.get(row);
    if (added === 'new' && cached !== null) {
      const key = cacheKey(record);
      if (!cached.has(key)) this.#cache.grew(row, 1);
      cached.set(key, event);
    }
    return added;
  }

  #reread(record: Extract<SourceRecord, { kind: 'reread' }>, dirty: Set<number>): void {
    const row = this.#session(record.agent, record.session);
    const key = `${row} ${record.file}`;
    if (record.phase === 'begin') {
      this.#rereads.set(key, new Set());
      return;
    }
    const seen = this.#rereads.get(key);
    this.#rereads.delete(key);
    if (seen === undefined) return;
    for (const entryId of this.#store.entries.idsInFile(row, record.file)) {
      if (!seen.has(entryId) && !entryId.startsWith('#header:')) this.#store.entries.markVanished(row, entryId, record.explained);
    }
    dirty.add(row);
  }

  #gone(record: Extract<SourceRecord, { kind: 'gone' }>, dirty: Set<number>): void {
    const row = this.#session(record.agent, record.session);
    this.#store.entries.setFileState(row, record.file, null);
    if (!record.explained) {
      for (const entryId of this.#store.entries.idsInFile(row, record.file)) this.#store.entries.markVanished(row, entryId, false);
    }
    dirty.add(row);
  }

  #session(agent: string, session: string): number {
    const { row, made } = this.#store.entries.ensureSession(this.#source, agent, session);
    // What is new is kept from its first record on, so that the fold need not decrypt it again.
    if (made) this.#cache.put(row, new Map());
    return row;
  }

  #markDirty(row: number): void {
    if (this.#dirty.has(row)) return;
    this.#store.entries.markDirty(row);
    this.#dirty.add(row);
  }

  /** Folds until nothing changes what another session is: a new spawn gives a child its parent. */
  #foldAll(rows: readonly number[], skip: Skip): readonly SessionChange[] {
    const changes = new Map<number, SessionChange>();
    const waiting = new Set(rows);
    for (;;) {
      const next = [...waiting].sort((a, b) => a - b);
      if (next.length === 0) return [...changes.values()];
      waiting.clear();
      for (const row of next) {
        const began = performance.now();
        this.#dirty.delete(row);
        const change = this.#fold(row, skip);
        this.#pacing.folded(row, began, performance.now());
        if (change === null) continue;
        const before = changes.get(row);
        changes.set(row, before === undefined ? change : { ...change, spans: [...before.spans, ...change.spans] });
        // A child folded before its parent was known is folded once more; a call spawns only once, so this ends.
        for (const child of change.children) waiting.add(child);
      }
    }
  }

  #fold(row: number, skip: Skip): Folded | null {
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
      account: (call) => accountFor(call, { registryProvider: this.#registryProvider }),
      spawnedBy: spawner,
      parentSession: parentAmong(parents, session.created)?.session ?? null,
    };
    const put = ((): Parameters<SessionStore['put']> | null => {
      try {
        const input = { agent: session.agent, session: session.session, states: entries.fileStates(row), events: list };
        const folded = foldSession(input, context);
        return [row, folded, placeSpans(folded.spans), folded.spans.flatMap((span) => touchesOf(span, folded.workspaceDir))];
      } catch (error) {
        // Whatever a record holds, it costs no more than its own session.
        const reason = error instanceof Error ? error.message : String(error);
        skip(`session ${session.session} of agent ${session.agent}`, `it could not be put together: ${reason}`);
        return null;
      }
    })();
    if (put === null) {
      entries.clearDirty(row);
      return null;
    }
    const { changed: spans, spawned } = sessions.put(...put);
    const children = spawned.flatMap((key) => sessions.byKey(this.#source, key));
    return { session: session.session, row, revision: sessions.byRow(row)?.revision ?? 0, spans, children };
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

  /** Joins the supervisor's events around what changed. */
  #join(policy: readonly PolicyEvent[], changes: readonly SessionChange[]): ReadonlySet<string> {
    let from = Infinity;
    let to = -Infinity;
    const widen = (time: number | null): void => {
      if (time === null || Number.isNaN(time)) return;
      from = Math.min(from, time);
      to = Math.max(to, time);
    };
    for (const event of policy) widen(event.time);
    for (const change of changes) {
      for (const span of change.spans) {
        if (span.kind !== 'execute_tool') continue;
        widen(span.startTime === null ? null : Date.parse(span.startTime));
        widen(span.endTime === null ? null : Date.parse(span.endTime));
      }
    }
    const judged = new Set<string>();
    if (from === Infinity) return judged;
    from -= joinMarginMs;
    to += joinMarginMs;
    const events = this.#store.policies.events(this.#source, from, to);
    const pids = new Set(events.flatMap((event) => (event.process === null ? [] : [event.process.pid])));
    const lives = this.#store.policies.lives(this.#source, pids);
    for (const joined of joinPolicy(events, this.#store.sessions.calls(this.#source, from, to), lives)) {
      // Events at the edge of the window were judged with all their neighbours in an earlier one.
      if (joined.event.time < from + joinMarginMs / 2 || joined.event.time > to - joinMarginMs / 2) continue;
      for (const call of this.#store.policies.putJoin(this.#source, joined)) judged.add(call);
    }
    return judged;
  }

  /** A denial that came after its call changes the call's session too. */
  #withJudged(changes: readonly SessionChange[], judged: ReadonlySet<string>): readonly SessionChange[] {
    const byRow = new Map(changes.map((change) => [change.row, change]));
    for (const id of judged) {
      const found = this.#store.sessions.span(this.#source, id);
      if (found === null) continue;
      const known = byRow.get(found.session);
      if (known !== undefined && known.spans.some((span) => span.id === id)) continue;
      const revision = known?.revision ?? this.#store.sessions.touch(found.session);
      const session = known?.session ?? this.#store.entries.sessionRow(found.session).session;
      byRow.set(found.session, { session, row: found.session, revision, spans: [...(known?.spans ?? []), found.span] });
    }
    return [...byRow.values()];
  }
}

/** What a fork inherited, its first owner did. */
function touchesOf(span: Span, workspaceDir: string | null): readonly Touch[] {
  if (span.attributes['sandglass.inherited'] === true) return [];
  const start = span.startTime === null ? null : Date.parse(span.startTime);
  return touchedPaths(span, workspaceDir).map((path) => ({ spanId: span.id, path, start, writes: writesFiles(span) }));
}

/** Decoders answer null for what they don't know. If one throws all the same, it costs that record and no other. */
function decoded<T>(decode: () => T | null, where: string, skip: Skip): T | null {
  try {
    return decode();
  } catch (error) {
    skip(where, `it could not be decoded: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
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
