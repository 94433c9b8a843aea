/**
 * What became of the reading, told to whoever shows it: by our own reading, which is told to the other windows too, or by theirs.
 */
import { assertNever } from '../model/assertNever';
import type { AttachState } from '../protocol/messages';
import type { Notice } from '../store/windows';
import type { SourceChange } from './change';
import type { IngestResult } from './ingest';
import type { Parts } from './parts';
import { mayClose } from './roster';
import type { OpenSource } from './roster';
import { sourceIdOf } from './sourceId';
import { changeOf, noticeOf, wholeChange } from './telling';
import type { Unasked } from './unasked';

export interface HearingOptions extends Parts {
  readonly unasked: Unasked;
  readonly ofRow: (row: number) => OpenSource | null;
  readonly onWishes: () => void;
}

export class Hearing {
  readonly #options: HearingOptions;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** What is read for another window, and found here too, is open here too. */
  adopt(): void {
    const { sources } = this.#options.store;
    for (const found of this.#options.lookout.sight.found) {
      const id = sourceIdOf('sandbox', found.id);
      const row = this.#options.roster.get(id) === null ? sources.find(id) : null;
      const state = row === null ? null : sources.state(row);
      if (state !== null && state.attach.kind !== 'idle') this.#options.roster.put(this.#options.unasked.sandbox(id, found), state.attach);
    }
  }

  state(id: string, row: number, state: AttachState): void {
    this.#tellOthers({ kind: 'state', sourceId: id });
    this.#show(id, row, state);
  }

  #show(id: string, row: number, state: AttachState): void {
    const known = this.#options.roster.get(id);
    const open = known === null || known.row === row ? known : this.#options.roster.moved(known, row);
    if (open === null) this.adopt();
    else open.state = state;
    this.#options.tell({ inventory: true, source: open, result: null });
    if (open !== null && mayClose(open)) this.#options.bound();
  }

  result(row: number, result: IngestResult): void {
    this.#tellOthers(noticeOf(row, result));
    this.#changed(row, result);
  }

  #changed(row: number, result: SourceChange): void {
    const open = this.#options.ofRow(row);
    if (open === null) return;
    open.revision += 1;
    this.#options.tell({ inventory: result.skippedChanged, source: open, result });
  }

  /** What others told; null: more than could be kept of it. */
  heard(notices: readonly Notice[] | null): void {
    const all: readonly Notice[] = notices ?? [{ kind: 'wishes' }, { kind: 'everything' }];
    const said = new Set<string>();
    for (const notice of all) {
      // Each is about what holds now, however often it was told.
      const about = notice.kind === 'state' ? notice.sourceId : notice.kind;
      if (notice.kind !== 'records' && said.has(about)) continue;
      said.add(about);
      this.#one(notice);
    }
  }

  /** This process reads from now on. The one before it may have died after it wrote and before it told. */
  takenOver(): void {
    this.#tellOthers({ kind: 'everything' });
    this.#showAll();
  }

  #showAll(): void {
    const { store, roster } = this.#options;
    for (const { id, row, state } of roster.all()) {
      // It may be in another row by now.
      const kept = store.sources.find(id) ?? row;
      // What was asked for a moment ago is still to be answered.
      const unanswered: AttachState = state.kind === 'attaching' ? state : { kind: 'idle' };
      this.#show(id, kept, store.sources.state(kept)?.attach ?? unanswered);
      this.#changed(kept, wholeChange(store, kept));
    }
  }

  #one(notice: Notice): void {
    const { store } = this.#options;
    switch (notice.kind) {
      case 'records':
        this.#changed(notice.source, changeOf(store, notice));
        return;
      case 'wishes':
        this.#options.onWishes();
        return;
      case 'inventory':
        this.#options.tell({ inventory: true, source: null, result: null });
        return;
      case 'everything':
        this.#showAll();
        return;
      case 'state': {
        const row = store.sources.find(notice.sourceId);
        if (row !== null) this.#show(notice.sourceId, row, store.sources.state(row)?.attach ?? { kind: 'idle' });
        return;
      }
      default:
        assertNever(notice);
    }
  }

  /** What is listed is other than before, by what this window learned beside reading. */
  inventory(): void {
    this.#tellOthers({ kind: 'inventory' });
    this.#options.tell({ inventory: true, source: null, result: null });
  }

  #tellOthers(notice: Notice): void {
    const { store, shared } = this.#options;
    if (!shared.store || !store.windows.others(this.#options.wishes.window)) return;
    store.transaction(() => store.windows.tell(this.#options.wishes.window, notice));
  }
}
