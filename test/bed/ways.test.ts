/** The ways into a real container: what can't be done leads on to what can, and nothing is left behind, here or there. */
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../server/src/attach/directory';
import { AttachError } from '../../server/src/attach/errors';
import { sweepPrivateCopies } from '../../server/src/attach/reader/privateCopy';
import type { Source, SourceRecord, WayRecord } from '../../server/src/attach/record';
import { findSandboxes } from '../../server/src/sandboxes/findSandboxes';
import { sandboxSource, type SourceTuning } from '../../server/src/sandboxes/sandboxSource';
import { recording } from '../fixtures/recordings';
import { cursorsOf, entry, Following, header, identity, readAll, sleep, temporary } from '../unit/attach/reading';
import { pythonScript } from '../unit/attach/readers';
import { bed, docker, listing, PlainContainer, readerScript, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
const signal = new AbortController().signal;
const containers: PlainContainer[] = [];
const PATIENCE_MS = 60_000;
/** More than the real readers need between two signs of life, on a slow machine too. */
const IDLE_MS = 10_000;
let script = '';

beforeAll(async () => {
  script = await readerScript();
});
afterAll(() => containers.forEach((container) => container.down()));

function plain(name: string): PlainContainer {
  const container = new PlainContainer(VERSIONS.jsonl);
  containers.push(container);
  container.fill(recording(name).stateDir);
  return container;
}

async function sourceOf(container: PlainContainer, tuning: SourceTuning = {}): Promise<Source> {
  const { sandboxes } = await findSandboxes({ home: temporary(), env: process.env, signal });
  const found = sandboxes.find(({ id }) => id === container.sandboxId);
  if (!found) throw new Error('the container was not found');
  return sandboxSource(found, { script: async () => script, pythonScript: async () => pythonScript(), lookEveryMs: 200, ...tuning });
}

const content = (records: readonly SourceRecord[]): readonly string[] =>
  records
    .filter(({ kind }) => ['transcript', 'index', 'trajectory', 'skipped'].includes(kind))
    .map(identity)
    .sort();
const ways = (records: readonly SourceRecord[]): readonly WayRecord[] => records.filter((record) => record.kind === 'way');
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );
/** As its owner, where the agent could not. */
const asRoot = (container: PlainContainer, ...command: readonly string[]): string => docker('exec', '-u', '0', container.id, ...command);
const hide = (container: PlainContainer, ...programs: readonly string[]): void => {
  for (const program of programs) asRoot(container, 'sh', '-c', `while at=$(command -v ${program}); do mv "$at" "$at.hidden"; done`);
};
const copies = (pid: number): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`sandglass-db-${pid}-`));

describe.skipIf(there.kind === 'missing')('a sandbox', () => {
  it('without Node is read by Python, and without that by copies: the same, live too, and no key of it ever', async () => {
    const container = plain('rotation-2026.7.1');
    const canary = 'canary-of-a-key';
    container.exec(
      'sh',
      '-c',
      `mkdir -p /sandbox/.openclaw/agents/main/agent && echo ${canary} > /sandbox/.openclaw/agents/main/agent/auth-profiles.json`,
    );
    const source = await sourceOf(container);
    const byNode = await readAll(source);
    expect(ways(byNode)).toEqual([{ kind: 'way', way: 'node', tried: [] }]);

    hide(container, 'node');
    const byPython = await readAll(source);
    const noNode = { way: 'node', reason: 'There is no Node in this sandbox' };
    expect(ways(byPython)).toEqual([{ kind: 'way', way: 'python3', tried: [noNode] }]);
    expect(content(byPython)).toEqual(content(byNode));

    hide(container, 'python3');
    const before = [...docker('diff', container.id).split('\n').sort(), ...listing(container.id)];
    const names = new Set<string>();
    const watching = setInterval(() => {
      for (const dir of copies(process.pid))
        for (const name of readdirSync(join(tmpdir(), dir), { recursive: true })) names.add(String(name));
    }, 2);
    const live = new Following(source, new Map());
    await live.until((record) => record.kind === 'caughtUp', 0, PATIENCE_MS);
    clearInterval(watching);
    const byCopies = live.records.filter(({ kind }) => kind !== 'heartbeat');
    expect(ways(byCopies)).toEqual([
      { kind: 'way', way: 'archive', tried: [noNode, { way: 'python3', reason: 'There is no python3 in this sandbox' }] },
    ]);
    expect(content(byCopies)).toEqual(content(byNode));
    expect([...docker('diff', container.id).split('\n').sort(), ...listing(container.id)]).toEqual(before);
    expect(names.size).toBeGreaterThan(5);
    expect([...names].filter((name) => /auth|credential|openclaw\.json|identity/.test(name))).toEqual([]);

    const file = '/sandbox/.openclaw/agents/main/sessions/live.jsonl';
    container.exec('sh', '-c', `printf '%s' '${header('live')}${entry('1')}' > ${file}`);
    await live.until((record) => record.kind === 'transcript' && record.text.includes('"1"'), 0, PATIENCE_MS);
    container.exec('sh', '-c', `printf '%s' '${entry('2')}' >> ${file}`);
    await live.until((record) => record.kind === 'transcript' && record.text.includes('"2"'), 0, PATIENCE_MS);
    await live.stop();
    expect(JSON.stringify(live.records)).not.toContain(canary);
    expect(copies(process.pid)).toEqual([]);
    // And the first way goes on from there.
    asRoot(container, 'sh', '-c', 'mv /usr/local/bin/node.hidden /usr/local/bin/node');
    const again = await readAll(source, cursorsOf(live.records));
    expect(ways(again)).toMatchObject([{ way: 'node' }]);
    expect(again.filter(({ kind }) => ['transcript', 'trajectory', 'gone', 'reread'].includes(kind))).toEqual([]);
  });

  it('that is stopped or paused is read by copies, once; to follow it, it must run', async () => {
    const container = plain('zstd-2026.9.6');
    const source = await sourceOf(container);
    const running = content(await readAll(source));
    for (const [stop, start] of [
      [['pause'], ['unpause']],
      [['stop', '-t', '0'], ['start']],
    ] as const) {
      docker(...stop, container.id);
      const records = await readAll(source);
      expect(ways(records), stop[0]).toMatchObject([{ way: 'archive', tried: [{ way: 'node' }, { way: 'python3' }] }]);
      expect(content(records), stop[0]).toEqual(running);
      const error = await failure(new Following(source).until(() => false, 0, PATIENCE_MS));
      expect(AttachError.is(error, 'container-stopped'), String(error)).toBe(true);
      docker(...start, container.id);
    }
    docker('rm', '-f', container.id);
    expect(AttachError.is(await failure(readAll(source)), 'container-stopped')).toBe(true);
  });

  it('with a database that only its writer could open is read inside, and that database by a copy', async () => {
    const container = plain('sandbox-live');
    const before = listing(container.id);
    const records = await readAll(await sourceOf(container));
    expect(ways(records)).toMatchObject([{ way: 'node' }]);
    expect(content(records)).toEqual(content(await readAll(await openDirectory(recording('sandbox-live').stateDir))));
    expect(listing(container.id)).toEqual(before);
    expect(copies(process.pid)).toEqual([]);
  });

  it('whose console the engine does not keep tells its policy events by the files', async () => {
    const container = new PlainContainer(VERSIONS.jsonl, {}, ['--log-driver', 'none']);
    containers.push(container);
    container.fill(recording('rotation-2026.7.1').stateDir);
    const lines = (records: readonly SourceRecord[]): readonly string[] =>
      records.flatMap((record) => (record.kind === 'log' ? [`${record.origin} ${record.text}`] : []));
    const source = await sourceOf(container);
    expect((await readAll(source)).filter((record) => record.kind === 'skipped')).toMatchObject([{ where: 'supervisor log' }]);
    const write = (name: string, text: string): string => asRoot(container, 'sh', '-c', `printf '${text}' >> /var/log/${name}`);
    write('openshell.2026-11-21.log', 'one\\ntwo\\n');
    write('openshell-ocsf.2026-11-21.log', '{"a":1}\\n');
    const live = new Following(source);
    await live.until((record) => record.kind === 'caughtUp', 0, PATIENCE_MS);
    expect(lines(live.records)).toEqual(['jsonl {"a":1}', 'file one', 'file two']);
    write('openshell.2026-11-21.log', 'three\\n');
    await live.until((record) => record.kind === 'log' && record.text === 'three', 0, PATIENCE_MS);
    await live.stop();
    expect(lines(await readAll(source, cursorsOf(live.records)))).toEqual([]);
  });

  it('in which another program stands for Node is read by the next way, and its log without waiting for that', async () => {
    const reading = async (program: string, reason: string, tuning: SourceTuning = {}): Promise<void> => {
      const container = plain('rotation-2026.7.1');
      const real = content(await readAll(await sourceOf(container)));
      asRoot(
        container,
        'sh',
        '-c',
        `mv /usr/local/bin/node /usr/local/bin/node.hidden && cat > /usr/local/bin/node <<'END'
#!/bin/sh
${program}
END
chmod 755 /usr/local/bin/node`,
      );
      const event = '2026-11-21T12:26:05.034Z OCSF NET:OPEN [INFO] ALLOWED /usr/bin/curl(7) -> host.example:443';
      asRoot(container, 'sh', '-c', `echo '${event}' > /proc/1/fd/2`);
      const live = new Following(await sourceOf(container, tuning));
      await live.until((record) => record.kind === 'caughtUp', 0, PATIENCE_MS);
      await live.until((record) => record.kind === 'log', 0, PATIENCE_MS);
      await live.stop();
      expect(ways(live.records), program).toMatchObject([
        { way: 'python3', tried: [{ way: 'node', reason: expect.stringContaining(reason) }] },
      ]);
      expect(content(live.records), program).toEqual(real);
      const first = (kind: SourceRecord['kind']): number => live.records.findIndex((record) => record.kind === kind);
      if (tuning.silenceMs ?? tuning.progressMs) expect(first('log'), program).toBe(0);
      expect(live.records[first('log')], program).toMatchObject({ text: event });
    };
    await Promise.all([
      reading(`while :; do echo '{"kind":"heartbeat"}'; sleep 0.05; done`, 'told nothing of use', { progressMs: IDLE_MS }),
      reading('while :; do echo nonsense; sleep 0.05; done', 'told nothing of use', { progressMs: IDLE_MS }),
      reading('exec sleep 600', 'silent', { silenceMs: IDLE_MS }),
    ]);
    await reading('exit 0', 'ended');
    await reading('kill -9 $$', 'killed');
  });

  it('leaves no copies behind when we are killed: the next of us removes them', async () => {
    const container = plain('openclaw-2026.9.5');
    docker('pause', container.id); // so that it is read by copies, again and again
    const dir = temporary();
    await build({
      stdin: {
        contents: `import { findSandboxes } from './server/src/sandboxes/findSandboxes'; import { sandboxSource } from './server/src/sandboxes/sandboxSource';
          const signal = new AbortController().signal;
          findSandboxes({ home: '/nowhere', env: process.env, signal }).then(async ({ sandboxes }) => {
            const source = sandboxSource(sandboxes.find(({ id }) => id === '${container.sandboxId}'));
            for (;;) for await (const record of source.open({ cursors: new Map(), follow: false, signal })) void record;
          });`,
        resolveDir: join(import.meta.dirname, '../..'),
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: join(dir, 'server.cjs'),
      external: ['cpu-features', '*.node'],
    });
    writeFileSync(join(dir, 'package.json'), '{"type":"commonjs"}');
    let left = 0;
    // It may have been about to remove it by itself.
    for (const end = Date.now() + 2 * PATIENCE_MS; left === 0 && Date.now() < end;) {
      const child = spawn(process.execPath, ['--no-warnings=ExperimentalWarning', join(dir, 'server.cjs')], { stdio: 'inherit' });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      const pid = child.pid ?? 0;
      const patient = Date.now() + PATIENCE_MS;
      while (copies(pid).length === 0) {
        if (Date.now() > patient) throw new Error('no copy was made');
        await sleep(1);
      }
      child.kill('SIGKILL');
      await ended;
      left = copies(pid).length;
      sweepPrivateCopies();
      expect(copies(pid)).toEqual([]);
    }
    expect(left).toBeGreaterThan(0);
    docker('unpause', container.id);
  });
});
