import fc from 'fast-check';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { ReplayCursor } from '../../../client/src/replay/replayCursor';
import { ReplaySession } from '../../../client/src/replay/replaySession';
import { outcome, stepVariables, totalsVariables } from '../../../client/src/replay/replayVariables';
import type { AttributeValue } from '../../../server/src/protocol/document';
import type { ReplayStep, SpanDetail } from '../../../server/src/protocol/messages';
import { translate } from './translate';

const step = (spanId: string, status: ReplayStep['status'] = 'ok', turnOrdinal = 1): ReplayStep => ({
  spanId,
  kind: 'call',
  label: `do ${spanId}`,
  status,
  turnOrdinal,
  time: null,
  anchor: null,
  address: `sandglass-call:/${spanId}.txt?source=a&span=${spanId}`,
  totals: { llmCalls: 1, toolCalls: 2, failed: 0, tokens: 1234, cost: { usd: null, byBasis: {}, unpricedCalls: 1 } },
});
const steps = [step('a'), step('b', 'error'), step('c'), step('d', 'ok', 2), step('e', 'denied', 2), step('f', 'ok', 2)];

describe('ReplayCursor', () => {
  it('steps, and says where it ends', () => {
    const cursor = new ReplayCursor(steps);
    for (let i = 1; i < steps.length; i += 1) expect(cursor.next()).toEqual({ index: i, why: 'step' });
    expect(cursor.next()).toBeNull();
    expect(cursor.back()).toEqual({ index: 4, why: 'step' });
  });
  it('goes on to failures and denials, both ways, else to the edge', () => {
    const cursor = new ReplayCursor(steps);
    expect(cursor.toNextProblem()).toEqual({ index: 1, why: 'problem' });
    expect(cursor.toNextProblem()).toEqual({ index: 4, why: 'problem' });
    expect(cursor.toNextProblem()).toEqual({ index: 5, why: 'edge' });
    expect(cursor.toNextProblem()).toBeNull();
    expect(cursor.toPreviousProblem()).toEqual({ index: 4, why: 'problem' });
    expect(cursor.toPreviousProblem()).toEqual({ index: 1, why: 'problem' });
    expect(cursor.toPreviousProblem()).toEqual({ index: 0, why: 'edge' });
    expect(cursor.back()).toEqual({ index: 0, why: 'edge' });
  });
  it('leaves a turn', () => {
    const cursor = new ReplayCursor(steps);
    expect(cursor.outOfTurn()).toEqual({ index: 3, why: 'step' });
    expect(cursor.turnStart?.spanId).toBe('d');
    expect(cursor.outOfTurn()).toEqual({ index: 5, why: 'edge' });
  });
  it('never leaves the steps, whatever is asked', () => {
    const moves = ['next', 'back', 'outOfTurn', 'toNextProblem', 'toPreviousProblem', 'restart'] as const;
    const statuses = fc.constantFrom('ok', 'error', 'denied', 'aborted') as fc.Arbitrary<ReplayStep['status']>;
    fc.assert(
      fc.property(
        fc.array(statuses, { minLength: 1, maxLength: 8 }),
        fc.array(fc.constantFrom(...moves), { maxLength: 30 }),
        (made, asked) => {
          const cursor = new ReplayCursor(made.map((status, at) => step(`s${at}`, status, Math.floor(at / 3))));
          for (const move of asked) {
            const before = cursor.index;
            const landing = cursor[move]();
            expect(cursor.step).not.toBeNull();
            if (landing === null) expect(cursor.index).toBe(before);
            else expect(cursor.index).toBe(landing.index);
          }
        },
      ),
    );
  });
});

const detail = (given: Partial<SpanDetail>): SpanDetail => ({
  span: {
    id: 'a',
    parentId: null,
    kind: 'execute_tool',
    name: 'exec',
    startTime: null,
    endTime: null,
    durationMs: null,
    durationBasis: 'unknown',
    status: 'error',
    statusMessage: 'exit code 1\u001b[31m',
    entryId: 'e',
    witness: 'agent',
    attributes: {},
  },
  session: {} as SpanDetail['session'],
  arguments: null,
  result: null,
  thinking: null,
  text: null,
  argumentsBytes: null,
  resultBytes: null,
  truncated: false,
  policy: [],
  anchors: [],
  written: [],
  retry: null,
  ...given,
});

describe('the variables of a step', () => {
  it('say what was not observed, and show arguments as a tree', () => {
    const variables = stepVariables(
      step('a', 'error'),
      detail({ arguments: '{"command":"pytest\\u001b[2J","env":{"A":1},"list":[]}', resultBytes: 812 }),
      false,
      translate,
    );
    const named = Object.fromEntries(variables.map((each) => [each.name, each]));
    expect(named['outcome']?.value).toBe('failed: exit code 1');
    expect(named['duration']?.value).toBe('not observed');
    expect(named['result']?.value).toBe('not observed');
    expect(named['size of result']?.value).toBe('812 B');
    expect(named['arguments']?.parts).toEqual([
      { name: 'command', value: 'pytest' },
      { name: 'env', value: '{"A":1}', parts: [{ name: 'A', value: '1' }] },
      { name: 'list', value: '[]' },
    ]);
  });
  it('are bounded, deep or wide', () => {
    const deep = '['.repeat(500) + ']'.repeat(500);
    const wide = JSON.stringify(Array.from({ length: 5000 }, (_, i) => i));
    for (const text of [deep, wide]) {
      const shown = stepVariables(step('a'), detail({ arguments: text }), false, translate);
      expect(JSON.stringify(shown).length).toBeLessThan(40_000);
    }
    expect(
      stepVariables(step('a'), detail({ result: 'x'.repeat(1_000_000) }), false, translate).find((each) => each.name === 'result')?.value,
    ).toHaveLength(4000);
  });
  it('tell what a call of a model cost, and by which price', () => {
    const cost = (attributes: Readonly<Record<string, AttributeValue>>) => {
      const { span } = detail({});
      return stepVariables(step('a'), detail({ span: { ...span, kind: 'chat', attributes } }), false, translate).find(
        ({ name }) => name === 'cost',
      );
    };
    const named = (basis: string, more: Readonly<Record<string, AttributeValue>>) =>
      cost(Object.fromEntries(Object.entries({ basis, ...more }).map(([name, value]) => [`sandglass.cost.${name}`, value])));
    expect(named('user', { usd: 0.02, source: 'price book: a\u202e\u0007b', date: '2026-01-01' })).toEqual({
      name: 'cost',
      value: '$0.02 your price',
      parts: [{ name: 'price', value: 'price book: ab, as of 2026-01-01' }],
    });
    expect(named('unknown', { usd: null, reason: 'model-unknown' })).toEqual({
      name: 'cost',
      value: 'no price',
      parts: [{ name: 'why', value: 'The model is in no price list' }],
    });
    expect(named('local', { usd: 0 })).toEqual({ name: 'cost', value: '$0 own hardware' });
    // Of a later version, or written by someone else.
    expect(named('guessed', { usd: 1 })?.value).toBe('no price');
    expect(cost({})?.value).toBe('no price');
    expect(stepVariables(step('a'), detail({}), false, translate).some(({ name }) => name === 'cost')).toBe(false);
  });
  it('never make a cost of what has no price', () => {
    const cost = (one: Partial<ReplayStep['totals']['cost']>, flatRate = false) =>
      totalsVariables(
        { ...step('a'), totals: { ...step('a').totals, cost: { usd: null, byBasis: {}, unpricedCalls: 0, ...one } } },
        flatRate,
        translate,
      ).find((each) => each.name === 'cost');
    expect(cost({ unpricedCalls: 2 })).toMatchObject({ value: 'no price', parts: [{ value: '2 LLM calls have no price' }] });
    expect(cost({})?.value).toBe('no LLM call yet');
    expect(cost({ usd: 0.5, byBasis: { priced: 0.5 } })).toEqual({ name: 'cost', value: '$0.50 list price' });
    expect(cost({ usd: 0.5, byBasis: { user: 0.5 } }, true)?.value).toBe('$0.50 API equivalent, your price');
    expect(cost({ usd: 0.5, byBasis: { priced: 0.1, reported: 0.4 }, unpricedCalls: 1 })).toMatchObject({
      value: '≥ $0.50 reported + list price',
      parts: [{ value: '$0.40 reported' }, { value: '$0.10 list price' }, { value: '1 LLM call has no price' }],
    });
    expect(outcome('denied', null, translate)).toBe('denied by the sandbox');
  });
});

/** Speaks the protocol to a session as the editor would. */
class Editor {
  readonly events: DebugProtocol.Event[] = [];
  readonly #answers = new Map<number, (response: DebugProtocol.Response) => void>();
  readonly #waiting: (() => void)[] = [];
  #seq = 0;
  readonly stops: string[] = [];
  readonly outputs: string[] = [];
  readonly session: ReplaySession;

  constructor(given: readonly ReplayStep[] | Error) {
    this.session = new ReplaySession({
      steps: () => (given instanceof Error ? Promise.reject(given) : Promise.resolve(given)),
      detail: ({ spanId }) => Promise.resolve(detail({ span: { ...detail({}).span, id: spanId } })),
      place: (each) => ({ uri: `sandglass-file://x/${each.spanId}.py`, name: `${each.spanId}.py`, line: 6 }),
      stoppedAt: ({ spanId }) => this.stops.push(spanId),
      flatRate: () => false,
      t: translate,
    });
    this.session.onDidSendMessage((message) => {
      const protocol = message as DebugProtocol.ProtocolMessage;
      if (protocol.type === 'response') {
        const response = protocol as DebugProtocol.Response;
        this.#answers.get(response.request_seq)?.(response);
      } else {
        const event = protocol as DebugProtocol.Event;
        this.events.push(event);
        if (event.event === 'output') this.outputs.push((event as DebugProtocol.OutputEvent).body.output);
        for (const wake of this.#waiting.splice(0)) wake();
      }
    });
  }

  ask<T extends DebugProtocol.Response>(command: string, args: object = {}): Promise<T> {
    this.#seq += 1;
    const seq = this.#seq;
    return new Promise((resolve) => {
      this.#answers.set(seq, (response) => resolve(response as T));
      this.session.handleMessage({ seq, type: 'request', command, arguments: args } as DebugProtocol.Request);
    });
  }

  async event(name: string): Promise<DebugProtocol.Event> {
    for (;;) {
      const at = this.events.findIndex((event) => event.event === name);
      const found = this.events[at];
      if (found !== undefined) {
        this.events.splice(0, at + 1);
        return found;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async launch(): Promise<void> {
    await this.ask('initialize', { adapterID: 'x', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path' });
    await this.ask('launch', { sourceId: 's', sessionId: '12345678' });
    await this.event('initialized');
    await this.ask('configurationDone');
    await this.event('stopped');
  }

  async frames(): Promise<readonly DebugProtocol.StackFrame[]> {
    return (await this.ask<DebugProtocol.StackTraceResponse>('stackTrace', { threadId: 1 })).body.stackFrames;
  }
}

describe('a replay over the debug protocol', () => {
  it('stops at each step with its place, its turn and its variables; goes to the failure, back, and to its end', async () => {
    const editor = new Editor(steps);
    await editor.launch();
    expect(await editor.frames()).toMatchObject([
      { name: 'do a', line: 7, source: { path: 'sandglass-file://x/a.py', name: 'a.py' } },
      { name: 'Turn 1: do a', presentationHint: 'subtle' },
    ]);
    await editor.ask('continue');
    const stopped = (await editor.event('stopped')) as DebugProtocol.StoppedEvent;
    expect(stopped.body).toMatchObject({ reason: 'exception', text: 'failed: exit code 1' });
    expect((await editor.frames())[0]?.name).toBe('do b (failed)');
    const scopes = (await editor.ask<DebugProtocol.ScopesResponse>('scopes', { frameId: 1 })).body.scopes;
    expect(scopes.map((scope) => scope.name)).toEqual(['Step', 'Session so far']);
    const variables = (
      await editor.ask<DebugProtocol.VariablesResponse>('variables', { variablesReference: scopes[0]?.variablesReference })
    ).body.variables;
    expect(variables.find((each) => each.name === 'outcome')?.value).toBe('failed: exit code 1');
    await editor.ask('stepBack');
    await editor.event('stopped');
    expect((await editor.frames())[0]?.name).toBe('do a');
    await editor.ask('next');
    await editor.event('stopped');
    await editor.ask('continue');
    await editor.event('stopped');
    await editor.ask('reverseContinue');
    await editor.event('stopped');
    expect((await editor.frames())[0]?.name).toBe('do b (failed)');
    await editor.ask('restart');
    expect(((await editor.event('stopped')) as DebugProtocol.StoppedEvent).body.reason).toBe('entry');
    for (let i = 1; i < steps.length; i += 1) await editor.ask('next');
    editor.events.length = 0;
    await editor.ask('next');
    expect(((await editor.event('output')) as DebugProtocol.OutputEvent).body.output).toBe('End of the session.\n');
    await editor.event('terminated');
    expect(editor.stops.slice(0, 3)).toEqual(['a', 'b', 'a']);
  });

  it('refuses with a reason: no session named, nothing in it, the server gone', async () => {
    const unnamed = await new Editor(steps).ask('launch', {});
    expect(unnamed).toMatchObject({ success: false, body: { error: { showUser: true } } });
    const empty = await new Editor([]).ask('launch', { sourceId: 's', sessionId: 't' });
    expect(empty).toMatchObject({ success: false, message: 'This session holds no step to replay yet.' });
    const gone = await new Editor(new Error('gone {x}\u001b[31m')).ask('launch', { sourceId: 's', sessionId: 't' });
    expect(gone).toMatchObject({ success: false, message: 'The session cannot be replayed: gone {x}' });
  });

  it('prints nothing out of the trace into the console', async () => {
    const editor = new Editor([{ ...step('a'), label: 'https://evil.example' }, step('b', 'error')]);
    await editor.launch();
    for (const command of ['continue', 'continue']) await editor.ask(command);
    expect(editor.outputs.length).toBeGreaterThan(1);
    expect(editor.outputs.join('')).not.toContain('evil');
  });
});
