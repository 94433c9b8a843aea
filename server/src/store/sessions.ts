/** Folded sessions: who they are, what they came to, who spawned whom. Their spans and touches are written through here. */
import type { SessionInfo, Span } from '../protocol/document';
import type { FoldStep } from '../model/sessionFold';
import { isoTime } from '../model/isoTime';
import type { Database } from './database';
import { foldedBy } from './folding';
import type { KeptSpan, SpanStore, TimeRange } from './spans';

export interface SessionView {
  readonly row: number;
  readonly source: number;
  readonly revision: number;
  readonly info: SessionInfo;
  readonly workspaceDir: string | null;
  /** A transcript of it was read; else only the session index speaks of it (a first turn is on disk only when it answered). */
  readonly recorded: boolean;
}

export interface PutResult {
  readonly revision: number;
  /** Spans that are new or other than before. */
  readonly changed: readonly Span[];
  /** When calls ran, or were thought to, that are new or other than before. */
  readonly ran: readonly TimeRange[];
  /** Sessions that another call is now known to have spawned, or none any more. */
  readonly children: readonly number[];
}

interface SessionBody {
  readonly info: SessionInfo;
  readonly workspaceDir: string | null;
}

export class SessionStore {
  readonly #db: Database;
  readonly #spans: SpanStore;
  constructor(db: Database, spans: SpanStore) {
    this.#db = db;
    this.#spans = spans;
  }

  /** Sessions under a session key, oldest first. */
  byKey(source: number, key: string): readonly number[] {
    const rows = this.#db
      .prepare('SELECT id FROM session WHERE source = ? AND key_blind = ? ORDER BY coalesce(header_time, first_time, 0), session')
      .all(source, this.#db.box.blind(key)) as { id: number }[];
    return rows.map((row) => row.id);
  }

  /** A key names one session after another: the one that was there when a child was made, else the oldest. */
  parentUnderKey(source: number, key: string, childCreated: number): string | null {
    const age = 'coalesce(header_time, first_time, 0)';
    const blind = this.#db.box.blind(key);
    const before = this.#db
      .prepare(`SELECT session FROM session WHERE source = ? AND key_blind = ? AND ${age} <= ? ORDER BY ${age} DESC, session DESC LIMIT 1`)
      .get(source, blind, childCreated) as { session: string } | undefined;
    if (before !== undefined) return before.session;
    const oldest = this.#db
      .prepare(`SELECT session FROM session WHERE source = ? AND key_blind = ? ORDER BY ${age}, session LIMIT 1`)
      .get(source, blind) as { session: string } | undefined;
    return oldest?.session ?? null;
  }

  /** Sessions whose index row names this key as the one that spawned them. */
  spawnedByKey(source: number, key: string): readonly number[] {
    const rows = this.#db
      .prepare('SELECT id FROM session WHERE source = ? AND spawned_by_blind = ?')
      .all(source, this.#db.box.blind(key)) as { id: number }[];
    return rows.map((row) => row.id);
  }

  /** Sessions whose index row names the key of this session as the one that spawned them. */
  spawnedByKeyOf(session: number): readonly number[] {
    const rows = this.#db
      .prepare(
        'SELECT child.id FROM session parent JOIN session child ON child.source = parent.source AND child.spawned_by_blind = parent.key_blind WHERE parent.id = ?',
      )
      .all(session) as { id: number }[];
    return rows.map((row) => row.id);
  }

  setKeys(session: number, key: string | null, spawnedBy: string | null): void {
    const { box } = this.#db;
    this.#db
      .prepare('UPDATE session SET key_blind = ?, spawned_by_blind = ? WHERE id = ?')
      .run(key === null ? null : box.blind(key), spawnedBy === null ? null : box.blind(spawnedBy), session);
  }

  /** The call that spawned the sessions under this key: the oldest, when several say so. */
  spawner(source: number, childKey: string): { readonly spanId: string; readonly session: string } | null {
    const row = this.#db
      .prepare(
        `SELECT p.span_id AS spanId, s.session AS session FROM spawn p JOIN session s ON s.id = p.session
          WHERE p.child_blind = ? AND s.source = ? ORDER BY coalesce(s.header_time, s.first_time, 0), s.session, p.span_id LIMIT 1`,
      )
      .get(this.#db.box.blind(childKey), source) as { spanId: string; session: string } | undefined;
    return row ?? null;
  }

  /** Those folded by other prices than these. */
  pricedOtherwise(source: number, pricedAs: string): readonly number[] {
    const rows = this.#db
      .prepare(
        `SELECT id FROM session INDEXED BY session_by_prices WHERE source = ?1 AND body IS NOT NULL AND priced_as < ?2
         UNION ALL SELECT id FROM session INDEXED BY session_by_prices WHERE source = ?1 AND body IS NOT NULL AND priced_as > ?2
         UNION ALL SELECT id FROM session INDEXED BY session_by_prices WHERE source = ?1 AND body IS NOT NULL AND priced_as IS NULL`,
      )
      .all(source, Buffer.from(pricedAs)) as { id: number }[];
    return rows.map(({ id }) => id);
  }

  /** Writes what changed of a session. `whole`: these are all its spans. `pricedAs`: the prices it was folded by. */
  put(
    row: number,
    { facts, lastTime }: Pick<FoldStep, 'facts' | 'lastTime'>,
    spans: readonly KeptSpan[],
    whole: boolean,
    pricedAs: string,
  ): PutResult {
    const { changed, respawned, ran } = this.#spans.put(row, spans, whole);
    const { workspaceDir, startTime, endTime, ...rest } = facts;
    const info: SessionInfo = { ...rest, startTime: isoTime(startTime), endTime: isoTime(endTime) };
    const body: SessionBody = { info, workspaceDir };
    const { revision } = this.#db
      .prepare(
        `UPDATE session SET dirty = 0, revision = revision + 1, folded_revision = revision + 1, folded_by = ?,
           start = ?, end = ?, last_time = ?, workspace_blind = ?, priced_as = ?, body = ? WHERE id = ? RETURNING revision`,
      )
      .get(
        foldedBy,
        startTime,
        endTime,
        lastTime ?? 0,
        workspaceDir === null ? null : this.#db.box.blind(workspaceDir),
        Buffer.from(pricedAs),
        this.#db.box.seal(JSON.stringify(body)),
        row,
      ) as { revision: number };
    return { revision, changed, ran, children: respawned.flatMap((key) => this.#underKeyOf(row, key)) };
  }

  /** Sessions of the same source under a key. */
  #underKeyOf(row: number, keyBlind: Uint8Array): readonly number[] {
    const rows = this.#db
      .prepare(
        'SELECT child.id FROM session mine JOIN session child ON child.source = mine.source WHERE mine.id = ? AND child.key_blind = ?',
      )
      .all(row, keyBlind) as { id: number }[];
    return rows.map((found) => found.id);
  }

  /** Counts a change that the fold did not make; answers the new revision. */
  touch(row: number): number {
    this.#db.prepare('UPDATE session SET revision = revision + 1, folded_revision = folded_revision + 1 WHERE id = ?').run(row);
    return this.byRow(row)?.revision ?? 0;
  }

  #view(row: SessionRecord): SessionView {
    const body = JSON.parse(this.#db.box.open(row.body)) as SessionBody;
    return {
      row: row.id,
      source: row.source,
      revision: row.revision,
      info: body.info,
      workspaceDir: body.workspaceDir,
      recorded: row.recorded === 1,
    };
  }

  /** Sessions that were folded, by start. */
  list(source: number): readonly SessionView[] {
    const rows = this.#db
      .prepare(`SELECT ${viewColumns} FROM session WHERE source = ? AND body IS NOT NULL ORDER BY start, session`)
      .all(source);
    return (rows as unknown as SessionRecord[]).map((row) => this.#view(row));
  }

  bySession(source: number, session: string): SessionView | null {
    const row = this.#db
      .prepare(`SELECT ${viewColumns} FROM session INDEXED BY session_by_name WHERE source = ? AND session = ? AND body IS NOT NULL`)
      .get(source, session);
    return row === undefined ? null : this.#view(row as unknown as SessionRecord);
  }

  /** All of this name: each agent may have one. */
  named(source: number, session: string): readonly SessionView[] {
    const rows = this.#db
      .prepare(`SELECT ${viewColumns} FROM session INDEXED BY session_by_name WHERE source = ? AND session = ? AND body IS NOT NULL`)
      .all(source, session);
    return (rows as unknown as SessionRecord[]).map((row) => this.#view(row));
  }

  byRow(id: number): SessionView | null {
    const row = this.#db.prepare(`SELECT ${viewColumns} FROM session WHERE id = ? AND body IS NOT NULL`).get(id);
    return row === undefined ? null : this.#view(row as unknown as SessionRecord);
  }

  /** null: there is none, or it was not folded yet. */
  revisionOf(id: number): number | null {
    const row = this.#db.prepare('SELECT revision FROM session WHERE id = ? AND body IS NOT NULL').get(id) as
      { revision: number } | undefined;
    return row?.revision ?? null;
  }

  /** The workspaces that sessions of a source had, each with how many had it. */
  workspaces(source: number): readonly { readonly workspaceDir: string; readonly sessions: number }[] {
    const rows = this.#db
      .prepare(
        `SELECT min(id) AS id, count(*) AS sessions FROM session INDEXED BY session_by_workspace
          WHERE source = ? AND workspace_blind IS NOT NULL GROUP BY workspace_blind LIMIT ${workspacesListed}`,
      )
      .all(source) as { id: number; sessions: number }[];
    return rows.flatMap(({ id, sessions }) => {
      const workspaceDir = this.byRow(id)?.workspaceDir ?? null;
      return workspaceDir === null ? [] : [{ workspaceDir, sessions }];
    });
  }

  /** The session last written in. */
  latest(source: number): SessionView | null {
    const [row] = this.newest(source, 1);
    return row === undefined ? null : this.byRow(row);
  }

  /** Rows of the sessions last written in, the latest first. Nothing is decrypted. */
  newest(source: number, limit: number): readonly number[] {
    const rows = this.#db
      .prepare(
        `SELECT id FROM session INDEXED BY session_by_last WHERE source = ? AND body IS NOT NULL
          ORDER BY last_time DESC, id DESC LIMIT ?`,
      )
      .all(source, limit) as { id: number }[];
    return rows.map(({ id }) => id);
  }
}

/** Agents have one each, and sub-agents sometimes one of their own. */
const workspacesListed = 200;

const viewColumns = 'id, source, revision, body, EXISTS (SELECT 1 FROM entry e WHERE e.session = session.id AND e.kind = 0) AS recorded';

interface SessionRecord {
  readonly id: number;
  readonly source: number;
  readonly revision: number;
  readonly body: Uint8Array;
  readonly recorded: number;
}
