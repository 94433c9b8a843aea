/** Where calls have places in: a sandbox or recording that is open, and what the user has beside it. */
import type { SandboxFiles } from '../attach/record';
import type { PathMapping } from '../protocol/messages';

export interface PlaceSource {
  readonly id: string;
  readonly row: number;
  /** Of a `directory` the files are a recording's, but for those that are mounted. */
  readonly source: {
    readonly kind?: 'directory' | 'container';
    readonly files: SandboxFiles;
    readonly mounts: readonly { readonly sandbox: string; readonly host: string }[];
  };
}

export function fileSourceOf({ id, source }: PlaceSource): { readonly id: string; readonly files: SandboxFiles } {
  return { id, files: source.files };
}

export interface PlacesContext {
  source(row: number): PlaceSource | null;
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
}

export interface SandboxPath {
  readonly source: PlaceSource;
  readonly path: string;
}
