// The assistant for mappings: its words, the setting it writes, and that it speaks up once at most.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { rowsOf, writeMapping } from '../../../client/src/commands/mapping';
import { MappingOffer } from '../../../client/src/commands/mappingOffer';
import { directoriesAbove, mergedMappings, withMapping, writtenDirectory } from '../../../client/src/connection/mappingSetting';
import { lookedRow, proposalRow, sandboxText, workspaceText } from '../../../client/src/commands/mappingText';
import { readSetting } from '../../../client/src/connection/readSetting';
import type { Notice } from '../../../client/src/notify';
import type { MappingAnswer, MappingProposal, RepositoryDoubt } from '../../../server/src/protocol/mappings';
import { translate } from './translate';

const editor = vi.hoisted(() => ({
  trusted: true,
  folders: ['/home/me/code'],
  setting: {} as { globalValue?: unknown; workspaceValue?: unknown },
  commands: [] as string[],
}));
vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...parts: readonly unknown[]) => text.replace(/\{(\d)\}/g, (_, at: string) => String(parts[Number(at)])) },
  workspace: {
    get isTrusted() {
      return editor.trusted;
    },
    getConfiguration: () => ({
      get: (id: string) => `${id} as it is`,
      inspect: () => editor.setting,
      update: (_: string, value: unknown) => {
        editor.setting = { ...editor.setting, workspaceValue: value };
        return Promise.resolve();
      },
    }),
    get workspaceFolders() {
      return editor.folders.map((fsPath) => ({ uri: { scheme: 'file', fsPath } }));
    },
  },
  commands: { executeCommand: (id: string) => Promise.resolve(void editor.commands.push(id)) },
  ConfigurationTarget: { Workspace: 2 },
  QuickPickItemKind: { Separator: -1, Default: 0 },
  window: { onDidChangeActiveTextEditor: () => ({ dispose: () => undefined }) },
}));

const sandbox = '/sandbox/.openclaw/workspace/project';
const evidence = (name: string) => ({
  sandboxPath: `${sandbox}/${name}`,
  sandboxUri: `sandglass-file://0123456789abcdef${sandbox}/${name}`,
  workspacePath: `/home/me/code/shop/${name}`,
  match: 'identical' as const,
});
const proposal: MappingProposal = {
  sandbox,
  workspace: '/home/me/code/shop',
  evidence: ['a.py', 'b.py', 'c.py', 'd.py'].map(evidence),
  matched: 4,
  differ: 0,
  gained: 2,
  confidence: 'sure',
  rivals: [],
  repository: null,
};
const looked: MappingAnswer['looked'] = { folders: ['/home/me/code'], entries: 10, cut: false, touched: 26, named: 6, compared: 4 };

describe('a proposed mapping in words', () => {
  it('says what speaks for it and what it does', () => {
    expect(proposalRow(proposal, ['/home/me/code'], translate)).toEqual({
      label: 'code/shop',
      description: sandbox,
      detail: 'sure · 4 files match · 2 more would be shown there · a.py (identical), b.py (identical), c.py (identical) and more',
    });
  });

  it('says of a repository what is known of it, and of files nothing', () => {
    const told = (repository: RepositoryDoubt): string =>
      proposalRow({ ...proposal, evidence: [], matched: 0, confidence: 'ambiguous', repository }, ['/home/me/code'], translate).detail;
    expect(told('several')).toBe('the same git repository, and not the only one here · 2 more would be shown there');
    expect(new Set((['several', 'diverged', 'elsewhere', 'unknown'] as const).map(told)).size).toBe(4);
  });

  it('names what matches alike', () => {
    const alike = { ...proposal, confidence: 'ambiguous' as const, rivals: [{ sandbox, workspace: '/home/me/code/old' }] };
    expect(proposalRow(alike, ['/home/me/code'], translate).detail).toMatch(/^code\/old matches alike · /);
    const two = { ...alike, rivals: [{ sandbox: '/tmp/copy', workspace: proposal.workspace }] };
    expect(proposalRow(two, ['/home/me/code'], translate).detail).toMatch(/^\/tmp\/copy matches alike · /);
  });

  it('shows hostile paths as plain text', () => {
    const path = '/sandbox/$(alert)/\u202egpj.py\u001b[31m';
    const hostile = { ...proposal, sandbox: path, evidence: [{ ...evidence('x'), sandboxPath: `${path}/$(bug) <b>.py` }], matched: 1 };
    const row = proposalRow(hostile, ['/home/me/code'], translate);
    expect(Object.values(row).join(' ')).not.toMatch(/(?<!\\)\$\(|[\u001b\u202e]/);
    expect(sandboxText(`/${'x/'.repeat(500)}end.py`)).toMatch(/^….*end\.py$/);
  });

  it('tells where it was looked when nothing matches', () => {
    const answer: MappingAnswer = { proposals: [], unmapped: [], looked };
    expect(lookedRow(answer, translate)).toEqual({
      label: '26 touched paths have no place',
      detail: 'Names looked through in code: 10 · namesakes: 6 · compared by content: 4',
    });
    expect(lookedRow({ ...answer, looked: { ...looked, touched: 0 } }, translate).label).toMatch(/^No touched file/);
    expect(lookedRow({ ...answer, looked: { ...looked, cut: true } }, translate).detail).toContain(
      'not all that could match was looked at',
    );
  });

  it('never has what matches alike as the first choice', () => {
    const alike = { ...proposal, confidence: 'ambiguous' as const, rivals: [{ sandbox, workspace: '/home/me/code/old' }] };
    const choices = (proposals: readonly MappingProposal[]) =>
      rowsOf({ proposals, unmapped: [], looked }, ['/home/me/code']).flatMap(({ choice }) => choice?.kind ?? []);
    expect(choices([proposal])).toEqual(['proposal', 'browse', 'setting']);
    expect(choices([alike, { ...alike, workspace: '/home/me/code/old' }])).toEqual(['browse', 'setting', 'proposal', 'proposal']);
    expect(choices([])).toEqual(['browse', 'setting', 'looked']);
  });

  it('names the workspace as the explorer does', () => {
    expect(workspaceText('/home/me/code', ['/home/me/code'])).toBe('code');
    expect(workspaceText('/srv/other', ['/home/me/code'])).toBe('/srv/other');
    expect(workspaceText('/home/me/codex', ['/home/me/code'])).toBe('/home/me/codex');
  });
});

describe('the setting', () => {
  it('holds the directory from the first folder, else as it is', () => {
    expect(writtenDirectory('/w/one', ['/w/one', '/w/two'])).toBe('.');
    expect(writtenDirectory('/w/one/a/b', ['/w/one'])).toBe('a/b');
    expect(writtenDirectory('/w/two/a', ['/w/one', '/w/two'])).toBe('/w/two/a');
    expect(writtenDirectory('/w/one/..hidden', ['/w/one'])).toBe('..hidden');
  });

  it('keeps what stands in it, and maps a directory once', () => {
    const mapping = { sandbox, workspace: 'shop' };
    expect(withMapping(undefined, mapping)).toEqual([mapping]);
    expect(withMapping([{ sandbox: '/x', workspace: 'y' }, 'odd', { sandbox: `${sandbox}/`, workspace: 'old' }], mapping)).toEqual([
      { sandbox: '/x', workspace: 'y' },
      'odd',
      mapping,
    ]);
  });

  it.each([`${sandbox}//`, `${sandbox}/.`, sandbox.replace('/.openclaw', '//.openclaw')])('maps it once as %s too', (written) => {
    const mapping = { sandbox, workspace: 'shop' };
    expect(withMapping([{ sandbox: written, workspace: 'old' }], mapping)).toEqual([mapping]);
    expect(withMapping([{ sandbox, workspace: 'old' }], { sandbox: written, workspace: 'shop' })).toHaveLength(1);
  });

  it.each([{ sandbox: '/a', workspace: 'mine' }, 'mine', null, 7])('is not written over where it is no list: %j', (value) => {
    expect(withMapping(value, { sandbox, workspace: 'shop' })).toBeNull();
  });

  it("of the workspace gets what is mapped and nothing of the user's own, which holds beside it", async () => {
    const mine = { sandbox: '/sandbox/mine', workspace: '/home/me/private' };
    editor.setting = { globalValue: [mine, { sandbox: `${sandbox}/`, workspace: '/home/me/elsewhere' }] };
    const notices: Notice[] = [];
    const notifier = { show: (notice: Notice) => void notices.push(notice), failure: () => undefined };
    await writeMapping({ sandbox, workspace: '/home/me/code/shop' }, { notifier } as never);
    expect(editor.setting.workspaceValue).toEqual([{ sandbox, workspace: 'shop' }]);
    expect(readSetting('sandglass.pathMappings')).toEqual([{ sandbox, workspace: 'shop' }, mine]);
    expect(readSetting('sandglass.directories')).toBe('sandglass.directories as it is');
    notices[0]?.actions?.[0]?.run();
    await vi.waitFor(() => expect(editor.setting.workspaceValue).toBeUndefined());
    expect(readSetting('sandglass.pathMappings')).toEqual(editor.setting.globalValue);
  });

  it('is opened and left as it is where it is no list', async () => {
    editor.setting = { workspaceValue: { [sandbox]: 'mine' } };
    editor.commands = [];
    const notices: Notice[] = [];
    await writeMapping({ sandbox, workspace: '/home/me/code/shop' }, {
      notifier: { show: (notice: Notice) => void notices.push(notice) },
    } as never);
    expect(editor.setting).toEqual({ workspaceValue: { [sandbox]: 'mine' } });
    expect(notices.map(({ severity, text }) => [severity, text])).toEqual([
      ['warning', 'Nothing was mapped: sandglass.pathMappings of this workspace is no list, and what stands there is left as it is.'],
    ]);
    expect(editor.commands).toEqual(['workbench.action.openWorkspaceSettings']);
  });

  it('of the workspace comes before that of the user, whatever is no list', () => {
    const [a, b] = [
      { sandbox: '/a', workspace: 'w' },
      { sandbox: '/b', workspace: 'u' },
    ];
    expect(mergedMappings([[a], [{ ...a, sandbox: '/a//', workspace: 'u' }, b]])).toEqual([a, b]);
    expect(mergedMappings([{ '/a': 'w' }, [b], undefined])).toEqual([b]);
  });

  it('is asked for the directories above a file, not for one in which everything lies', () => {
    expect(directoriesAbove(`${sandbox}/src/a.py`)[0]).toBe(`${sandbox}/src`);
    expect(directoriesAbove(`${sandbox}/src/a.py`)).toContain(sandbox);
    expect(directoriesAbove('/sandbox/a.py')).toEqual([]);
  });
});

describe('coming to a file of a sandbox', () => {
  const state = new Map<string, unknown>();
  const memento = {
    get: (key: string, otherwise?: unknown) => (state.has(key) ? state.get(key) : otherwise),
    update: (key: string, value: unknown) => (state.set(key, value), Promise.resolve()),
    keys: () => [...state.keys()],
  };
  let shown: Notice[];
  let asked: unknown[];
  let proposals: readonly MappingProposal[];
  const offer = (): MappingOffer =>
    new MappingOffer(
      { request: ((_: string, params: unknown) => (asked.push(params), Promise.resolve({ proposals, unmapped: [], looked }))) as never },
      { show: (notice) => void shown.push(notice) },
      memento as never,
      () => undefined,
      (error) => {
        throw error;
      },
    );
  const at = (path: string, scheme = 'sandglass-file') =>
    ({ scheme, path, authority: '0123456789abcdef', toString: () => `${scheme}://0123456789abcdef${path}` }) as never;
  beforeEach(() => {
    state.clear();
    shown = [];
    asked = [];
    proposals = [proposal];
    editor.trusted = true;
  });

  it('is told once for a directory, in this window and later', async () => {
    const first = offer();
    await first.met(at(`${sandbox}/src/a.py`));
    await first.met(at(`${sandbox}/src/b.py`));
    await first.met(at(`${sandbox}/tests/c.py`));
    await offer().met(at(`${sandbox}/src/a.py`));
    expect(shown.map(({ text }) => text)).toEqual([
      `4 files of ${sandbox} match code/shop by their content. Calls on them can be shown there.`,
    ]);
  });

  it('is not told again at all once the person does not want it', async () => {
    await offer().met(at(`${sandbox}/src/a.py`));
    await shown[0]?.silenced?.();
    proposals = [{ ...proposal, sandbox: '/sandbox/other' }];
    asked = [];
    await offer().met(at('/sandbox/other/a.py'));
    expect([shown.length, asked.length]).toEqual([1, 0]);
  });

  it.each<[string, Partial<MappingProposal>]>([
    ['ambiguous', { confidence: 'ambiguous' }],
    ['only likely', { confidence: 'likely' }],
    ['of another directory', { sandbox: '/sandbox/elsewhere' }],
    ['of no use', { gained: 0 }],
  ])('is not told of what is %s', async (_, other) => {
    proposals = [{ ...proposal, ...other }];
    await offer().met(at(`${sandbox}/src/a.py`));
    expect([shown.length, asked.length]).toEqual([0, 1]);
  });

  it('asks nothing of other files, nor in a workspace that is not trusted', async () => {
    await offer().met(at('/home/me/code/a.py', 'file'));
    editor.trusted = false;
    await offer().met(at(`${sandbox}/src/a.py`));
    expect(asked).toEqual([]);
  });

  it('looks through the workspace only so often', async () => {
    proposals = [];
    const one = offer();
    for (let i = 0; i < 40; i++) await one.met(at(`/sandbox/d${i}/a.py`));
    expect(asked.length).toBe(12);
  });
});
