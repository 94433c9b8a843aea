/**
 * Pauses, resumes and stops sandboxes, when asked, and writes down what was done. A sandbox that a person paused stays paused when
 * they close the editor; when the process that did it dies instead, no one would know why it stands still, so the next that sees it,
 * in any window, resumes it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActionRecord, SandboxAction } from '../protocol/messages';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import type { PausedByUs } from './actionFile';
import { ActionLog } from './actionLog';
import { engineSaid, SandboxContainers, targets, type StatedContainer } from './containerStates';
import { ActionError } from './errors';

export interface ActionsOptions {
  /** Of the log; null: nothing is kept on disk. */
  readonly directory: string | null;
  /** What is there now, as far as this window looks; nothing, where the workspace is not trusted. */
  readonly sandboxes: () => readonly FoundSandbox[];
  readonly trusted: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** How soon the death of another process is noticed. */
const lookEveryMs = 2000;
const againFirstMs = 10_000;
const againLastMs = 10 * 60_000;
/** An engine freezes within milliseconds; one that doesn't must not hold up the editor's end. */
const endMs = 700;
const endedMeanwhile = 'Sandglass ended while this was under way, so it is not known whether it was done';
const closedMeanwhile = 'the editor was closed while it was under way; the engine may still do it';
const log = 'Show the log of actions to see what was done.';

export class Actions implements AsyncDisposable {
  readonly #options: ActionsOptions;
  readonly #log: ActionLog;
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Sandboxes that are being acted on; bounded by what there is. */
  readonly #busy = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  /** What dead processes left and is to be resumed by this one, and when that is tried again; bounded by what may be paused. */
  readonly #toResume = new Map<string, { readonly entry: PausedByUs; readonly at: number; readonly waitMs: number }>();
  #looking: Promise<void> | null = null;

  constructor(options: ActionsOptions) {
    this.#options = options;
    this.#log = ActionLog.open(options.directory);
    this.#timer = setInterval(() => void this.look(), lookEveryMs);
    this.#timer.unref();
  }

  get note(): string | null {
    return this.#log.note;
  }

  list(): Promise<readonly ActionRecord[]> {
    return this.#log.list();
  }

  /** Throws ActionError. `found` is null: there is no such sandbox. */
  async act(found: FoundSandbox | null, action: SandboxAction): Promise<void> {
    if (!this.#options.trusted())
      throw new ActionError(
        'untrusted',
        'This workspace is not trusted, so no sandbox is acted on from it',
        'Trust the workspace, or act from one that is trusted.',
      );
    if (found === null || found.engine === null || found.containers.length === 0)
      throw new ActionError(
        'no-container',
        found === null ? 'This sandbox is not there any more' : `There is no container of "${found.name}" that could be acted on`,
        found === null ? 'Refresh the view Sandboxes.' : 'Only a sandbox whose container an engine on this host has can be acted on.',
      );
    await this.#alone(found.id, async () => {
      await this.#act(found, action, 'user');
      this.#toResume.delete(found.id); // whatever it is now, it was asked for
    });
  }

  /** Resumes what dead processes left paused, and settles what they left open. Also asked for by a timer. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => {
        if (!this.#end.signal.aborted) this.#options.onError(error);
      })
      .finally(() => (this.#looking = null));
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    const settled = Promise.allSettled([...this.#running]);
    await Promise.race([settled, sleep(endMs, undefined, { ref: false })]);
    this.#end.abort();
    await settled;
    await this.#looking;
    await this.#log.letGo([...this.#toResume.values()].map(({ entry }) => entry));
    this.#log[Symbol.dispose]();
  }

  async #alone<T>(sandboxId: string, body: () => Promise<T>): Promise<T> {
    if (this.#busy.has(sandboxId)) throw new ActionError('busy', 'Another action on this sandbox is under way', 'Wait until it is done.');
    this.#busy.add(sandboxId);
    const running = body();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#busy.delete(sandboxId);
    }
  }

  async #act(found: FoundSandbox, action: SandboxAction, by: ActionRecord['by']): Promise<void> {
    const { engine } = found;
    if (engine === null) return;
    const containers = new SandboxContainers(engine, found.containers);
    const stated = await this.#states(containers, found);
    const chosen = targets(action, stated);
    if (chosen.length === 0) throw notSo(action, found, stated);
    const id = await this.#log.begin({
      action,
      sandboxId: found.id,
      sandbox: found.name,
      containers: chosen.map(({ name }) => name),
      containerIds: chosen.map((container) => container.id),
      by,
    });
    const done: StatedContainer[] = [];
    try {
      for (const container of chosen) {
        await containers.do(action, container.id, this.#end.signal);
        done.push(container);
      }
    } catch (error) {
      // Half of it paused is worse than none; what can't be undone is still ours to resume.
      const half = action === 'pause' && !(await this.#undo(containers, chosen));
      const reason = this.#end.signal.aborted ? closedMeanwhile : engineSaid(error);
      await this.#log.end(id, found.id, reason, half || (action !== 'pause' && done.length < chosen.length));
      throw new ActionError('engine', `The engine refused: ${reason}`, log, { cause: error });
    }
    await this.#log.end(id, found.id, null, action === 'pause');
  }

  async #states(containers: SandboxContainers, { name }: FoundSandbox): Promise<readonly StatedContainer[]> {
    try {
      return await containers.states(this.#end.signal);
    } catch (error) {
      throw new ActionError('engine', `The engine did not tell how "${name}" is: ${engineSaid(error)}`, 'Nothing was done. Try again.', {
        cause: error,
      });
    }
  }

  /** true: none of them is paused any more. */
  async #undo(containers: SandboxContainers, chosen: readonly StatedContainer[]): Promise<boolean> {
    try {
      const ids = new Set(chosen.map(({ id }) => id));
      const now = (await containers.states(this.#end.signal)).filter(({ id }) => ids.has(id));
      for (const { id } of targets('resume', now)) await containers.do('resume', id, this.#end.signal);
      return true;
    } catch {
      return false; // the engine does not answer; told as the reason why the action failed
    }
  }

  async #look(): Promise<void> {
    if (!this.#options.trusted()) return;
    const sandboxes = this.#options.sandboxes();
    const { paused, unfinished } = await this.#log.left();
    await this.#log.endUnfinished(unfinished, endedMeanwhile);
    for (const entry of paused) {
      // Its engine may not be there now.
      const ours = pausedIn(sandboxes, entry) === null ? null : await this.#log.takeOver(entry);
      if (ours !== null) this.#toResume.set(ours.sandboxId, { entry: ours, at: 0, waitMs: againFirstMs });
    }
    for (const { entry, at, waitMs } of this.#toResume.values())
      if (at <= performance.now()) await this.#recover(entry, waitMs, pausedIn(sandboxes, entry));
    for (const entry of await this.#log.ours()) await this.#settle(entry, pausedIn(sandboxes, entry));
  }

  async #recover(entry: PausedByUs, waitMs: number, found: FoundSandbox | null): Promise<void> {
    const { sandboxId } = entry;
    if (found === null || this.#busy.has(sandboxId)) return;
    try {
      await this.#alone(sandboxId, async () => {
        // Since it was seen, someone may have resumed it, and paused it again: then that was asked for.
        const holds = await this.#log.holds(entry);
        if (holds === null) return;
        if (holds) await this.#act(found, 'resume', 'recovery');
        this.#toResume.delete(sandboxId);
      });
    } catch (error) {
      if (ActionError.is(error, 'wrong-state') || ActionError.is(error, 'no-container')) {
        this.#toResume.delete(sandboxId);
        await this.#log.forget([entry]); // nothing of it is paused any more
        return;
      }
      this.#toResume.set(sandboxId, { entry, at: performance.now() + waitMs, waitMs: Math.min(againLastMs, waitMs * 2) });
      this.#options.onError(error);
    }
  }

  /** Someone else resumed or stopped it: paused anew, it would not be by us. What was seen may be older than our pause, so it is asked. */
  async #settle(entry: PausedByUs, found: FoundSandbox | null): Promise<void> {
    if (found === null || found.engine === null || found.state === 'paused' || this.#busy.has(entry.sandboxId)) return;
    const states = await this.#states(new SandboxContainers(found.engine, found.containers), found);
    if (this.#busy.has(entry.sandboxId) || states.some(({ state }) => state === 'paused')) return;
    this.#toResume.delete(entry.sandboxId);
    await this.#log.forget([entry]);
  }
}

/** The containers that we paused, as they are seen now; null: none of them is. Others of the same name are none that we paused. */
function pausedIn(sandboxes: readonly FoundSandbox[], { sandboxId, containerIds }: PausedByUs): FoundSandbox | null {
  const found = sandboxes.find(({ id }) => id === sandboxId);
  const containers = found?.containers.filter(({ id }) => containerIds.includes(id)) ?? [];
  return found === undefined || containers.length === 0 ? null : { ...found, containers };
}

function notSo(action: SandboxAction, { name }: FoundSandbox, stated: readonly StatedContainer[]): ActionError {
  const paused = stated.some(({ state }) => state === 'paused');
  const gone = stated.every(({ state }) => state === 'gone');
  if (gone) return new ActionError('no-container', `The containers of "${name}" are not there any more`, 'Refresh the view Sandboxes.');
  const start = 'Start it with NemoClaw.';
  switch (action) {
    case 'pause':
      return paused
        ? new ActionError('wrong-state', `"${name}" is paused already`, 'Resume it to let it go on.')
        : new ActionError('wrong-state', `"${name}" does not run, so it can't be paused`, start);
    case 'resume':
      return new ActionError(
        'wrong-state',
        `"${name}" is not paused`,
        stated.some(({ state }) => state === 'running') ? 'It runs.' : start,
      );
    case 'stop':
      return new ActionError('wrong-state', `"${name}" does not run`, start);
  }
}
