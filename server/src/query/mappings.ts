/**
 * The assistant for mappings: which touched files nothing maps, what is known of their content, and which files of the workspace
 * are the same. Asked for by a person, so it reads a little more than a lens may, within bounds.
 */
import { join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseSandboxUri, sandboxUri } from '../locate/sandboxUri';
import { suggestMappings } from '../locate/suggest';
import type { ComparedFile, SuggestedPlace, Suggestion } from '../locate/suggest';
import { isGenericName } from '../locate/suggestMatch';
import { findNames } from '../locate/suggestSearch';
import type { FoundNames } from '../locate/suggestSearch';
import { evidenceShown } from '../protocol/mappings';
import type { MappingAnswer, MappingMatch, MappingProposal } from '../protocol/mappings';
import { baseName } from '../store/touches';
import { Comparing, isUnmapped, usualBounds } from './mappingCompare';
import type { Asked, Candidate, MappingsAsked, Touched } from './mappingCompare';
import { mayRival, placeIn, UnseenNamesakes } from './mappingDoubts';
import { repositoryProposals } from './mappingRepositories';
import type { PlaceSource } from './placeSource';

/** Sessions of a source looked at, those last written in. */
const sessionsLooked = 40;
const unmappedShown = 20;

export async function mappingAnswer(question: MappingsAsked, signal: AbortSignal, bounds = usualBounds): Promise<MappingAnswer> {
  const asked: Asked = { ...question, ...question.places.workspace };
  const folders = outermost(asked.folders);
  const focus = asked.uri === null ? null : parseSandboxUri(asked.uri);
  const touched = await unmappedOf(asked, focus, bounds.paths, signal);
  const names = new Set(touched.map(({ path }) => baseName(path)));
  const search = await findNames(folders, names, signal, bounds.entries);
  const named: Candidate[] = touched.flatMap((file) => {
    const found = search.byName.get(baseName(file.path));
    return found === undefined ? [] : [{ ...file, found }];
  });
  // What says most is compared first, in case not all can be.
  const generic = ({ path }: Touched): number => Number(isGenericName(baseName(path)));
  named.sort((a, b) => generic(a) - generic(b));
  const work = new Comparing(asked, bounds, signal);
  for (const file of named) {
    if (signal.aborted || work.files >= bounds.files || work.tired) break;
    await work.compare(file, bounds.places);
  }
  const homes = new Set(
    asked.sources.flatMap(({ row }) =>
      asked.store.sessions.newest(row, sessionsLooked).flatMap((session) => asked.store.sessions.byRow(session)?.workspaceDir ?? []),
    ),
  );
  const suggested = (): readonly Suggestion[] => suggestMappings(work.compared, { isProject: search.isProject, homes });
  const telling = named.filter((file) => generic(file) === 0);
  await lookAgain(suggested(), telling, work, bounds.filesAgain, signal);
  const unseen = new UnseenNamesakes(asked, touched);
  const suggestions: Suggestion[] = [];
  for (const suggestion of suggested()) {
    const doubtful =
      suggestion.confidence === 'sure' &&
      (search.cut || telling.some((file) => mayRival(file, work.left(file), suggestion)) || (await unseen.any(suggestion)));
    suggestions.push(doubtful ? { ...suggestion, confidence: 'likely' } : suggestion);
  }
  const covers = ({ sandbox }: { readonly sandbox: string }): number => (focus !== null && focus.path.startsWith(`${sandbox}/`) ? 1 : 0);
  const told = suggestions.map((suggestion) => proposalOf(suggestion, asked.sources, named, search, work));
  const proposals = [...told, ...(await repositoryProposals(touched, told, asked, signal))].sort((a, b) => covers(b) - covers(a));
  return {
    proposals,
    unmapped: directoriesOf(touched.filter((file) => !work.isShown(file))),
    looked: {
      folders: asked.folders,
      entries: search.entries,
      cut: search.cut || telling.some((file) => work.left(file).length > 0),
      touched: touched.length,
      named: named.length,
      compared: work.told,
    },
  };
}

/** What would be sure is held against every file that could put it in doubt, also those that were left out at first. */
async function lookAgain(
  suggestions: readonly Suggestion[],
  named: readonly Candidate[],
  work: Comparing,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const sure = suggestions.filter(({ confidence }) => confidence === 'sure');
  let files = 0;
  for (const file of named) {
    if (signal.aborted || work.tired || files >= limit) return;
    if (!sure.some((suggestion) => mayRival(file, work.left(file), suggestion))) continue;
    files += 1;
    await work.compare(file, file.found.length);
  }
}

/** Touched files that neither a mapping nor a mount leads to, the last touched first; the one asked for before all. */
async function unmappedOf(
  asked: Asked,
  focus: { readonly sourceId: string; readonly path: string } | null,
  limit: number,
  signal: AbortSignal,
): Promise<readonly Touched[]> {
  const { store, sources } = asked;
  const found: Touched[] = [];
  for (const source of sources) {
    const paths = new Set<string>(focus?.sourceId === source.id ? [focus.path] : []);
    for (const session of store.sessions.newest(source.row, sessionsLooked)) {
      if (signal.aborted || paths.size >= limit) break;
      for (const path of store.touches.pathsOfSession(session, limit)) if (paths.size < limit) paths.add(path);
      await setImmediate();
    }
    for (const path of paths) {
      if (signal.aborted) return [];
      if (await isUnmapped({ source, path }, asked)) found.push({ source, path });
    }
  }
  return found;
}

function proposalOf(
  { confidence, rivals, ...place }: Suggestion,
  sources: readonly PlaceSource[],
  named: readonly Candidate[],
  search: FoundNames,
  work: Comparing,
): MappingProposal {
  const ids = new Map(sources.map(({ row, id }) => [row, id]));
  const evidence = place.matches.slice(0, evidenceShown).flatMap(({ source, sandboxPath, folder, way, comparison }) => {
    const id = ids.get(source);
    const match = matchOf(comparison);
    return id === undefined || match === null
      ? []
      : [{ sandboxPath, sandboxUri: sandboxUri(id, sandboxPath), workspacePath: join(folder, way), match }];
  });
  const gained = new Set(named.filter((file) => !work.isShown(file) && liesIn(file, place, search)).map(({ path }) => path));
  for (const { sandboxPath } of place.differ) gained.delete(sandboxPath);
  return {
    sandbox: place.sandbox,
    workspace: directoryOf(place),
    evidence,
    matched: place.matches.length,
    differ: place.differ.length,
    gained: gained.size,
    confidence,
    rivals: rivals.map((rival) => ({ sandbox: rival.sandbox, workspace: directoryOf(rival) })),
    repository: null,
  };
}

function directoryOf({ folder, way }: SuggestedPlace): string {
  return way === '' ? folder : join(folder, way);
}

/** The workspace has a file where the mapping would lead. */
function liesIn({ path }: Touched, place: SuggestedPlace, search: FoundNames): boolean {
  return path.startsWith(`${place.sandbox}/`) && search.isThere({ folder: place.folder, way: placeIn(path, place) });
}

function matchOf(comparison: ComparedFile['comparison']): MappingMatch | null {
  return comparison === 'different' || comparison === 'nothing' ? null : comparison;
}

function directoriesOf(files: readonly Touched[]): MappingAnswer['unmapped'] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const directory = path.slice(0, path.lastIndexOf('/')) || '/';
    counts.set(directory, (counts.get(directory) ?? 0) + 1);
  }
  return [...counts]
    .map(([sandbox, files]) => ({ sandbox, files }))
    .sort((a, b) => b.files - a.files || (a.sandbox < b.sandbox ? -1 : 1))
    .slice(0, unmappedShown);
}

/** A folder within another one is looked through once. */
function outermost(folders: readonly string[]): readonly string[] {
  const within = (a: string, b: string): boolean => {
    const way = relative(b, a);
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
  };
  return [...new Set(folders)].filter((folder) => !folders.some((other) => within(folder, other)));
}
