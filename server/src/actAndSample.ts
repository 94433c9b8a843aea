/** What the server does beside reading: acting on sandboxes when asked, and sampling what they use. */
import { Actions } from './actions/actions';
import { Coalescer } from './coalescer';
import type { Hub } from './collect/hub';
import type { ResourceSample } from './protocol/messages';
import { Sampler } from './resources/sampler';
import type { Store } from './store/store';

export interface ActAndSampleOptions {
  readonly store: Store;
  readonly hub: Hub;
  /** Of the log of actions; null: nothing is kept on disk. */
  readonly directory: string | null;
  /** The inventory is other than before. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** Of what is sampled the list is told this often, however often it is sampled: a list that is drawn anew closes what is open over it. */
const tellEveryMs = 10_000;
/** How long an agent that says nothing is believed to be still at work. */
const silentForMs = 15 * 60_000;
/** More than can be read at once. */
const rowsRemembered = 256;
/** Samples that are told at once. */
const samplesTold = 5000;

export class ActAndSample implements AsyncDisposable {
  readonly actions: Actions;
  readonly #options: ActAndSampleOptions;
  readonly #sampler: Sampler;
  readonly #tell: Coalescer;
  /** When records came last, by row of the store; the oldest are forgotten. */
  readonly #lastRecords = new Map<number, number>();

  constructor(options: ActAndSampleOptions) {
    this.#options = options;
    const { store, hub, directory, onChange, onError } = options;
    this.#tell = new Coalescer(tellEveryMs, onChange);
    this.actions = new Actions({ directory, sandboxes: () => hub.foundNow(), trusted: () => hub.trusted, onError });
    this.#sampler = new Sampler({
      sampled: () => hub.reading(),
      atWork: (row) => this.#atWork(row),
      onSample: ({ row }, sample) => {
        store.transaction(() => store.resources.add(row, sample));
        this.#tell.ask();
      },
      onError,
    });
  }

  /** Records of it came. */
  grew(sourceId: string, row: number): void {
    this.#lastRecords.delete(row);
    this.#lastRecords.set(row, performance.now());
    for (const oldest of this.#lastRecords.keys()) if (this.#lastRecords.size > rowsRemembered) this.#lastRecords.delete(oldest);
    this.#sampler.touch(sourceId);
  }

  /** Samples of a source, thinned; also says that someone looks at it. */
  samples(sourceId: string, from: string, to: string, limit: number): readonly ResourceSample[] {
    const { store, hub } = this.#options;
    this.#sampler.touch(sourceId);
    const row = hub.get(sourceId)?.row;
    const [first, last] = [Date.parse(from), Date.parse(to)];
    if (row === undefined || Number.isNaN(first) || Number.isNaN(last)) return [];
    return store.resources.between(row, first, last, Math.min(samplesTold, Math.floor(limit) || 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tell[Symbol.dispose]();
    this.#sampler[Symbol.dispose]();
    await this.actions[Symbol.asyncDispose]();
  }

  #atWork(row: number): boolean {
    const last = this.#lastRecords.get(row);
    if (last === undefined || performance.now() - last > silentForMs) return false;
    return this.#options.store.sessions.latest(row)?.info.status === 'running';
  }
}
