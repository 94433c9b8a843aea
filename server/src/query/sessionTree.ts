/** Which session is below which, and what each is called: kept as long as the session does not change, since each must be opened for it. */
import type { Store } from '../store/store';

export interface SessionFacts {
  readonly row: number;
  readonly source: number;
  readonly agent: string;
  readonly session: string;
  /** Title, key or id; untrusted text. */
  readonly label: string;
  readonly parent: string | null;
}

/** A fleet's history; beyond it those asked for longest ago are opened again. */
const keptSessions = 20_000;

export class SessionTree {
  readonly #store: Store;
  readonly #kept = new Map<number, { readonly revision: number; readonly facts: SessionFacts }>();

  /** What was worked out since nothing changes. */
  #still: {
    readonly children: Map<number, ReadonlyMap<string, readonly SessionFacts[]>>;
    readonly facts: Map<number, SessionFacts | null>;
  } | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** While this runs the store stands still, and what each session is, and who is below whom, is looked up once. */
  still<T>(body: () => T): T {
    const before = this.#still;
    this.#still ??= { children: new Map(), facts: new Map() };
    try {
      return body();
    } finally {
      this.#still = before;
    }
  }

  of(row: number): SessionFacts | null {
    const known = this.#still?.facts.get(row);
    if (known !== undefined) return known;
    const revision = this.#store.sessions.revisionOf(row);
    const facts = revision === null ? null : this.#keep(row, revision);
    this.#still?.facts.set(row, facts);
    return facts;
  }

  /** All sessions of a source. */
  all(source: number): readonly SessionFacts[] {
    return this.#store.sources.revisions(source).flatMap(({ row, revision }) => this.#keep(row, revision) ?? []);
  }

  /** Rows of the sessions below these, each once, without these themselves. */
  below(source: number, sessions: readonly string[]): readonly number[] {
    const children = this.children(source);
    const found = new Map<string, number[]>();
    const seen = new Set(sessions);
    const waiting = [...sessions];
    for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop())
      for (const { row, session } of children.get(parent) ?? []) {
        if (seen.has(session)) continue;
        seen.add(session);
        waiting.push(session);
        found.set(session, [...(found.get(session) ?? []), row]);
      }
    return [...found.values()].flat();
  }

  children(source: number): ReadonlyMap<string, readonly SessionFacts[]> {
    const known = this.#still?.children.get(source);
    if (known !== undefined) return known;
    const children = this.#childrenOf(source);
    this.#still?.children.set(source, children);
    return children;
  }

  #childrenOf(source: number): ReadonlyMap<string, readonly SessionFacts[]> {
    const children = new Map<string, SessionFacts[]>();
    for (const facts of this.all(source)) {
      if (facts.parent === null || facts.parent === facts.session) continue;
      const known = children.get(facts.parent);
      if (known === undefined) children.set(facts.parent, [facts]);
      else known.push(facts);
    }
    return children;
  }

  #keep(row: number, revision: number): SessionFacts | null {
    const known = this.#kept.get(row);
    if (known?.revision === revision) return known.facts;
    const view = this.#store.sessions.byRow(row);
    if (view === null) return null;
    const { info } = view;
    const facts: SessionFacts = {
      row,
      source: view.source,
      agent: info.agent,
      session: info.id,
      label: info.title ?? info.key ?? info.id,
      parent: info.parentSessionId,
    };
    this.#kept.delete(row);
    this.#kept.set(row, { revision: view.revision, facts });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptSessions) break;
      this.#kept.delete(oldest);
    }
    return facts;
  }
}
