/** PUBLIC: where directories of sandboxes seem to lie in the workspace, as the assistant for mappings shows it. Types only. */
import { RequestType } from 'vscode-languageserver-protocol';

/** `identical`: as it was known last. `earlier`: as it was before later calls changed it. `edited`: most of its lines, in most of the file. */
export type MappingMatch = 'identical' | 'earlier' | 'edited';

export interface MappingEvidence {
  /** Untrusted. */
  readonly sandboxPath: string;
  /** `sandglass-file:`, to be compared with the workspace's. */
  readonly sandboxUri: string;
  /** Absolute, on the host. */
  readonly workspacePath: string;
  readonly match: MappingMatch;
}

/** Ready to be written as a mapping; never to be written unasked. */
export interface MappingProposal {
  /** Untrusted. */
  readonly sandbox: string;
  /** Absolute, within a folder of the workspace. */
  readonly workspace: string;
  /** The best first; at most `evidenceShown` of `matched`. */
  readonly evidence: readonly MappingEvidence[];
  readonly matched: number;
  /** Touched files that another file stands in the place of. */
  readonly differ: number;
  /** Touched files that are not shown in the workspace now and would be. */
  readonly gained: number;
  readonly confidence: 'sure' | 'likely' | 'ambiguous';
  /** Of an ambiguous one: what matches alike. `sandbox` is another directory that would come to lie in the same place. */
  readonly rivals: readonly { readonly sandbox: string; readonly workspace: string }[];
  /** Not told by files, but by the git repositories that both directories are roots of; null: by files. */
  readonly repository: RepositoryDoubt | null;
}

/**
 * Why a repository is not surely the one of the sandbox. `several`: another one is it as well. `diverged`: both went on from a commit that
 * they share. `elsewhere`: they were cloned from different places. `unknown`: not all that may be it was looked at.
 */
export type RepositoryDoubt = 'several' | 'diverged' | 'elsewhere' | 'unknown';

export const evidenceShown = 12;

export interface MappingAnswer {
  /** The best first; those that would help the file asked for before all others. */
  readonly proposals: readonly MappingProposal[];
  /** Directories of sandboxes with touched files that are not in the workspace, those with most of them first. Untrusted. */
  readonly unmapped: readonly { readonly sandbox: string; readonly files: number }[];
  /** What was looked at, for those who find nothing. */
  readonly looked: {
    readonly folders: readonly string[];
    /** Files and directories whose names were seen. */
    readonly entries: number;
    /** Not everything was seen or compared: there is more of it than is looked at. */
    readonly cut: boolean;
    /** Touched files that nothing maps. */
    readonly touched: number;
    /** Of these, those of which the workspace has a file of the same name. */
    readonly named: number;
    /** Of these, those whose content was known, told enough to be compared, and was. */
    readonly compared: number;
  };
}

/** `uri`: the file of a sandbox that it is asked for; null: of all. */
export const mappingsRequest = new RequestType<{ readonly uri: string | null }, MappingAnswer, void>('sandglass/mappings');

/** The command of the lens on a sandbox's file that is not in the workspace: `{ command, arguments: [{ uri }] }`. */
export const mapPathsCommand = 'sandglass.mapPaths';
export interface MapPathsArguments {
  readonly uri: string;
}
