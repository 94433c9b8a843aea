import { describe, expect, it } from 'vitest';
import { callsOf, sessionRefOf, sourceIdOf, spanRefOf } from '../../../client/src/commands/arguments';
import { until } from '../../../client/src/commands/until';
import { failureText } from '../../../client/src/connection/failureText';
import { maxDetachedSources, maxOpenSources, OpenSources } from '../../../client/src/connection/openSources';
import { asServerError, ServerError } from '../../../client/src/connection/serverError';
import { maxInWindow, NotifyRules, sameAgainMs, windowMs } from '../../../client/src/notifyRules';
import { sandbox, session } from './made';
import { translate } from './translate';

describe('notifications', () => {
  it('are one of a kind at a time, not soon again, and never a flood', () => {
    let now = 0;
    const rules = new NotifyRules(() => now);
    expect(rules.admit('a', false)).toBe(true);
    expect(rules.admit('a', true)).toBe(false);
    rules.closed('a');
    expect(rules.admit('a', false)).toBe(false);
    expect(rules.admit('a', true)).toBe(true);
    rules.closed('a');
    const others = ['b', 'c', 'd', 'e', 'f'].map((key) => rules.admit(key, false));
    expect(others.filter(Boolean).length).toBe(maxInWindow - 2);
    expect(rules.admit('asked', true)).toBe(true);
    now += Math.max(sameAgainMs, windowMs) + 1;
    expect(rules.admit('a', false)).toBe(true);
  });
});

describe('what was open', () => {
  class Memory {
    value: unknown;
    get<T>(): T | undefined {
      return this.value as T | undefined;
    }
    async update(_key: string, value: unknown): Promise<void> {
      this.value = value;
    }
  }

  it('is remembered, newest first, within a bound, and forgotten', async () => {
    const sources = new OpenSources(new Memory());
    for (let i = 0; i < maxOpenSources + 5; i += 1) await sources.remember({ kind: 'directory', path: `/r/${i}`, sourceId: `d${i}` });
    await sources.remember({ kind: 'attached', sourceId: 'd20' });
    expect(sources.all).toHaveLength(maxOpenSources);
    expect(sources.all[0]).toEqual({ kind: 'attached', sourceId: 'd20' });
    await sources.remember({ kind: 'detached', sourceId: 'd20' });
    expect(sources.all.filter(({ sourceId }) => sourceId === 'd20')).toEqual([{ kind: 'detached', sourceId: 'd20' }]);
    await sources.forget('d20');
    expect(sources.all.map((each) => each.sourceId)).not.toContain('d20');
  });

  it('is not pushed out by what was detached from, which has its own bound and ends with attaching again', async () => {
    const sources = new OpenSources(new Memory());
    await sources.remember({ kind: 'attached', sourceId: 'kept' });
    for (let i = 0; i < maxDetachedSources + 5; i += 1) await sources.detach(`s${i}`, 'container', false);
    const detached = (): readonly string[] => sources.all.filter(({ kind }) => kind === 'detached').map(({ sourceId }) => sourceId);
    expect(detached()).toHaveLength(maxDetachedSources);
    expect(detached()[0]).toBe(`s${maxDetachedSources + 4}`);
    expect(sources.all).toContainEqual({ kind: 'attached', sourceId: 'kept' });
    await sources.remember({ kind: 'attached', sourceId: 's20' });
    expect(detached()).not.toContain('s20');
    expect(sources.all[0]).toEqual({ kind: 'attached', sourceId: 's20' });
  });

  it('is remembered as detached only where it would be opened unasked', async () => {
    const sources = new OpenSources(new Memory());
    const kindOf = (id: string): string | undefined => sources.all.find(({ sourceId }) => sourceId === id)?.kind;
    await sources.remember({ kind: 'sample', sourceId: 'sample' });
    await sources.detach('sample', 'sample', true);
    expect(kindOf('sample')).toBeUndefined();
    for (const listed of [false, true]) {
      await sources.remember({ kind: 'directory', path: '/r', sourceId: 'opened' });
      await sources.detach('opened', 'directory', listed); // one of the settings, perhaps by another name
      expect(kindOf('opened')).toBe(listed ? 'detached' : undefined);
    }
    await sources.detach('of the settings', 'directory', true);
    await sources.remember({ kind: 'attached', sourceId: 'sandbox' });
    await sources.detach('sandbox', 'container', false);
    expect([kindOf('of the settings'), kindOf('sandbox')]).toEqual(['detached', 'detached']);
  });

  it('survives whatever stands in the memory', () => {
    const memory = new Memory();
    for (const value of [
      'x',
      7,
      null,
      [null, 3, { kind: 'directory', sourceId: 'a' }, { kind: 'evil', sourceId: 'b' }, { kind: 'sample', sourceId: 'c' }],
    ]) {
      memory.value = value;
      expect(new OpenSources(memory).all.every((each) => each.kind === 'sample')).toBe(true);
    }
  });
});

describe('what a command was given', () => {
  it('is a row, ids, or nothing', () => {
    expect(sourceIdOf({ kind: 'sandbox', node: sandbox('a') })).toBe('a');
    expect(sourceIdOf({ kind: 'note', sourceId: 'b' })).toBe('b');
    expect(sessionRefOf({ kind: 'session', sourceId: 'a', session: session('s') })).toEqual({
      sourceId: 'a',
      sessionId: 's',
      spanId: null,
    });
    expect(sessionRefOf({ sourceId: 'a', sessionId: 's', spanId: 'x' })).toEqual({ sourceId: 'a', sessionId: 's', spanId: 'x' });
    for (const value of [undefined, null, 'a', 7, {}, { sourceId: 3, sessionId: 's' }, { sourceId: '' }]) {
      expect(sessionRefOf(value)).toBeNull();
      expect(spanRefOf(value)).toBeNull();
      expect(sourceIdOf(value)).toBeNull();
    }
    const call = { sourceId: 'a', sessionId: 's', spanId: 'x', label: 'edit', status: 'ok', time: null };
    expect(callsOf({ uri: 'u', line: 1, calls: [call, { ...call, spanId: undefined }, null, 'x'] })).toEqual([call]);
    expect(callsOf({ calls: 'x' })).toEqual([]);
  });
});

describe('why the server gave no answer', () => {
  const response = (code: number, data?: unknown): Error => Object.assign(new Error('said'), { name: 'ResponseError', code, data });
  it('is told apart: cancelled, gone, or refused with a reason', () => {
    expect(asServerError(response(-32800)).reason).toBe('cancelled');
    for (const code of [-32096, -32097, -32099]) expect(asServerError(response(code)).reason).toBe('lost');
    expect(asServerError(new Error('Connection is disposed.')).reason).toBe('lost');
    expect(asServerError(response(-32603, { reason: 'no-docker', hint: 'Start it.' }))).toMatchObject({
      reason: 'refused',
      code: 'no-docker',
      hint: 'Start it.',
      message: 'said',
    });
    expect(asServerError('x')).toMatchObject({ reason: 'refused', hint: null });
    const known = new ServerError('lost', 'x');
    expect(asServerError(known)).toBe(known);
  });

  it('is said in words, with what to do', () => {
    const rejected = [
      { from: 'editor', command: '/opt/code', problem: { kind: 'lacks', node: '22.10.0', what: ['node:sqlite', 'zstd'] } },
      { from: 'path', command: 'node', problem: { kind: 'failed', reason: 'spawn node ENOENT' } },
    ] as const;
    expect(failureText({ kind: 'no-runtime', rejected }, translate)).toBe(
      "Sandglass needs Node.js 22.15 or newer with SQLite, and found none: the editor's own Node (22.10.0) lacks node:sqlite, zstd; node on the PATH did not answer (spawn node ENOENT). Install one, or name it in the setting sandglass.server.nodePath.",
    );
    expect(failureText({ kind: 'crashed', crashes: 21 }, translate)).toContain('21 times');
  });
});

describe('until', () => {
  const source = (): { onDidChange(listener: () => void): { dispose(): void }; tell(): void; listeners: Set<() => void> } => {
    const listeners = new Set<() => void>();
    return {
      listeners,
      onDidChange: (listener) => {
        listeners.add(listener);
        return { dispose: () => listeners.delete(listener) };
      },
      tell: () => listeners.forEach((listener) => listener()),
    };
  };

  it('waits for a change that fits, and leaves no listener', async () => {
    const data = source();
    let fits = false;
    const waiting = until(data, () => fits, 1000);
    data.tell();
    fits = true;
    data.tell();
    await waiting;
    expect(data.listeners.size).toBe(0);
    await until(data, () => true, 1000);
    expect(data.listeners.size).toBe(0);
  });

  it('ends when the time is over or it is cancelled', async () => {
    const data = source();
    await expect(until(data, () => false, 10)).rejects.toMatchObject({ reason: 'refused' });
    let cancel = (): void => undefined;
    const token = {
      isCancellationRequested: false,
      onCancellationRequested: (listener: () => void) => ((cancel = listener), { dispose: () => undefined }),
    };
    const waiting = until(data, () => false, 1000, token as never);
    cancel();
    await expect(waiting).rejects.toMatchObject({ reason: 'cancelled' });
    expect(data.listeners.size).toBe(0);
  });
});
