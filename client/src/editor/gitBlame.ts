/** The commit that took a line in, by the editor's own Git extension; never in a workspace that is not trusted. */
import * as vscode from 'vscode';
import { parseGitBlame } from './gitBlameText';
import type { GitLine } from './gitBlameText';

/** Of the API that the built-in extension `vscode.git` offers, what is used here. */
interface GitApi {
  getRepository(uri: vscode.Uri): GitRepository | null;
}
interface GitRepository {
  blame(path: string): Promise<string>;
  getCommit(ref: string): Promise<{ readonly message: string }>;
}
interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): GitApi;
}

export type GitAnswer =
  | { readonly kind: 'commit'; readonly hash: string; readonly author: string; readonly date: string; readonly subject: string | null }
  | { readonly kind: 'not-committed' }
  | { readonly kind: 'outside' }
  /** There is no Git extension that runs here. */
  | { readonly kind: 'no-git' }
  /** Nothing can be said: the document is not saved, or Git does not know the file. */
  | { readonly kind: 'none' };

const keptFiles = 16;

export class GitBlame {
  /** By document and its version. */
  readonly #kept = new Map<string, Promise<readonly GitLine[] | null>>();

  constructor(private readonly failed: (error: unknown) => void) {}

  async lineOf(document: vscode.TextDocument, line: number): Promise<GitAnswer> {
    if (document.uri.scheme !== 'file' || !vscode.workspace.isTrusted) return { kind: 'none' };
    const api = await gitApi();
    if (api === null) return { kind: 'no-git' };
    const repository = api.getRepository(document.uri);
    if (repository === null) return { kind: 'outside' };
    if (document.isDirty) return { kind: 'none' };
    const found = (await this.#lines(repository, document))?.[line];
    if (found === undefined) return { kind: 'none' };
    if (/^0+$/.test(found.hash)) return { kind: 'not-committed' };
    return {
      kind: 'commit',
      hash: found.hash,
      author: found.author,
      date: found.date,
      subject: await this.#subject(repository, found.hash),
    };
  }

  #lines(repository: GitRepository, document: vscode.TextDocument): Promise<readonly GitLine[] | null> {
    const key = `${document.version} ${document.uri.toString()}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const lines = repository.blame(document.uri.fsPath).then(parseGitBlame, (error: unknown) => {
      // A file that was never added has no blame.
      this.failed(error);
      return null;
    });
    this.#kept.set(key, lines);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptFiles) break;
      this.#kept.delete(oldest);
    }
    return lines;
  }

  /** Commits come and go without the document: what was blamed is asked again. */
  forget(): void {
    this.#kept.clear();
  }

  async #subject(repository: GitRepository, hash: string): Promise<string | null> {
    try {
      return (await repository.getCommit(hash)).message.split('\n')[0] ?? null;
    } catch (error) {
      this.failed(error);
      return null;
    }
  }
}

async function gitApi(): Promise<GitApi | null> {
  const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
  if (extension === undefined) return null;
  const git = extension.isActive ? extension.exports : await extension.activate();
  return git.enabled ? git.getAPI(1) : null;
}
