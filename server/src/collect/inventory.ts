/** What the view Sandboxes shows of a source, found or open or both; and why it is empty when it is. */
import type { Looked } from '../protocol/document';
import type { EmptyReason, SandboxNode } from '../protocol/messages';
import { findingsOf } from '../query/findings';
import { isEnginePlace } from '../sandboxes/engines';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import type { Store } from '../store/store';
import type { OpenSource } from './hub';

export function sandboxNode(store: Store, id: string, found: FoundSandbox | null, open: OpenSource | null): SandboxNode {
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
    findings: open === null ? [] : findingsOf(store, open.row),
    revision: open?.revision ?? 0,
    resources: null,
    previousId: null,
  };
}

export function emptyReason(trusted: boolean, looked: readonly Looked[]): EmptyReason {
  if (!trusted) return 'untrusted';
  const engines = looked.filter(({ place }) => isEnginePlace(place));
  if (engines.some(({ outcome }) => outcome === 'ok')) return 'nothing-found';
  return engines.some(({ outcome }) => outcome === 'refused') ? 'docker-refused' : 'no-docker';
}
