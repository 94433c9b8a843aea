/**
 * Calls that touched a file of the editor, each with its place in it. Lenses, hovers and jumps ask for the same file again and
 * again: while neither the trace nor a file that had a say in it changed, the answer stands.
 */
import type { Span } from '../protocol/document';
import type { Anchor } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { findSpan } from './detail';
import { callsPerFile } from './editorFiles';
import type { TouchedPath } from './editorFiles';
import type { PlacesRound } from './places';
import type { PlaceSource } from './placeSource';
import type { SeenFile } from './roundFiles';
import { sameUri } from './sameUri';

/** Files of the editor whose calls are remembered. */
const filesKept = 8;
/** An answer that more files had a say in is not remembered: to see whether they changed would take as long. */
const seenLimit = 32;

export interface PlacedCall {
  readonly source: PlaceSource;
  readonly view: SessionView;
  readonly span: Span;
  readonly anchor: Anchor;
}

export interface FileCalls {
  /** Newest first; one call may have several places. */
  readonly placed: readonly PlacedCall[];
  /** Calls that touched the file and are older than those considered. */
  readonly older: number;
}

interface Kept {
  readonly generation: number;
  readonly setting: string;
  /** Which files of sandboxes it is. */
  readonly paths: string;
  readonly seen: readonly SeenFile[];
  readonly calls: FileCalls;
}

export class CallsIn {
  readonly #store: Store;
  readonly #kept = new Map<string, Kept>();
  #generation = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Anything of the trace changed: a call, its state, a decision beside it, what is open. */
  changed(): void {
    this.#generation += 1;
  }

  /** The same object as before while nothing changed. Nothing when the round was aborted. */
  async of(round: PlacesRound, uri: string): Promise<FileCalls> {
    const generation = this.#generation;
    const paths = await round.editorFiles.pathsOf(uri);
    const kept = this.#kept.get(uri);
    const known = {
      generation,
      setting: round.files.setting,
      paths: JSON.stringify(paths.map(({ source, path, alsoAs }) => [source.row, path, alsoAs])),
    };
    const same = kept?.generation === generation && kept.setting === known.setting && kept.paths === known.paths;
    if (same && (await round.files.stillSo(kept.seen))) {
      this.#keep(uri, kept);
      return kept.calls;
    }
    const { learned: calls, files } = await round.files.consulting(() => this.#calls(round, uri, paths));
    const deciding = [...paths.map(({ source, path }) => ({ source, path })), ...files];
    if (round.files.aborted || new Set(deciding.map(({ source, path }) => `${source.row} ${path}`)).size > seenLimit) return calls;
    const seen = await round.files.seen(deciding);
    // A change meanwhile leaves an answer that may be half of before and half of after.
    if (!round.files.aborted && generation === this.#generation) this.#keep(uri, { ...known, seen, calls });
    return calls;
  }

  async #calls(round: PlacesRound, uri: string, paths: readonly TouchedPath[]): Promise<FileCalls> {
    const placed: PlacedCall[] = [];
    let older = 0;
    for (const { source, path, alsoAs } of paths) {
      const touched = [path, ...alsoAs].map((name) => this.#store.touches.ofPath(source.row, name, callsPerFile));
      older += touched.reduce((sum, { total, newest }) => sum + total - newest.length, 0);
      const spans = new Set<string>();
      for (const touch of touched.flatMap(({ newest }) => newest)) {
        if (round.files.aborted) return { placed: [], older: 0 };
        if (spans.has(touch.spanId)) continue;
        spans.add(touch.spanId);
        const found = findSpan(this.#store, source.row, touch.spanId);
        if (found === null) continue;
        for (const anchor of await round.anchorsOf(source, found.view, found.span, path)) {
          if (sameUri(anchor.uri, uri)) placed.push({ source, view: found.view, span: found.span, anchor });
        }
      }
    }
    placed.sort((a, b) => ((a.span.startTime ?? '') < (b.span.startTime ?? '') ? 1 : -1));
    return { placed, older };
  }

  #keep(uri: string, kept: Kept): void {
    this.#kept.delete(uri);
    this.#kept.set(uri, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= filesKept) break;
      this.#kept.delete(oldest);
    }
  }
}
