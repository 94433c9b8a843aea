import { describe, expect, it } from 'vitest';
import { cores, memoryText } from '../../../client/src/format';
import { earlierAtOnce } from '../../../client/src/views/builds';
import { contextValue, description, icon, noteLabel, tooltip } from '../../../client/src/views/rowText';
import { childRows, findSandboxRow, parentOf, rootRows } from '../../../client/src/views/treeModel';
import type { Row, TreeState } from '../../../client/src/views/treeModel';
import type { SandboxState } from '../../../server/src/protocol/document';
import type { AttachState, SandboxNode, WayIn, WayTried } from '../../../server/src/protocol/messages';
import { hostileStrings } from '../flow/hostile';
import { inventory, live, sandbox, session } from './made';
import { translate } from './translate';

function state(nodes: readonly SandboxNode[], sessions: TreeState['sessions'] = new Map()): TreeState {
  return { inventory: inventory(nodes), sessions, shown: new Map() };
}
const row = (node: SandboxNode): Row => rootRows(state([node]))[0]!;
const tip = (node: SandboxNode, more: Partial<TreeState['inventory']> = {}): string =>
  tooltip(row(node), translate, inventory([], more ?? {}).collector);
const by = (way: WayIn | null, tried: readonly WayTried[] = []): AttachState => ({ kind: 'live', way, tried });
const described = (node: SandboxNode): string => description(row({ ...node, model: null }), translate);

describe('how a sandbox stands', () => {
  it('is said in a word, the container before what reads it', () => {
    const said = (attach: AttachState, is: SandboxState): string => described(sandbox('a', attach, { state: is }));
    const lost: AttachState = { kind: 'lost', reason: 'it stopped', retrying: true };
    expect(said(live, 'running')).toBe('live');
    expect(said(live, 'paused')).toBe('paused');
    expect(said({ kind: 'idle' }, 'paused')).toBe('paused');
    expect(said({ kind: 'idle' }, 'stopped')).toBe('stopped');
    expect(said(lost, 'stopped')).toBe('stopped');
    expect(said(lost, 'running')).toBe('lost, trying again');
    for (const attach of [live, lost, { kind: 'idle' }, { kind: 'read' }, { kind: 'failed', reason: 'x', hint: '' }] as const)
      expect(said(attach, 'removed')).toBe('removed');
  });

  it('alarms nobody where it is known why it is not read', () => {
    const noteOf = (is: SandboxState): Row => {
      const given = state([sandbox('a', { kind: 'lost', reason: 'it stopped', retrying: true }, { state: is })]);
      return childRows(rootRows(given)[0]!, given)[0]!;
    };
    const said = (is: SandboxState): string => {
      const note = noteOf(is);
      return note.kind === 'note' ? noteLabel(note.note, translate) : '';
    };
    expect(said('stopped')).toBe('Stopped. Read again as soon as it runs.');
    expect(said('paused')).toBe('Paused. Read again as soon as it goes on.');
    expect(said('running')).toBe('Connection lost, trying again: it stopped');
    expect([icon(noteOf('stopped')).color, icon(noteOf('running')).color]).toEqual([undefined, 'list.warningForeground']);
  });

  it('has a sign of its own where one looks first', () => {
    const sign = (is: SandboxState, attach: AttachState = { kind: 'idle' }): string => icon(row(sandbox('a', attach, { state: is }))).icon;
    const signs = [sign('running'), sign('running', live), sign('paused'), sign('stopped'), sign('removed')];
    expect(new Set(signs).size).toBe(signs.length);
  });

  it('names the way in only where it is not the first, and the tooltip every way that failed with its reason', () => {
    expect(described(sandbox('a', by('node')))).toBe('live');
    expect(described(sandbox('a', by(null)))).toBe('live');
    expect(described(sandbox('a', by('python3')))).toBe('live, by Python');
    const node = sandbox(
      'a',
      by('archive', [
        { way: 'node', reason: 'no Node in this sandbox' },
        { way: 'python3', reason: 'no python3 in this sandbox' },
      ]),
    );
    expect(described(node)).toBe('live, by copies');
    const lines = tip(node).split('\n');
    expect(lines).toContain('Read by copies of its files (archive)');
    expect(lines).toContain("Not by a reader on the sandbox's Node: no Node in this sandbox");
    expect(lines).toContain("Not by a reader on the sandbox's Python (python3): no python3 in this sandbox");
  });

  it('tells what it uses in cores and of its limit, and nothing where nothing was observed', () => {
    const sample = { time: '2026-11-21T10:00:00Z', cpuCores: 0.42, memoryBytes: 412 * 1024 ** 2, memoryLimitBytes: 2 * 1024 ** 3 };
    expect(tip(sandbox('a', live, { resources: sample }))).toContain('CPU: 0.42 cores (42 %)\nMemory: 412 MiB of 2.0 GiB (20 %)');
    expect(tip(sandbox('a', live, { resources: { ...sample, memoryLimitBytes: null } }))).toContain('Memory: 412 MiB (no limit is set)');
    expect(tip(sandbox('a', live))).not.toMatch(/CPU|Memory/);
    expect(cores(0, translate)).toBe('0 cores (0 %)');
    expect(cores(0.004, translate)).toBe('<0.01 cores (<1 %)');
    expect(cores(12.3, translate)).toBe('12 cores (1230 %)');
    expect([memoryText(700 * 1024), memoryText(1010 * 1024 ** 2), memoryText(64 * 1024 ** 3)]).toEqual(['700 KiB', '1.0 GiB', '64 GiB']);
  });

  it('tells the gateway, and what each place says', () => {
    const node = sandbox('a', live, {
      gateway: 'lab',
      seenBy: ['~/.nemoclaw/sandboxes.json', 'unix:///var/run/docker.sock'],
      reports: [
        { place: '~/.nemoclaw/sandboxes.json', kind: 'registry', says: { name: 'a', model: 'nemotron' } },
        { place: 'unix:///var/run/docker.sock', kind: 'engine', says: {} },
      ],
    });
    expect(tip(node).split('\n')).toContain('Gateway: lab');
    expect(tip(node).split('\n').slice(-2)).toEqual([
      'Registry ~/.nemoclaw/sandboxes.json: name a · model nemotron',
      'Engine unix:///var/run/docker.sock: says nothing more',
    ]);
    // Told once.
    expect(tip(node)).not.toContain('Seen by');
    const [first] = rootRows(state([node, sandbox('b', live, { name: node.name })]));
    expect(description(first!, translate)).toBe('live · lab · nemotron-3-super');
  });

  it('says that another window reads, and nothing while nothing is out of the ordinary', () => {
    expect(tip(sandbox('a'), { collector: { kind: 'other-window', pid: 77 } })).toContain(
      'Another window reads it (process 77); this one shows the same.',
    );
    for (const kind of ['this-window', 'none'] as const)
      expect(tip(sandbox('a'), { collector: { kind, pid: 77 } })).not.toMatch(/window|77/);
    expect(tip(sandbox('a', { kind: 'read' }, { kind: 'directory' }), { collector: { kind: 'other-window', pid: 77 } })).not.toContain(
      '77',
    );
  });
});

describe('what can be done', () => {
  it('is pause or resume, and stop, of a container as it stands', () => {
    const words = (is: SandboxState, attach: AttachState = live, kind: SandboxNode['kind'] = 'container'): string =>
      contextValue(row(sandbox('a', attach, { state: is, kind })));
    expect(words('running')).toBe('sandbox container live detachable pausable stoppable');
    expect(words('paused')).toBe('sandbox container live detachable resumable stoppable');
    expect(words('paused', { kind: 'idle' })).toBe('sandbox container idle attachable resumable stoppable');
    expect(words('stopped', { kind: 'idle' })).toBe('sandbox container idle attachable');
    const listed = sandbox('a', { kind: 'idle' }, { layout: 'registry-only' });
    expect(contextValue(row(listed))).toBe('sandbox container idle attachable');
    expect(words('recorded', { kind: 'read' }, 'directory')).toBe('sandbox directory read detachable');
    expect(words('running', { kind: 'read' }, 'sample')).toBe('sandbox sample read detachable');
  });

  it('is nothing but to read, of one that was removed', () => {
    for (const attach of [{ kind: 'idle' }, { kind: 'read' }, { kind: 'failed', reason: '', hint: '' }] as const) {
      const words = contextValue(row(sandbox('a', attach, { state: 'removed' })));
      expect(words).not.toMatch(/able/);
    }
    const gone = sandbox('a', { kind: 'idle' }, { state: 'removed' });
    const kept = state([gone], new Map([['a', { kind: 'loaded', sessions: [session('s')] }]]));
    const [root] = rootRows(kept);
    expect(childRows(root!, kept).map(({ kind }) => kind)).toEqual(['agent']);
    const empty = state([gone], new Map([['a', { kind: 'loaded', sessions: [] }]]));
    const [note] = childRows(root!, empty);
    expect(note?.kind === 'note' && noteLabel(note.note, translate)).toBe('Nothing was recorded of it before it was removed.');
    expect(tooltip(root!, translate)).toContain('What was recorded of it can still be read.');
  });
});

describe('a sandbox that was rebuilt', () => {
  const build = (id: string, previousId: string | null, is: SandboxState = 'removed'): SandboxNode =>
    sandbox(id, is === 'removed' ? { kind: 'idle' } : live, { name: 'my-assistant', state: is, previousId });
  const ids = (rows: readonly Row[]): readonly string[] => rows.flatMap((each) => (each.kind === 'sandbox' ? [each.node.id] : []));

  it('has its earlier builds beneath it, the last first, each once and found again', () => {
    const given = state([build('one', null), build('three', 'two', 'running'), build('two', 'one'), sandbox('other')]);
    const roots = rootRows(given);
    expect(ids(roots)).toEqual(['three', 'other']);
    const beneath = childRows(roots[0]!, given);
    expect(ids(beneath)).toEqual(['two', 'one']);
    const builds = beneath.filter(({ kind }) => kind === 'sandbox');
    for (const each of builds) expect(description(each, translate)).toBe('earlier build');
    for (const each of builds) {
      expect(parentOf(each, given)?.id).toBe('sandbox three');
      expect(ids(childRows(each, given))).toEqual([]);
    }
    expect(findSandboxRow('one', given)?.earlier).toBe(true);
    // What tells them apart, once their sessions are known.
    const known = state(given.inventory!.sandboxes, new Map([['two', { kind: 'loaded', sessions: [session('s'), session('t')] }]]));
    expect(description(findSandboxRow('two', known)!, translate)).toBe(
      `earlier build · last used ${new Date('2026-11-21T10:00:00Z').toLocaleDateString()} · $0.04 · 2.2k tok`,
    );
    // Its name is shared with none but itself.
    expect(findSandboxRow('three', given)?.shared).toBe(false);
    expect(tooltip(roots[0]!, translate)).toContain('Built anew: what was recorded before that is listed beneath it.');
  });

  it('loses none, whoever claims to be built after whom', () => {
    const shown = (nodes: readonly SandboxNode[]): readonly string[] => {
      const given = state(nodes);
      return rootRows(given)
        .flatMap((each) => [each, ...childRows(each, given)])
        .flatMap((each) => ids([each]))
        .sort();
    };
    expect(shown([build('a', 'b'), build('b', 'a')])).toEqual(['a', 'b']);
    expect(shown([build('a', 'a')])).toEqual(['a']);
    expect(shown([build('a', 'x'), build('b', 'x'), build('x', null)])).toEqual(['a', 'b', 'x']);
    expect(shown([build('a', 'elsewhere')])).toEqual(['a']);
    const many = Array.from({ length: earlierAtOnce + 5 }, (_, at) => build(`b${at}`, at === 0 ? null : `b${at - 1}`));
    expect(shown(many)).toEqual(many.map(({ id }) => id).sort());
    const last = rootRows(state(many)).find(({ node }) => node.id === `b${earlierAtOnce + 4}`);
    expect(childRows(last!, state(many)).filter(({ kind }) => kind === 'sandbox')).toHaveLength(earlierAtOnce);
  });
});

describe('whatever a sandbox is called', () => {
  it.each(hostileStrings.map((text): [string, string] => [text.slice(0, 40), text]))('%j is text, and bounded', (_, text) => {
    const node = sandbox(
      text,
      by(
        'archive',
        Array.from({ length: 9 }, () => ({ way: 'node', reason: text })),
      ),
      {
        name: text,
        gateway: text,
        seenBy: [text],
        reports: Array.from({ length: 9 }, () => ({
          place: text,
          kind: 'engine',
          says: Object.fromEntries([
            [text, text],
            ['b', text],
          ]),
        })),
        previousId: `${text} before`,
      },
    );
    const given = state([node, sandbox(`${text} before`, { kind: 'idle' }, { name: text, state: 'removed', gateway: text })]);
    for (const each of [...rootRows(given), ...rootRows(given).flatMap((root) => childRows(root, given))]) {
      if (each.kind !== 'sandbox') continue;
      for (const shown of [each.label, description(each, translate), tooltip(each, translate)]) {
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/);
        expect(shown.length).toBeLessThan(6000);
      }
      // No word that a menu matches can come out of a name.
      expect(contextValue(each)).toMatch(/^sandbox container (live|idle)( (detachable|pausable|stoppable))*$/);
    }
  });
});
