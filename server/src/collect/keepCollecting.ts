/** Collects from one source until it is told to stop; one that runs and is lost is tried again, for a while. */
import { AttachError } from '../attach/errors';
import type { Source, SourceRecord, WayRecord } from '../attach/record';
import type { AttachState } from '../protocol/messages';
import type { Store } from '../store/store';
import { collect } from './collector';
import type { IngestResult } from './ingest';

const retryFirstMs = 500;
/** Also where no engine says that it runs again, it is back soon after. */
const retryLastMs = 2000;
/** How long after a loss a container may stay away before it is called gone rather than lost. */
const retryForMs = 10 * 60_000;

export interface KeepOptions {
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** A sandbox that runs, not a recording. */
  readonly live: boolean;
  /** Waits until it is worth trying again, at most so long; the source to try then (the container may be another one by now), null: it is gone. */
  readonly again: (before: Source, ms: number) => Promise<Source | null>;
  readonly onState: (state: AttachState) => void;
  readonly onChange: (result: IngestResult) => void;
}

/** Ends when a recording was read and is not followed, when a sandbox was removed, and when the signal aborts; throws what can't be mended by trying again. */
export async function keepCollecting(store: Store, row: number, first: Source, options: KeepOptions): Promise<'ended' | 'removed'> {
  const { follow, signal, live, again, onState, onChange } = options;
  let source = first;
  let wait = retryFirstMs;
  let lostAt: number | null = null;
  let wasLive = false;
  let way: Pick<WayRecord, 'way' | 'tried'> | null = null;
  let caughtUp = false;
  let follows = false;
  const tellLive = (): void => onState({ kind: 'live', way: way?.way ?? null, tried: way?.tried ?? [] });
  const onCaughtUp = (): void => {
    wait = retryFirstMs;
    lostAt = null;
    wasLive = caughtUp = true;
    if (live) tellLive();
    else onState({ kind: 'read' });
  };
  const onWay = (told: WayRecord): void => {
    way = { way: told.way, tried: told.tried };
    if (live && caughtUp) tellLive();
  };
  const onResult = (result: IngestResult): void => {
    onChange(result);
    // A copy has nothing new in it before the next one is made.
    if (caughtUp || follows || !follow || way?.way === 'archive' || result.sessions.length === 0) return;
    follows = true;
    onState({ kind: 'attaching', follows });
  };
  for (;;) {
    caughtUp = follows = false;
    try {
      await collect(store, row, tellingWay(source, onWay), { follow, signal, onChange: onResult, onCaughtUp });
      if (!live || signal.aborted) return 'ended';
      throw new AttachError('lost', 'The sandbox stopped answering', 'Try again.');
    } catch (error) {
      if (signal.aborted) return 'ended';
      lostAt ??= performance.now();
      if (!live || !mayPass(error, wasLive) || performance.now() - lostAt > retryForMs) throw error;
      onState({ kind: 'lost', reason: error instanceof Error ? error.message : String(error), retrying: true });
      const next = await again(source, wait);
      wait = Math.min(retryLastMs, wait * 2);
      if (signal.aborted) return 'ended';
      if (next === null) return 'removed';
      source = next;
    }
  }
}

/** How the records come is of the connection, not of what is kept: it is taken out on the way. */
export function tellingWay(source: Source, onWay: (told: WayRecord) => void): Source {
  return {
    kind: source.kind,
    name: source.name,
    sandboxId: source.sandboxId,
    files: source.files,
    mounts: source.mounts,
    open(options) {
      const records = source.open(options)[Symbol.asyncIterator]();
      const next = async (): Promise<IteratorResult<SourceRecord>> => {
        for (;;) {
          const record = await records.next();
          if (record.done === true || record.value.kind !== 'way') return record;
          onWay(record.value);
        }
      };
      const end = async (): Promise<IteratorResult<SourceRecord>> => (await records.return?.()) ?? { done: true, value: undefined };
      return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
    },
  };
}

export function attachFailure(error: unknown): Extract<AttachState, { kind: 'failed' }> {
  if (AttachError.is(error)) return { kind: 'failed', reason: error.message, hint: error.hint };
  return { kind: 'failed', reason: error instanceof Error ? error.message : String(error), hint: 'See the log of the Sandglass server.' };
}

/** An engine that went away under a sandbox that was being read is most likely being restarted. */
function mayPass(error: unknown, wasLive: boolean): boolean {
  if (AttachError.is(error, 'lost') || AttachError.is(error, 'container-stopped') || AttachError.is(error, 'reader-failed')) return true;
  return wasLive && (AttachError.is(error, 'no-docker') || AttachError.is(error, 'docker-refused'));
}
