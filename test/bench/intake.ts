/**
 * What it takes to take one more record in, by how much of the same session is there already, and by whether that is one long
 * turn or many. The baseline is the shortest session. Beside it: what a fold over everything takes, and what memory is held.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SourceRecord } from '../../server/src/attach/record';
import { Ingest } from '../../server/src/collect/ingest';
import { Store } from '../../server/src/store/store';
import { line, median, percentile } from './figures';
import { transcript } from './transcript';

const sizes = [400, 4000, 40_000];
const shapes = { 'in one turn': Infinity, 'a hundred to a turn': 100, 'one to a turn': 1 } as const;
/** Calls that are taken in record by record: of one call, its message and its result. */
const measuredCalls = 200;
const historyBatch = 2000;
const sessionId = '33333333-3333-4333-8333-333333333333';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

interface Seen {
  readonly one: number;
  readonly slow: number;
  readonly anew: number;
  readonly bytes: number;
  /** Of the records measured, how many made a fold over everything necessary, and how many had to wait for one. */
  readonly foldedAnew: number;
  readonly putOff: number;
}

function intake(calls: number, callsPerTurn: number, folder: string): Seen {
  using store = Store.open({ path: join(folder, `${calls}-${callsPerTurn}.db`), key: randomBytes(32), replaceUnreadable: false });
  const source = store.transaction(() =>
    store.sources.ensure('bench', {
      info: { kind: 'directory', name: 'bench', sandbox: null, runtime: 'openclaw', runtimeVersion: null },
      registryProvider: null,
    }),
  );
  let ordinal = 0;
  const record = (text: string): SourceRecord => ({
    kind: 'transcript',
    agent: 'main',
    session: sessionId,
    state: 'live',
    file: `${sessionId}.jsonl`,
    ordinal: ordinal++,
    text,
    cursor: { key: sessionId, value: String(ordinal) },
  });
  const before = heap();
  const made = transcript(sessionId, calls, callsPerTurn);
  using ingest = new Ingest(store, source);
  const index = { sessionKey: 'agent:main:main', sessionId, updatedAt: 1, status: 'running' };
  ingest.apply([{ kind: 'index', agent: 'main', text: JSON.stringify(index) }]);
  const past = made.lines.map(record);
  for (let at = 0; at < past.length; at += historyBatch) ingest.apply(past.slice(at, at + historyBatch), true);
  ingest.settle();
  past.length = 0;
  const folds = ingest.folded.anew;
  const times: number[] = [];
  let putOff = 0;
  for (const text of made.more(measuredCalls)) {
    const one = record(text);
    const at = performance.now();
    ingest.apply([one]);
    times.push(performance.now() - at);
    if (ingest.foldDueMs !== null) putOff += 1;
  }
  const foldedAnew = ingest.folded.anew - folds;
  const bytes = heap() - before;
  // One who comes new to the store has nothing in memory.
  using other = new Ingest(store, source);
  const [text] = made.more(1);
  const began = performance.now();
  other.apply([record(text ?? '')]);
  return { one: median(times), slow: percentile(times, 0.95), anew: performance.now() - began, bytes, foldedAnew, putOff };
}

function inFolder(body: (folder: string) => Seen): Seen {
  const folder = mkdtempSync(join(tmpdir(), 'sandglass-intake-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function intakes(): void {
  // Compiled before it is measured, as in a server that is up.
  for (const callsPerTurn of Object.values(shapes)) inFolder((folder) => intake(sizes[0] ?? 1, callsPerTurn, folder));
  line('\none record more, by the calls that its session has already (into a store on disk, one batch each)');
  for (const [shape, callsPerTurn] of Object.entries(shapes)) {
    let baseline: Seen | null = null;
    for (const calls of sizes) {
      const seen = inFolder((folder) => intake(calls, callsPerTurn, folder));
      baseline ??= seen;
      const ratio = `${seen.one.toFixed(2).padStart(6)} ms = ${(seen.one / baseline.one).toFixed(2)} × the shortest`;
      const rest = `p95 ${seen.slow.toFixed(1)} ms; over everything ${(seen.anew / seen.one).toFixed(0)} ×; ${Math.round(seen.bytes / 2 ** 20)} MiB held`;
      line(`  ${String(calls).padStart(6)} calls ${shape.padEnd(20)} ${ratio}; ${rest}`);
      if (seen.foldedAnew + seen.putOff > 0)
        line(
          `         not by what is new alone: ${seen.foldedAnew} records made a fold over everything necessary, ${seen.putOff} had to wait`,
        );
    }
  }
}
