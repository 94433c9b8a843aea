// What each turn of a session came to, by the ledger, against its spans and the session's own totals.
import { expect, it } from 'vitest';
import { costOf, spanCost } from '../../../server/src/model/spanCost';
import type { CostTotals } from '../../../server/src/protocol/document';
import { turnSummaries } from '../../../server/src/query/pages';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

/** The ledger keeps picodollars. */
function rounded(cost: CostTotals): unknown {
  return JSON.parse(JSON.stringify(cost, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e9) : value)));
}

it.each(['openclaw-2026.7.1', 'rotation-2026.7.1'])(
  'is that of its LLM calls, with their bases and what has no price: %s',
  async (name) => {
    using store = memoryStore();
    const row = await readInto(store, recording(name).root);
    let known = 0;
    let unpriced = 0;
    for (const view of store.sessions.list(row)) {
      const own = store.spans.ofKind(view.row, 'chat').filter(({ span }) => span.attributes['sandglass.inherited'] !== true);
      const turns = turnSummaries(store, view, new Map());
      for (const { span, cost } of turns) {
        const calls = own.filter(({ turnId }) => turnId === span.id).map((call) => spanCost(call.span));
        expect(rounded(cost), span.id).toEqual(rounded(costOf(calls)));
        if (calls.length === 0) expect(cost).toEqual({ usd: null, byBasis: {}, unpricedCalls: 0 });
      }
      const { usd, unpricedCalls } = view.info.totals.cost;
      expect(turns.reduce((sum, { cost }) => sum + (cost.usd ?? 0), 0)).toBeCloseTo(usd ?? 0, 9);
      expect(turns.reduce((sum, { cost }) => sum + cost.unpricedCalls, 0)).toBe(unpricedCalls);
      if (usd !== null) known += 1;
      unpriced += unpricedCalls;
    }
    expect(known).toBeGreaterThan(0);
    expect(unpriced).toBeGreaterThan(0);
  },
);
