/** Who wrote the lines of an open document, asked of the server once for each state of it. */
import * as vscode from 'vscode';
import type { FileBlame } from '../../../server/src/protocol/messages';
import { Coalescer } from '../coalescer';
import type { ServerHost } from '../connection/serverHost';
import { fileScheme } from '../contributions';
import { DisposableStore } from '../disposables';

/** After something happened in a session, what is shown is asked for again at most this often. */
const againMs = 1_000;
const keptDocuments = 16;
/** As the server has it: more is not blamed, and need not be sent. */
const maxText = 1024 * 1024;

interface Kept {
  readonly version: number;
  readonly dirty: boolean;
  readonly answer: Promise<FileBlame | null>;
}

export class BlameData {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<void>());
  /** What was answered may be other now. */
  readonly onDidChange = this.#changed.event;
  readonly #kept = new Map<string, Kept>();

  constructor(
    private readonly server: ServerHost,
    failed: (error: unknown) => void,
  ) {
    const again = this.#disposables.add(
      new Coalescer(
        againMs,
        () => {
          this.#kept.clear();
          this.#changed.fire();
        },
        failed,
      ),
    );
    this.#disposables.add(server.onChanged(({ sessions, inventory }) => void ((sessions.length > 0 || inventory) && again.ask())));
    this.#disposables.add(server.onDidChangeState(() => again.ask()));
  }

  /** Null: no call that wrote it is known, or there is nobody to ask. */
  async of(document: vscode.TextDocument): Promise<FileBlame | null> {
    if (this.server.state.kind !== 'running' || !isBlamed(document)) return null;
    const uri = document.uri.toString();
    const known = this.#kept.get(uri);
    if (known !== undefined && known.version === document.version && known.dirty === document.isDirty) return known.answer;
    const text = document.isDirty ? document.getText() : null;
    if (text !== null && text.length > maxText) return null;
    const answer = this.server.request('blame', { uri, text });
    const kept: Kept = { version: document.version, dirty: document.isDirty, answer };
    this.#kept.delete(uri);
    this.#kept.set(uri, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptDocuments) break;
      this.#kept.delete(oldest);
    }
    // What failed is asked again.
    answer.catch(() => void (this.#kept.get(uri) === kept && this.#kept.delete(uri)));
    return answer;
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

export function isBlamed({ uri }: vscode.TextDocument): boolean {
  return uri.scheme === 'file' || uri.scheme === fileScheme;
}
