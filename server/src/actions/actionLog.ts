/**
 * The log of what was done to sandboxes. Several windows share one file: each change is made within a lock, on what the file holds
 * then. What is begun stands in it before it is done, and who did it is known to be alive by a lock of its own; so what the death of
 * a process left undone can be told from what is still under way.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Low, Memory } from 'lowdb';
import { reasonOf } from '../attach/reader/context';
import type { ActionRecord, SandboxAction } from '../protocol/messages';
import { ActionFile, emptyData, OtherVersionError, type ActionData, type LoggedAction, type PausedByUs } from './actionFile';
import { FileLock } from '../locks/fileLock';

export const actionFileName = 'actions.json';
/** The oldest are forgotten. */
export const actionLimit = 500;
/** Sandboxes that are paused by us at once. */
export const pausedLimit = 100;
/** At most so many are told. */
export const actionsTold = 200;
const lockWaitMs = 5000;
/** Once that was in vain: a brake must not wait each time for a window that stands still. */
const brokenWaitMs = 0;
/** At the end of this process there is no next time. */
const lastWaitMs = 1000;
/** Changes that are to be made in the file once that is possible again; the oldest are forgotten. */
export const pendingLimit = 200;
const maxReason = 500;
const isHolder = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface NewAction {
  readonly action: SandboxAction;
  readonly sandboxId: string;
  readonly sandbox: string;
  /** As they are called, for people. */
  readonly containers: readonly string[];
  readonly containerIds: readonly string[];
  readonly by: ActionRecord['by'];
}

/** What the death of a process left: a sandbox that is still paused, and actions no one knows the outcome of. */
export interface Left {
  readonly paused: readonly PausedByUs[];
  readonly unfinished: readonly LoggedAction[];
}

type Change = (data: ActionData) => ActionData;
const asItIs: Change = (data) => data;
const nothingLeft: Left = { paused: [], unfinished: [] };

function memoryOnly(why: string): string {
  return `The log of actions is kept for this session only (${why}), and a sandbox that is paused in this window is not resumed by itself after a crash.`;
}

export class ActionLog implements Disposable {
  readonly holder = randomUUID();
  readonly #directory: string | null;
  /** What is kept where there is no file, or it can't be used. */
  readonly #memory = new Low<ActionData>(new Memory(), emptyData());
  #file: ActionFile | null = null;
  #own: FileLock | null = null;
  /** Why the file could not be used when that was tried last. */
  #broken: string | null = null;
  /** What was changed in memory only. */
  #pending: readonly Change[] = [];
  /** One change at a time: what is made in memory must not be overtaken by one that still waits for the file. */
  #last: Promise<unknown> = Promise.resolve();
  #seen: string | null = null;
  #restless = false;
  /** What is written names this process as the one that answers for it. */
  #named = false;
  /** There may be something that this process answers for. */
  #answers = false;

  private constructor(directory: string | null) {
    this.#directory = directory;
    if (directory === null) this.#broken = memoryOnly('nothing may be kept on disk here');
  }

  /** `directory` is null: nothing is kept on disk. */
  static open(directory: string | null): ActionLog {
    const log = new ActionLog(directory);
    log.#opened();
    return log;
  }

  /** What the user should know, in a sentence or two; null: nothing. */
  get note(): string | null {
    const aside = this.#file?.keptAside ?? null;
    const notes = [
      this.#broken,
      aside === null ? null : `The log of actions was no such log any more: it was kept as ${aside}, and a new one was begun.`,
    ].filter((note) => note !== null);
    return notes.length === 0 ? null : notes.join(' ');
  }

  /** Newest first. */
  async list(): Promise<readonly ActionRecord[]> {
    const { actions } = await this.#change(asItIs);
    return actions
      .slice(-actionsTold)
      .reverse()
      .map(({ time, action, sandboxId, sandbox, containers, by, outcome, reason }) => ({
        time,
        action,
        sandboxId,
        sandbox,
        containers,
        by,
        outcome,
        reason,
      }));
  }

  /** Before it is done. Answers its id. */
  async begin(begun: NewAction): Promise<string> {
    this.#named = true;
    const { action, sandboxId, sandbox, containers, containerIds, by } = begun;
    if (action === 'pause') this.#answers = true;
    const time = new Date().toISOString();
    const id = randomUUID();
    const entry: LoggedAction = { id, time, action, sandboxId, sandbox, containers, by, outcome: null, reason: null, holder: this.holder };
    await this.#change((data) => ({
      ...data,
      actions: [...data.actions, entry].slice(-actionLimit),
      paused:
        action === 'pause'
          ? [...others(data, sandboxId), { sandboxId, sandbox, containerIds, since: time, holder: this.holder }].slice(-pausedLimit)
          : data.paused,
    }));
    return id;
  }

  /** `stillPaused`: the sandbox is, by us. */
  async end(id: string, sandboxId: string, reason: string | null, stillPaused: boolean): Promise<void> {
    const outcome = reason === null ? 'done' : 'failed';
    await this.#change((data) => ({
      ...data,
      actions: data.actions.map((entry) => (entry.id === id ? { ...entry, outcome, reason: reason?.slice(0, maxReason) ?? null } : entry)),
      paused: stillPaused ? data.paused : others(data, sandboxId),
    }));
  }

  /** It runs, or was stopped, by someone else: it is not paused by us any more. */
  async forget(paused: readonly PausedByUs[]): Promise<void> {
    if (paused.length === 0) return;
    const gone = new Set(paused.map(keyOf));
    await this.#change((data) => ({ ...data, paused: data.paused.filter((entry) => !gone.has(keyOf(entry))) }));
  }

  /** Those this process answers for. */
  async ours(): Promise<readonly PausedByUs[]> {
    if (!this.#answers) return [];
    return this.#oursIn(await this.#change(asItIs));
  }

  /** Whether it is still the same that stands in the file, paused by us and not resumed since; null: the file does not tell. */
  async holds(paused: PausedByUs): Promise<boolean | null> {
    const data = await this.#changeFile(asItIs);
    return data === null ? null : data.paused.some((entry) => keyOf(entry) === keyOf(paused));
  }

  /** What dead processes left. Costs next to nothing as long as nothing changes. */
  async left(): Promise<Left> {
    const stamp = this.#opened()?.stamp ?? null;
    const still = stamp === null || (stamp === this.#seen && !this.#restless);
    if (this.#directory === null || (still && this.#pending.length === 0)) return nothingLeft;
    const data = await this.#changeFile(asItIs);
    if (data === null) return nothingLeft; // not to be told from what is remembered: it may be long resumed
    const foreign = (entry: { readonly holder: string }): boolean => entry.holder !== this.holder;
    const unfinished = data.actions.filter((entry) => entry.outcome === null && foreign(entry));
    const paused = data.paused.filter(foreign);
    this.#seen = this.#file?.stamp ?? null;
    // As long as another answers for something, it may die.
    this.#restless = unfinished.length > 0 || paused.length > 0;
    const dead = this.#deadOf([...unfinished, ...paused].map(({ holder }) => holder));
    return {
      paused: paused.filter(({ holder }) => dead.has(holder)),
      unfinished: unfinished.filter(({ holder }) => dead.has(holder)),
    };
  }

  /** Answers for it from now on, in place of a dead process; null: another was faster, or it can't be written down. */
  async takeOver(paused: PausedByUs): Promise<PausedByUs | null> {
    this.#named = true;
    const ours: PausedByUs = { ...paused, holder: this.holder };
    const data = await this.#changeFile((found) =>
      found.paused.some((entry) => keyOf(entry) === keyOf(paused))
        ? { ...found, paused: found.paused.map((entry) => (keyOf(entry) === keyOf(paused) ? ours : entry)) }
        : found,
    );
    if (data?.paused.includes(ours) !== true) return null;
    this.#answers = true;
    return ours;
  }

  async endUnfinished(unfinished: readonly LoggedAction[], reason: string): Promise<void> {
    if (unfinished.length === 0) return;
    const ids = new Set(unfinished.map(({ id }) => id));
    await this.#change((data) => ({
      ...data,
      actions: data.actions.map((entry) => (ids.has(entry.id) && entry.outcome === null ? { ...entry, outcome: 'failed', reason } : entry)),
    }));
  }

  /** A person closes the editor on purpose: what they paused stays as they left it. Not so what is still to be resumed. */
  async letGo(toResume: readonly PausedByUs[]): Promise<void> {
    if (!this.#answers && this.#pending.length === 0) return;
    const kept = new Set(toResume.map(keyOf));
    await this.#change((data) => {
      const left = data.paused.filter((entry) => entry.holder !== this.holder || kept.has(keyOf(entry)));
      return left.length === data.paused.length ? data : { ...data, paused: left };
    }, lastWaitMs);
  }

  [Symbol.dispose](): void {
    this.#own?.remove();
    this.#own = null;
  }

  /** null: it can't be used now. */
  #opened(): ActionFile | null {
    if (this.#directory === null) return null;
    try {
      this.#file ??= new ActionFile(join(this.#directory, actionFileName));
      return this.#file;
    } catch (error) {
      this.#breaks(error);
      return null;
    }
  }

  #oursIn({ paused }: ActionData): readonly PausedByUs[] {
    const ours = paused.filter(({ holder }) => holder === this.holder);
    this.#answers = ours.length > 0;
    return ours;
  }

  #deadOf(holders: readonly string[]): ReadonlySet<string> {
    return new Set([...new Set(holders)].filter((holder) => this.#isDead(holder)));
  }

  #isDead(holder: string): boolean {
    if (!isHolder.test(holder)) return true; // edited by hand
    const path = this.#lockOf(holder);
    if (!existsSync(path)) return true;
    const lock = FileLock.take(path);
    lock?.remove();
    return lock !== null;
  }

  #lockOf(holder: string): string {
    return join(this.#directory ?? '', `actions.${holder}.lock`);
  }

  /**
   * Reads, changes and writes as one. What can't be kept on disk is kept here: a brake must work on a full disk too. The file is tried
   * again at each change, and what it missed is made up for.
   */
  #change(change: Change, brokenWait = brokenWaitMs): Promise<ActionData> {
    return this.#inTurn(async () => {
      const data = await this.#tryFile(change, brokenWait);
      if (data !== null) return data;
      const before = await this.#changeIn(this.#memory, asItIs);
      const after = await this.#changeIn(this.#memory, change);
      if (after !== before) this.#pending = [...this.#pending, change].slice(-pendingLimit);
      return after;
    });
  }

  /** null: it could not be made, and is not remembered either. */
  #changeFile(change: Change): Promise<ActionData | null> {
    return this.#inTurn(() => this.#tryFile(change, brokenWaitMs));
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(body);
    const over = (): void => undefined; // whoever asked for it is told how it ended
    this.#last = turn.then(over, over);
    return turn;
  }

  async #tryFile(change: Change, brokenWait: number): Promise<ActionData | null> {
    const file = this.#opened();
    if (file === null) return null;
    const pending = this.#pending;
    try {
      using _lock = await FileLock.wait(join(this.#directory ?? '', 'actions.lock'), this.#broken === null ? lockWaitMs : brokenWait);
      this.#live();
      const all: Change = (data) => change(pending.reduce((changed, each) => each(changed), data));
      const data = await this.#changeIn(new Low<ActionData>(file, emptyData()), all);
      this.#pending = [];
      this.#broken = null;
      await this.#memory.adapter.write(data); // to go on from, should the file fail
      return data;
    } catch (error) {
      this.#breaks(error);
      return null;
    }
  }

  /** What names this process may stand in the file only while it can be told whether it lives: else others would take it for dead. */
  #live(): void {
    if (this.#named) this.#own ??= FileLock.take(this.#lockOf(this.holder));
  }

  async #changeIn(low: Low<ActionData>, change: Change): Promise<ActionData> {
    await low.read();
    const before = low.data;
    low.data = change(before);
    if (low.data !== before) await low.write();
    return low.data;
  }

  #breaks(error: unknown): void {
    this.#broken = memoryOnly(error instanceof OtherVersionError ? error.message : reasonOf(error));
  }
}

function others(data: ActionData, sandboxId: string): readonly PausedByUs[] {
  return data.paused.filter((entry) => entry.sandboxId !== sandboxId);
}

function keyOf({ sandboxId, since, holder }: PausedByUs): string {
  return JSON.stringify([sandboxId, since, holder]);
}
