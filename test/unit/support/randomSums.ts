/** Random agents through the whole way into a store, and what that says they came to. */
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { Costs } from '../../../server/src/query/costs';
import { traceDocument } from '../../../server/src/query/document';
import type { Store } from '../../../server/src/store/store';
import { randomAgent, randomOf, shuffled } from './randomSessions';
import { info } from './traces';

const everything = { sourceId: null, sessionId: null, withSubagents: false, from: null, to: null };

/** What one agent comes to, in each of several orders; and what it must. `name` tells its sources from others of the store. */
export function randomSums(
  store: Store,
  seed: number,
  sessions: number,
  name: string,
): { readonly sessions: number; readonly wanted: unknown; readonly found: readonly unknown[] } {
  const agent = randomAgent(seed, sessions);
  const random = randomOf(seed ^ 0x5f3759df);
  const cut = (records: readonly SourceRecord[]): readonly (readonly SourceRecord[])[] => {
    const batches: SourceRecord[][] = [[]];
    for (const record of records) {
      if (random() < 0.15) batches.push([]);
      batches.at(-1)?.push(record);
    }
    return batches;
  };
  const repeated = shuffled(agent.records, random);
  const orders = [
    [agent.records],
    cut(shuffled(agent.records, random)),
    cut([...repeated, ...repeated.slice(0, Math.floor(random() * repeated.length))]),
  ];
  const found = orders.map((batches, at) => {
    const id = `${name} ${seed} ${at}`;
    const row = store.transaction(() => store.sources.ensure(id, { info, registryProvider: null }));
    using ingest = new Ingest(store, row);
    for (const batch of batches) ingest.apply(batch);
    ingest.settle();
    const { total, rows } = new Costs(store).answer({ scope: everything, by: 'session', limit: 1000, timeZone: 'UTC' }, [
      { id, row, name: id },
    ]);
    const document = traceDocument(store, row, null);
    const sum = (of: (totals: (typeof document.sessions)[number]['totals']) => number): number =>
      document.sessions.reduce((all, { totals }) => all + of(totals), 0);
    return {
      calls: total.calls,
      pricedCalls: total.calls - total.unpricedCalls,
      usage: { input: total.usage.input, output: total.usage.output, cacheRead: total.usage.cacheRead, cacheWrite: total.usage.cacheWrite },
      pico: Math.round((total.usd ?? 0) * 1e12),
      sessionsSay: [
        sum(({ llmCalls }) => llmCalls),
        sum(({ usage }) => usage.input),
        sum(({ usage }) => usage.output),
        Math.round(sum(({ cost }) => cost.usd ?? 0) * 1e6),
      ],
      bySession: rows.map(({ session, spend }) => JSON.stringify([session?.sessionId, spend])).sort(),
    };
  });
  const { calls, pricedCalls, usage, pico } = agent;
  const wanted = {
    calls,
    pricedCalls,
    usage,
    pico,
    sessionsSay: [calls, usage.input, usage.output, Math.round(pico / 1e6)],
    bySession: found[0]?.bySession,
  };
  return { sessions: agent.sessions, wanted, found };
}
