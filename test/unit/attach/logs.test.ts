/** The supervisor's log of a recording: once each, over several files, and only the supervisor's. */
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { LogFiles } from '../../../server/src/attach/directory/logFiles';
import type { LogOrigin, SourceRecord } from '../../../server/src/attach/record';
import { cursorsOf, Following, readAll, temporary } from './reading';

function bare(files: Readonly<Record<string, string>>): string {
  const root = temporary();
  mkdirSync(join(root, 'sandbox', '.openclaw', 'agents'), { recursive: true });
  mkdirSync(join(root, 'var-log'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return root;
}
const lines = (records: readonly SourceRecord[], origin: LogOrigin = 'console'): readonly string[] =>
  records.filter((record) => record.kind === 'log' && record.origin === origin).map((record) => (record.kind === 'log' ? record.text : ''));
const inspect = (...roles: readonly string[]): string =>
  JSON.stringify(
    roles.map((role) => ({
      Config: { Labels: { 'openshell.ai/sandbox-id': 'id-1', ...(role ? { 'openshell.ai/isolation-role': role } : {}) } },
    })),
  );

describe('log lines', () => {
  it('of several files of one origin count as often as in the one that has them most often', async () => {
    const root = bare({
      'container.log': 'a\nb\nb\nc\n',
      'var-log/openshell.2026-11-20.log': 'a\nb\n',
      'var-log/openshell.2026-11-21.log': 'b\nb\nb\nd\n',
      'var-log/openshell-ocsf.2026-11-21.log': '{"json":1}\n',
      'gateway.log': 'agent output\n',
    });
    const records = await readAll(await openDirectory(root));
    expect(lines(records)).toEqual(['a', 'b', 'b', 'c']);
    expect(lines(records, 'file')).toEqual(['a', 'b', 'b', 'b', 'd']);
    expect(lines(records, 'jsonl')).toEqual(['{"json":1}']);
  });

  it('of two containers are those of the supervisor', async () => {
    const root = bare({
      'container.log': 'forged by the agent\n',
      'container-supervisor.log': 'real\n',
      'inspect.json': inspect('supervisor', 'sandbox'),
    });
    const source = await openDirectory(root);
    expect(source.sandboxId).toBe('id-1');
    expect(lines(await readAll(source))).toEqual(['real']);
  });

  it('of an agent alone are none, and that is said', async () => {
    const root = bare({ 'container.log': 'forged by the agent\n', 'inspect.json': inspect('sandbox') });
    const records = await readAll(await openDirectory(root));
    expect(lines(records)).toEqual([]);
    expect(records.filter((record) => record.kind === 'skipped')).toMatchObject([{ where: 'container.log' }]);
  });

  it('come once when gone on with, and only the new ones', async () => {
    const root = bare({ 'container.log': 'a\nb\n', 'var-log/openshell.2026-11-21.log': 'a\nb\nb\n', 'inspect.json': inspect('') });
    const first = await readAll(await openDirectory(root));
    expect([lines(first), lines(first, 'file')]).toEqual([
      ['a', 'b'],
      ['a', 'b', 'b'],
    ]);
    const cursors = cursorsOf(first);
    const again = await readAll(await openDirectory(root), cursors);
    expect([...lines(again), ...lines(again, 'file')]).toEqual([]);
    appendFileSync(join(root, 'container.log'), 'b\nc\n');
    appendFileSync(join(root, 'var-log/openshell.2026-11-21.log'), 'c\nd\n');
    const more = await readAll(await openDirectory(root), cursors);
    expect([lines(more), lines(more, 'file')]).toEqual([
      ['b', 'c'],
      ['c', 'd'],
    ]);
  });

  it('that can not be read are told of until they can, or are not there any more', async () => {
    const root = bare({ 'container.log': 'a line\n', 'var-log/openshell.1.log': 'b\n' });
    const logs = new LogFiles(root, { kind: 'one-container' }, { cursors: new Map(), follow: true });
    const told = new Map<string, number>();
    const scan = async (): Promise<readonly string[]> => {
      for await (const record of logs.scan()) {
        if (record.kind === 'skipped') told.set(record.where, (told.get(record.where) ?? 0) + 1);
        if (record.kind === 'mended') told.delete(record.where);
      }
      return [...told.keys()].sort();
    };
    const files = ['container.log', 'var-log/openshell.1.log'];
    const exchange = (): void => {
      for (const file of files) {
        renameSync(join(root, file), join(root, `${file}.kept`));
        symlinkSync(`${file}.kept`, join(root, file));
      }
    };
    expect(await scan()).toEqual([]);
    exchange();
    expect(await scan()).toEqual(files);
    for (const file of files) renameSync(join(root, `${file}.kept`), join(root, file));
    expect(await scan()).toEqual([]); // of the size they had
    exchange();
    expect(await scan()).toEqual(files);
    for (const file of files) rmSync(join(root, file));
    expect(await scan()).toEqual([]);
  });

  it('are followed', async () => {
    const root = bare({ 'container.log': 'a\n' });
    const live = new Following(await openDirectory(root));
    await live.caughtUp();
    appendFileSync(join(root, 'container.log'), 'b\nhalf');
    await live.until((record) => record.kind === 'log' && record.text === 'b');
    writeFileSync(join(root, 'var-log', 'openshell.2026-11-21.log'), 'a\nb\nc\n');
    await live.until((record) => record.kind === 'log' && record.text === 'c');
    await live.stop();
    expect([lines(live.records), lines(live.records, 'file')]).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
  });
});
