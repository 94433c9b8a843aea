/**
 * Writes the ledger of LLM calls: what each that counts used and cost. It is written with the spans, so whoever changes a span changes
 * what it cost; money is kept in picodollars, so sums are exact in whatever order they came.
 */
import type { CostBasis, Span } from '../protocol/document';
import type { Database } from './database';
import { ledgerBases, ledgerTriggers, triggerCode, unseenKinds } from './ledgerCodes';
import type { UnseenKind } from './ledgerCodes';

/** Names that agents gave to models and tools; beyond it they are worked out again. */
const keptBlinds = 1000;
/** Far more than any model takes; sums of a billion such calls still are exact. */
const maxCount = 1e9;

export class LedgerWriter {
  readonly #db: Database;
  readonly #blinds = new Map<string, Uint8Array>();
  constructor(db: Database) {
    this.#db = db;
  }

  /** What a span tells of cost; called for each that is new or other than before. What an earlier form of it told is replaced. `isNew`: there was none. */
  put(session: number, span: Span, turnId: string | null, isNew: boolean): void {
    if (span.kind === 'invoke_agent') this.#turn(session, span);
    if (!isNew) this.#remove(session, span);
    if (span.attributes['sandglass.inherited'] === true) return;
    if (span.kind === 'chat') this.#call(session, span, turnId);
    else if (span.kind === 'execute_tool') this.#asked(session, span);
    else if (span.kind === 'compaction') this.#unseen(session, span, 'compaction');
    else if (span.kind === 'event' && span.name === 'model-retry') this.#unseen(session, span, 'retry');
  }

  /** A span's kind never changes: it is part of its id. */
  #remove(session: number, { id, kind }: Span): void {
    if (kind === 'chat') this.#db.prepare('DELETE FROM llm_call WHERE session = ? AND span_id = ?').run(session, id);
    else if (kind === 'execute_tool') this.#db.prepare('DELETE FROM asked WHERE session = ? AND span_id = ?').run(session, id);
    else this.#db.prepare('DELETE FROM unseen WHERE session = ? AND span_id = ?').run(session, id);
  }

  /** What set it off may be known only after its calls: the trajectory comes behind the transcript. */
  #turn(session: number, span: Span): void {
    const trigger = triggerCode(span);
    this.#db
      .prepare('UPDATE llm_call SET trigger = ?3 WHERE session = ?1 AND turn_id = ?2 AND trigger <> ?3')
      .run(session, span.id, trigger);
  }

  #call(session: number, { id, attributes, startTime, durationMs, status }: Span, turnId: string | null): void {
    const number = (name: string): number => {
      const value = attributes[name];
      return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.min(Math.round(value), maxCount) : 0;
    };
    const name = [textOrNull(attributes['gen_ai.provider.name']), textOrNull(attributes['gen_ai.request.model'])];
    const counted = typeof attributes['gen_ai.usage.input_tokens'] === 'number';
    const cacheRead = number('gen_ai.usage.cache_read.input_tokens');
    const cacheWrite = number('gen_ai.usage.cache_write.input_tokens');
    const input = Math.max(0, number('gen_ai.usage.input_tokens') - cacheRead - cacheWrite);
    const output = number('gen_ai.usage.output_tokens');
    const reasoning =
      typeof attributes['gen_ai.usage.reasoning.output_tokens'] === 'number' ? number('gen_ai.usage.reasoning.output_tokens') : null;
    const usd = attributes['sandglass.cost.usd'];
    const start = startTime === null ? null : Date.parse(startTime);
    const cut = (status === 'error' || status === 'aborted') && input + output + cacheRead + cacheWrite === 0;
    this.#db
      .prepare(
        `INSERT INTO llm_call(session, span_id, turn_id, model, trigger, basis, start, duration, input, output, cache_read, cache_write, reasoning, pico, counted, cut)
         VALUES (?1, ?2, ?3, ?4, coalesce((SELECT trigger FROM span WHERE session = ?1 AND span_id = ?3), ?5), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`,
      )
      .run(
        session,
        id,
        turnId,
        this.#idOf('model', JSON.stringify(name)),
        ledgerTriggers.indexOf('unknown'),
        Math.max(0, ledgerBases.indexOf((attributes['sandglass.cost.basis'] ?? 'unknown') as CostBasis)),
        start === null || Number.isNaN(start) || start < 0 ? null : start,
        durationMs === null ? null : Math.round(durationMs),
        input,
        output,
        cacheRead,
        cacheWrite,
        reasoning,
        typeof usd === 'number' ? Math.min(Math.round(usd * 1e12), Number.MAX_SAFE_INTEGER) : null,
        counted ? 1 : 0,
        cut ? 1 : 0,
      );
  }

  #asked(session: number, { id, parentId, name, attributes }: Span): void {
    if (parentId === null) return;
    const tool = textOrNull(attributes['gen_ai.tool.name']) ?? name;
    this.#db
      .prepare('INSERT INTO asked(session, span_id, chat, tool) VALUES (?, ?, ?, ?)')
      .run(session, id, parentId, this.#idOf('tool', tool));
  }

  #unseen(session: number, { id, startTime, endTime }: Span, kind: UnseenKind): void {
    const time = startTime ?? endTime;
    this.#db
      .prepare('INSERT OR REPLACE INTO unseen(session, span_id, what, start) VALUES (?, ?, ?, ?)')
      .run(session, id, unseenKinds[kind], time === null ? null : Date.parse(time));
  }

  /** Names are few, and their rows are asked for each time: those of a transaction that was rolled back are gone. */
  #idOf(table: 'model' | 'tool', text: string): number {
    const { box } = this.#db;
    let blind = this.#blinds.get(text);
    if (blind === undefined) {
      if (this.#blinds.size >= keptBlinds) this.#blinds.clear();
      this.#blinds.set(text, (blind = box.blind(text)));
    }
    const find = this.#db.prepare(table === 'model' ? 'SELECT id FROM model WHERE blind = ?' : 'SELECT id FROM tool WHERE blind = ?');
    const known = find.get(blind) as { id: number } | undefined;
    if (known !== undefined) return known.id;
    const made = this.#db
      .prepare(table === 'model' ? 'INSERT INTO model(blind, body) VALUES (?, ?)' : 'INSERT INTO tool(blind, body) VALUES (?, ?)')
      .run(blind, box.seal(text));
    return Number(made.lastInsertRowid);
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
