/** What the view Sandboxes shows of a source, found or open or both or gone; who reads it; and why it is empty when it is. */
import type { Looked } from '../protocol/document';
import type { AttachState, Collector, EmptyReason, ResourceSample, SandboxNode } from '../protocol/messages';
import { newestFindings } from '../query/findings';
import type { FindingWishes } from '../query/findings';
import { isEnginePlace } from '../sandboxes/engines';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { lives } from '../store/machine';
import type { StoredSandbox } from '../store/sources';
import type { Store } from '../store/store';
import type { OpenSource } from './roster';
import type { Shared } from './sharing';

/** The row of a sandbox tells of so many; each session's trace of all of its own. */
const findingsPerNode = 50;

export function sandboxNode(
  store: Store,
  id: string,
  found: FoundSandbox | null,
  open: OpenSource | null,
  previousId: string | null,
  wishes?: FindingWishes,
): SandboxNode {
  const stored = open === null ? null : store.sources.get(open.row);
  const info = stored?.info ?? null;
  return {
    id,
    name: found?.name ?? info?.sandbox ?? info?.name ?? id,
    layout: found?.layout ?? 'directory',
    runtime: found?.runtime ?? 'openclaw',
    runtimeVersion: info?.runtimeVersion ?? found?.runtimeVersion ?? null,
    provider: found?.provider ?? stored?.registryProvider ?? null,
    model: found?.model ?? null,
    state: found?.state ?? 'recorded',
    gateway: found?.gateway ?? null,
    seenBy: found?.seenBy ?? [],
    reports: found?.reports ?? [],
    kind: open?.kind ?? (found?.layout === 'directory' ? 'directory' : 'container'),
    attach: open?.state ?? { kind: 'idle' },
    skipped: open === null ? [] : store.sources.skipped(open.row),
    findings: open === null ? [] : newestFindings(store, open.row, wishes).slice(0, findingsPerNode),
    revision: open?.revision ?? 0,
    resources: resourcesNow(store, found, open),
    previousId,
  };
}

/** A sample is of now for so long: several of those that are taken seldom, and what the engine's clock may differ. */
const sampleIsOldMs = 2 * 60_000;

/** null: it does not run, no one reads it, or the second look that tells what it uses is still to come. */
function resourcesNow(store: Store, found: FoundSandbox | null, open: OpenSource | null): ResourceSample | null {
  if (
    open === null ||
    !(open.state.kind === 'live' || (open.state.kind === 'attaching' && open.state.follows === true)) ||
    (found?.state !== 'running' && found?.state !== 'paused')
  )
    return null;
  const last = store.resources.last(open.row);
  return last !== null && Math.abs(Date.now() - Date.parse(last.time)) < sampleIsOldMs ? last : null;
}

/** Not there any more; what was recorded of it is. */
export function removedNode(
  store: Store,
  gone: StoredSandbox & { readonly row: number },
  previousId: string | null,
  wishes?: FindingWishes,
): SandboxNode {
  return {
    id: gone.sourceId,
    name: gone.name,
    layout: gone.layout,
    runtime: gone.runtime,
    runtimeVersion: store.sources.get(gone.row)?.info.runtimeVersion ?? null,
    provider: gone.provider,
    model: gone.model,
    state: 'removed',
    gateway: gone.gateway,
    seenBy: [],
    reports: [],
    kind: 'container',
    attach: { kind: 'idle' },
    skipped: store.sources.skipped(gone.row),
    findings: newestFindings(store, gone.row, wishes).slice(0, findingsPerNode),
    revision: 0,
    resources: null,
    previousId,
  };
}

export function emptyReason(trusted: boolean, looked: readonly Looked[]): EmptyReason {
  if (!trusted) return 'untrusted';
  const engines = looked.filter(({ place }) => isEnginePlace(place));
  if (engines.some(({ outcome }) => outcome === 'ok')) return 'nothing-found';
  return engines.some(({ outcome }) => outcome === 'refused') ? 'docker-refused' : 'no-docker';
}

export function collectorOf({ lease }: Shared): Collector {
  if (lease === null || lease.held) return { kind: 'this-window', pid: process.pid };
  if (lease.orphaned) return { kind: 'none', pid: null };
  const holder = lease.holder();
  if (holder === null || !lives(holder.pid)) return { kind: 'none', pid: null };
  return { kind: 'other-window', pid: holder.pid };
}

export const orphaned = {
  kind: 'failed',
  reason: 'The store of this window was removed or replaced while it was open, so nothing is read any more and what is shown grows old',
  hint: 'Reload the window.',
} as const satisfies AttachState;

/** Why what this window wants is not read, when that is no matter of the source; null: it is, or will be within a second or two. */
export function unreadReason({ lease, store }: Shared): Extract<AttachState, { kind: 'failed' }> | null {
  if (lease === null || lease.held) return null;
  if (lease.orphaned) return orphaned;
  const holder = lease.holder();
  const who = holder === null ? 'Another window' : `Another window (its server is process ${holder.pid})`;
  if (holder?.reads === 'command')
    return {
      kind: 'failed',
      reason: `The command line (process ${holder.pid}) uses the store`,
      hint: 'When it has ended, this goes on by itself.',
    };
  if (!store || holder?.reads === 'session')
    return {
      kind: 'failed',
      reason: `${who} reads the sandboxes, and no sandbox is read twice. Without a store that can be kept, windows can't share what is read`,
      hint: 'Look at it in that window, or close that window: this one then reads by itself. With a keyring, all windows show the same.',
    };
  if (lease.hangs())
    return {
      kind: 'failed',
      reason: `${who} reads the sandboxes for all windows, and has not answered for a while`,
      hint: 'It may be busy. If it stays so, reload or close that window: this one then reads by itself.',
    };
  return null;
}

/** What is said of a source that this window does not read itself. */
export function shownState(state: AttachState, unread: Extract<AttachState, { kind: 'failed' }> | null): AttachState {
  if (unread === null) return state;
  if (state.kind === 'attaching') return unread;
  // This one does not go on by itself, not even with what lies on this host.
  if (unread === orphaned)
    return state.kind === 'live' || state.kind === 'lost' || state.kind === 'read'
      ? { kind: 'lost', reason: `${orphaned.reason}. ${orphaned.hint}`, retrying: false }
      : state;
  return state.kind === 'live' || state.kind === 'lost' ? { kind: 'lost', reason: unread.reason, retrying: true } : state;
}
