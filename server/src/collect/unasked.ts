/**
 * What is wished without being asked for: running sandboxes where the settings say so, the directories that the settings list, and
 * whoever took the place of a sandbox that a person attached to. Looked after at each look.
 */
import { realpath } from 'node:fs/promises';
import { AttachError } from '../attach/errors';
import { openDirectory } from '../attach/directory';
import type { Looked } from '../protocol/document';
import type { AttachState, Settings } from '../protocol/messages';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { sandboxSource } from '../sandboxes/sandboxSource';
import { attachFailure } from './keepCollecting';
import { engineOf, isGone, runs } from './lookout';
import type { Parts } from './parts';
import type { NewSource } from './roster';
import { sourceIdOf } from './sourceId';

export class Unasked {
  readonly #options: Parts;
  /** Sources that are open only because the settings list their directory, with it; bounded by what is open and listed. */
  readonly #listed = new Map<string, string>();
  #failures: readonly Looked[] = [];

  constructor(options: Parts) {
    this.#options = options;
  }

  /** Directories of the settings that could not be opened, as places that were looked at. */
  get failures(): readonly Looked[] {
    return this.#failures;
  }

  /** A person asked for it themselves. */
  release(id: string): void {
    this.#listed.delete(id);
  }

  async looked({ autoAttach, directories }: Settings): Promise<void> {
    const { lookout } = this.#options;
    const { found } = lookout.sight;
    const inTrust = lookout.question !== null;
    await this.#leaveGone();
    await Promise.all(found.map((sandbox) => this.#meet(sandbox, autoAttach)));
    const listed = inTrust ? directories : [];
    const failures = await Promise.all(listed.map((directory) => this.#openListed(directory)));
    if (inTrust) await this.#closeUnlisted(directories);
    this.#failures = failures.filter((failure) => failure !== null);
  }

  sandbox(id: string, found: FoundSandbox): NewSource {
    const kind = found.layout === 'directory' ? 'directory' : 'container';
    return { id, kind, source: sandboxSource(found), found, badge: null, path: null };
  }

  #meet(found: FoundSandbox, autoAttach: boolean): Promise<void> {
    const { roster, wishes, inTurn } = this.#options;
    const id = sourceIdOf('sandbox', found.id);
    return inTurn(id, () => {
      const known = roster.get(id);
      if (known !== null) {
        // Its container may be another one by now.
        if (JSON.stringify(known.found?.place) !== JSON.stringify(found.place)) known.source = sandboxSource(found);
        known.found = found;
      }
      if (!runs(found)) return;
      const succeeds = this.#succeeds(found);
      if (succeeds) wishes.ask(id, { kind: 'sandbox' });
      else if (autoAttach) wishes.askUnasked(id, { kind: 'sandbox' });
      if ((succeeds || autoAttach) && known === null && wishes.wants(id)) roster.put(this.sandbox(id, found), this.#firstState(id));
    });
  }

  /** Until whoever reads says more. */
  #firstState(id: string): AttachState {
    const { store, roster, wishes } = this.#options;
    return wishes.isDeclined(id) || store.windows.isDetached(id) ? { kind: 'idle' } : roster.askedState(id);
  }

  /** Built anew under the name of one that a person attached to, and that is gone: they attached to the name they know. */
  #succeeds({ id, name }: FoundSandbox): boolean {
    const { store, wishes, lookout } = this.#options;
    if (wishes.wants(sourceIdOf('sandbox', id)) || wishes.isDeclined(sourceIdOf('sandbox', id))) return false;
    for (const wanted of wishes.asked) {
      const row = wanted.kind === 'sandbox' ? store.sources.find(wanted.id) : null;
      const before = row === null ? null : store.sources.sandbox(row);
      if (before === null || before.name !== name || !isGone(lookout.sight, wanted.id, before.engine)) continue;
      wishes.forget(wanted.id);
      return true;
    }
    return false;
  }

  /** What is gone is listed by what is kept of it, and wished only by whoever asked: it may come back under its id. */
  async #leaveGone(): Promise<void> {
    const { roster, wishes, lookout, inTurn } = this.#options;
    const gone = roster.all().filter(({ id, found }) => found !== null && isGone(lookout.sight, id, engineOf(found)));
    await Promise.all(
      gone.map(({ id }) =>
        inTurn(id, () => {
          if (!wishes.asked.some((wanted) => wanted.id === id)) wishes.forget(id);
          roster.remove(id);
        }),
      ),
    );
  }

  /** What it could not be opened for. Never fails: the others are to be opened all the same. */
  async #openListed(directory: string): Promise<Looked | null> {
    const { roster, wishes, inTurn, settle, onError } = this.#options;
    const started = performance.now();
    try {
      const source = await openDirectory(directory);
      const path = await realpath(directory);
      const id = sourceIdOf('directory', path);
      await inTurn(id, async () => {
        const known = roster.get(id);
        if (known === null || this.#listed.has(id)) this.#listed.set(id, directory);
        wishes.askUnasked(id, { kind: 'directory', path });
        if (known === null) {
          roster.put({ id, kind: 'directory', source, found: null, badge: null, path }, this.#firstState(id));
        }
        await settle(id, null);
      });
      return null;
    } catch (error) {
      if (!AttachError.is(error)) onError(error);
      return notOpened(directory, error, Math.round(performance.now() - started));
    }
  }

  /** What is in the settings no more goes, unless a person opened it themselves. */
  async #closeUnlisted(directories: readonly string[]): Promise<void> {
    const { roster, wishes, inTurn, settle } = this.#options;
    const over = [...this.#listed].filter(([, directory]) => !directories.includes(directory));
    const close = (id: string, directory: string): Promise<void> =>
      inTurn(id, async () => {
        if (this.#listed.get(id) !== directory) return; // opened by a person meanwhile
        this.#listed.delete(id);
        roster.remove(id);
        const declined = wishes.isDeclined(id);
        wishes.forget(id);
        wishes.undecline(id);
        await settle(id, declined ? { kind: 'attach', id } : null);
      });
    await Promise.all(over.map(([id, directory]) => close(id, directory)));
  }
}

function notOpened(place: string, error: unknown, ms: number): Looked {
  const { reason, hint } = attachFailure(error);
  const outcome = AttachError.is(error, 'unreadable') ? 'refused' : AttachError.is(error, 'no-such-path') ? 'absent' : 'failed';
  return { place, outcome, reason: `${reason}. ${hint}`, ms, found: 0 };
}
