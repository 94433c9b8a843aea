// OpenClaw's own log, as both readers bring it out: what tells something, and nothing of the noise.
import { appendFileSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { cursorsOf, emptyState, Following, readAll, temporary } from './reading';
import { nodeReader, pythonReader } from './readers';

const TIME = '2026-11-21T11:25:26.112+00:00';

function line(subsystem: string, told: unknown, more: object = {}): string {
  const message = typeof told === 'string' ? told : 'told';
  return JSON.stringify({
    '0': JSON.stringify({ subsystem }),
    '1': told,
    _meta: { path: 'x' },
    time: TIME,
    message,
    traceId: 'e77a7026',
    ...more,
  });
}

const failed = (n: number): string =>
  line(
    'provider-transport-fetch',
    `[model-fetch] response provider=inference model=m status=500 elapsedMs=${n} contentType=application/json`,
  );
const noise = [
  line('provider-transport-fetch', '[model-fetch] start provider=inference model=m method=POST'),
  line('provider-transport-fetch', '[model-fetch] response provider=inference model=m status=200 elapsedMs=88'),
  line('gateway', 'ready'),
  // What an agent says is written to the log as it is.
  JSON.stringify({ '0': 'transient same-model retry 1/8 for a/b reason=x: delayMs=1', time: TIME, message: 'x' }),
  'no JSON: model_fallback_decision',
  `{"0":"{\\"subsystem\\":\\"x\\"}","1":"same-model retry ${'x'.repeat(300 * 1024)}"}`,
];

const texts = (records: readonly SourceRecord[]): readonly string[] =>
  records.flatMap((record) => (record.kind === 'gatewayLog' ? [record.text] : []));
const isLine = (record: SourceRecord): record is Extract<SourceRecord, { kind: 'gatewayLog' }> => record.kind === 'gatewayLog';

function place(): { readonly stateDir: string; readonly tmpDir: string; readonly file: string } {
  const { stateDir } = emptyState();
  const tmpDir = join(temporary(), 'tmp');
  mkdirSync(join(tmpDir, 'openclaw'), { recursive: true });
  return { stateDir, tmpDir, file: join(tmpDir, 'openclaw', 'openclaw-2026-11-21.log') };
}

describe.each([nodeReader, pythonReader])("OpenClaw's own log, read with $name", (reader) => {
  it('gives the lines that tell something, cut, and each once', async () => {
    const { stateDir, tmpDir, file } = place();
    const source = reader.open(stateDir, { tmpDir });
    writeFileSync(file, [...noise, failed(1), ...noise, failed(2)].join('\n') + '\n' + failed(3).slice(0, 40));
    const first = await readAll(source);
    expect(texts(first).map((text) => /elapsedMs=(\d)/.exec(text)?.[1])).toEqual(['1', '2']);
    expect(texts(first).join()).not.toContain('_meta');
    const cursors = cursorsOf(first);
    expect(texts(await readAll(source, cursors))).toEqual([]);
    // The end of a line that was being written, and what follows it.
    appendFileSync(file, `${failed(3).slice(40)}\n${failed(4)}\n`);
    const second = await readAll(source, cursors);
    expect(texts(second)).toHaveLength(2);
    // Put aside under another name: the same file still.
    renameSync(file, file.replace('.log', '.1.log'));
    writeFileSync(file, `${failed(5)}\n`);
    expect(texts(await readAll(source, cursorsOf(second, cursors)))).toHaveLength(1);
  });

  it('is begun anew where its inode was given to another file, as long or longer', async () => {
    const { stateDir, tmpDir, file } = place();
    const source = reader.open(stateDir, { tmpDir });
    for (const more of [0, 1]) {
      writeFileSync(file, `${failed(1)}\n`);
      const cursors = cursorsOf(await readAll(source));
      // In place: the inode stays, as it does where the next file gets it.
      writeFileSync(file, `${failed(2)}\n${failed(3).repeat(more)}${'\n'.repeat(more)}`);
      const again = texts(await readAll(source, cursors));
      expect(again.map((text) => /elapsedMs=(\d)/.exec(text)?.[1])).toEqual(['2', '3'].slice(0, 1 + more));
    }
  });

  it('is followed, and begun again where it was cut', async () => {
    const { stateDir, tmpDir, file } = place();
    writeFileSync(file, `${failed(1)}\n`);
    const following = new Following(reader.open(stateDir, { tmpDir }));
    await following.until(isLine);
    const from = following.records.length;
    appendFileSync(file, `${failed(2)}\n`);
    expect((await following.until(isLine, from)).text).toContain('elapsedMs=2');
    const after = following.records.length;
    truncateSync(file, 0);
    writeFileSync(file, `${failed(3)}\n`);
    expect((await following.until(isLine, after)).text).toContain('elapsedMs=3');
    await following.stop();
  });

  it('follows no link and opens nothing but regular files of its own name', async () => {
    const { stateDir, tmpDir, file } = place();
    const elsewhere = temporary();
    writeFileSync(join(elsewhere, 'openclaw-2026-11-21.log'), `${failed(1)}\n`);
    symlinkSync(elsewhere, join(tmpDir, 'openclaw-998'));
    symlinkSync(join(elsewhere, 'openclaw-2026-11-21.log'), file);
    writeFileSync(join(tmpDir, 'openclaw', 'secret.log'), `${failed(2)}\n`);
    const records = await readAll(reader.open(stateDir, { tmpDir }));
    expect(texts(records)).toEqual([]);
    expect(records.filter((record) => record.kind === 'skipped').map((record) => record.where)).toEqual(['openclaw-2026-11-21.log']);
  });

  it('keeps no name of a profile', async () => {
    const { stateDir, tmpDir, file } = place();
    writeFileSync(
      file,
      `${line('agent/embedded', { event: 'auth_profile_failure_state_updated', profileId: 'secret-profile', provider: 'p' })}\n`,
    );
    const found = texts(await readAll(reader.open(stateDir, { tmpDir })));
    expect(found).toHaveLength(1);
    expect(found[0]).not.toContain('secret-profile');
  });

  it('is read in its last part where it is long, and that is said', async () => {
    const { stateDir, tmpDir, file } = place();
    writeFileSync(file, `${failed(1)}\n`);
    truncateSync(file, 70 * 1024 * 1024);
    appendFileSync(file, `\n${failed(2)}\n`);
    const records = await readAll(reader.open(stateDir, { tmpDir }));
    expect(texts(records)).toHaveLength(1);
    expect(records.find((record) => record.kind === 'skipped')).toMatchObject({ reason: expect.stringContaining('64 MB') as string });
  });
});

it('is gone on with by the other reader where one stopped', async () => {
  const { stateDir, tmpDir, file } = place();
  writeFileSync(file, `${failed(1)}\n`);
  const [node, python] = [nodeReader.open(stateDir, { tmpDir }), pythonReader.open(stateDir, { tmpDir })];
  const [first, second] = [cursorsOf(await readAll(node)), cursorsOf(await readAll(python))];
  expect(second).toEqual(first);
  expect([...texts(await readAll(python, first)), ...texts(await readAll(node, second))]).toEqual([]);
});

it('is the same by both readers', async () => {
  const { stateDir, tmpDir, file } = place();
  const odd = line('agent/embedded', {
    event: 'embedded_run_agent_end',
    isError: true,
    runId: 'r',
    error: '😀\u2028"\\',
    status: 1.5,
    model: 'x'.repeat(5000),
  });
  writeFileSync(file, [...noise, failed(1), odd, odd.slice(0, -1)].join('\n') + '\n');
  expect(await readAll(pythonReader.open(stateDir, { tmpDir }))).toEqual(await readAll(nodeReader.open(stateDir, { tmpDir })));
});
