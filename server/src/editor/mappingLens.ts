/** On a file of a sandbox that the workspace does not have, or not surely: the way to say where it lies. */
import type { CodeLens } from 'vscode-languageserver-protocol';
import { parseSandboxUri } from '../locate/sandboxUri';
import { mapPathsCommand } from '../protocol/mappings';
import type { MapPathsArguments } from '../protocol/mappings';
import type { Places, PlacesRound } from '../query/places';
import type { PlaceSource } from '../query/placeSource';

interface Open {
  readonly hub: { readonly trusted: boolean; get(sourceId: string): (PlaceSource & { readonly badge: string | null }) | null };
  readonly places: Pick<Places, 'workspace'>;
}

/** Where no workspace is open, or a setting of it does not count, there is nothing to map to; and the sample is nobody's project. */
export async function mappingLenses({ hub, places }: Open, round: PlacesRound, uri: string): Promise<readonly CodeLens[]> {
  const parsed = parseSandboxUri(uri);
  const open = parsed === null ? null : hub.get(parsed.sourceId);
  if (parsed === null || open === null || !hub.trusted || places.workspace.folders.length === 0) return [];
  if (open.badge !== null || (await round.files.isInWorkspace(open, parsed.path))) return [];
  const argument: MapPathsArguments = { uri };
  const at = { line: 0, character: 0 };
  const command = { title: 'in the sandbox only · map to the workspace…', command: mapPathsCommand, arguments: [argument] };
  return [{ range: { start: at, end: at }, command }];
}
