// What is worth a look, over the wire.
import { expect, it } from 'vitest';
import { costsRequest } from '../../server/src/protocol/cost';
import { insightsRequest } from '../../server/src/protocol/insight';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

it('is told of a source as soon as it is read, and of what is asked of alone', async () => {
  await using server = await ServerProcess.start();
  const { connection } = server;
  const { root, expected } = recording('openclaw-2026.7.1');
  const { sourceId } = await connection.sendRequest(messages.openRequest, { path: root });
  const everything = { sourceId: null, sessionId: null, withSubagents: false, from: null, to: null };
  // Until the end: what set a turn off comes behind its calls, and says what it is compared with.
  await until('the recording to be read', async () => {
    const { sandboxes } = await connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.some(({ id, attach }) => id === sourceId && attach.kind === 'read');
  });
  const costs = await connection.sendRequest(costsRequest, { scope: everything, by: 'day', limit: 1, timeZone: 'UTC' });
  expect(costs.total.calls).toBe(expected.totals.own.llmCalls);
  const { insights, cut } = await connection.sendRequest(insightsRequest, { scope: everything, limit: 100 });
  expect(cut).toBe(false);
  expect(new Set(insights.map(({ kind }) => kind))).toEqual(new Set(['unusual', 'redundantCalls']));
  for (const { session } of insights) expect(session.sourceId).toBe(sourceId);
  const [first] = insights;
  const sessionId = first?.session.sessionId ?? '';
  const one = await connection.sendRequest(insightsRequest, { scope: { ...everything, sourceId, sessionId }, limit: 100 });
  expect(one.insights).toEqual(insights.filter(({ session }) => session.sessionId === sessionId));
  const few = await connection.sendRequest(insightsRequest, { scope: everything, limit: 1 });
  expect(few).toEqual({ insights: [first], cut: true });
  const none = await connection.sendRequest(insightsRequest, { scope: { ...everything, sourceId: 'nothing' }, limit: 100 });
  expect(none).toEqual({ insights: [], cut: false });
  expect(server.stderr).toBe('');
});
