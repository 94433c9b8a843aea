import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildFlow } from '../../../server/src/flow/buildFlow';
import { nodeLimit } from '../../../server/src/flow/fold';
import type { FlowDiagram } from '../../../server/src/protocol/messages';
import { hostileStrings } from './hostile';
import { parseFlow } from './flowText';
import type { CallSpec, ChatSpec, TurnSpec } from './rows';
import { flowInput } from './rows';

/** Mermaid's own limit, as the page sets it. */
const maxTextSize = 200_000;

function labels(diagram: FlowDiagram): readonly string[] {
  return diagram.nodes.map((node) => node.label);
}

function turn(chats: readonly ChatSpec[], more: Partial<TurnSpec> = {}): FlowDiagram {
  return buildFlow(flowInput({ prompt: 'Do it', chats, ...more }));
}

const failing: CallSpec = { name: 'exec', preview: 'pytest -q', status: 'error', exitCode: 1, message: '2 failed' };

describe('the way of a turn', () => {
  it('leads from the prompt over thoughts and calls to the reply', () => {
    const diagram = turn([
      { thinking: 'I look at the file.', text: 'Reading.', calls: [{ name: 'read', preview: 'cart.py' }] },
      { text: 'Fixed.' },
    ]);
    expect(diagram.mermaid).toBe(`flowchart TD
  n0(["Prompt<br/>Do it"])
  n1("Thought<br/>I look at the file.")
  n2("Says<br/>Reading.")
  n3["#10003; read<br/>cart.py"]
  n4(["Reply<br/>Fixed."])
  n0 --> n1
  n1 --> n2
  n2 --> n3
  n3 --> n4
  class n0 kind-prompt
  class n0,n1,n2,n3,n4 status-ok
  class n1 kind-thought
  class n2 kind-text
  class n3 kind-call
  class n4 kind-reply
`);
    expect(diagram).toMatchObject({ revision: 7, turnId: 'turn', folded: 0, note: null });
    expect(diagram.nodes.map((node) => node.spanId)).toEqual(['turn', 'm0', 'm0', 'c0', 'm1']);
  });

  it('sets calls of one message side by side and joins them again', () => {
    const { edges } = parseFlow(turn([{ text: 'Both.', calls: [{ name: 'read' }, { name: 'exec' }] }, { text: 'Done.' }]).mermaid);
    expect(edges).toEqual(['n0 --> n1', 'n1 --> n2', 'n1 --> n3', 'n2 --> n4', 'n3 --> n4']);
  });

  it('tells the outcome of a failure and leads to the call that made it good', () => {
    const diagram = turn(
      [{ calls: [failing] }, { calls: [{ name: 'exec', preview: 'pytest -q', durationMs: 3210 }] }, { text: 'Green.' }],
      { retries: [['c0', 'c1']] },
    );
    expect(labels(diagram)).toEqual([
      'Prompt — Do it',
      '✗ exec · exit code 1 — pytest -q — 2 failed',
      '✓ exec · ~3.2 s · retry — pytest -q',
      'Reply — Green.',
    ]);
    expect(diagram.mermaid).toContain('  n1 -. retried .-> n2\n');
  });

  it('puts a denial and a sub-agent beside their call', () => {
    const diagram = turn([
      {
        calls: [
          { name: 'exec', preview: 'curl https://blocked.example.com', status: 'denied', denials: ['blocked.example.com'] },
          { name: 'sessions_spawn', child: 'session-2' },
        ],
      },
    ]);
    expect(diagram.nodes.filter((node) => node.kind === 'denial')).toEqual([
      {
        id: 'n3',
        kind: 'denial',
        status: 'denied',
        label: '⊘ Denied — blocked.example.com:443 — no matching policy',
        spanId: 'c0d0',
        childSessionId: null,
      },
    ]);
    expect(diagram.nodes.find((node) => node.kind === 'subagent')).toMatchObject({ childSessionId: 'session-2', spanId: 'c1' });
    expect(parseFlow(diagram.mermaid).edges).toEqual(expect.arrayContaining(['n2 -.- n3', 'n4 -.- n5']));
  });

  it('reads from texts, choices and outcomes when no thoughts were recorded, and invents none', () => {
    const diagram = turn([
      { calls: [{ name: 'read' }, { name: 'exec' }] },
      { text: 'Two tests fail.', calls: [failing] },
      { text: 'Done.' },
    ]);
    expect(diagram.note).toBe('no-thinking-recorded');
    expect(diagram.nodes.some((node) => node.kind === 'thought')).toBe(false);
    expect(labels(diagram)).toEqual([
      'Prompt — Do it',
      'Chooses 2 calls — read, exec',
      '✓ read',
      '✓ exec',
      'Says — Two tests fail.',
      '✗ exec · exit code 1 — pytest -q — 2 failed',
      'Reply — Done.',
    ]);
  });

  it.each([
    ['running', '… Still running'],
    ['aborted', '■ Aborted — killed'],
    ['error', '✗ Failed before a reply — killed'],
    ['unknown', '? No reply recorded — killed'],
  ] as const)('says how a turn ended that has no reply: %s', (status, label) => {
    const diagram = turn([{ calls: [{ name: 'exec' }] }], { status, ...(status === 'running' ? {} : { message: 'killed' }) });
    expect(labels(diagram).at(-1)).toBe(label);
    expect(diagram.nodes.some((node) => node.kind === 'reply')).toBe(false);
  });

  it('shows a failed model call', () => {
    expect(labels(turn([{ status: 'error', message: '400 malformed' }], { status: 'error', message: '400 malformed' }))).toContain(
      '✗ Model call failed — 400 malformed',
    );
  });

  it('says of a thought whose text was withheld that there was one', () => {
    const diagram = turn([{ thinking: '', calls: [{ name: 'exec' }] }]);
    expect(diagram.note).toBeNull();
    expect(labels(diagram)).toContain('Thought — kept private by the model');
  });
});

describe('folding', () => {
  const many = (count: number, call: (index: number) => CallSpec): readonly ChatSpec[] =>
    Array.from({ length: count }, (_, index) => ({ calls: [call(index)] }));

  it('leaves a short turn alone', () => {
    expect(turn(many(6, () => ({ name: 'exec' }))).folded).toBe(0);
  });

  it('says in the group what failed in it, and leads to the first failure', () => {
    const diagram = turn(
      many(60, (index) => (index % 20 === 7 ? { ...failing, preview: `check ${index}` } : { name: 'exec', preview: `check ${index}` })),
    );
    const group = diagram.nodes.find((node) => node.kind === 'group');
    expect(group).toMatchObject({ label: '✗ exec × 60 · 3 failed — check 0 … check 59', status: 'error', spanId: 'c7' });
    expect(diagram.folded).toBe(60);
  });

  it('keeps denials and sub-agents of a group in sight', () => {
    const diagram = turn(
      many(60, (index) =>
        index < 5
          ? { name: 'exec', denials: ['blocked.example.com'], status: 'denied' }
          : { name: 'exec', ...(index === 9 ? { child: 's' } : {}) },
      ),
    );
    expect(labels(diagram)).toEqual(
      expect.arrayContaining(['⊘ exec × 60 · 5 denied', '⊘ Denied × 5 — blocked.example.com:443 — no matching policy', '↳ Sub-agent']),
    );
  });

  it('folds across thoughts only when it must, and counts them', () => {
    const chats = many(300, () => ({ name: 'exec' })).map((chat, index) => ({ ...chat, thinking: `thought ${index}` }));
    const diagram = turn(chats);
    expect(diagram.nodes.length).toBeLessThanOrEqual(nodeLimit);
    expect(labels(diagram)).toContain('✓ exec × 300 — with 299 thoughts');
  });

  it('counts what failed in stretches of a long mixed turn', () => {
    const chats = many(400, (index) => (index % 100 === 3 ? { ...failing } : { name: index % 2 === 0 ? 'read' : 'exec' }));
    const diagram = turn(chats);
    expect(diagram.nodes.length).toBeLessThanOrEqual(nodeLimit);
    const failed = labels(diagram).map((label) => Number(/(\d+) failed/.exec(label)?.[1] ?? 0));
    expect(failed.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(diagram.folded).toBe(400);
  });
});

describe('hostile text', () => {
  const everywhere = (text: string): FlowDiagram =>
    buildFlow(
      flowInput({
        prompt: text,
        status: 'error',
        message: text,
        chats: [
          { thinking: text, text, calls: [{ ...failing, name: text, preview: text, message: text, denials: [text], child: text }] },
          { calls: [{ name: text }, { name: text, preview: text }] },
          { status: 'error', message: text },
        ],
      }),
    );

  it.each(hostileStrings.map((text) => [text.length > 60 ? `${text.slice(0, 60)}…` : text, text]))('stays in its label: %j', (_, text) => {
    const diagram = everywhere(text);
    const { labels: shown, foreign } = parseFlow(diagram.mermaid);
    expect(foreign).toEqual([]);
    expect(shown.length).toBe(diagram.nodes.length);
    expect(diagram.mermaid).not.toMatch(/%%|---|`|\\|:|[^\n\P{C}]/u);
    for (const line of shown) for (const part of line.split('\n')) expect([...part].length).toBeLessThanOrEqual(85);
    for (const label of labels(diagram)) expect(label).not.toMatch(/\p{C}|[\u2028\u2029]/u);
  });

  it('costs no more for two megabytes in a line', () => {
    // Of this process alone, whatever else the machine does.
    const worked = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    const start = worked();
    const small = everywhere('A'.repeat(2000));
    const middle = worked();
    const large = everywhere('A'.repeat(8_000_000));
    const end = worked();
    expect(large.mermaid).toBe(small.mermaid);
    // A label that read the whole text would take thousands of times as long.
    expect(end - middle).toBeLessThan((middle - start) * 50 + 250);
  });

  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 90 }),
    fc.string({ maxLength: 90 }),
    fc.constantFrom(...hostileStrings.filter((value) => value.length < 1000)),
  );
  const status = fc.constantFrom('ok', 'error', 'denied', 'aborted', 'running', 'unknown');
  const call = fc.record({
    name: fc.oneof(fc.constantFrom('exec', 'read'), text),
    preview: text,
    message: text,
    status,
    denials: fc.array(text, { maxLength: 4 }),
    child: fc.option(text, { nil: undefined, freq: 4 }),
  });
  const chat = fc.record({
    thinking: fc.option(text, { nil: undefined }),
    text: fc.option(text, { nil: undefined }),
    status,
    message: text,
    calls: fc.array(call, { maxLength: 12 }),
  });
  const spec = fc.record({ prompt: fc.option(text), status, message: text, chats: fc.array(chat, { maxLength: 60 }) });

  it('of any kind: only our lines, at most a hundred nodes, nothing failed or denied unsaid', () => {
    fc.assert(
      fc.property(spec, (drawn) => {
        const retries = drawn.chats.flatMap((one) => one.calls).map((_, index): [string, string] => [`c${index}`, `c${index + 1}`]);
        const diagram = buildFlow(flowInput({ ...drawn, retries } as TurnSpec));
        const { labels: shown, edges, foreign } = parseFlow(diagram.mermaid);
        expect(foreign).toEqual([]);
        expect(shown.length).toBe(diagram.nodes.length);
        expect(diagram.nodes.length).toBeLessThanOrEqual(nodeLimit);
        expect(edges.length).toBeLessThan(500);
        expect(diagram.mermaid.length).toBeLessThan(maxTextSize);
        expect(diagram.nodes.map((node) => node.id)).toEqual(diagram.nodes.map((_, index) => `n${index}`));
        const calls = drawn.chats.flatMap((one) => one.calls);
        const boxes = diagram.nodes.filter((node) => node.kind === 'call' || node.kind === 'group');
        const bad = boxes.filter((node) => node.status !== 'ok' && node.status !== 'unknown').length;
        if (calls.some((one) => one.status === 'error' || one.status === 'denied' || one.denials.length > 0)) {
          expect(bad + diagram.nodes.filter((node) => node.kind === 'denial').length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('is the same for the same input', () => {
    fc.assert(
      fc.property(spec, (drawn) => {
        expect(buildFlow(flowInput(drawn as TurnSpec))).toEqual(buildFlow(flowInput(drawn as TurnSpec)));
      }),
      { numRuns: 20 },
    );
  });
});
