/**
 * One row for each sandbox id: what is shown must be what is acted on, and both are found by id. Two engines may have a sandbox of the
 * same id, as after a machine was copied; an id is a label, so it may also be written like that of another kind.
 */
import type { SandboxState } from '../protocol/document';
import type { SeenSandbox } from './join';
import type { FoundSandbox } from './findSandboxes';

/** Of each id the one that is most awake, with what the other engines report of theirs. */
export function seenOnce(seen: readonly SeenSandbox[]): readonly SeenSandbox[] {
  return merged(
    seen,
    ({ sandbox }) => sandbox,
    (kept, other) => ({ ...kept, elsewhere: [...kept.elsewhere, { places: other.places, says: other.sandbox.says }, ...other.elsewhere] }),
  );
}

export function foundOnce(found: readonly FoundSandbox[]): readonly FoundSandbox[] {
  return merged(
    found,
    (sandbox) => sandbox,
    (kept, other) => ({ ...kept, seenBy: [...kept.seenBy, ...other.seenBy], reports: [...kept.reports, ...other.reports] }),
  );
}

interface Ranked {
  readonly id: string;
  readonly state: SandboxState;
}

/** In the order in which they came. */
function merged<T>(all: readonly T[], of: (one: T) => Ranked, merge: (kept: T, other: T) => T): readonly T[] {
  const byId = new Map<string, readonly [T, ...T[]]>();
  for (const one of all) {
    const known = byId.get(of(one).id);
    byId.set(of(one).id, known ? [...known, one] : [one]);
  }
  return Array.from(byId.values(), (same) => {
    const [first, ...rest] = [...same].sort((a, b) => asleep(of(a).state) - asleep(of(b).state)) as [T, ...T[]];
    return rest.reduce(merge, first);
  });
}

function asleep(state: SandboxState): number {
  return state === 'running' ? 0 : state === 'paused' ? 1 : 2;
}
