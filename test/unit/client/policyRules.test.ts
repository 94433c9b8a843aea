// A policy file is written as it was shown, or not at all, and whoever asked is told which.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ChangePreviews } from '../../../client/src/commands/changePreviews';
import { previewRule } from '../../../client/src/commands/policyRules';
import type { RuleServices } from '../../../client/src/commands/policyRules';
import type { Notice } from '../../../client/src/notify';

const editor = vi.hoisted(() => ({ disk: '', open: null as { text: string } | null, saves: true, takes: true, applied: 0 }));

vi.mock('vscode', () => {
  class EventEmitter {
    readonly event = (): void => undefined;
    dispose(): void {}
  }
  class Position {
    constructor(
      readonly line: number,
      readonly character: number,
    ) {}
  }
  class Range {}
  class WorkspaceEdit {
    replace(): void {}
  }
  class TabInputTextDiff {}
  const uri = (text: string): unknown => ({ scheme: 'file', path: '/p.yaml', toString: () => text });
  return {
    EventEmitter,
    Position,
    Range,
    WorkspaceEdit,
    TabInputTextDiff,
    Uri: { parse: uri, from: ({ query }: { query: string }) => uri(`preview ${query}`) },
    l10n: { t: (text: string, ...parts: readonly unknown[]) => text.replace(/\{(\d)\}/g, (_, at: string) => String(parts[Number(at)])) },
    commands: { executeCommand: () => Promise.resolve() },
    window: { tabGroups: { all: [], close: () => Promise.resolve(true) }, showTextDocument: () => Promise.resolve() },
    workspace: {
      openTextDocument: () => {
        const state = (editor.open ??= { text: editor.disk });
        return Promise.resolve({
          isDirty: false,
          getText: () => state.text,
          offsetAt: () => 0,
          save: () => Promise.resolve(editor.saves),
        });
      },
      applyEdit: () => {
        editor.applied += 1;
        return Promise.resolve(editor.takes);
      },
    },
  };
});

const ref = { sourceId: 's', policyId: 'p', uri: 'file:///p.yaml' };

describe('a change of a policy file', () => {
  let notices: Notice[];
  let failures: string[];
  let asked: string[];
  beforeEach(() => {
    [notices, failures, asked] = [[], [], []];
    Object.assign(editor, { disk: 'before', open: null, saves: true, takes: true, applied: 0 });
  });

  async function preview(): Promise<() => Promise<unknown>> {
    const services = {
      server: {
        request: (_name: string, { text }: { readonly text: string }) => {
          asked.push(text);
          const allows = { host: 'x.example.com', port: 443, binary: '/usr/bin/curl', method: null, path: null };
          return Promise.resolve({ kind: 'change', edits: [], rule: 'r', added: 'rule', allows, toldBy: null, sandbox: 'demo' });
        },
      },
      documents: {},
      notifier: {
        show: (notice: Notice) => void notices.push(notice),
        failure: (_key: string, what: string, error: Error) => void failures.push(`${what} ${error.message}`),
      },
      previews: new ChangePreviews(),
    };
    await previewRule(ref, services as unknown as RuleServices);
    return async () => notices.at(-1)?.actions?.[0]?.run();
  }
  const written = (): boolean => notices.some(({ key }) => key === 'rule-written');

  it('is written where the file is as it was shown', async () => {
    await (
      await preview()
    )();
    expect(editor.applied).toBe(1);
    expect(written()).toBe(true);
    expect(failures).toEqual([]);
  });

  it('is asked about anew where the file changed after its document was closed', async () => {
    const write = await preview();
    Object.assign(editor, { disk: 'after', open: null });
    await write();
    expect(editor.applied).toBe(0);
    expect(asked).toEqual(['before', 'after']);
    expect(written()).toBe(false);
  });

  it.each([
    ['the file could not be saved', { saves: false }],
    ['The editor did not take the change', { takes: false }],
  ])('is told as a failure where %s', async (text, state) => {
    const write = await preview();
    Object.assign(editor, state);
    await write();
    expect(failures).toEqual([expect.stringContaining(text)]);
    expect(written()).toBe(false);
  });
});
