/**
 * What the assistant for mappings has to say of repositories: where one of the workspace may be the one of a sandbox and is not surely
 * it, nothing is mapped by itself, but a person may know.
 */
import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isUnreadable } from '../locate/mapping';
import type { MappingProposal, RepositoryDoubt } from '../protocol/mappings';
import type { Asked, Touched } from './mappingCompare';

/** Touched files of which it is asked where their repository may lie. */
const filesAsked = 200;

interface Doubtful {
  readonly sandbox: string;
  readonly root: string;
  readonly why: RepositoryDoubt;
  readonly rivals: readonly string[];
  /** Touched files that would be shown there. */
  readonly gained: Set<string>;
}

/** Repositories of the workspace that may be those of touched files, beside what else is proposed. */
export async function repositoryProposals(
  touched: readonly Touched[],
  proposed: readonly MappingProposal[],
  asked: Asked,
  signal: AbortSignal,
): Promise<readonly MappingProposal[]> {
  const found = new Map<string, Doubtful>();
  for (const { source, path } of touched.slice(0, filesAsked)) {
    if (signal.aborted) return [];
    const answer = await asked.places.git(source, path);
    if (answer.kind !== 'doubt') continue;
    const rest = path.slice(answer.sandboxRoot === '/' ? 1 : answer.sandboxRoot.length + 1);
    for (const root of answer.roots) {
      if (!asked.folders.some((folder) => isWithin(root, folder)) || !(await isFile(join(root, ...rest.split('/'))))) continue;
      const key = JSON.stringify([answer.sandboxRoot, root]);
      const rivals = answer.roots.filter((other) => other !== root);
      const doubt = found.get(key) ?? { sandbox: answer.sandboxRoot, root, why: answer.why, rivals, gained: new Set<string>() };
      doubt.gained.add(path);
      found.set(key, doubt);
    }
  }
  return [...found.values()]
    .filter(({ sandbox, root }) => !proposed.some((other) => other.sandbox === sandbox && other.workspace === root))
    .sort((a, b) => b.gained.size - a.gained.size || (a.root < b.root ? -1 : 1))
    .map(({ sandbox, root, why, rivals, gained }) => ({
      sandbox,
      workspace: root,
      evidence: [],
      matched: 0,
      differ: 0,
      gained: gained.size,
      confidence: 'ambiguous',
      rivals: rivals.map((workspace) => ({ sandbox, workspace })),
      repository: why,
    }));
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}
