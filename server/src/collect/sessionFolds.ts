/**
 * The sessions of one source that grew and are to be folded: which are due, and the fold itself with what only the other
 * sessions of the store can tell (who owns a copied entry, who spawned whom). Works within the caller's transaction.
 */
import { asObject, asString } from '../decode/json';
import { decodeEntry } from '../decode/openclaw/entry';
import { decodeIndex } from '../decode/openclaw/sessionIndex';
import { commandLimit } from '../decode/openclaw/toolCall';
import { decodeTrajectory } from '../decode/openclaw/trajectory';
import { SessionFindings } from '../findings/sessionFindings';
import { usesOf } from '../locate/defined/uses';
import { ranCommand, touchedPaths, writesFiles } from '../locate/touches';
import { assertNever } from '../model/assertNever';
import type { AccountFor, CallAccount } from '../model/account';
import { llmCallKey, strongestState } from '../model/events';
import type { IndexEvent, SessionEvent, TokenUsage } from '../model/events';
import { GatewayOverlay } from '../model/gatewayOverlay';
import { SessionFold } from '../model/sessionFold';
import type { Surroundings } from '../model/sessionFold';
import type { MadeSpan } from '../model/spanMaker';
import type { Ownership } from '../model/turns';
import type { Span } from '../protocol/document';
import { spanArguments } from '../query/payload';
import type { NewRecord, SessionRow, StoredRecord } from '../store/entries';
import type { KeptSpan, TimeRange } from '../store/spans';
import type { Store } from '../store/store';
import { accountFor } from '../usage/account';
import type { PriceContext } from '../usage/account';
import { FoldPacing } from './foldPacing';
import { GatewayEvents } from './gatewayEvents';
import { LiveSessions } from './liveSessions';
import type { LiveSession } from './liveSessions';
import { Pricing } from './pricing';

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

export interface FoldCounts {
  /** Over everything that is known of the session. */
  readonly anew: number;
  /** By what was new alone. */
  readonly grown: number;
}

/** Tells of something that could not be worked on. */
export type Skip = (where: string, reason: string) => void;

/** Folding leaves the turn to others after so long; what is left is due at once. After an upgrade every session is to be folded. */
const sliceMs = 200;

export class SessionFolds implements Disposable {
  readonly gateway: GatewayEvents;
  readonly #store: Store;
  readonly #source: number;
  readonly #live: LiveSessions;
  readonly #pacing = new FoldPacing();
  readonly #pricing: Pricing;
  /** By which prices all of it is folded, or is to be. */
  #pricedAs: string | null = null;
  /** Sessions that grew since they were folded; the store has the same marks. */
  readonly #dirty: Set<number>;
  /** Of those, the ones of which something else changed than that they grew. */
  readonly #anew = new Set<number>();
  /** Of those, the ones that something came for in this life: they go before what an earlier one left. */
  readonly #fresh = new Set<number>();
  /** More than is at hand waits to be taken in. */
  #pouring = false;
  #counts: FoldCounts = { anew: 0, grown: 0 };

  constructor(store: Store, source: number) {
    this.#store = store;
    this.#source = source;
    this.#live = LiveSessions.of(store);
    this.gateway = new GatewayEvents(store, source);
    this.#dirty = new Set(store.entries.dirty(source));
    this.#pricing = Pricing.of(store);
    this.#reprice();
  }

  get counts(): FoldCounts {
    return this.#counts;
  }

  [Symbol.dispose](): void {
    this.#live.dropAll(this);
  }

  /** Milliseconds until the first session is due; null when there is none. */
  get dueMs(): number | null {
    this.#reprice();
    return this.#pacing.wait(this.#dirty, performance.now(), this.#grew);
  }

  /** The caller's transaction was rolled back: what was learned in it is not in the store. */
  forget(): void {
    this.#live.dropAll(this);
    this.gateway.forget();
    this.#anew.clear();
    this.#fresh.clear();
    this.#dirty.clear();
    for (const row of this.#store.entries.dirty(this.#source)) this.#dirty.add(row);
    this.#pricedAs = null;
    this.#reprice();
  }

  /** What was folded by other prices is folded again. Nothing is marked in the store: that it was is written there. */
  #reprice(): void {
    const { fingerprint } = this.#pricing;
    if (this.#pricedAs === fingerprint) return;
    this.#pricedAs = fingerprint;
    for (const row of this.#store.sessions.pricedOtherwise(this.#source, fingerprint)) {
      this.#anew.add(row);
      this.#dirty.add(row);
    }
  }

  /** What is new is kept from its first record on, so that the fold need not decrypt it again. */
  begun(row: number): void {
    this.#live.begin(row, this);
  }

  /** A record was added to a session's entries. */
  added(row: number, record: NewRecord, event: SessionEvent): void {
    this.#live.get(row, this)?.add(eventKey(record), event);
    this.#live.grew(row, this.#pouring);
  }

  /** It is to be folded. */
  mark(row: number): void {
    this.#fresh.add(row);
    if (this.#dirty.has(row)) return;
    this.#store.entries.markDirty(row);
    this.#dirty.add(row);
  }

  /** It is to be folded, and what was made of what is known of it may be other than before. */
  markAnew(row: number): void {
    this.#anew.add(row);
    this.mark(row);
  }

  /**
   * Folds what is due, as far as it comes in one slice of time. `when`: `bulk` puts off what can wait, because more is coming; `all`
   * nothing that is to be folded.
   */
  fold(when: 'due' | 'bulk' | 'all', registryProvider: string | null, skip: Skip): readonly SessionChange[] {
    this.#reprice();
    const now = performance.now();
    this.#pouring = when === 'bulk';
    const rows = [...this.#dirty].filter((row) => when === 'all' || this.#pacing.due(row, now, when === 'bulk', this.#grew));
    const changes = this.#foldAll(rows, registryProvider, skip);
    // A history that was just read owes no rest: the next record is a live one.
    if (when === 'all') this.#pacing.rested();
    return changes;
  }

  /** Whether what came of a session only adds to what is made of it. */
  readonly #grew = (row: number): boolean => {
    const live = this.#anew.has(row) ? null : this.#live.get(row, this);
    return live?.fold?.fits(live.fresh) ?? false;
  };

  /** Folds until nothing changes what another session is (a new spawn gives a child its parent), or the slice is over. */
  #foldAll(rows: readonly number[], registryProvider: string | null, skip: Skip): readonly SessionChange[] {
    const began = performance.now();
    const changes = new Map<number, SessionChange>();
    const waiting = new Set(rows);
    for (;;) {
      const next = [...waiting].sort((a, b) => Number(this.#fresh.has(b)) - Number(this.#fresh.has(a)) || a - b);
      if (next.length === 0) return [...changes.values()];
      waiting.clear();
      for (const [at, row] of next.entries()) {
        // At least one, so that it comes to an end. The others keep their mark; a child that has none yet gets it.
        const now = performance.now();
        if (at > 0 && now - began >= sliceMs) {
          for (const left of [...next.slice(at), ...waiting]) if (!this.#dirty.has(left)) this.mark(left);
          this.#pacing.cut(now, now - began);
          return [...changes.values()];
        }
        const change = this.#fold(row, registryProvider, skip);
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
    const began = performance.now();
    const session = this.#store.entries.sessionRow(row);
    const live = this.#live.get(row, this) ?? this.#load(row, session);
    let fold = this.#anew.has(row) ? null : live.fold;
    this.#dirty.delete(row);
    this.#anew.delete(row);
    this.#fresh.delete(row);
    let anew = false;
    let undone = false;
    const work = ((): Pick<Parameters<Store['sessions']['put']>, 1 | 2> | null => {
      try {
        if (fold === null || !fold.append(live.fresh, this.#ownershipOfNew(session))) {
          anew = true;
          live.findings = new SessionFindings(session);
          fold = new SessionFold(session.agent, session.session, accountsOf({ registryProvider, book: this.#pricing.book }), live.findings);
          if (!fold.append([...live.events.values()], this.#ownership(session, live))) throw new Error('its entries have no order');
        }
        live.fold = fold;
        live.fresh = [];
        const step = fold.take(this.#surroundings(row, session, live));
        if (anew || live.overlay === null) live.overlay = new GatewayOverlay(session.agent, session.session);
        live.overlay.saw(step.spans);
        const told = this.gateway.of(row, anew);
        if (told !== null) live.overlay.tell(told);
        const beside = live.overlay.take();
        undone = beside.gone;
        return { 1: step, 2: [...step.spans, ...beside.spans].map((span) => this.#withTouches(row, span, step.facts.workspaceDir)) };
      } catch (error) {
        // Whatever a record holds, it costs no more than its own session.
        const reason = error instanceof Error ? error.message : String(error);
        skip(`session ${session.session} of agent ${session.agent}`, `it could not be put together: ${reason}`);
        return null;
      }
    })();
    // It stays marked in the store: what could not be put together is told again at the next attach, not in this one.
    if (work === null) {
      this.#live.drop(row);
      return null;
    }
    // Only a fold over everything does without a span that was made.
    if (undone && !anew) {
      this.#anew.add(row);
      return this.#fold(row, registryProvider, skip);
    }
    const { revision, changed: spans, ran, children } = this.#store.sessions.put(row, work[1], work[2], anew, this.#pricing.fingerprint);
    const found = live.findings?.take() ?? null;
    if (found !== null) this.#store.findings.put(row, found);
    this.#live.grew(row, this.#pouring);
    this.#counts = anew ? { ...this.#counts, anew: this.#counts.anew + 1 } : { ...this.#counts, grown: this.#counts.grown + 1 };
    this.#pacing.folded(row, began, performance.now(), anew);
    return { session: session.session, row, revision, spans, ran, children };
  }

  /** What is kept beside each span of a call. What a fork inherited, its first owner did. */
  #withTouches(row: number, made: MadeSpan, workspaceDir: string | null): KeptSpan {
    const { span } = made;
    if (span.kind !== 'execute_tool' || span.attributes['sandglass.inherited'] === true) return { ...made, touches: [], uses: [] };
    const start = span.startTime === null ? null : Date.parse(span.startTime);
    const writes = writesFiles(span);
    const command = ranCommand(span) ? this.#commandOf(row, made) : null;
    const touches = touchedPaths(span, workspaceDir, command).map((path) => ({ spanId: span.id, path, start, writes }));
    return { ...made, touches, uses: usesOf(span, workspaceDir) };
  }

  /** The whole of it: of a long one only the beginning was kept. */
  #commandOf(row: number, { span, call }: MadeSpan): string | null {
    const command = call?.command ?? null;
    if (command !== null && command.length < commandLimit) return command;
    return asString(asObject(spanArguments(this.#store, row, span))?.['command']) ?? command;
  }

  #load(row: number, session: SessionRow): LiveSession {
    const live = this.#live.begin(row, this);
    for (const record of this.#store.entries.records(row)) {
      const event = decodeStored(record, session.agent, session.session);
      if (event !== null) live.add(eventKey(record), event);
    }
    return live;
  }

  /** What other sessions own of this one, asked at once. */
  #ownership(session: SessionRow, { events }: LiveSession): Ownership {
    const foreignEntries = this.#store.entries.foreignEntries(this.#source, session);
    const foreignCalls = new Set<string>();
    for (const entryId of this.#store.entries.foreignCalls(this.#source, session)) {
      const event = events.get(eventKey({ kind: 'transcript', entryId }));
      if (event?.kind === 'assistant') foreignCalls.add(llmCallKey(event));
    }
    return { owns: (entryId) => !foreignEntries.has(entryId), ownsCall: (key) => !foreignCalls.has(key) };
  }

  /** The same, asked of each entry as it comes. */
  #ownershipOfNew(session: SessionRow): Ownership {
    const { entries } = this.#store;
    return {
      owns: (entryId) => !entries.isForeignEntry(this.#source, session, entryId),
      ownsCall: (key) => !entries.isForeignCall(this.#source, session, key),
    };
  }

  #surroundings(row: number, session: SessionRow, { events }: LiveSession): Surroundings {
    const { entries, sessions } = this.#store;
    const index = (events.get(indexKey) ?? null) as IndexEvent | null;
    return {
      index,
      state: strongestState(entries.fileStates(row)),
      spawnedBy: index === null ? null : sessions.spawner(this.#source, index.sessionKey),
      parentSession:
        index === null || index.spawnedBy === null ? null : sessions.parentUnderKey(this.#source, index.spawnedBy, session.created),
    };
  }
}

/** A call is asked for by the totals and by its span, each time that it is made; its entry is the same. */
function accountsOf(context: PriceContext): AccountFor {
  const known = new WeakMap<TokenUsage, CallAccount>();
  return (call) => {
    if (call.usage === null) return accountFor(call, context);
    let account = known.get(call.usage);
    if (account === undefined) known.set(call.usage, (account = accountFor(call, context)));
    return account;
  };
}

function eventKey(record: { readonly kind: StoredRecord['kind']; readonly entryId: string }): string {
  return `${record.kind} ${record.entryId}`;
}

/** The store keeps what the index says last. */
const indexKey = eventKey({ kind: 'index', entryId: '#index' });

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
