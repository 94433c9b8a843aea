/**
 * From a record written to its row in the editor's hands: a writer that puts the time into what it writes, and the one that asks the
 * server for the rows whenever it announces a change.
 */
import * as messages from '../../server/src/protocol/messages';
import type { ServerProcess } from '../server/support/serverProcess';
import { until } from '../server/support/serverProcess';

/** In a container. */
export const STATE = '/sandbox/.openclaw';
export const DATABASE = `${STATE}/agents/main/agent/openclaw-agent.sqlite`;
/** A script that has the database open, as OpenClaw does: meanwhile its log stays beside it. */
export const KEEP_OPEN = `const d = new (require('node:sqlite').DatabaseSync)('${DATABASE}'); d.prepare('SELECT count(*) FROM session_nodes').get(); setInterval(() => d.isOpen, 1e6)`;
/** In the arguments of our reader, and of nothing else that runs there. */
export const READER = '--no-warnings -e';

/** Where a writer appends: a transcript file, or the rows of a session in a database that it keeps open. */
export type Place = { readonly file: string } | { readonly database: string; readonly session: string };

/**
 * A script for Node that appends `count` assistant messages, one every `everyMs`, with their number and the time. `run` marks them:
 * of another run none is counted.
 */
export function writer(place: Place, run: string, count: number, everyMs: number): string {
  const open =
    'file' in place
      ? `const put = (text) => fs.appendFileSync(${JSON.stringify(place.file)}, text + '\\n');`
      : `const { DatabaseSync } = require('node:sqlite');
         const database = new DatabaseSync(${JSON.stringify(place.database)}, { timeout: 5000 });
         const session = ${JSON.stringify(place.session)};
         let { seq } = database.prepare('SELECT max(seq) AS seq FROM transcript_events WHERE session_id = ?').get(session);
         const insert = database.prepare('INSERT INTO transcript_events (session_id, seq, event_json, created_at) VALUES (?, ?, ?, ?)');
         const put = (text) => insert.run(session, ++seq, text, Date.now());`;
  return `const fs = require('node:fs');
    ${open}
    const entry = (n) => JSON.stringify({ type: 'message', id: '${run}-' + n, parentId: n === 0 ? null : '${run}-' + (n - 1), timestamp: new Date().toISOString(),
      message: { role: 'assistant', content: [{ type: 'text', text: '${run} ' + n + ' ' + Date.now() }], api: 'openai-completions', provider: 'inference', model: 'm',
        usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 }, stopReason: 'toolUse', timestamp: Date.now(), responseId: '${run}-' + n } });
    const began = Date.now();
    let n = 0;
    const next = () => {
      put(entry(n++));
      if (n < ${count}) setTimeout(next, Math.max(0, began + n * ${everyMs} - Date.now()));
    };
    next();`;
}

/** Reads what a writer put there. Rows of one run, each with the milliseconds from its writing until it was here. */
export class Shown {
  readonly #server: ServerProcess;
  readonly #session: messages.SessionRef;
  readonly #pattern: RegExp;
  readonly #seen = new Map<number, number>();
  #base = 0;
  #asking = false;
  #again = false;

  private constructor(server: ServerProcess, session: messages.SessionRef, run: string) {
    this.#server = server;
    this.#session = session;
    this.#pattern = new RegExp(`^${run} (\\d+) (\\d+)$`);
  }

  static async of(server: ServerProcess, session: messages.SessionRef, run: string): Promise<Shown> {
    const shown = new Shown(server, session, run);
    shown.#base = (await server.connection.sendRequest(messages.traceRequest, { ...session, offset: 0, limit: 1 })).total;
    server.connection.onNotification(messages.changedNotification, (changed) => {
      server.changes.push(changed);
      if (changed.sessions.some(({ sourceId, sessionId }) => sourceId === session.sourceId && sessionId === session.sessionId))
        void shown.#ask();
    });
    return shown;
  }

  get times(): readonly number[] {
    return [...this.#seen.values()];
  }

  async until(count: number, ms: number): Promise<readonly number[]> {
    await until(`${count} records to be shown`, () => this.#seen.size >= count, ms);
    return this.times;
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    do {
      this.#again = false;
      // The turn above them is a row too.
      const offset = Math.max(0, this.#base + this.#seen.size - 5);
      const page = await this.#server.connection.sendRequest(messages.traceRequest, { ...this.#session, offset, limit: 500 });
      const at = Date.now();
      for (const row of page.rows) {
        const [, number, written] = this.#pattern.exec(row.preview ?? '') ?? [];
        if (row.span.kind !== 'chat' || number === undefined || this.#seen.has(Number(number))) continue;
        this.#seen.set(Number(number), at - Number(written));
      }
    } while (this.#again);
    this.#asking = false;
  }
}
