// The file of suppressions as it is read, and what it does where findings are read.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isProblem } from '../../../server/src/editor/findingDiagnostics';
import { parseSuppressions, suppressBy, suppressionsBytes, suppressionsPath } from '../../../server/src/findings/suppressions';
import type { SuppressionFile } from '../../../server/src/findings/suppressions';
import { detectorCodes } from '../../../server/src/findings/detector';
import type { OpenSource } from '../../../server/src/collect/roster';
import type { Finding } from '../../../server/src/protocol/document';
import { findingsOf, newestFindings } from '../../../server/src/query/findings';
import type { Store } from '../../../server/src/store/store';
import { readSuppressions, suppressionFilesOf } from '../../../server/src/suppressionFiles';
import { Suppressing } from '../../../server/src/suppressing';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const never = new AbortController().signal;
const entry = (code: string, more = ''): string => `  - code: ${code}\n    reason: it waits for the build\n${more}`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandglass-suppressed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string, at = folder): string {
  const path = join(at, suppressionsPath);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('reading', () => {
  it('is of each folder that has one, under the name of the folder where there are several', async () => {
    expect(await suppressionFilesOf([folder], never)).toEqual([]);
    const path = write(`suppressions:\n${entry('repeated-calls')}`);
    expect(await suppressionFilesOf([folder], never)).toMatchObject([{ path, name: suppressionsPath, problems: [] }]);
    const other = join(folder, 'other');
    const second = write(`suppressions:\n${entry('nothing')}`, other);
    expect(await suppressionFilesOf([join(folder, 'none'), other], never)).toMatchObject([
      { path: second, name: `other/${suppressionsPath}`, suppressions: [], problems: [{ line: 1 }] },
    ]);
  });

  it('is of regular files of a bounded size, and says what keeps it from being read', async () => {
    const path = write('x'.repeat(suppressionsBytes + 1));
    const why = async (links: 'refused' | 'followed' = 'refused'): Promise<string | undefined> =>
      (await readSuppressions(path, 'name', links, never))?.problems[0]?.message;
    expect(await why()).toContain(`larger than ${suppressionsBytes / 1024} KiB`);
    rmSync(path);
    mkdirSync(path);
    expect(await why()).toContain('no regular file');
    rmSync(path, { recursive: true });
    writeFileSync(join(folder, 'real.yaml'), `suppressions:\n${entry('repeated-calls')}`);
    symlinkSync(join(folder, 'real.yaml'), path);
    expect(await why()).toContain('symbolic link');
    expect(await readSuppressions(path, 'name', 'followed', never)).toMatchObject({ problems: [], suppressions: [{ line: 1 }] });
    await expect(readSuppressions(path, 'name', 'followed', AbortSignal.abort())).rejects.toThrow();
  });

  it('is not that of a folder elsewhere', async () => {
    const elsewhere = join(folder, 'elsewhere');
    write(`suppressions:\n${entry('repeated-calls')}`, elsewhere);
    const opened = join(folder, 'opened');
    mkdirSync(opened);
    symlinkSync(join(elsewhere, '.sandglass'), join(opened, '.sandglass'));
    expect(await suppressionFilesOf([opened], never)).toMatchObject([
      { suppressions: [], problems: [{ message: expect.stringContaining('symbolic link') }] },
    ]);
  });
});

const file = (text: string): SuppressionFile => ({ path: '/w/f', name: 'f', ...parseSuppressions(text, detectorCodes) });

describe('findings', () => {
  async function looped(store: Store): Promise<{ readonly row: number; readonly session: string }> {
    const row = await readInto(store, recording('openclaw-2026.7.1').root);
    const [found] = store.findings.of(row);
    if (found === undefined) throw new Error('nothing was found');
    return { row, session: found.session };
  }

  it('that are suppressed say by what, and leave the row of their sandbox', async () => {
    using store = memoryStore();
    const { row, session } = await looped(store);
    const [found, ...others] = findingsOf(store, row);
    expect([found?.code, found?.suppressed, others]).toEqual(['repeated-calls', null, []]);
    expect(newestFindings(store, row)).toHaveLength(1);
    const settled = `    session: ${session}\n    agent: main\n    sessionKey: agent:main:loop\n    span: "${found?.spanIds[0]}"\n`;
    const suppress = suppressBy([file('suppressions: []\n'), file(`suppressions:\n${entry('repeated-calls', settled)}`)]);
    expect(findingsOf(store, row, undefined, { suppress })).toEqual([
      { ...found, suppressed: { reason: 'it waits for the build', file: 'f', line: 2 } },
    ]);
    expect(newestFindings(store, row, { suppress })).toEqual([]);
    for (const more of ['    agent: other\n', '    sessionKey: agent:main:main\n', '    until: 2020-01-31\n']) {
      const other = suppressBy([file(`suppressions:\n${entry('repeated-calls', more)}`)]);
      expect.soft(findingsOf(store, row, undefined, { suppress: other }), more).toEqual([found]);
    }
  });

  it('are no problems where they are suppressed', () => {
    const finding: Finding = { code: 'x', severity: 'error', message: 'm', spanIds: [], preview: false, suppressed: null };
    expect(isProblem(finding)).toBe(true);
    expect(isProblem({ ...finding, suppressed: { reason: 'r', file: 'f', line: 1 } })).toBe(false);
  });

  it('that are not there any more are told at their entries, once all was read', async () => {
    using store = memoryStore();
    const { row } = await looped(store);
    const path = write(
      `suppressions:\n${entry('repeated-calls')}${entry('failing-tool')}${entry('repeated-calls', '    until: 2020-01-31\n')}`,
    );
    let state: OpenSource['state'] = { kind: 'attaching' };
    let repeatedCalls = 4;
    let changes = 0;
    using suppressing = new Suppressing({
      store,
      hub: () => ({
        all: () => [{ row, state } as OpenSource],
        findingWishes: { thresholds: { repeatedCalls, noProgressCalls: 12, failuresInARow: 4 } },
      }),
      folders: () => [folder],
      onChange: () => void changes++,
      onError: (error) => expect.unreachable(String(error)),
    });
    const read = async (until: number): Promise<void> => {
      suppressing.readAgain();
      await expect.poll(() => changes, { timeout: 20_000 }).toBe(until);
    };
    const told = async (): Promise<readonly unknown[]> =>
      (await suppressing.diagnostics(never)).map(({ diagnostic: { code, severity, range } }) => [code, severity, range.start.line]);
    expect(await told()).toEqual([]);
    await read(1);
    const ended = ['suppression-unused', 3, 5];
    expect(await told()).toEqual([ended]);
    state = { kind: 'read' };
    expect(await told()).toEqual([['suppression-unused', 3, 3], ended]);
    // Stronger than any that is recorded.
    repeatedCalls = 10_000;
    expect(await told()).toEqual([['suppression-unused', 3, 1], ['suppression-unused', 3, 3], ended]);
    repeatedCalls = 4;
    expect(await told()).toEqual([['suppression-unused', 3, 3], ended]);
    // What is found later counts too.
    const [candidates] = store.findings.of(row);
    const [candidate] = candidates?.candidates ?? [];
    if (candidates === undefined || candidate === undefined) throw new Error('nothing was found');
    store.findings.put(candidates.row, [candidate, { ...candidate, code: 'failing-tool' }]);
    suppressing.touch(candidates.row);
    expect(await told()).toEqual([ended]);
    rmSync(path);
    await read(2);
    expect(await told()).toEqual([]);
  });
});
