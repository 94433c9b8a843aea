/**
 * What things cost over a million LLM calls in a store on disk: by day and the rest, beside a bare sum over the same rows by SQLite. The
 * calls are put into the ledger as the fold puts them; their spans are left out, which no question about cost looks at but for names.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SourceRecord } from '../../server/src/attach/record';
import { Ingest } from '../../server/src/collect/ingest';
import type { CostBy } from '../../server/src/protocol/cost';
import type { Span, SourceInfo } from '../../server/src/protocol/document';
import { Costs } from '../../server/src/query/costs';
import { Store } from '../../server/src/store/store';
import { line, median, percentile } from './figures';
import { started } from './transcript';

const calls = 1_000_000;
const sessions = 2000;
const days = 60;
const callEveryMs = 9000;
const asked = 20;
/** What cost by day may take, in milliseconds. */
const aimMs = 100;
const models = ['anthropic/claude-opus-4-6', 'openai/gpt-5.4', 'nvidia/nemotron-3-super-120b-a12b'];
const info: SourceInfo = { kind: 'directory', name: 'bench', sandbox: null, runtime: 'openclaw', runtimeVersion: null };

export function spend(): void {
  const folder = mkdtempSync(join(tmpdir(), 'sandglass-bench-spend-'));
  const path = join(folder, 'traces.sqlite');
  try {
    using store = Store.open({ path, key: randomBytes(32), replaceUnreadable: false });
    const row = fill(store);
    const costs = new Costs(store);
    const everything = { sourceId: null, sessionId: null, withSubagents: false, from: null, to: null };
    const sources = [{ id: 'bench', row, name: 'bench' }];
    const bare = bareSum(path);
    line(
      `\nwhat ${calls.toLocaleString('en')} LLM calls in ${sessions.toLocaleString('en')} sessions cost (store of ${Math.round(statSync(path).size / 2 ** 20)} MiB); beside a bare sum over their rows: ${bare.toFixed(0)} ms`,
    );
    const ask = (by: CostBy): readonly number[] => {
      const times: number[] = [];
      for (let i = 0; i < asked; i++) {
        const began = performance.now();
        const { total, rows } = costs.answer({ scope: everything, by, limit: 100, timeZone: 'Europe/Berlin' }, sources);
        times.push(performance.now() - began);
        if (total.calls !== calls + sessions || rows.length === 0) throw new Error(`by ${by} there are ${total.calls} calls`);
      }
      return times;
    };
    const byDay = ask('day');
    const met = median(byDay) <= aimMs ? 'met' : 'missed';
    line(
      `  by day: median ${median(byDay).toFixed(0)} ms, p95 ${percentile(byDay, 0.95).toFixed(0)} ms, the first ${byDay[0]?.toFixed(0)} ms; ${(median(byDay) / bare).toFixed(2)} of the bare sum  (aim ≤ ${aimMs} ms: ${met})`,
    );
    for (const by of ['model', 'session', 'agent', 'trigger'] as const) {
      const times = ask(by);
      line(`  by ${by}: median ${median(times).toFixed(0)} ms, the first ${times[0]?.toFixed(0)} ms`);
    }
    const today = {
      ...everything,
      from: new Date(started + 30 * 86_400_000).toISOString(),
      to: new Date(started + 31 * 86_400_000).toISOString(),
    };
    const began = performance.now();
    const { total } = costs.answer({ scope: today, by: 'model', limit: 100, timeZone: 'UTC' }, sources);
    line(`  one day of them (${total.calls.toLocaleString('en')} calls): ${(performance.now() - began).toFixed(0)} ms`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(store: Store): number {
  const source = store.transaction(() => store.sources.ensure('bench', { info, registryProvider: null }));
  using ingest = new Ingest(store, source);
  ingest.apply(Array.from({ length: sessions }, (_, index) => opening(index)));
  ingest.settle();
  for (const view of store.sessions.list(source))
    store.transaction(() => {
      const index = Number(view.info.id.slice(1));
      const began = startOf(index);
      for (let at = 0; at < calls / sessions; at++)
        store.ledgerWriter.put(view.row, span(view.info.id, at, began), `${view.info.id} ${at >> 4}`, true);
    });
  return source;
}

function startOf(session: number): number {
  return started + Math.floor((session * days * 86_400_000) / sessions);
}

/** A session that is known, with a call of its own. */
function opening(session: number): SourceRecord {
  const time = startOf(session);
  const message = {
    role: 'assistant',
    api: 'openai-completions',
    provider: 'inference',
    model: 'm',
    content: [{ type: 'text', text: 'hello' }],
    usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 },
    stopReason: 'stop',
    timestamp: time,
  };
  const text = JSON.stringify({ type: 'message', id: `e${session}`, parentId: null, timestamp: new Date(time).toISOString(), message });
  return { kind: 'transcript', agent: 'main', session: `s${session}`, file: `s${session}.jsonl`, state: 'live', ordinal: 0, text };
}

function span(session: string, at: number, began: number): Span {
  const start = began + at * callEveryMs;
  return {
    id: `${session}-${at}`,
    parentId: null,
    kind: 'chat',
    name: 'chat',
    startTime: new Date(start).toISOString(),
    endTime: new Date(start + 2000).toISOString(),
    durationMs: 2000,
    durationBasis: 'observed',
    status: 'ok',
    statusMessage: null,
    entryId: `${session}-${at}`,
    witness: 'agent',
    attributes: {
      'gen_ai.provider.name': 'inference',
      'gen_ai.request.model': models[at % models.length] ?? null,
      'gen_ai.usage.input_tokens': 10_000 + (at % 1000),
      'gen_ai.usage.output_tokens': 300,
      'gen_ai.usage.cache_read.input_tokens': 8000,
      'gen_ai.usage.cache_write.input_tokens': 500,
      'gen_ai.usage.reasoning.output_tokens': 100,
      'sandglass.cost.usd': 0.01 + (at % 97) / 10_000,
      'sandglass.cost.basis': 'priced',
      'sandglass.inherited': false,
    },
  };
}

/** Of the same rows, by nothing but SQLite; milliseconds, the median. */
function bareSum(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const sum = db.prepare('SELECT count(*) AS n, sum(input + output + cache_read + cache_write) AS tokens FROM llm_call');
    return median(
      Array.from({ length: 5 }, () => {
        const began = performance.now();
        sum.get();
        return performance.now() - began;
      }),
    );
  } finally {
    db.close();
  }
}
