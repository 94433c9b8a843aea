/** `npm run soak -- chaos`: the suite of test/host/chaos in a real editor, with a way to cut its connections to the engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bed, BedSandbox, VERSIONS } from '../bed/bed';
import { runHostTests } from '../harness/hostTests.mts';
import { projectRoot } from '../harness/tools.mts';

/** So far into what the engine sends next a connection is cut, at most. */
const cutWithinBytes = 200;

/** Both ways in which an agent keeps its records, one after the other. */
export async function chaos(): Promise<boolean> {
  let held = true;
  for (const version of Object.values(VERSIONS)) held = (await chaosOf(version)) && held;
  return held;
}

async function chaosOf(version: string): Promise<boolean> {
  console.log(`OpenClaw ${version}`);
  const state = await bed(version);
  if (state.kind === 'missing') {
    console.log(`chaos: did NOT run: ${state.reason}`);
    return false;
  }
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-chaos-'));
  const cutting = new CuttingProxy(state.dockerHost.replace(/^unix:\/\//, ''));
  const sandbox = await BedSandbox.up({ version });
  try {
    const proxied = join(dir, 'docker.sock');
    const control = join(dir, 'cut.sock');
    await cutting.listen(proxied, control);
    const { failed, passed } = await runHostTests({
      name: 'chaos',
      suites: join(projectRoot, 'test/host/chaos'),
      workspace: null,
      env: {
        HOME: sandbox.home,
        NEMOBED_HOME: sandbox.home,
        DOCKER_HOST: `unix://${proxied}`,
        SANDGLASS_ENGINE: state.dockerHost,
        SANDGLASS_CUT: control,
        SANDGLASS_BED_SANDBOX: sandbox.name,
        SANDGLASS_BED_VERSION: version,
        SANDGLASS_PROJECT: projectRoot,
      },
      say: (line) => console.log(line),
    });
    return failed === 0 && passed > 0;
  } finally {
    cutting.close();
    await sandbox.down();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Hands everything on to the engine; whoever connects to the control socket makes it cut what is connected. */
class CuttingProxy {
  readonly #engine: string;
  readonly #servers: Server[] = [];
  readonly #open = new Set<{ cut(): void; end(): void }>();

  constructor(engine: string) {
    this.#engine = engine;
  }

  async listen(path: string, control: string): Promise<void> {
    await Promise.all([
      this.#serve(path, (client) => this.#handOn(client)),
      this.#serve(control, (caller) => {
        for (const { cut } of this.#open) cut();
        caller.end();
      }),
    ]);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const { end } of this.#open) end();
  }

  #serve(path: string, serve: (socket: Socket) => void): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, serve);
    this.#servers.push(server);
    return new Promise((done, failed) => server.once('error', failed).listen(path, done));
  }

  #handOn(client: Socket): void {
    const engine = connect({ path: this.#engine, allowHalfOpen: true });
    let left = Infinity;
    const end = (): void => {
      client.destroy();
      engine.destroy();
      this.#open.delete(known);
    };
    const known = { cut: (): void => void (left = Math.min(left, 1 + Math.floor(Math.random() * cutWithinBytes))), end };
    this.#open.add(known);
    client.on('data', (bytes) => {
      if (!engine.write(bytes)) client.pause();
    });
    engine.on('drain', () => client.resume());
    engine.on('data', (bytes) => {
      const part = bytes.subarray(0, Math.min(bytes.length, left));
      left -= bytes.length;
      if (left <= 0) {
        client.write(part, end);
        return;
      }
      if (!client.write(part)) engine.pause();
    });
    client.on('drain', () => engine.resume());
    client.on('end', () => engine.end());
    engine.on('end', () => client.end());
    for (const socket of [client, engine]) socket.on('error', end).on('close', end);
  }
}
