/**
 * Which sources the user opened or attached to, so that a new server (after a crash or a reload of the window) holds them
 * again, and which the user detached from, so that it does not by itself. Kept per workspace; opening what is open already changes nothing.
 */
import type { SandboxNode } from '../../../server/src/protocol/messages';
import type { Memory } from './probe';

const memoryKey = 'sandglass.openSources';
export const maxOpenSources = 20;
/** Counted apart: what was detached from is not to push out what is open. */
export const maxDetachedSources = 50;

export type OpenSource =
  | { readonly kind: 'directory'; readonly path: string; readonly sourceId: string }
  | { readonly kind: 'attached'; readonly sourceId: string }
  | { readonly kind: 'sample'; readonly sourceId: string }
  | { readonly kind: 'detached'; readonly sourceId: string };

export class OpenSources {
  constructor(private readonly memory: Memory) {}

  get all(): readonly OpenSource[] {
    const kept = this.memory.get<unknown>(memoryKey);
    return Array.isArray(kept) ? bounded(kept.flatMap(openSource)) : [];
  }

  /** The newest first; the oldest of its kind is forgotten when there are too many. */
  async remember(source: OpenSource): Promise<void> {
    const others = this.all.filter((each) => each.sourceId !== source.sourceId);
    await this.memory.update(memoryKey, bounded([source, ...others]));
  }

  /** Remembered only of what the next server would open unasked: a sandbox, or a directory of the settings (`listed`: they name any). */
  async detach(sourceId: string, kind: SandboxNode['kind'] | null, listed: boolean): Promise<void> {
    const known = this.all.find((each) => each.sourceId === sourceId);
    const asked = kind === 'sample' || known?.kind === 'sample' || (known?.kind === 'directory' && !listed);
    await (asked ? this.forget(sourceId) : this.remember({ kind: 'detached', sourceId }));
  }

  async forget(sourceId: string): Promise<void> {
    await this.memory.update(
      memoryKey,
      this.all.filter((each) => each.sourceId !== sourceId),
    );
  }
}

function bounded(sources: readonly OpenSource[]): readonly OpenSource[] {
  const open = sources.filter(({ kind }) => kind !== 'detached').slice(0, maxOpenSources);
  const detached = sources.filter(({ kind }) => kind === 'detached').slice(0, maxDetachedSources);
  return [...open, ...detached];
}

function openSource(value: unknown): readonly OpenSource[] {
  if (typeof value !== 'object' || value === null) return [];
  const { kind, path, sourceId } = value as Record<string, unknown>;
  if (typeof sourceId !== 'string') return [];
  if (kind === 'directory') return typeof path === 'string' ? [{ kind, path, sourceId }] : [];
  return kind === 'attached' || kind === 'sample' || kind === 'detached' ? [{ kind, sourceId }] : [];
}
