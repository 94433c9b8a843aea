/** The supervisor's log by all the ways it can be had from outside: the console that the engine keeps, and the files in the container. */
import type Docker from 'dockerode';
import { merge } from '../mergeRecords';
import type { SourceRecord } from '../record';
import { ContainerLog, NoConsole } from './containerLog';
import { SupervisorFiles } from './supervisorFiles';

export interface SupervisorLogOptions {
  readonly cursors: ReadonlyMap<string, string>;
  /** The agent runs in the same container. */
  readonly shared: boolean;
  readonly lookEveryMs?: number;
}

export class SupervisorLog {
  readonly #console: ContainerLog;
  readonly #files: SupervisorFiles;
  readonly #lookEveryMs: number | undefined;
  #hasConsole = true;

  constructor(container: Docker.Container, { cursors, shared, lookEveryMs }: SupervisorLogOptions) {
    this.#console = new ContainerLog(container, cursors, shared);
    this.#files = new SupervisorFiles(container, cursors, shared);
    this.#lookEveryMs = lookEveryMs;
  }

  /** What is there now. The files may hold what the console lost. */
  async *backlog(signal: AbortSignal): AsyncGenerator<SourceRecord> {
    try {
      yield* this.#console.backlog(signal);
    } catch (error) {
      if (!(error instanceof NoConsole)) throw error;
      this.#hasConsole = false;
    }
    if (signal.aborted) return;
    yield* this.#files.scan('all', signal);
    if (!this.#hasConsole && !this.#files.any)
      yield {
        kind: 'skipped',
        where: 'supervisor log',
        reason: 'the engine keeps no console of this container, and there are no files of it: give the engine another logging driver',
      };
  }

  /** What comes. While there is a console, only what it may not have is looked for in the files. */
  follow(signal: AbortSignal, abort: () => void): AsyncGenerator<SourceRecord> {
    const files = this.#files.follow(this.#hasConsole ? 'ocsf-json' : 'all', signal, this.#lookEveryMs);
    return this.#hasConsole ? merge([this.#console.follow(signal), files], abort) : files;
  }
}
