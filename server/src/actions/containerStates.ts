/** What the engine does to a sandbox's containers, and in which order. Everything it is asked has a time limit. */
import type Docker from 'dockerode';
import { engineAt, statusOf, type EngineAddress } from '../attach/container/engine';
import { codeOf } from '../attach/reader/context';
import { assertNever } from '../model/assertNever';
import type { SandboxAction } from '../protocol/messages';
import { askTwice } from '../sandboxes/lookAtEngine';
import type { ContainerRole, SandboxContainer } from '../sandboxes/containers';

const askMs = 5000;
const freezeMs = 30_000;
/** The engine gives a container as long to end as the container's own settings say, usually 10 s. */
const stopMs = 180_000;
const alreadySo = 304;

export type ContainerState = 'running' | 'paused' | 'at-rest' | 'gone';

export interface StatedContainer extends SandboxContainer {
  readonly state: ContainerState;
}

export class SandboxContainers {
  readonly #docker: Docker;
  readonly #containers: readonly SandboxContainer[];

  constructor(engine: EngineAddress, containers: readonly SandboxContainer[]) {
    this.#docker = engineAt(engine);
    this.#containers = containers;
  }

  /** As they are now, whatever was seen before. */
  async states(signal: AbortSignal): Promise<readonly StatedContainer[]> {
    return Promise.all(this.#containers.map(async (container) => ({ ...container, state: await this.#state(container.id, signal) })));
  }

  async do(action: SandboxAction, id: string, signal: AbortSignal): Promise<void> {
    const container = this.#docker.getContainer(id);
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(action === 'stop' ? stopMs : freezeMs)]);
    try {
      switch (action) {
        case 'pause':
          return void (await container.pause({ abortSignal }));
        case 'resume':
          return void (await container.unpause({ abortSignal }));
        case 'stop':
          return void (await container.stop({ abortSignal }));
        default:
          assertNever(action);
      }
    } catch (error) {
      if (statusOf(error) !== alreadySo) throw error;
    }
  }

  async #state(id: string, signal: AbortSignal): Promise<ContainerState> {
    try {
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(askMs)]);
      const { State } = await askTwice(() => this.#docker.getContainer(id).inspect({ abortSignal }));
      return State.Paused ? 'paused' : State.Running ? 'running' : 'at-rest';
    } catch (error) {
      if (statusOf(error) === 404) return 'gone';
      throw error;
    }
  }
}

/** Those the action is for. */
export function targets(action: SandboxAction, containers: readonly StatedContainer[]): readonly StatedContainer[] {
  const states: Record<SandboxAction, readonly ContainerState[]> = { pause: ['running'], resume: ['paused'], stop: ['running', 'paused'] };
  return [...containers]
    .filter(({ state }) => states[action].includes(state))
    .sort((a, b) => (agentFirst(a.role) - agentFirst(b.role)) * (action === 'resume' ? -1 : 1));
}

/**
 * The agent never runs without its supervisor: it is frozen and ended before it, so that its last steps are still watched and written
 * down, and goes on only after it.
 */
function agentFirst(role: ContainerRole): number {
  return role === 'supervisor' ? 1 : 0;
}

/** What the engine said, without its envelope. */
export function engineSaid(error: unknown): string {
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return 'the engine did not answer in time; it may still do it';
  const { json } = error as { readonly json?: { readonly message?: unknown } };
  if (typeof json?.message === 'string' && json.message !== '') return json.message;
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied on the socket of the engine';
    case 'ECONNREFUSED':
    case 'ENOENT':
      return 'the engine is not running';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the engine hung up; it may have been done';
    default:
      return error instanceof Error ? error.message.trim() : String(error);
  }
}
