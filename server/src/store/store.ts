/** The store: everything Sandglass keeps, behind one key. */
import { Database } from './database';
import type { OpenStore } from './database';
import { EntryStore } from './entries';
import { PolicyStore } from './policies';
import { ResourceStore } from './resources';
import { SessionStore } from './sessions';
import { SourceStore } from './sources';
import { SpanStore } from './spans';
import { TouchStore } from './touches';

export class Store implements Disposable {
  readonly sources: SourceStore;
  readonly entries: EntryStore;
  readonly sessions: SessionStore;
  readonly spans: SpanStore;
  readonly touches: TouchStore;
  readonly policies: PolicyStore;
  readonly resources: ResourceStore;
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
    this.sources = new SourceStore(db);
    this.entries = new EntryStore(db);
    this.touches = new TouchStore(db);
    this.spans = new SpanStore(db, this.touches);
    this.sessions = new SessionStore(db, this.spans);
    this.policies = new PolicyStore(db);
    this.resources = new ResourceStore(db);
  }

  /** Throws StoreError. */
  static open(options: OpenStore): Store {
    return new Store(Database.open(options));
  }

  /** What was stored before could not be opened with the key and was replaced by an empty store. */
  get replaced(): boolean {
    return this.#db.replaced;
  }

  transaction<T>(body: () => T): T {
    return this.#db.transaction(body);
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }
}
