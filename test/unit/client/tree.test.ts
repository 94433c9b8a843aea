import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextValue, description, icon, noteLabel, tooltip } from '../../../client/src/views/rowText';
import { lookedText } from '../../../client/src/views/lookedText';
import { childRows, findSessionRow, parentOf, rootRows, sessionsAtOnce, sumOf } from '../../../client/src/views/treeModel';
import type { Row, SessionsState, TreeState } from '../../../client/src/views/treeModel';
import type { SessionInfo } from '../../../server/src/protocol/document';
import type { AttachState, SandboxNode } from '../../../server/src/protocol/messages';
import { inventory, live, sandbox, session } from './made';
import { translate } from './translate';

function state(
  nodes: readonly SandboxNode[],
  sessions: Readonly<Record<string, SessionsState>> = {},
  shown: Readonly<Record<string, number>> = {},
): TreeState {
  return { inventory: inventory(nodes), sessions: new Map(Object.entries(sessions)), shown: new Map(Object.entries(shown)) };
}
const loaded = (...sessions: readonly SessionInfo[]): SessionsState => ({ kind: 'loaded', sessions });
const all = (given: TreeState, row?: Row): readonly Row[] =>
  (row === undefined ? rootRows(given) : childRows(row, given)).flatMap((each) => [each, ...all(given, each)]);
/** The tree as indented lines. */
const drawn = (given: TreeState, row?: Row, depth = 0): readonly string[] =>
  (row === undefined ? rootRows(given) : childRows(row, given)).flatMap((each) => [
    `${'  '.repeat(depth)}${each.kind === 'note' ? `(${noteLabel(each.note, translate)})` : each.label} ${description(each, translate)}`.trimEnd(),
    ...drawn(given, each, depth + 1),
  ]);

describe('the rows of the view', () => {
  it('are sandbox, agent, session, and spawned sessions beneath the one that spawned them', () => {
    const given = state([sandbox('a')], {
      a: loaded(
        session('one', { title: 'Fix the test', startTime: '2026-11-21T10:00:00Z', status: 'running' }),
        session('two', { startTime: '2026-11-21T11:00:00Z' }),
        session('child', {
          agent: 'research',
          parentSessionId: 'one',
          totals: { ...session('x').totals, failedToolCalls: 2, cost: { usd: null, byBasis: {}, unpricedCalls: 2 } },
        }),
      ),
    });
    expect(drawn(given)).toMatchInlineSnapshot(`
      [
        "box a live · nemotron-3-super · 1 running · 2 failed · $0.04 + 2 calls without price · 3.4k tok",
        "  main 2 sessions · 1 running · $0.04 · 2.2k tok",
        "    agent:main:two $0.02 · 1.1k tok",
        "    Fix the test running · $0.02 · 1.1k tok",
        "      agent:main:child 2 failed · no price · 1.1k tok",
        "  research 1 session · 2 failed · no price · 1.1k tok",
      ]
    `);
  });

  it('say why there are none, or what can be done', () => {
    const note = (attach: AttachState, sessions?: SessionsState): readonly string[] =>
      drawn(state([sandbox('a', attach)], sessions === undefined ? {} : { a: sessions })).slice(1);
    expect(note({ kind: 'idle' })).toEqual(['  (Not attached. Click to attach (it only reads).)']);
    expect(note({ kind: 'attaching' })).toEqual(['  (Attaching…)']);
    expect(drawn(state([sandbox('a', { kind: 'attaching', follows: true })]))[0]).toContain('live, reading history…');
    expect(note(live)).toEqual(['  (Reading…)']);
    expect(note(live, loaded())).toEqual(['  (No session yet: no agent has run here.)']);
    expect(note({ kind: 'failed', reason: 'Docker refused', hint: 'Join the group docker.' })).toEqual([
      '  (Docker refused) Join the group docker.',
    ]);
    expect(note({ kind: 'lost', reason: 'it stopped', retrying: true }, loaded(session('s')))[0]).toBe(
      '  (Connection lost, trying again: it stopped)',
    );
    expect(note(live, { kind: 'failed', reason: 'truncated database' })).toEqual(['  (truncated database)']);
  });

  it('hold every session exactly once, whoever claims to be whose parent', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const parents = fc.array(fc.option(fc.constantFrom(...ids, 'elsewhere')), { minLength: ids.length, maxLength: ids.length });
    fc.assert(
      fc.property(parents, (given) => {
        const sessions = ids.map((id, at) => session(id, { parentSessionId: given[at] ?? null, agent: at % 2 === 0 ? 'main' : 'other' }));
        const tree = state([sandbox('x')], { x: loaded(...sessions) });
        const rows = all(tree).flatMap((row) => (row.kind === 'session' ? [row] : []));
        expect(rows.map((row) => row.session.id).sort()).toEqual(ids);
        for (const row of rows) {
          const parent = parentOf(row, tree);
          expect(parent).not.toBeNull();
          expect(childRows(parent!, tree).map((each) => each.id)).toContain(row.id);
        }
      }),
    );
  });

  it('show many sessions in steps', () => {
    const sessions = Array.from({ length: sessionsAtOnce + 5 }, (_, at) => session(`s${at}`));
    const first = state([sandbox('a')], { a: loaded(...sessions) });
    const agent = childRows(rootRows(first)[0]!, first)[0]!;
    const rows = childRows(agent, first);
    expect(rows).toHaveLength(sessionsAtOnce + 1);
    expect(rows.at(-1)).toMatchObject({ kind: 'note', note: { kind: 'more', hidden: 5, parent: agent.id } });
    expect(childRows(agent, state([sandbox('a')], { a: loaded(...sessions) }, { [agent.id]: 2 * sessionsAtOnce }))).toHaveLength(
      sessionsAtOnce + 5,
    );
  });

  it('have ids of their own, and are found again', () => {
    const given = state([sandbox('a'), sandbox('b')], { a: loaded(session('s'), session('t')), b: loaded(session('s')) });
    const ids = all(given).map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(findSessionRow('b', 's', given)?.id).toBe('session b s');
    expect(findSessionRow('b', 't', given)).toBeNull();
  });
});

describe('the text of rows', () => {
  it('never makes a zero of what is not known', () => {
    const none = {
      ...session('x').totals,
      usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: null },
      cost: { usd: null, byBasis: {}, unpricedCalls: 0 },
    };
    expect(sumOf([]).cost.usd).toBeNull();
    const rows = all(state([sandbox('a')], { a: loaded(session('s', { totals: none })) }));
    for (const row of rows) expect(description(row, translate)).not.toMatch(/\$0|0 tok/);
    const unattached = all(state([sandbox('a', { kind: 'idle' })]))[0]!;
    expect(description(unattached, translate)).toBe('running, not attached · nemotron-3-super');
  });

  it('says in its tooltip how a cost is known and what is left out of it, and has no room for that beside the name', () => {
    const cost = { usd: 0.5, byBasis: { overlay: 0.05, priced: 0.05, reported: 0.4 }, unpricedCalls: 1 };
    const given = state([sandbox('a')], { a: loaded(session('s', { totals: { ...session('s').totals, cost } })) });
    const rows = all(given).filter(({ kind }) => kind !== 'note');
    expect(rows.map(({ kind }) => kind)).toEqual(['sandbox', 'agent', 'session']);
    for (const row of rows) {
      const lines = tooltip(row, translate).split('\n');
      const at = lines.findIndex((line) => line.includes('≥ $0.50 reported + list price'));
      expect(at, row.kind).toBeGreaterThan(0);
      expect(lines.filter((line) => line.startsWith('  '))).toEqual([
        '  $0.40 reported',
        '  $0.10 list price',
        '  1 LLM call has no price',
      ]);
      expect(tooltip(row, translate, null, true)).toContain('≥ $0.50 API equivalent, reported + list price');
      expect(description(row, translate)).toContain('$0.50 + 1 call without price');
    }
  });

  it('holds no control character and is bounded, whatever a sandbox is called', () => {
    const evil = '\u001b]0;x\u0007\u202eevil\n\u0000'.repeat(200);
    const node = sandbox(
      'a',
      { kind: 'lost', reason: evil, retrying: false },
      {
        name: evil,
        model: evil,
        provider: evil,
        runtimeVersion: evil,
        seenBy: [evil],
        findings: [{ code: 'x', severity: 'error', message: evil, spanIds: [], preview: false, suppressed: null }],
        skipped: [{ where: evil, reason: evil }],
      },
    );
    const given = state([node], { a: loaded(session('s', { title: evil, key: evil, agent: evil, startTime: evil })) });
    for (const row of all(given)) {
      for (const text of [
        row.kind === 'note' ? noteLabel(row.note, translate) : row.label,
        description(row, translate),
        tooltip(row, translate),
      ]) {
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        expect(text.length).toBeLessThan(4000);
      }
    }
    expect(
      lookedText(
        inventory([node], { looked: [{ place: evil, outcome: 'failed', reason: evil, ms: 1.5, found: 0 }], storeNote: evil }),
        translate,
      ),
    ).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it('tells the menus what can be done', () => {
    const words = (attach: AttachState): string => contextValue(rootRows(state([sandbox('a', attach)]))[0]!);
    expect(words({ kind: 'idle' })).toBe('sandbox container idle attachable pausable stoppable');
    expect(words({ kind: 'attaching' })).toBe('sandbox container attaching attaching pausable stoppable');
    expect(words({ kind: 'attaching', follows: true })).toBe('sandbox container attaching detachable pausable stoppable');
    expect(words(live)).toBe('sandbox container live detachable pausable stoppable');
    expect(words({ kind: 'lost', reason: '', retrying: false })).toBe('sandbox container lost attachable detachable pausable stoppable');
    expect(words({ kind: 'lost', reason: '', retrying: true })).toBe('sandbox container lost detachable pausable stoppable');
  });

  it('tells states apart by shape, not by colour alone', () => {
    const shapes = (['running', 'done', 'failed', 'killed', 'timeout', 'unknown'] as const).map((status) => {
      const row = findSessionRow('a', 's', state([sandbox('a')], { a: loaded(session('s', { status })) }))!;
      return icon(row).icon;
    });
    expect(new Set(shapes).size).toBe(shapes.length);
  });
});

describe('"Where we looked"', () => {
  it('lists every place with outcome, reason and time, what each says, who reads and what to do next', () => {
    const text = lookedText(
      inventory(
        [
          sandbox(
            'a',
            { kind: 'live', way: 'archive', tried: [{ way: 'node', reason: 'no Node in this sandbox' }] },
            {
              skipped: [{ where: 'agents/x', reason: 'truncated database' }],
              gateway: 'lab',
              previousId: 'b',
              reports: [
                { place: '~/.nemoclaw/sandboxes.json', kind: 'registry', says: { name: 'box a', model: 'nemotron' } },
                { place: 'unix:///var/run/docker.sock', kind: 'engine', says: { state: 'running' } },
              ],
            },
          ),
          sandbox(
            'b',
            { kind: 'failed', reason: 'no reader runs in it', hint: 'Update the sandbox.' },
            { name: 'box a', state: 'removed' },
          ),
        ],
        {
          looked: [
            { place: 'Docker at unix:///var/run/docker.sock', outcome: 'refused', reason: 'permission denied', ms: 3.4, found: 0 },
            { place: '~/.openclaw', outcome: 'ok', reason: null, ms: 12, found: 1 },
          ],
          collector: { kind: 'other-window', pid: 77 },
        },
      ),
      translate,
    );
    expect(text).toMatchInlineSnapshot(`
      "Where Sandglass looked for sandboxes and recordings

      Docker at unix:///var/run/docker.sock
          refused, 3 ms
          permission denied
      ~/.openclaw
          looked, 1 sandbox, 12 ms

      What each place says of each sandbox

      box a: running
          ID within Sandglass: a
          Gateway: lab
          Built anew: what was recorded before that is listed beneath it, with the ID b
          Read by copies of its files (archive)
          Not by a reader on the sandbox's Node: no Node in this sandbox
          Registry ~/.nemoclaw/sandboxes.json
              name: box a
              model: nemotron
          Engine unix:///var/run/docker.sock
              state: running
      box a: removed
          ID within Sandglass: b
          Not read: no reader runs in it
          Update the sandbox.
          Seen by: engine

      Not read in what was found

      box a: agents/x
          truncated database

      Who reads

      Another window reads the sandboxes (process 77). This one shows what it has read, and takes over when it ends.

      What to do next

      Where access was refused: the reason above says which permission is missing; log out and in after changing groups.
      Look again: run "Sandglass: Refresh". Open a recording: run "Sandglass: Open Recording…".
      "
    `);
  });

  it('says what to do next in each empty state, and who reads in words that alarm nobody', () => {
    expect(lookedText(inventory([], { empty: 'no-docker' }), translate)).toContain('sandglass.docker.host');
    expect(lookedText(inventory([], { empty: 'untrusted' }), translate)).toContain('Trust this workspace');
    expect(lookedText(inventory([], { collector: { kind: 'none', pid: null } }), translate)).toContain('takes over within seconds');
    expect(lookedText(inventory([]), translate)).toContain('This window reads the sandboxes (process 1).');
  });
});
