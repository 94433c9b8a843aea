/** Containers of an engine, put together to sandboxes: one or two containers share a sandbox id. */
import type { ContainerInfo } from 'dockerode';
import type { ContainerPlace } from '../attach/container/containerSource';
import type { EngineAddress } from '../attach/container/engine';
import { labelOf, LABEL_PREFIXES } from '../attach/labels';
import type { SandboxState } from '../protocol/document';
import { nameInContainerName } from './naming';

/** `only`: agent and supervisor share it. */
export type ContainerRole = 'only' | 'sandbox' | 'supervisor';

export interface SandboxContainer {
  readonly id: string;
  readonly name: string;
  readonly role: ContainerRole;
}

export interface EngineSandbox {
  readonly id: string;
  readonly name: string;
  readonly layout: 'one-container' | 'two-containers';
  readonly state: SandboxState;
  readonly engine: EngineAddress;
  readonly containers: readonly SandboxContainer[];
  /** null: the agent's own container is not there. */
  readonly place: ContainerPlace | null;
  /** What could name the gateway that made it, as its labels say. */
  readonly gatewayHints: readonly string[];
  /** What else the engine says, for people to compare. */
  readonly says: Readonly<Record<string, string>>;
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
  const awake = ({ State }: ContainerInfo): number => (State === 'running' ? 2 : State === 'paused' ? 1 : 0);
  const newest = [...containers].sort((a, b) => awake(b) - awake(a) || b.Created - a.Created);
  const supervisor = newest.find((container) => roleOf(container) === 'supervisor');
  const workload = newest.find((container) => roleOf(container) !== 'supervisor');
  const two = newest.some((container) => roleOf(container) !== 'only');
  const name = labelled(newest, 'sandbox-name') ?? nameInContainerName(nameOf(workload ?? newest[0]), id);
  const state = workload ? stateOf(workload.State) : 'stopped';
  return {
    id,
    name,
    layout: two ? 'two-containers' : 'one-container',
    state,
    engine,
    containers: newest.flatMap((container) => {
      const role = roleOf(container);
      return role === 'other' ? [] : [{ id: container.Id, name: nameOf(container), role }];
    }),
    place: workload
      ? { engine, workloadId: workload.Id, logId: two ? (supervisor?.Id ?? null) : workload.Id, mounts: mountsOf(workload) }
      : null,
    gatewayHints: (['gateway-id', 'sandbox-namespace'] as const).map((label) => labelled(newest, label)).filter((hint) => hint !== null),
    says: saysOf(newest, workload ?? newest[0], name, state, two ? 'two' : 'one'),
  };
}

function saysOf(
  all: readonly ContainerInfo[],
  main: ContainerInfo | undefined,
  name: string,
  state: SandboxState,
  layout: string,
): Readonly<Record<string, string>> {
  const namespace = labelled(all, 'sandbox-namespace');
  const workspace = labelled(all, 'sandbox-workspace');
  return {
    name,
    state,
    ...(main?.Status ? { status: main.Status } : {}),
    ...(main?.Image ? { image: main.Image } : {}),
    ...(main?.Created ? { created: new Date(main.Created * 1000).toISOString() } : {}),
    layout: `${layout} container${layout === 'one' ? '' : 's'}`,
    containers: all.map(nameOf).join(', '),
    ...(namespace === null ? {} : { namespace }),
    ...(workspace === null ? {} : { workspace }),
  };
}

function labelled(containers: readonly ContainerInfo[], name: Parameters<typeof labelOf>[1]): string | null {
  return containers.map((container) => labelOf(container.Labels ?? {}, name)).find((label) => label !== null) ?? null;
}

function roleOf(container: ContainerInfo): ContainerRole | 'other' {
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
    case 'stopped':
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
