/** Containers with a sandbox's files, in which nothing runs: the source's own behaviour, without waiting for OpenClaw. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from 'esbuild';
import { openDirectory } from '../../server/src/attach/directory';
import type { ContainerWay } from '../../server/src/attach/container/ways';
import { AttachError, SandboxFileError } from '../../server/src/attach/errors';
import type { Source, SourceRecord } from '../../server/src/attach/record';
import { findSandboxes } from '../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../server/src/sandboxes/sandboxSource';
import { watchSandboxes } from '../../server/src/sandboxes/watchSandboxes';
import { recording, recordings } from '../fixtures/recordings';
import { cursorsOf, entry, Following, header, identity, readAll, sleep, temporary, transcripts } from '../unit/attach/reading';
import { until } from '../server/support/serverProcess';
import { bed, docker, listing, PlainContainer, readersIn, readerScript, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
let script = '';
const containers: PlainContainer[] = [];
/** What a busy machine needs until a thing that must come has come. */
const PATIENCE_MS = 60_000;
/** More than a reader needs between two signs of life, on such a machine too. */
const SILENCE_MS = 10_000;
const signal = new AbortController().signal;

beforeAll(async () => {
  script = await readerScript();
});
afterAll(() => containers.forEach((container) => container.down()));

function plain(labels?: Readonly<Record<string, string>>): PlainContainer {
  const container = new PlainContainer(VERSIONS.jsonl, labels);
  containers.push(container);
  return container;
}

async function sourceOf(container: PlainContainer, silenceMs?: number, ways?: readonly ContainerWay[]): Promise<Source> {
  const { sandboxes } = await findSandboxes({ home: temporary(), env: process.env, signal });
  const found = sandboxes.find(({ id }) => id === container.sandboxId);
  if (!found) throw new Error('the container was not found');
  return sandboxSource(found, { ways, script: async () => script, verifyEveryMs: 100, silenceMs });
}

const content = (records: readonly SourceRecord[]): readonly string[] =>
  records
    .filter((record) => ['transcript', 'index', 'trajectory', 'skipped'].includes(record.kind))
    .map(identity)
    .sort();
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

async function noReaderLeft(container: PlainContainer): Promise<void> {
  await until('no reader to be left', () => readersIn(container.id).length === 0, PATIENCE_MS);
}

describe.skipIf(there.kind === 'missing')('a container', () => {
  it.each(recordings().filter(({ name }) => name !== 'sandbox-live'))(
    'with the recording $name gives what the directory gives, and nothing is written',
    { timeout: 120_000 },
    async ({ root, stateDir }) => {
      const container = plain();
      container.fill(stateDir);
      const before = listing(container.id);
      const records = await readAll(await sourceOf(container));
      expect(content(records)).toEqual(content(await readAll(await openDirectory(root))));
      expect(records.at(-1)).toEqual({ kind: 'caughtUp' });
      expect(transcripts(records).length).toBeGreaterThan(30);
      expect(listing(container.id)).toEqual(before);
      expect(listing(container.id, '/tmp')).toHaveLength(1);
      await noReaderLeft(container);
      container.down();
    },
  );

  it('with a database that only its writer could open says so to one who may make no copies, and writes nothing', async () => {
    const container = plain();
    container.fill(recording('sandbox-live').stateDir);
    const before = listing(container.id);
    const records = await readAll(await sourceOf(container, undefined, ['node']));
    expect(records.filter((record) => record.kind === 'skipped')).toMatchObject([{ reason: expect.stringContaining('-shm') as string }]);
    expect(listing(container.id)).toEqual(before);
  });

  it('goes on where another life stopped, nothing twice', async () => {
    const container = plain();
    container.fill(recording('rotation-2026.7.1').stateDir);
    const source = await sourceOf(container);
    const whole = await readAll(source);
    for (const cut of [1, 17, 90, 160]) {
      const first: SourceRecord[] = [];
      const controller = new AbortController();
      for await (const record of source.open({ cursors: new Map(), follow: false, signal: controller.signal })) {
        first.push(record);
        if (first.length === cut) break;
      }
      const sure = first.slice(0, first.findLastIndex((record) => record.cursor !== undefined) + 1);
      const rest = await readAll(source, cursorsOf(sure));
      expect(content([...sure, ...rest]).filter((text) => text.includes('"transcript"'))).toEqual(
        content(whole).filter((text) => text.includes('"transcript"')),
      );
    }
    await noReaderLeft(container);
  });

  it('is followed, and shows a change in place, as a directory would', async () => {
    const container = plain();
    container.fill(recording('rotation-2026.7.1').stateDir);
    const live = new Following(await sourceOf(container));
    await live.caughtUp();
    const file = '/sandbox/.openclaw/agents/main/sessions/live.jsonl';
    container.exec('sh', '-c', `printf '%s' '${header('live')}${entry('1')}' > ${file}`);
    await live.until((record) => record.kind === 'transcript' && record.session === 'live' && record.text.includes('"1"'));
    container.exec('sed', '-i', 's/hello/HELLO/', file);
    expect(await live.until((record) => record.kind === 'reread' && record.phase === 'end')).toMatchObject({
      session: 'live',
      explained: false,
    });
    container.exec('rm', file);
    expect(await live.until((record) => record.kind === 'gone')).toMatchObject({ session: 'live', explained: false });
    // At once, and not when a limit of time is up; and it says nothing of an error.
    expect(await live.stop()).toBeLessThan(SILENCE_MS);
    await noReaderLeft(container);
  });

  it('keeps no reader when the server is killed', async () => {
    const container = plain();
    container.fill(recording('rotation-2026.7.1').stateDir);
    const dir = temporary();
    await build({
      stdin: {
        contents: `import { findSandboxes } from './server/src/sandboxes/findSandboxes'; import { sandboxSource } from './server/src/sandboxes/sandboxSource'; import { readFileSync } from 'node:fs';
          const signal = new AbortController().signal;
          findSandboxes({ home: '/nowhere', env: process.env, signal }).then(async ({ sandboxes }) => {
            const source = sandboxSource(sandboxes.find(({ id }) => id === '${container.sandboxId}'), { script: async () => readFileSync('${join(dir, 'reader.js')}', 'utf8') });
            for await (const record of source.open({ cursors: new Map(), follow: true, signal })) if (record.kind === 'caughtUp') console.log('caught up');
          });`,
        resolveDir: join(import.meta.dirname, '../..'),
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: join(dir, 'server.cjs'),
      external: ['cpu-features', '*.node'],
    });
    writeFileSync(join(dir, 'reader.js'), script);
    const child = spawn(process.execPath, ['--no-warnings=ExperimentalWarning', join(dir, 'server.cjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    expect(readersIn(container.id)).toHaveLength(1);
    child.kill('SIGKILL');
    await noReaderLeft(container);
  });

  it('that is stopped, killed, paused or removed says so, and can be gone on with', { timeout: 300_000 }, async () => {
    const container = plain();
    container.fill(recording('rotation-2026.7.1').stateDir);
    const source = await sourceOf(container, SILENCE_MS);
    const all = content(await readAll(source));
    const records: SourceRecord[] = [];
    for (const [way, back] of [
      [
        ['kill', container.id],
        ['start', container.id],
      ],
      [
        ['stop', '-t', '1', container.id],
        ['start', container.id],
      ],
      [
        ['pause', container.id],
        ['unpause', container.id],
      ],
    ] as const) {
      const live = new Following(source, cursorsOf(records));
      await live.caughtUp();
      docker(...way);
      const error = await failure(live.until(() => false, 0, PATIENCE_MS));
      expect(AttachError.is(error, 'container-stopped'), `${way[0]}: ${String(error)}`).toBe(true);
      records.push(...live.records);
      expect(AttachError.is(await failure(new Following(source).caughtUp()), 'container-stopped'), way[0]).toBe(true);
      docker(...back);
    }
    records.push(...(await readAll(source, cursorsOf(records))));
    expect(content(records)).toEqual(all);
    docker('rm', '-f', container.id);
    expect(AttachError.is(await failure(readAll(source)), 'container-stopped')).toBe(true);
  });

  it('whose reader is killed says that it was lost, and can be gone on with', async () => {
    const container = plain();
    container.fill(recording('rotation-2026.7.1').stateDir);
    const source = await sourceOf(container);
    const live = new Following(source);
    await live.caughtUp();
    const pid = /^\s*(\d+)/.exec(readersIn(container.id)[0] ?? '')?.[1];
    // The agent is the same user: it may do this at any time. (The id is that on the host.)
    process.kill(Number(pid), 'SIGKILL');
    const error = await failure(live.until(() => false));
    expect(AttachError.is(error, 'reader-failed') || AttachError.is(error, 'lost')).toBe(true);
    expect(content(await readAll(source, cursorsOf(live.records)))).toEqual([]);
  });

  it('without Node says what is missing', async () => {
    const container = plain();
    docker('exec', '-u', '0', container.id, 'rm', '/usr/local/bin/node');
    const error = await failure(readAll(await sourceOf(container, undefined, ['node'])));
    expect(AttachError.is(error, 'no-runtime'), String(error)).toBe(true);
    expect((error as AttachError).hint).toContain('Node');
  });

  it('without user "sandbox" says what is missing', async () => {
    const container = plain();
    docker('exec', '-u', '0', container.id, 'sed', '-i', '/^sandbox:/d', '/etc/passwd');
    expect(AttachError.is(await failure(readAll(await sourceOf(container, undefined, ['node']))), 'no-runtime')).toBe(true);
  });

  it('in which OpenClaw never ran is waited for when following, and an error when not', async () => {
    const container = plain();
    const source = await sourceOf(container);
    expect(AttachError.is(await failure(readAll(source)), 'nothing-recorded')).toBe(true);
    const live = new Following(source);
    await live.caughtUp();
    container.fill(recording('rotation-2026.7.1').stateDir);
    await live.until((record) => record.kind === 'transcript', 0, PATIENCE_MS);
    await live.stop();
  });

  it('shows its files, but no secret and nothing that only root may read', async () => {
    const container = plain();
    container.fill(recording('openclaw-2026.7.1').stateDir);
    const at = '/sandbox/.openclaw/workspace';
    container.exec(
      'sh',
      '-c',
      `cd ${at} && ln -s ../openclaw.json innocent.json && ln -s ../identity innocent && ln -s project/README.md good.md && ln -s ${at}/project absolute && ln -s ../agents/main innocent-agent && mkdir -p ../agents/main/agent && echo '{}' > ../agents/main/agent/models.json && ln -s innocent-agent/agent/models.json catalogue.txt && echo x > .bash_history && ln -s .bash_history typed.txt && ln -s loop loop && mkfifo pipe && ln -s /proc/1/environ env.txt && truncate -s 17M large.bin`,
    );
    docker('exec', '-u', '0', container.id, 'sh', '-c', 'echo root > /usr/share/rootonly.txt && chmod 600 /usr/share/rootonly.txt');
    const { files } = await sourceOf(container);
    const refusal = async (path: string): Promise<string> => {
      try {
        return `read ${(await files.read(path, signal)).bytes.length} bytes`;
      } catch (error) {
        if (SandboxFileError.is(error)) return error.reason;
        throw error;
      }
    };
    const { bytes } = await files.read(`${at}/project/pricing/cart.py`, signal);
    expect(Buffer.from(bytes).toString()).toContain('class Cart');
    expect(await refusal(`${at}/good.md`)).toMatch(/^read \d+ bytes$/);
    expect(await refusal(`${at}/absolute/pricing/cart.py`)).toBe(`read ${bytes.length} bytes`);
    expect(await refusal('/usr/lib/python3.11/unittest/case.py')).toMatch(/^read \d+ bytes$/);
    for (const path of [
      `${at}/innocent.json`,
      `${at}/innocent/device.json`,
      `${at}/env.txt`,
      `${at}/../openclaw.json`,
      `${at}/innocent-agent/agent/models.json`,
      `${at}/catalogue.txt`,
      `${at}/typed.txt`,
      `${at}/project/../.bash_history`,
      '/etc/shadow',
      '/etc/openshell/auth/sandbox.jwt',
      '/proc/1/environ',
    ])
      expect(await refusal(path), path).toBe('secret');
    expect(await refusal('/usr/share/rootonly.txt')).toBe('unreadable');
    expect(await refusal(`${at}/nothing.txt`)).toBe('not-found');
    expect(await refusal(`${at}/loop`)).toMatch(/not-found|unreadable/);
    expect(await refusal(`${at}/pipe`)).toBe('not-a-file');
    expect(await refusal(`${at}/large.bin`)).toBe('too-large');
    expect(await refusal(at)).toBe('not-a-file');
    expect(await files.stat(`${at}/project`, signal)).toMatchObject({ type: 'directory' });
    expect(await files.stat(`${at}/nothing.txt`, signal)).toBeNull();
    const names = (await files.list(at, signal)).map(({ name, type }) => `${type} ${name}`);
    expect(names).toEqual(expect.arrayContaining(['directory project', 'file AGENTS.md', 'file large.bin']));
    expect((await files.list('/sandbox/.openclaw', signal)).map(({ name }) => name)).not.toContain('openclaw.json');
  });
});

describe.skipIf(there.kind === 'missing')('finding sandboxes', () => {
  it('tells what runs, what stands still, and what is none', async () => {
    const [running, paused, stopped, staging, backup] = [
      plain(),
      plain(),
      plain(),
      plain({ 'openshell.ai/isolation-role': 'staging' }),
      plain(),
    ];
    docker('pause', paused.id);
    docker('stop', '-t', '0', stopped.id);
    docker('rename', backup.id, `${backup.name}-nemoclaw-gpu-backup-1`);
    const { looked, sandboxes } = await findSandboxes({ home: temporary(), env: process.env, signal });
    const state = (container: PlainContainer): string | undefined => sandboxes.find(({ id }) => id === container.sandboxId)?.state;
    expect([running, paused, stopped, staging, backup].map(state)).toEqual(['running', 'paused', 'stopped', undefined, undefined]);
    expect(looked.find(({ place }) => place.startsWith('DOCKER_HOST'))).toMatchObject({ outcome: 'ok', reason: null });
    docker('unpause', paused.id);
  });

  it('puts two containers of one id together, and takes the log of the supervisor only', async () => {
    const workload = plain({ 'openshell.ai/isolation-role': 'sandbox' });
    const supervisor = plain({
      'openshell.ai/isolation-role': 'supervisor',
      'openshell.ai/sandbox-id': workload.sandboxId,
      'openshell.ai/sandbox-name': workload.name,
    });
    const { sandboxes } = await findSandboxes({ home: temporary(), env: process.env, signal });
    const found = sandboxes.filter(({ id }) => id === workload.sandboxId);
    expect(found).toMatchObject([
      { layout: 'two-containers', name: workload.name, place: { workloadId: workload.id, logId: supervisor.id } },
    ]);
  });

  it('is told when something changes', async () => {
    const watched = { home: temporary(), env: process.env };
    let changes = 0;
    let others = 0;
    const watch = watchSandboxes(watched, () => changes++);
    const other = watchSandboxes(watched, () => others++);
    try {
      const heard = async (what: string, told: () => number, act: () => void): Promise<void> => {
        await sleep(400); // word of what was before
        const before = told();
        act();
        await until(`word ${what}`, () => told() > before, PATIENCE_MS);
      };
      await until('word of the first look', () => changes > 0 && others > 0, PATIENCE_MS);
      let container: PlainContainer | undefined;
      await heard(
        'that one is made',
        () => changes,
        () => (container = plain()),
      );
      const id = container?.id ?? '';
      await heard(
        'that it is stopped',
        () => changes,
        () => docker('kill', id),
      );
      watch.dispose();
      const before = changes;
      // The other, which listens still, hears of it; this one does not.
      await heard(
        'that it is started',
        () => others,
        () => docker('start', id),
      );
      expect(changes).toBe(before);
    } finally {
      watch.dispose();
      other.dispose();
    }
  });
});
