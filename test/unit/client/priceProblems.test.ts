import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PriceProblems } from '../../../client/src/connection/priceProblems';
import type { Notice, Notifier } from '../../../client/src/notify';

const editor = vi.hoisted(() => ({
  setting: undefined as unknown,
  listeners: new Set<(event: { affectsConfiguration: (id: string) => boolean }) => void>(),
  ran: [] as unknown[][],
}));

vi.mock('vscode', () => ({
  workspace: {
    getConfiguration: () => ({ get: () => editor.setting }),
    onDidChangeConfiguration: (listener: (event: { affectsConfiguration: (id: string) => boolean }) => void) => {
      editor.listeners.add(listener);
      return { dispose: () => editor.listeners.delete(listener) };
    },
  },
  commands: { executeCommand: (...command: unknown[]) => void editor.ran.push(command) },
  l10n: { t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)])) },
}));

const shown: Notice[] = [];
const notifier = { show: (notice: Notice) => void shown.push(notice) } as unknown as Notifier;
const good = { model: 'm', input: 1, output: 2 };

function change(setting: unknown, id = 'sandglass.cost.prices'): void {
  editor.setting = setting;
  for (const listener of editor.listeners) listener({ affectsConfiguration: (asked) => asked === id });
}

beforeEach(() => {
  editor.setting = undefined;
  editor.ran.length = 0;
  shown.length = 0;
});

describe('a price book with entries that can’t be read', () => {
  it('is told of at the start, with the entry and the way to it', () => {
    editor.setting = [good, { model: 'm', input: 1 }];
    const made = new PriceProblems(notifier);
    made.dispose();
    expect(shown.map(({ text }) => text)).toEqual([
      'Entry 2 of your price book (sandglass.cost.prices) can’t be read, so its price does not hold.',
    ]);
    void shown[0]?.actions?.[0]?.run();
    expect(editor.ran).toEqual([['workbench.action.openSettingsJson', { revealSetting: { key: 'sandglass.cost.prices' } }]]);
  });

  it('is told of when it changes, and not again for what was told', () => {
    const made = new PriceProblems(notifier);
    expect(shown).toEqual([]);
    change([good, {}, good, null]);
    change([good, {}, good, null]);
    change([good, {}, good, null], 'sandglass.autoAttach');
    change([good]);
    change('cheap');
    expect(shown.map(({ text }) => text)).toEqual([
      '2 entries of your price book (sandglass.cost.prices) can’t be read, so their prices do not hold. The first: 2, 4',
      'Your price book (sandglass.cost.prices) is no list, so none of its prices holds.',
    ]);
    made.dispose();
    expect(editor.listeners.size).toBe(0);
  });
});
