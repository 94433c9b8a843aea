// The lenses of one file come from several places: none of them waits for another's answer.
import { expect, it, vi } from 'vitest';
import type { CancellationToken, CodeLens, CodeLensParams, Connection } from 'vscode-languageserver';
import { registerRequests } from '../../../server/src/requests';
import type { Live } from '../../../server/src/requests';
import { memoryStore } from '../support/traces';

it('asks for definitions and calls at once', async () => {
  using store = memoryStore();
  const asked: string[] = [];
  let both: (() => void) | null = null;
  const met = new Promise<void>((resolve) => (both = resolve));
  /** Answers once the others were asked too. */
  const meet = async <T>(name: string, answer: T): Promise<T> => {
    asked.push(name);
    if (asked.length === 3) both?.();
    await met;
    return answer;
  };
  const live = {
    opened: { store },
    hub: { settings: {}, get: () => null },
    places: { round: () => ({}) },
    definitions: { inFile: () => meet('definitions', []) },
    context: { costs: { inFile: () => meet('context', []) } },
    calls: { of: () => meet('calls', { placed: [], counts: new Map(), total: 0 }) },
    blames: { withLines: () => Promise.resolve(null) },
  } as unknown as Live;
  const handlers: ((params: CodeLensParams, token: CancellationToken) => Promise<readonly CodeLens[]>)[] = [];
  const connection = new Proxy({} as Connection, {
    get: (_, name) => (name === 'onCodeLens' ? (handler: (typeof handlers)[number]) => handlers.push(handler) : () => undefined),
  });
  registerRequests(connection, () => live);
  const token = { isCancellationRequested: false, onCancellationRequested: vi.fn() } as unknown as CancellationToken;
  expect(await handlers[0]?.({ textDocument: { uri: 'file:///project/AGENTS.md' } }, token)).toEqual([]);
  expect(asked.sort()).toEqual(['calls', 'context', 'definitions']);
});
