/** Made-up shapes for the client's tests. */
import type { SessionInfo } from '../../../server/src/protocol/document';
import type { AttachState, Inventory, SandboxNode } from '../../../server/src/protocol/messages';

export function session(id: string, given: Partial<SessionInfo> = {}): SessionInfo {
  return {
    id,
    key: `agent:main:${id}`,
    agent: 'main',
    title: null,
    trigger: 'user',
    state: 'live',
    status: 'done',
    parentSessionId: null,
    previousSessionId: null,
    startTime: '2026-11-21T10:00:00.000Z',
    endTime: null,
    totals: {
      turns: 1,
      llmCalls: 2,
      toolCalls: 3,
      failedToolCalls: 0,
      thinkingBlocks: 0,
      compactions: 0,
      usage: { input: 100, output: 20, cacheRead: 1000, cacheWrite: 0, reasoning: null },
      cost: { usd: 0.02, byBasis: { priced: 0.02 }, unpricedCalls: 0 },
    },
    ...given,
  };
}

export const live: AttachState = { kind: 'live', way: 'node', tried: [] };

export function sandbox(id: string, attach: AttachState = live, given: Partial<SandboxNode> = {}): SandboxNode {
  return {
    id,
    name: `box ${id}`,
    layout: 'one-container',
    runtime: 'openclaw',
    runtimeVersion: '2026.7.1',
    provider: null,
    model: 'nemotron-3-super',
    state: 'running',
    gateway: null,
    seenBy: ['engine'],
    reports: [],
    kind: 'container',
    attach,
    skipped: [],
    findings: [],
    revision: 1,
    resources: null,
    previousId: null,
    ...given,
  };
}

export function inventory(sandboxes: readonly SandboxNode[], given: Partial<Inventory> = {}): Inventory {
  return {
    looked: [],
    sandboxes,
    empty: 'none',
    storeLifetime: 'durable',
    storeNote: null,
    collector: { kind: 'this-window', pid: 1 },
    ...given,
  };
}
