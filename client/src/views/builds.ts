/** Which sandboxes are builds of one: the same name, built anew, with another id. */
import type { Inventory, SandboxNode } from '../../../server/src/protocol/messages';

/** Earlier builds beneath a sandbox; those before them stand beside it. */
export const earlierAtOnce = 20;

export interface Builds {
  /** Of an earlier build, the sandbox it stands beneath: the last that was built under its name. */
  readonly heirs: ReadonlyMap<string, string>;
  /** Of a sandbox, its earlier builds, the last first. */
  readonly earlier: ReadonlyMap<string, readonly SandboxNode[]>;
}

/** Worked out once for each inventory. */
const builds = new WeakMap<Inventory, Builds>();

/** A rebuilt sandbox has another id, and its history stays with the old one: that stands beneath it, where one looks for it. */
export function buildsOf(inventory: Inventory | null): Builds {
  if (inventory === null) return { heirs: new Map(), earlier: new Map() };
  const known = builds.get(inventory);
  if (known !== undefined) return known;
  const byId = new Map(inventory.sandboxes.map((node) => [node.id, node]));
  const previous = new Set(inventory.sandboxes.flatMap(({ previousId }) => previousId ?? []));
  const heirs = new Map<string, string>();
  const earlier = new Map<string, readonly SandboxNode[]>();
  // From those that nothing was built after; of a ring, which no honest record holds, none is, and all stay beside each other.
  for (const node of inventory.sandboxes) {
    if (previous.has(node.id)) continue;
    const chain: SandboxNode[] = [];
    for (let at = node.previousId; at !== null && chain.length < earlierAtOnce;) {
      const before = byId.get(at);
      if (before === undefined || before.id === node.id || heirs.has(before.id)) break;
      heirs.set(before.id, node.id);
      chain.push(before);
      at = before.previousId;
    }
    if (chain.length > 0) earlier.set(node.id, chain);
  }
  const made = { heirs, earlier };
  builds.set(inventory, made);
  return made;
}
