/** The store: everything Sandglass keeps, behind one key. */
import { Database } from './database';
import type { OpenStore } from './database';
import { EntryStore } from './entries';
import { FindingStore } from './findings';
import { GatewayLineStore } from './gatewayLines';
import { LedgerStore } from './ledger';
import { LedgerWriter } from './ledgerWriter';
import { PolicyStore } from './policies';
import { ResourceStore } from './resources';
import { RunStore } from './runs';
import { SessionStore } from './sessions';
import { SourceStore } from './sources';
import { SpanStore } from './spans';
import { ToldStore } from './told';
import { TouchStore } from './touches';
import { UseStore } from './uses';
import { WindowStore } from './windows';

export class Store implements Disposable {
  readonly sources: SourceStore;
  readonly entries: EntryStore;
  readonly sessions: SessionStore;
  readonly spans: SpanStore;
  readonly touches: TouchStore;
  readonly uses: UseStore;
  readonly ledger: LedgerStore;
  readonly ledgerWriter: LedgerWriter;
  readonly runs: RunStore;
  readonly policies: PolicyStore;
  readonly findings: FindingStore;
  readonly gatewayLines: GatewayLineStore;
  readonly resources: ResourceStore;
  readonly windows: WindowStore;
  readonly told: ToldStore;
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
    this.sources = new SourceStore(db);
    this.entries = new EntryStore(db);
    this.touches = new TouchStore(db);
    this.uses = new UseStore(db);
    this.ledger = new LedgerStore(db);
    this.ledgerWriter = new LedgerWriter(db);
    this.runs = new RunStore(db);
    this.spans = new SpanStore(db, this.touches, this.uses, this.ledgerWriter);
    this.sessions = new SessionStore(db, this.spans);
    this.policies = new PolicyStore(db);
    this.findings = new FindingStore(db);
    this.gatewayLines = new GatewayLineStore(db);
    this.resources = new ResourceStore(db);
    this.windows = new WindowStore(db);
    this.told = new ToldStore(db);
  }

  /** Throws StoreError. */
  static open(options: OpenStore): Store {
    return new Store(Database.open(options));
  }

  /** What was stored before could not be opened with the key and was replaced by an empty store. */
  get replaced(): boolean {
    return this.#db.replaced;
  }

  /** Of this store and no other, also of none that is begun anew in its place. */
  get identity(): string {
    return this.#db.identity;
  }

  /** Another number than before: another process changed something. */
  get version(): number {
    return this.#db.version;
  }

  transaction<T>(body: () => T): T {
    return this.#db.transaction(body);
  }

  /** Everything that is read in it is of one moment, whatever another window writes meanwhile. */
  snapshot<T>(body: () => T): T {
    return this.#db.snapshot(body);
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }
}
