/** Containers of an engine, put together to sandboxes: one or two containers share a sandbox id. */
import type { ContainerInfo } from 'dockerode';
import type { ContainerPlace } from '../attach/container/containerSource';
import type { EngineAddress } from '../attach/container/engine';
import { labelOf, LABEL_PREFIXES } from '../attach/labels';
import type { SandboxState } from '../protocol/document';

export interface EngineSandbox {
  readonly id: string;
  readonly name: string;
  readonly layout: 'one-container' | 'two-containers';
  readonly state: SandboxState;
  readonly containers: readonly { readonly id: string; readonly name: string }[];
  /** null: the agent's own container is not there. */
  readonly place: ContainerPlace | null;
}

/** Siblings that NemoClaw keeps while it gives a sandbox a GPU. */
const BACKUP = /-nemoclaw-gpu-backup(?:-|$)/;
/** What OpenShell binds for itself: its binary, its keys. */
const INTERNAL_MOUNT = /^\/(?:opt\/openshell|etc\/openshell|run|var\/run)(?:\/|-|$)/;

/** Each is a filter of its own: the engine joins the values of one filter with "and". */
export const LABEL_FILTERS: readonly string[] = LABEL_PREFIXES.map((prefix) => `${prefix}sandbox-id`);

export function sandboxesOf(found: readonly ContainerInfo[], engine: EngineAddress): readonly EngineSandbox[] {
  const groups = new Map<string, ContainerInfo[]>();
  for (const container of found) {
    const id = labelOf(container.Labels ?? {}, 'sandbox-id');
    const role = roleOf(container);
    if (id === null || role === 'other' || BACKUP.test(nameOf(container))) continue;
    groups.set(id, [...(groups.get(id) ?? []), container]);
  }
  return Array.from(groups, ([id, containers]) => sandboxOf(id, containers, engine));
}

function sandboxOf(id: string, containers: readonly ContainerInfo[], engine: EngineAddress): EngineSandbox {
  const newest = [...containers].sort((a, b) => Number(b.State === 'running') - Number(a.State === 'running') || b.Created - a.Created);
  const supervisor = newest.find((container) => roleOf(container) === 'supervisor');
  const workload = newest.find((container) => roleOf(container) !== 'supervisor');
  const two = newest.some((container) => roleOf(container) !== 'only');
  const name = newest.map((container) => labelOf(container.Labels ?? {}, 'sandbox-name')).find((label) => label !== null);
  return {
    id,
    name: name ?? nameOf(newest[0]),
    layout: two ? 'two-containers' : 'one-container',
    state: workload ? stateOf(workload.State) : 'stopped',
    containers: newest.map((container) => ({ id: container.Id, name: nameOf(container) })),
    place: workload
      ? { engine, workloadId: workload.Id, logId: two ? (supervisor?.Id ?? null) : workload.Id, mounts: mountsOf(workload) }
      : null,
  };
}

function roleOf(container: ContainerInfo): 'only' | 'sandbox' | 'supervisor' | 'other' {
  const role = labelOf(container.Labels ?? {}, 'isolation-role');
  if (role === null) return 'only';
  return role === 'sandbox' || role === 'supervisor' ? role : 'other';
}

function stateOf(state: string): SandboxState {
  switch (state) {
    case 'running':
      return 'running';
    case 'paused':
      return 'paused';
    case 'created':
    case 'exited':
    case 'dead':
    case 'removing':
      return 'stopped';
    default:
      return 'unknown';
  }
}

function nameOf(container: ContainerInfo | undefined): string {
  return (container?.Names?.[0] ?? container?.Id.slice(0, 12) ?? '').replace(/^\//, '');
}

function mountsOf(container: ContainerInfo): ContainerPlace['mounts'] {
  return (container.Mounts ?? [])
    .filter((mount) => mount.Type === 'bind' && !INTERNAL_MOUNT.test(mount.Destination))
    .map((mount) => ({ sandbox: mount.Destination, host: mount.Source }));
}
