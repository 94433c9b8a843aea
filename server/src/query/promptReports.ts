/** What was in the prompts of sessions, by their last runs: read once for each state of a session's row of the index. */
import { decodePromptReport } from '../decode/openclaw/promptReport';
import type { PromptReport } from '../decode/openclaw/promptReport';
import type { Store } from '../store/store';

/** Sessions of a sandbox that are looked at: those last written in. */
export const sessionsLookedAt = 200;
/** Reports of more sessions than are looked at of a few sandboxes; of some kilobytes each. */
const reportsKept = 1000;

export class PromptReports {
  readonly #store: Store;
  readonly #known = new Map<number, { readonly digest: string; readonly report: PromptReport | null }>();
  constructor(store: Store) {
    this.#store = store;
  }

  /** null: it is not known what was in its prompt. */
  of(session: number): PromptReport | null {
    const known = this.#known.get(session);
    const row = this.#store.entries.indexRow(session, known?.digest ?? null);
    if (row === null) return null;
    if (row.text === null) return known?.report ?? null;
    const report = decodePromptReport(row.text);
    this.#known.delete(session);
    if (this.#known.size >= reportsKept) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(session, { digest: row.digest, report });
    return report;
  }
}
