/** Collects from one source until it is told to stop; one that runs and is lost is tried again, for a while. */
import { AttachError } from '../attach/errors';
import type { Source } from '../attach/record';
import type { AttachState } from '../protocol/messages';
import type { Store } from '../store/store';
import { collect } from './collector';
import type { IngestResult } from './ingest';
import { sleep } from './sleep';

const retryFirstMs = 500;
const retryLastMs = 5000;
/** How long after a loss a container may stay away before it is called gone rather than lost. */
const retryForMs = 10 * 60_000;

export interface KeepOptions {
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** A sandbox that runs, not a recording. */
  readonly live: boolean;
  /** The source to try next: the container may be another one by now. */
  readonly again: (before: Source) => Promise<Source>;
  readonly onState: (state: AttachState) => void;
  readonly onChange: (result: IngestResult) => void;
}

/** Ends when a recording was read and is not followed, and when the signal aborts; throws what can't be mended by trying again. */
export async function keepCollecting(store: Store, row: number, first: Source, options: KeepOptions): Promise<void> {
  const { follow, signal, live, again, onState, onChange } = options;
  let source = first;
  let wait = retryFirstMs;
  let lostAt: number | null = null;
  const onCaughtUp = (): void => {
    wait = retryFirstMs;
    lostAt = null;
    onState(live ? { kind: 'live', way: null, tried: [] } : { kind: 'read' });
  };
  for (;;) {
    try {
      await collect(store, row, source, { follow, signal, onChange, onCaughtUp });
      if (!live || signal.aborted) return;
      throw new AttachError('lost', 'The sandbox stopped answering', 'Try again.');
    } catch (error) {
      if (signal.aborted) return;
      lostAt ??= Date.now();
      if (!live || !mayPass(error) || Date.now() - lostAt > retryForMs) throw error;
      onState({ kind: 'lost', reason: error instanceof Error ? error.message : String(error), retrying: true });
      await sleep(wait, signal);
      wait = Math.min(retryLastMs, wait * 2);
      if (signal.aborted) return;
      source = await again(source);
    }
  }
}

export function attachFailure(error: unknown): Extract<AttachState, { kind: 'failed' }> {
  if (AttachError.is(error)) return { kind: 'failed', reason: error.message, hint: error.hint };
  return { kind: 'failed', reason: error instanceof Error ? error.message : String(error), hint: 'See the log of the Sandglass server.' };
}

function mayPass(error: unknown): boolean {
  return AttachError.is(error, 'lost') || AttachError.is(error, 'container-stopped') || AttachError.is(error, 'reader-failed');
}
