// What the uses of a tool came to, against counts that share no code with it, and by an index whatever the store holds.
import { DatabaseSync } from 'node:sqlite';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { mcpKey, promptKey, skillKey, toolKey } from '../../../server/src/locate/defined/definition';
import { costOf, spanCost } from '../../../server/src/model/spanCost';
import type { CallCost } from '../../../server/src/protocol/cost';
import type { CostTotals } from '../../../server/src/protocol/document';
import { Database } from '../../../server/src/store/database';
import { migrations } from '../../../server/src/store/schema';
import { Store } from '../../../server/src/store/store';
import { UseStore } from '../../../server/src/store/uses';
import type { WantedUses } from '../../../server/src/store/uses';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const workspace = '/sandbox/.openclaw/workspace';

/** Whosever tool was called. */
const all = (key: string): WantedUses => ({ key, owner: { kind: 'any' } });

/** From the spans, one by one. */
function counted(
  store: Store,
  row: number,
  tool: string,
): { calls: number; failed: number; durations: number[]; costs: Map<string, CallCost> } {
  const sum = { calls: 0, failed: 0, durations: [] as number[], costs: new Map<string, CallCost>() };
  for (const view of store.sessions.list(row))
    for (const { span } of store.spans.ofKind(view.row, 'execute_tool')) {
      const { attributes } = span;
      if (
        attributes['gen_ai.tool.name'] !== tool ||
        attributes['sandglass.counted'] === false ||
        attributes['sandglass.inherited'] === true
      )
        continue;
      sum.calls += 1;
      if (attributes['sandglass.failed'] === true) sum.failed += 1;
      if (span.durationMs !== null) sum.durations.push(span.durationMs);
      if (attributes['sandglass.call_not_recorded'] === true || span.parentId === null) continue;
      const message = store.spans.ofSession(view.row, span.parentId)?.span;
      sum.costs.set(`${view.row} ${span.parentId}`, spanCost(message ?? { attributes: {} }));
    }
  sum.durations.sort((a, b) => a - b);
  return sum;
}

function rounded(cost: CostTotals | undefined): unknown {
  return JSON.parse(JSON.stringify(cost ?? null, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e9) : value)));
}

describe('the uses of a tool', () => {
  it.each(['openclaw-2026.7.1', 'openclaw-2026.9.5', 'rotation-2026.7.1', 'zstd-2026.9.6'])(
    'are those of the recording %s',
    async (name) => {
      const { root, expected } = recording(name);
      using store = memoryStore();
      const row = await readInto(store, root);
      const calls = new Map<string, number>();
      for (const { own } of Object.values(expected.sessions))
        for (const [tool, count] of Object.entries(own.toolCallsByName)) calls.set(tool, (calls.get(tool) ?? 0) + count);
      const sums = store.uses.sums(
        [...calls.keys()].map((tool) => all(toolKey(tool))),
        [row],
      );
      expect(new Map([...calls.keys()].map((tool) => [tool, sums.get(toolKey(tool))?.calls ?? 0]))).toEqual(calls);
      expect([...sums.values()].reduce((sum, { failed }) => sum + failed, 0)).toBe(expected.totals.own.failedToolCalls);
      for (const tool of calls.keys()) {
        const own = counted(store, row, tool);
        const sum = sums.get(toolKey(tool));
        expect(sum, tool).toMatchObject({ calls: own.calls, failed: own.failed, timed: own.durations.length, messages: own.costs.size });
        expect(sum?.p50 ?? null, tool).toBe(own.durations[Math.ceil(own.durations.length * 0.5) - 1] ?? null);
        expect(sum?.p95 ?? null, tool).toBe(own.durations[Math.ceil(own.durations.length * 0.95) - 1] ?? null);
        // The ledger keeps picodollars.
        expect(rounded(sum?.cost), tool).toEqual(rounded(costOf(own.costs.values())));
        // Of each way in which a price is known the newest is named.
        const shown = (sum?.priced ?? []).flatMap(({ session, spanId }) => store.spans.ofSession(session, spanId)?.span ?? []);
        expect(new Set(shown.map((span) => spanCost(span).basis)), tool).toEqual(
          new Set([...own.costs.values()].map(({ basis }) => basis)),
        );
      }
      expect(store.uses.sums([all(toolKey('exec'))], []).size).toBe(0);
      expect(store.uses.sums([all(toolKey('exec'))], [row + 1]).size).toBe(0);
    },
  );

  it('are also those of its server, its skill and the prompt file', async () => {
    using store = memoryStore();
    const row = await readInto(store, recording('openclaw-2026.7.1').root);
    const keys = [
      mcpKey('units'),
      skillKey('release-notes'),
      promptKey(`${workspace}/MEMORY.md`),
      promptKey('/elsewhere/MEMORY.md'),
      toolKey('nothing'),
    ];
    const sums = store.uses.sums(keys.map(all), [row]);
    expect(sums.get(mcpKey('units'))).toMatchObject({ calls: 2, failed: 1, reads: 0, writes: 0 });
    const [convert, rate] = [counted(store, row, 'units__convert'), counted(store, row, 'units__rate')];
    expect([convert.calls, rate.calls, rate.failed]).toEqual([1, 1, 1]);
    const paths = (wanted: RegExp, tools: readonly string[]): number =>
      store.sessions
        .list(row)
        .flatMap((view) => store.spans.ofKind(view.row, 'execute_tool'))
        .filter(
          ({ span: { attributes } }) =>
            attributes['sandglass.counted'] !== false &&
            attributes['sandglass.inherited'] !== true &&
            tools.includes(String(attributes['gen_ai.tool.name'])) &&
            (attributes['sandglass.paths'] as string[]).some((path) => wanted.test(path)),
        ).length;
    expect(paths(/release-notes\/SKILL\.md$/, ['read'])).toBeGreaterThan(0);
    expect(sums.get(skillKey('release-notes'))?.reads).toBe(paths(/release-notes\/SKILL\.md$/, ['read']));
    expect(sums.get(promptKey(`${workspace}/MEMORY.md`))?.reads ?? 0).toBe(paths(/(?:^|workspace\/)MEMORY\.md$/, ['read', 'memory_get']));
    expect(sums.has(promptKey('/elsewhere/MEMORY.md'))).toBe(false);
    expect(sums.has(toolKey('nothing'))).toBe(false);
    const newest = store.uses
      .newest(all(toolKey('exec')), [row], 20)
      .map(({ spanId }) => store.spans.span(row, spanId)?.span.startTime ?? '');
    expect(newest).toHaveLength(20);
    expect(newest).toEqual([...newest].sort().reverse());
    expect(store.sessions.workspaces(row).map(({ workspaceDir }) => workspaceDir)).toContain(workspace);
  });

  it('were denied where they were made: a container and what was recorded of it have spans of the same ids', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandglass-uses-'));
    try {
      const path = join(folder, 'traces.sqlite');
      using store = Store.open({ path, key: randomBytes(32), replaceUnreadable: false });
      const { root } = recording('openclaw-2026.7.1');
      const [container, recorded] = [await readInto(store, root, 'container'), await readInto(store, root, 'recorded')];
      const [one] = store.uses.newest(all(toolKey('exec')), [container], 1);
      expect(store.uses.newest(all(toolKey('exec')), [recorded], 1)).toMatchObject([{ spanId: one?.spanId }]);
      const ofTwo = () =>
        [[container], [recorded], [container, recorded]].map(
          (of) => store.uses.sums([all(toolKey('exec'))], of).get(toolKey('exec'))?.denied ?? 0,
        );
      const before = ofTwo();
      const db = new DatabaseSync(path);
      db.prepare(
        "INSERT INTO policy(source, policy_id, time, ordinal, text_blind, action, call_id, body) VALUES (?, 'a', 1, 1, x'01', 'denied', ?, x'')",
      ).run(container, one?.spanId ?? '');
      db.close();
      expect(ofTwo().map((sum, at) => sum - (before[at] ?? 0))).toEqual([1, 0, 1]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are found by index', () => {
    using db = Database.open({ path: ':memory:', key: randomBytes(32), replaceUnreadable: false });
    const prepare = vi.spyOn(db, 'prepare');
    const uses = new UseStore(db);
    expect(uses.sums([all('a')], [1]).size).toBe(0);
    expect(uses.newest(all('a'), [1], 1)).toEqual([]);
    uses.remove(1, 'x');
    for (const sql of prepare.mock.calls.map(([text]) => text)) {
      const plan = (db.prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll(/\?\d/g, '?')}`).all() as { detail: string }[]).map(
        ({ detail }) => detail,
      );
      expect(
        plan.filter((step) => /SEARCH use USING (?:PRIMARY KEY|INDEX use_by_span)/.test(step)),
        sql,
      ).toHaveLength(1);
      expect(
        plan.filter((step) => /SCAN (?:use|span|policy)\b/.test(step)),
        plan.join('\n'),
      ).toEqual([]);
      if (sql.includes('FROM policy'))
        expect(plan.join('\n')).toMatch(/SEARCH policy USING INDEX policy_by_call \(call_id=\? AND source=\?/);
    }
  });

  it.each(['CREATE TABLE use(', 'ADD COLUMN owner_blind'])('come with the next fold to a store of an older version: %s', (made) => {
    const db = new DatabaseSync(':memory:');
    const step = migrations.findIndex((each) => each.includes(made));
    for (const each of migrations.slice(0, step)) db.exec(each);
    db.exec(`
      INSERT INTO source(id, blind, body) VALUES (7, x'01', x'');
      INSERT INTO session(id, source, agent, session, body) VALUES (1, 7, 'main', 'a', x''), (2, 7, 'main', 'b', NULL);
    `);
    db.exec(migrations[step] ?? '');
    expect(db.prepare('SELECT id FROM session WHERE dirty = 1').all()).toMatchObject([{ id: 1 }]);
    db.close();
  });
});
