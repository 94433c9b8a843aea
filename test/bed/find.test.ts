/** Finding sandboxes on a real engine: what happens to them is noticed at once, whichever way leads to the engine, and also when it was away. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSandboxes, type FoundSandbox } from '../../server/src/sandboxes/findSandboxes';
import { watchSandboxes, type SandboxWatch } from '../../server/src/sandboxes/watchSandboxes';
import { until } from '../server/support/serverProcess';
import { bed, docker, PlainContainer, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
const engine = (process.env.DOCKER_HOST ?? '').replace(/^unix:\/\//, '');
const signal = new AbortController().signal;
/** What a busy engine needs until it tells. */
const patienceMs = 60_000;

/** A second way to the engine, that can be cut. */
class Way {
  readonly path: string;
  readonly #connections = new Set<Socket>();
  #server: Server | null = null;

  constructor(path: string) {
    this.path = path;
  }

  async open(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(engine);
      for (const socket of [near, far]) {
        this.#connections.add(socket);
        socket.on('close', () => this.#connections.delete(socket)).on('error', () => socket.destroy());
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    this.#server = server;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#connections) socket.destroy();
    await closed;
    rmSync(this.path, { force: true });
  }
}

describe.skipIf(there.kind === 'missing')('finding sandboxes on a real engine', () => {
  const home = mkdtempSync(join(tmpdir(), 'sandglass-find-'));
  const way = new Way(join(home, 'way.sock'));
  const containers: PlainContainer[] = [];
  const made = (labels?: Readonly<Record<string, string>>): PlainContainer => {
    const container = new PlainContainer(VERSIONS.jsonl, labels);
    containers.push(container);
    return container;
  };
  // No DOCKER_HOST: a context is chosen, and another leads to the same engine on another way.
  const env = { XDG_RUNTIME_DIR: join(home, 'run') };
  let watch: SandboxWatch | null = null;
  let sight: Awaited<ReturnType<typeof findSandboxes>> = { looked: [], sandboxes: [] };

  beforeAll(async () => {
    await way.open();
    const contexts = join(home, '.docker', 'contexts', 'meta');
    for (const [name, path] of [
      ['bed', way.path],
      ['other', engine],
    ] as const) {
      const directory = join(contexts, createHash('sha256').update(name).digest('hex'));
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: `unix://${path}` } } }));
    }
    writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify({ currentContext: 'bed' }));
    // As a window does it: looked for again at each word of a change, and at no other time.
    let looking = Promise.resolve();
    watch = watchSandboxes({ home, env }, () => {
      looking = looking.then(async () => {
        sight = await findSandboxes({ home, env, signal });
      });
    });
    await until('a first look', () => sight.looked.length > 0, patienceMs);
  });
  afterAll(async () => {
    watch?.dispose();
    for (const container of containers) container.down();
    await way.cut();
    rmSync(home, { recursive: true, force: true });
  });

  const place = `context bed (current) unix://${way.path}`;
  const found = (id: string): FoundSandbox | undefined => sight.sandboxes.find((sandbox) => sandbox.id === id);
  async function noticed(what: string, holds: () => boolean): Promise<void> {
    const started = Date.now();
    await until(what, holds, patienceMs);
    console.log(`Noticed ${Date.now() - started} ms after the engine had said it was done: ${what}.`);
  }

  it('notices what happens to one: made, renamed, paused, resumed, stopped, started, built anew, removed', async () => {
    const name = `sgfind-${randomUUID().slice(0, 8)}`;
    const box = made({ 'openshell.ai/sandbox-name': name });
    await noticed('that it was made', () => found(box.sandboxId)?.state === 'running');
    docker('rename', box.id, `${box.name}-renamed`);
    await noticed('that it was renamed', () => found(box.sandboxId)?.containers[0]?.name === `${box.name}-renamed`);
    for (const [command, state] of [
      ['pause', 'paused'],
      ['unpause', 'running'],
      ['kill', 'stopped'],
      ['start', 'running'],
    ] as const) {
      docker(command, box.id);
      await noticed(`that it is ${state}`, () => found(box.sandboxId)?.state === state);
    }
    docker('rm', '-f', box.id);
    const anew = made({ 'openshell.ai/sandbox-name': name });
    await noticed('that it was built anew', () => found(box.sandboxId) === undefined && found(anew.sandboxId)?.name === name);
    containers.splice(containers.indexOf(box), 1);
  });

  it('has each sandbox once, however many ways lead to its engine, with what each says', async () => {
    const box = made();
    // A look that was under way when it was made may have seen it by one of the ways only, or before it ran.
    await until(
      'the sandbox by both ways',
      () => found(box.sandboxId)?.state === 'running' && found(box.sandboxId)?.seenBy.length === 2,
      patienceMs,
    );
    expect(sight.sandboxes.filter(({ id }) => id === box.sandboxId)).toHaveLength(1);
    const [first, second, ...more] = found(box.sandboxId)?.seenBy ?? [];
    expect(first).toBe(place);
    // A usual place, where the engine has one, else the other context.
    expect(second).toMatch(new RegExp(`unix://${engine}$`));
    expect(more).toEqual([]);
    const looked = (at: string | undefined): object | undefined => sight.looked.find((each) => each.place === at);
    expect(looked(first)).toMatchObject({ outcome: 'ok', reason: null });
    expect(looked(second)).toMatchObject({ outcome: 'ok', reason: `it is the same engine as ${place}` });
    expect(found(box.sandboxId)?.reports[0]).toMatchObject({ kind: 'engine', says: { name: box.name, state: 'running' } });
    expect(found(box.sandboxId)?.reports[0]?.says.image).toContain('nemobed');
  });

  it('goes on when the engine was away', async () => {
    const outcome = (): string | undefined => sight.looked.find((each) => each.place === place)?.outcome;
    await way.cut();
    await noticed('that it is away', () => outcome() === 'absent');
    await way.open();
    await noticed('that it is back', () => outcome() === 'ok');
    const box = made();
    await noticed('what was made then', () => found(box.sandboxId)?.seenBy.length === 2);
  });

  it('explains the old gateway with k3s in it', async () => {
    const gateway = `sgfind${randomUUID().slice(0, 8)}`;
    const id = docker('create', '--name', `openshell-cluster-${gateway}`, '--entrypoint', 'sleep', `nemobed:${VERSIONS.jsonl}`, '1');
    try {
      const { looked } = await findSandboxes({ home, env, signal });
      const told = looked.find(({ place }) => place.includes(gateway));
      expect(told).toMatchObject({ outcome: 'failed', found: 0, reason: expect.stringContaining('k3s') as string });
    } finally {
      docker('rm', id);
    }
  });
});
