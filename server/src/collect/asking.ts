/**
 * What a person asks of one window: open, play, attach, detach. It is answered the same way whichever window reads: what can be
 * found out here is an error, what comes of the reading is the source's state.
 */
import { realpath } from 'node:fs/promises';
import { AttachError } from '../attach/errors';
import { openDirectory } from '../attach/directory';
import type { AttachState } from '../protocol/messages';
import { notThere, sampleBadge, sampleId } from './collecting';
import type { Collecting } from './collecting';
import { unreadReason } from './inventory';
import type { Parts } from './parts';
import type { OpenSource } from './roster';
import { sleep } from './sleep';
import { sourceIdOf } from './sourceId';
import type { Unasked } from './unasked';

/** After this long without an answer, whoever reads does not. */
const answerMs = 10_000;
const answerEveryMs = 20;

export interface AskingOptions extends Parts {
  readonly sampleDir: string;
  readonly unasked: Unasked;
  readonly collecting: Collecting;
  /** Is it this process that does what is wished? */
  readonly reads: () => boolean;
  readonly signal: AbortSignal;
}

export class Asking {
  readonly #options: AskingOptions;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /**
   * A recording, a state directory or a folder holding one. `remembered`, here and below: asked for in an earlier life of the
   * window, so it is no word of a person's now: what was detached from since stays so. Throws AttachError.
   */
  async open(path: string, remembered = false): Promise<OpenSource> {
    const source = await openDirectory(path);
    const real = await realpath(path);
    const id = sourceIdOf('directory', real);
    return this.#options.inTurn(id, async () => {
      this.#options.unasked.release(id);
      const known = this.#options.roster.get(id);
      this.#options.wishes.ask(id, { kind: 'directory', path: real });
      const news = { id, kind: 'directory', source, found: null, badge: null, path: real } as const;
      const open = known !== null && this.#isRead(known) ? known : this.#options.roster.put(news, this.#asked(id, remembered));
      await this.#options.settle(id, remembered ? null : { kind: 'attach', id });
      this.#options.bound();
      return open;
    });
  }

  /**
   * Plays the bundled recording; what an earlier playing left is forgotten first. There is one playing for all windows; one
   * that only wants to see it read joins another's.
   */
  playSample(speed: number, remembered = false): Promise<OpenSource> {
    const { sampleDir, store } = this.#options;
    const id = sampleId(sampleDir);
    return this.#options.inTurn(id, async () => {
      const source = await openDirectory(sampleDir);
      const other = speed > 0 || this.#options.wishes.wants(id) || store.windows.isDetached(id) ? null : this.#options.wishes.ofOthers(id);
      const { nonce } =
        other?.kind === 'sample'
          ? this.#options.wishes.ask(id, { kind: 'sample', speed: other.speed }, other.nonce)
          : this.#options.wishes.ask(id, { kind: 'sample', speed });
      this.#options.roster.remove(id);
      await this.#options.settle(id, remembered ? null : { kind: 'attach', id });
      const state: AttachState = remembered && store.windows.isDetached(id) ? { kind: 'idle' } : await this.#answer(id, nonce);
      const open = this.#options.roster.put({ id, kind: 'sample', source, found: null, badge: sampleBadge, path: null }, state);
      this.#options.tell({ inventory: true, source: open, result: null });
      this.#options.bound();
      return open;
    });
  }

  /** Attaches to a sandbox that was found; its progress is its state. Throws AttachError when there is none of this id. */
  attach(sourceId: string, remembered = false): Promise<OpenSource> {
    return this.#options.inTurn(sourceId, async () => {
      const known = this.#options.roster.get(sourceId);
      const found = this.#options.lookout.find(sourceId);
      if (found === null && (known === null || known.found !== null)) throw notThere();
      this.#options.unasked.release(sourceId);
      const reading = known !== null && this.#isRead(known);
      if (found !== null) this.#options.wishes.ask(sourceId, { kind: 'sandbox' });
      else if (known !== null && known.path !== null) this.#options.wishes.ask(sourceId, { kind: 'directory', path: known.path });
      else if (!reading) this.#options.wishes.ask(sourceId, { kind: 'sample', speed: 0 });
      const open =
        known !== null && (reading || found === null)
          ? known
          : this.#options.roster.put(this.#options.unasked.sandbox(sourceId, found ?? absent()), this.#asked(sourceId, remembered));
      if (!reading) open.state = this.#asked(sourceId, remembered);
      await this.#options.settle(sourceId, remembered ? null : { kind: 'attach', id: sourceId });
      this.#options.bound();
      return this.#options.roster.get(sourceId) ?? open;
    });
  }

  /**
   * Stops reading a source. For a person: in all windows, since one reader serves them all, and who detaches means the reader.
   * `remembered`: from an earlier life of the window; then it is not attached to unasked for this window, and no more.
   */
  detach(sourceId: string, remembered = false): Promise<void> {
    return this.#options.inTurn(sourceId, async () => {
      this.#options.wishes.decline(sourceId);
      await this.#options.settle(sourceId, remembered ? null : { kind: 'detach', id: sourceId });
      const open = this.#options.roster.get(sourceId);
      if (open === null || (remembered && this.#options.wishes.ofOthers(sourceId) !== null)) return;
      open.state = { kind: 'idle' };
      this.#options.tell({ inventory: true, source: open, result: null });
      this.#options.bound();
    });
  }

  /** Until whoever reads says more. */
  #asked(id: string, remembered: boolean): AttachState {
    const { store, roster } = this.#options;
    return remembered && store.windows.isDetached(id) ? { kind: 'idle' } : roster.askedState(id);
  }

  #isRead(open: OpenSource): boolean {
    if (this.#options.reads()) return this.#options.collecting.isRunning(open.id);
    return open.state.kind !== 'idle' && open.state.kind !== 'failed';
  }

  /** The state of a source since whoever reads took up a request. Throws AttachError when no one does. */
  async #answer(id: string, nonce: string): Promise<AttachState> {
    const { store, shared } = this.#options;
    for (const end = performance.now() + answerMs; ; await sleep(answerEveryMs, this.#options.signal)) {
      const row = store.sources.find(id);
      const state = row === null ? null : store.sources.state(row);
      if (state?.asked === nonce) return state.attach;
      const unread = unreadReason(shared);
      if (unread !== null) throw new AttachError('lost', unread.reason, unread.hint);
      if (this.#options.signal.aborted || performance.now() > end)
        throw new AttachError('lost', 'The window that reads for all has not answered', 'Try again, or reload that window.');
    }
  }
}

function absent(): never {
  throw notThere();
}
