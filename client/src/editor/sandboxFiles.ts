/** `sandglass-file:`: the files of a sandbox or a recording, read-only, asked of the server. */
import * as vscode from 'vscode';
import { Coalescer } from '../coalescer';
import { ServerError } from '../connection/serverError';
import type { ServerHost } from '../connection/serverHost';
import { DisposableStore } from '../disposables';
import { plainText } from '../plainText';

/** Open files are looked at again after something happened in a session, at most this often. */
const recheckMs = 2_000;
const maxWatched = 200;

export class SandboxFiles implements vscode.FileSystemProvider {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  readonly onDidChangeFile = this.#changed.event;
  /** Last known time of change of each watched file; null: it is not there. */
  readonly #watched = new Map<string, number | null>();
  readonly #coalescer: Coalescer;

  constructor(
    private readonly server: ServerHost,
    /** Resolves when the sources that were open before are open again; an editor may come back before they do. */
    private readonly ready: () => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#coalescer = this.#disposables.add(new Coalescer(recheckMs, () => this.#recheck(), failed));
    this.#disposables.add(
      server.onChanged((changed) => {
        if (changed.sessions.length > 0 && this.#watched.size > 0) this.#coalescer.ask();
      }),
    );
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const stat = await this.#ask(uri, () => this.server.request('statFile', { uri: uri.toString() }));
    if (stat === null) throw vscode.FileSystemError.FileNotFound(uri);
    const type = stat.type === 'file' ? vscode.FileType.File : vscode.FileType.Directory;
    return { type, size: stat.size, mtime: stat.mtime, ctime: stat.mtime, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const file = await this.#ask(uri, () => this.server.request('readFile', { uri: uri.toString() }));
    if (this.#watched.has(uri.toString())) this.#watched.set(uri.toString(), file.mtime);
    return Buffer.from(file.base64, 'base64');
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const entries = await this.#ask(uri, () => this.server.request('readDirectory', { uri: uri.toString() }));
    // A name with a separator would lead elsewhere than into this directory.
    return entries
      .filter(({ name }) => name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name))
      .map(({ name, type }) => [name, type === 'file' ? vscode.FileType.File : vscode.FileType.Directory]);
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    const key = uri.toString();
    if (this.#watched.size < maxWatched && !this.#watched.has(key)) this.#watched.set(key, null);
    return { dispose: () => this.#watched.delete(key) };
  }

  createDirectory(uri: vscode.Uri): never {
    throw readOnly(uri);
  }
  writeFile(uri: vscode.Uri): never {
    throw readOnly(uri);
  }
  delete(uri: vscode.Uri): never {
    throw readOnly(uri);
  }
  rename(uri: vscode.Uri): never {
    throw readOnly(uri);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #recheck(): Promise<void> {
    const changes: vscode.FileChangeEvent[] = [];
    for (const [key, known] of [...this.#watched]) {
      const mtime = await this.#mtime(key);
      if (mtime === undefined || mtime === known || !this.#watched.has(key)) continue;
      this.#watched.set(key, mtime);
      const type = mtime === null ? vscode.FileChangeType.Deleted : vscode.FileChangeType.Changed;
      if (known !== null || mtime !== null) changes.push({ type, uri: vscode.Uri.parse(key) });
    }
    if (changes.length > 0) this.#changed.fire(changes);
  }

  /** null: it is not there; undefined: nothing is known. One that can't be asked for keeps no other from being looked at. */
  async #mtime(uri: string): Promise<number | null | undefined> {
    try {
      return (await this.server.request('statFile', { uri }))?.mtime ?? null;
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  async #ask<T>(uri: vscode.Uri, ask: () => Promise<T>): Promise<T> {
    try {
      await this.ready();
      return await ask();
    } catch (error) {
      throw asFileError(uri, error);
    }
  }
}

function readOnly(uri: vscode.Uri): vscode.FileSystemError {
  return vscode.FileSystemError.NoPermissions(vscode.l10n.t('{0}: the files of a sandbox are read-only here.', plainText(uri.path)));
}

/** What the editor shows in place of the file: the reason, in words. */
function asFileError(uri: vscode.Uri, error: unknown): vscode.FileSystemError {
  const path = plainText(uri.path);
  if (!ServerError.is(error)) return vscode.FileSystemError.Unavailable(path);
  const message = plainText(error.message);
  // The reason stands before the message where it is not in the data.
  const code = error.code ?? /^(?:.*failed with message: )?(secret|not-found|not-a-file|too-large)\b/.exec(error.message)?.[1];
  switch (code) {
    case 'secret':
      return vscode.FileSystemError.NoPermissions(vscode.l10n.t('{0}: Sandglass does not read files that hold secrets.', path));
    case 'not-found':
      return vscode.FileSystemError.FileNotFound(uri);
    case 'not-a-file':
      return vscode.FileSystemError.FileIsADirectory(uri);
    case 'too-large':
      return vscode.FileSystemError.Unavailable(vscode.l10n.t('{0}: too large to be shown. {1}', path, message));
    default:
      return vscode.FileSystemError.Unavailable(`${path}: ${message}`);
  }
}
