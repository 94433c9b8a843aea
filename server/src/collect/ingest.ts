/**
 * Takes a batch of records of one source into the store: decode, keep, fold what is due, join with the supervisor's log,
 * commit with the cursors that cover the batch. Either all of a batch is there afterwards or nothing of it. A session that is
 * not folded yet is marked in the store, so that a restart folds it. A record or session that can't be worked on is told as
 * skipped, and everything else goes on.
 */
import type { SourceRecord } from '../attach/record';
import { decodeShorthand } from '../decode/ocsf/shorthand';
import { decodeEntry } from '../decode/openclaw/entry';
import { decodeIndex } from '../decode/openclaw/sessionIndex';
import { decodeTrajectory } from '../decode/openclaw/trajectory';
import { assertNever } from '../model/assertNever';
import { llmCallKey } from '../model/events';
import type { SessionEvent } from '../model/events';
import { meetingKey } from '../model/sightings';
import { recordDigest } from '../store/entries';
import type { NewSighting, PolicyChanges } from '../store/policySightings';
import type { NewRecord } from '../store/entries';
import type { Store } from '../store/store';
import { joinLog, livesOf, withJudged } from './joinLog';
import { SessionFolds } from './sessionFolds';
import type { FoldCounts, SessionChange, Skip } from './sessionFolds';
import { sightingOf } from './sightingOf';

export interface IngestResult {
  readonly sessions: readonly SessionChange[];
  readonly policyChanged: boolean;
  readonly skippedChanged: boolean;
}

export class Ingest implements Disposable {
  readonly #store: Store;
  readonly #source: number;
  #registryProvider: string | null;
  readonly #folds: SessionFolds;
  /** Sessions being read again, with the ids that have come so far; bounded by the files the reader has open. */
  readonly #rereads = new Map<string, Set<string>>();
  /** What an older version kept of the supervisor's log is as this one decodes it. */
  #decodedAnew = false;

  constructor(store: Store, source: number) {
    this.#store = store;
    this.#source = source;
    this.#registryProvider = store.sources.get(source)?.registryProvider ?? null;
    this.#folds = new SessionFolds(store, source);
  }

  /** `bulk`: more waits to be taken in, so folding is put off. */
  apply(records: readonly SourceRecord[], bulk = false): IngestResult {
    return this.#atomic(() => this.#apply(records, bulk ? 'bulk' : 'due'));
  }

  /** Folds everything that was put off, a slice at each step; what is shown between two of them is true, but not all. */
  *settling(): Generator<IngestResult, void, undefined> {
    do yield this.#atomic(() => this.#apply([], 'all'));
    while (this.foldDueMs !== null);
  }

  /** The same at once. */
  settle(): void {
    Array.from(this.settling());
  }

  /** Milliseconds until a fold that was put off is due (`apply([])` does it); null when there is none. */
  get foldDueMs(): number | null {
    return this.#folds.dueMs;
  }

  /** How often a session was folded over everything, and how often by what was new alone. */
  get folded(): FoldCounts {
    return this.#folds.counts;
  }

  [Symbol.dispose](): void {
    this.#folds[Symbol.dispose]();
    this.#rereads.clear();
  }

  #atomic(body: () => IngestResult): IngestResult {
    try {
      return this.#store.transaction(body);
    } catch (error) {
      this.#folds.forget();
      this.#rereads.clear();
      this.#decodedAnew = false;
      throw error;
    }
  }

  #apply(records: readonly SourceRecord[], when: 'due' | 'bulk' | 'all'): IngestResult {
    const sightings: NewSighting[] = [];
    let skippedChanged = false;
    const skip: Skip = (where, reason) => {
      if (this.#store.sources.addSkipped(this.#source, { where, reason })) skippedChanged = true;
    };
    const cursors = new Map<string, string>();
    for (const record of records) {
      switch (record.kind) {
        case 'transcript':
          this.#transcript(record, skip);
          break;
        case 'index':
          this.#index(record, skip);
          break;
        case 'trajectory':
          this.#trajectory(record, skip);
          break;
        case 'log': {
          const sighting = decoded(() => sightingOf(record), 'a line of the log', skip);
          if (sighting !== null) sightings.push(sighting);
          break;
        }
        case 'gatewayLog':
          this.#gatewayLog(record.text, skip);
          break;
        case 'skipped':
          skip(record.where, record.reason);
          break;
        case 'mended':
          this.#store.sources.mendSkipped(this.#source, record.where);
          skippedChanged = true;
          break;
        case 'reread':
          this.#reread(record);
          break;
        case 'gone':
          this.#gone(record);
          break;
        case 'about':
          this.#about(record);
          break;
        case 'caughtUp':
        case 'heartbeat':
        case 'way': // of the connection, not of what is kept
          break;
        default:
          assertNever(record);
      }
      if (record.cursor !== undefined) cursors.set(record.cursor.key, record.cursor.value);
    }
    const lives = livesOf(
      this.#store,
      this.#source,
      sightings.map(({ event }) => event),
    );
    const anew = this.#decodedAnew ? null : this.#store.policies.seen.decodeAnew(this.#source, keptSighting);
    const policy = together(anew, this.#store.policies.seen.add(this.#source, sightings));
    const changes = this.#folds.fold(when, this.#registryProvider, skip);
    const judged = joinLog(this.#store, this.#source, policy, lives, changes);
    for (const [key, value] of cursors) this.#store.sources.setCursor(this.#source, key, value);
    this.#decodedAnew = true;
    return {
      sessions: withJudged(this.#store, this.#source, changes, judged),
      policyChanged: policy.changed || judged.size > 0,
      skippedChanged,
    };
  }

  #about(record: Extract<SourceRecord, { kind: 'about' }>): void {
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
    for (const view of this.#store.sessions.list(this.#source)) this.#folds.markAnew(view.row);
  }

  #transcript(record: Extract<SourceRecord, { kind: 'transcript' }>, skip: Skip): void {
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
    if (entries.setFileState(row, record.file, record.state)) this.#folds.mark(row);
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
    this.#folds.mark(row);
    const ageChanged = entries.noteTimes(row, event.kind === 'header' ? event.time : null, event.time);
    if (ageChanged) {
      const others = entries.related(this.#source, row);
      for (const sharer of others.length > 0 ? [row, ...others] : others) this.#folds.markAnew(sharer);
      for (const child of this.#store.sessions.spawnedByKeyOf(row)) this.#folds.mark(child);
    }
    if (event.kind === 'header') return;
    for (const heir of entries.heirs(this.#source, entries.sessionRow(row), event.entryId, callKey)) this.#folds.markAnew(heir);
  }

  #index(record: Extract<SourceRecord, { kind: 'index' }>, skip: Skip): void {
    const event = decoded(() => decodeIndex(record.text, record.agent), `the session index of agent ${record.agent}`, skip);
    if (event === null) return;
    const row = this.#session(record.agent, event.session);
    const added = this.#add(row, { kind: 'index', entryId: '#index', ordinal: 0, file: null, callKey: null, text: record.text }, event);
    if (added === 'known') return;
    this.#folds.mark(row);
    this.#store.sessions.setKeys(row, event.sessionKey, event.spawnedBy);
    for (const child of this.#store.sessions.spawnedByKey(this.#source, event.sessionKey)) this.#folds.mark(child);
  }

  #trajectory(record: Extract<SourceRecord, { kind: 'trajectory' }>, skip: Skip): void {
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
      this.#folds.mark(row);
  }

  #add(row: number, record: NewRecord, event: SessionEvent): 'new' | 'known' | 'changed' {
    const added = this.#store.entries.add(row, record);
    if (added === 'new') this.#folds.added(row, record, event);
    if (added !== 'known' && 'runId' in event && event.runId !== null) this.#folds.gateway.run(row, event.runId);
    return added;
  }

  #reread(record: Extract<SourceRecord, { kind: 'reread' }>): void {
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
    this.#folds.mark(row);
  }

  #gone(record: Extract<SourceRecord, { kind: 'gone' }>): void {
    const row = this.#session(record.agent, record.session);
    this.#store.entries.setFileState(row, record.file, null);
    if (!record.explained) {
      for (const entryId of this.#store.entries.idsInFile(row, record.file)) this.#store.entries.markVanished(row, entryId, false);
    }
    this.#folds.mark(row);
  }

  #gatewayLog(text: string, skip: Skip): void {
    for (const row of decoded(() => this.#folds.gateway.line(text), "a line of OpenClaw's own log", skip) ?? []) this.#folds.mark(row);
  }

  #session(agent: string, session: string): number {
    const { row, made } = this.#store.entries.ensureSession(this.#source, agent, session);
    if (made) this.#folds.begun(row);
    return row;
  }
}

/** The text of a line in shorthand as it was kept; null: it tells of no event. */
function keptSighting(text: string, time: number): NewSighting | null {
  const event = decodeShorthand(text, time);
  return event === null ? null : { way: 'console', event, key: meetingKey(event) };
}

function together(before: PolicyChanges | null, after: PolicyChanges): PolicyChanges {
  if (before === null) return after;
  return {
    changed: before.changed || after.changed,
    events: [...before.events, ...after.events],
    calls: [...before.calls, ...after.calls],
    shortened: [...before.shortened, ...after.shortened],
  };
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
