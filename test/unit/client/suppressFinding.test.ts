// A finding is settled in a trusted workspace only, in a file that is written as it was shown, and never over one that came meanwhile.
import { beforeEach, expect, it, vi } from 'vitest';
import { ChangePreviews } from '../../../client/src/commands/changePreviews';
import { suppressFinding } from '../../../client/src/commands/suppressFinding';
import type { SuppressServices } from '../../../client/src/commands/suppressFinding';
import type { Notice } from '../../../client/src/notify';

const editor = vi.hoisted(() => ({
  trusted: true,
  folders: 1,
  /** null: there is no such file. */
  file: null as string | null,
  reason: undefined as string | undefined,
  invalid: [] as readonly (string | null)[],
  created: [] as string[],
  diffs: 0,
}));

vi.mock('vscode', () => {
  class EventEmitter {
    readonly event = (): void => undefined;
    dispose(): void {}
  }
  class FileSystemError extends Error {
    readonly code = 'FileNotFound';
  }
  class WorkspaceEdit {
    createFile(_uri: unknown, { contents, overwrite, ignoreIfExists }: Record<string, unknown>): void {
      expect([overwrite, ignoreIfExists]).toEqual([false, false]);
      editor.created.push(new TextDecoder().decode(contents as Uint8Array));
    }
  }
  class Range {}
  class Position {}
  class TabInputTextDiff {}
  const uri = (path: string): unknown => ({ scheme: 'file', path, toString: () => `file://${path}` });
  return {
    EventEmitter,
    FileSystemError,
    WorkspaceEdit,
    Range,
    Position,
    TabInputTextDiff,
    Uri: {
      from: ({ query }: { query: string }) => uri(`/preview${query}`),
      joinPath: (_folder: unknown, ...parts: string[]) => uri(`/w/${parts.join('/')}`),
    },
    l10n: { t: (text: string, ...parts: readonly unknown[]) => text.replace(/\{(\d)\}/g, (_, at: string) => String(parts[Number(at)])) },
    commands: { executeCommand: (name: string) => Promise.resolve(name === 'vscode.diff' && editor.diffs++) },
    window: {
      tabGroups: { all: [], close: () => Promise.resolve(true) },
      showTextDocument: () => Promise.resolve(),
      showInputBox: ({ validateInput }: { validateInput(value: string): string | null }) => {
        editor.invalid = ['', ' ', 'x'.repeat(501), 'good'].map(validateInput);
        return Promise.resolve(editor.reason);
      },
    },
    workspace: {
      get isTrusted() {
        return editor.trusted;
      },
      get workspaceFolders() {
        return Array.from({ length: editor.folders }, () => ({ uri: uri('/w') }));
      },
      fs: { stat: () => (editor.file === null ? Promise.reject(new FileSystemError()) : Promise.resolve({})) },
      openTextDocument: () =>
        Promise.resolve({ isDirty: false, getText: () => editor.file, offsetAt: () => 0, save: () => Promise.resolve(true) }),
      applyEdit: () => Promise.resolve(true),
    },
  };
});

const ref = { sourceId: 's', sessionId: 'one', code: 'repeated-calls', evidence: 'abc' };
const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
let notices: Notice[];
let failures: string[];
let asked: { readonly reason: string; readonly text: string }[];
let services: SuppressServices;

beforeEach(() => {
  Object.assign(editor, { trusted: true, folders: 1, file: null, reason: 'it waits', invalid: [], created: [], diffs: 0 });
  notices = [];
  failures = [];
  asked = [];
  services = {
    server: {
      request: (_name: string, params: { readonly reason: string; readonly text: string }) => {
        asked.push(params);
        return Promise.resolve({ kind: 'change', edits: [{ range, newText: 'suppressions:\n' }] });
      },
    },
    notifier: { show: (notice: Notice) => notices.push(notice), failure: (_key: string, what: string) => failures.push(what) },
    previews: new ChangePreviews(),
  } as unknown as SuppressServices;
});
const press = async (title: string): Promise<void> =>
  void (await notices
    .at(-1)
    ?.actions?.find((action) => action.title === title)
    ?.run());

it('is nothing that an untrusted workspace does, nor one without a folder', async () => {
  editor.trusted = false;
  await suppressFinding(ref, null, services);
  editor.trusted = true;
  editor.folders = 0;
  await suppressFinding(ref, 'it waits', services);
  expect(notices.map(({ key }) => key)).toEqual(['no-suppression untrusted', 'no-suppression no-folder']);
  expect(asked).toEqual([]);
});

it('asks for a reason, and does nothing without one', async () => {
  editor.reason = undefined;
  await suppressFinding(ref, null, services);
  expect(editor.invalid.map((told) => told === null)).toEqual([false, false, false, true]);
  expect([asked, notices]).toEqual([[], []]);
});

it('makes the file when it is told to, and not before', async () => {
  await suppressFinding(ref, null, services);
  expect([editor.diffs, editor.created]).toEqual([1, []]);
  await press('Write to File');
  expect(editor.created).toEqual(['suppressions:\n']);
  expect(failures).toEqual([]);
});

it('shows anew what a file that came meanwhile would become', async () => {
  await suppressFinding(ref, null, services);
  editor.file = '# came meanwhile\n';
  await press('Write to File');
  expect(editor.created).toEqual([]);
  expect(asked.map(({ text }) => text)).toEqual(['', '# came meanwhile\n']);
  expect([editor.diffs, failures]).toEqual([2, []]);
});

it('writes nothing once the workspace is trusted no more', async () => {
  await suppressFinding(ref, null, services);
  editor.trusted = false;
  await press('Write to File');
  expect(editor.created).toEqual([]);
  expect(notices.at(-1)?.key).toBe('no-suppression untrusted');
});
