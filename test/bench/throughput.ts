/**
 * Decode + fold, and the whole way into the store, beside a bare JSON.parse of the same bytes in the same run. What the store takes for a
 * recording with its logs has no such baseline, for they are no JSON.
 */
import { randomBytes } from 'node:crypto';
import { openDirectory } from '../../server/src/attach/directory';
import type { SourceRecord } from '../../server/src/attach/record';
import { Ingest } from '../../server/src/collect/ingest';
import { decodeEntry } from '../../server/src/decode/openclaw/entry';
import { decodeIndex } from '../../server/src/decode/openclaw/sessionIndex';
import { foldAgents } from '../unit/support/foldAgents';
import type { SessionDraft } from '../unit/support/foldAgents';
import { Store } from '../../server/src/store/store';
import { accountFor } from '../../server/src/usage/account';
import { emptyBook } from '../../server/src/usage/book';
import { recordings } from '../fixtures/recordings';
import { figure, line, median } from './figures';

const rounds = 30;
/** Rounds before the measured ones, in which the engine compiles what it runs often, as it has in a server that is up. */
const warmUp = 10;

/** What transcripts and the session index tell: JSON, which a bare JSON.parse can be held beside. */
type Told = Extract<SourceRecord, { kind: 'transcript' | 'index' }>;

async function records(path: string): Promise<SourceRecord[]> {
  const source = await openDirectory(path);
  const all: SourceRecord[] = [];
  for await (const record of source.open({ cursors: new Map(), follow: false, signal: new AbortController().signal })) all.push(record);
  return all;
}

function parse(lines: readonly string[]): number {
  let count = 0;
  for (const line of lines) if (JSON.parse(line) !== null) count += 1;
  return count;
}

function decodeAndFold(all: readonly Told[]): number {
  const drafts = new Map<string, SessionDraft>();
  for (const record of all) {
    const event =
      record.kind === 'index'
        ? decodeIndex(record.text, record.agent)
        : decodeEntry(record.text, { agent: record.agent, session: record.session, ordinal: record.ordinal });
    if (event === null) continue;
    const draft = drafts.get(event.session) ?? { agent: record.agent, session: event.session, states: new Set(), events: [] };
    drafts.set(event.session, draft);
    draft.events.push(event);
  }
  return foldAgents(drafts.values(), (call) => accountFor(call, { registryProvider: 'nvidia-prod', book: emptyBook })).length;
}

function store(all: readonly SourceRecord[]): number {
  using made = Store.open({ path: ':memory:', key: randomBytes(32), replaceUnreadable: false });
  const row = made.transaction(() =>
    made.sources.ensure('bench', {
      info: { kind: 'directory', name: 'bench', sandbox: null, runtime: 'openclaw', runtimeVersion: null },
      registryProvider: null,
    }),
  );
  new Ingest(made, row).apply(all);
  return made.sessions.list(row).length;
}

function time(body: () => number): number {
  const start = performance.now();
  if (body() === 0) throw new Error('the benchmark did nothing');
  return performance.now() - start;
}

export async function throughput(): Promise<void> {
  for (const { name, root } of recordings()) {
    const all = await records(root);
    const same = all.filter((record): record is Told => record.kind === 'transcript' || record.kind === 'index');
    const lines = same.map(({ text }) => text);
    const megabytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / 1e6;
    const times = { parse: [] as number[], fold: [] as number[], store: [] as number[], whole: [] as number[] };
    // Side by side in each round, so that a slow moment of the machine falls on all of them.
    for (let round = 0; round < warmUp; round++) if (parse(lines) + decodeAndFold(same) === 0) throw new Error('the benchmark did nothing');
    for (let round = 0; round < rounds; round++) {
      times.parse.push(time(() => parse(lines)));
      times.fold.push(time(() => decodeAndFold(same)));
      if (round % 6 === 0) times.store.push(time(() => store(same)));
      if (round % 6 === 3) times.whole.push(time(() => store(all)));
    }
    const bare = median(times.parse);
    figure(
      `decode + fold, ${name}`,
      `${megabytes.toPrecision(2)} MB, ${lines.length} records`,
      bare / median(times.fold),
      `of the throughput of bare JSON.parse (${(megabytes / (bare / 1000)).toFixed(0)} MB/s)`,
      0.5,
    );
    figure(
      `into the store, ${name}`,
      'decode, fold, compress, encrypt, commit',
      bare / median(times.store),
      'of the throughput of bare JSON.parse',
      null,
    );
    line(
      `${' '.repeat(45)}with its trajectories and logs, ${all.length} records: ${(median(times.whole) / all.length).toFixed(2)} ms each`,
    );
  }
}
