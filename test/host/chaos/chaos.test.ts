// A real sandbox that is treated badly while its agent works and the editor is attached. After each blow the editor's own
// record must equal what a fresh reading of the sandbox gives, span by span. Takes minutes: started by `npm run soak -- chaos`.
import * as assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import * as vscode from 'vscode';
import type { PolicySpan, Span, TraceDocument } from '../../../server/src/protocol/document';
import { note, projectRoot, sandglass, until } from '../support';

const run = promisify(execFile);
const pauseMs = 60_000;
/** What a blow leaves is read again within so long; how long it took is printed beside what is aimed at. */
const settleMs = 60_000;
const aimMs = 5_000;

function needed(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run \`npm run soak -- chaos\``);
  return value;
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const node = process.execPath;
const name = (): string => needed('SANDGLASS_BED_SANDBOX');
// The tests' own commands go to the engine itself, the editor's through what cuts its connections.
const direct = (): NodeJS.ProcessEnv => ({ ...process.env, DOCKER_HOST: needed('SANDGLASS_ENGINE') });

async function bed(command: string, ...args: readonly string[]): Promise<void> {
  const script = join(projectRoot(), 'test/bed/sandbox/sandbox.mjs');
  await run(node, [script, command, '--name', name(), ...args], { env: direct(), maxBuffer: 1 << 26 });
}

async function docker(...args: readonly string[]): Promise<string> {
  return (await run('docker', args, { env: direct(), maxBuffer: 1 << 26 })).stdout.trim();
}

/** A turn that a blow may end early: what matters is what was written of it. */
function working(...scenarios: readonly string[]): Promise<void> {
  return bed('run', ...scenarios).catch(() => undefined);
}

/** Every span that is shown of a source, with its session, and the denials beside them. */
interface Shown {
  readonly spans: ReadonlyMap<string, Span>;
  readonly policy: ReadonlySet<string>;
}

async function shown(sourceId: string): Promise<Shown> {
  const { services } = await sandglass();
  const spans = new Map<string, Span>();
  const policy = new Set<string>();
  for (const session of await services.server.request('sessions', { sourceId })) {
    for (let offset = 0, total = 1; offset < total; offset += 500) {
      const page = await services.server.request('trace', { sourceId, sessionId: session.id, offset, limit: 500 });
      total = page.total;
      for (const row of page.rows) {
        spans.set(`${session.id} ${row.span.id}`, row.span);
        for (const event of row.policy) policy.add(event.id);
      }
    }
  }
  return { spans, policy };
}

async function fresh(): Promise<{ readonly shown: Shown; readonly findings: readonly string[] }> {
  const { stdout } = await run(node, [join(projectRoot(), 'dist/cli.js'), 'trace', name(), '--json'], {
    env: direct(),
    maxBuffer: 1 << 28,
  });
  const document = JSON.parse(stdout) as TraceDocument;
  const spans = new Map<string, Span>();
  for (const session of document.sessions) for (const span of session.spans) spans.set(`${session.id} ${span.id}`, span);
  const joined = document.policy.filter((event: PolicySpan) => event.callId !== null && spans.size > 0);
  return { shown: { spans, policy: new Set(joined.map(({ id }) => id)) }, findings: document.findings.map(({ code }) => code) };
}

/** What of the agent's record the editor does not show as a fresh reading does; empty: nothing lost, nothing twice. */
function differences(kept: Shown, read: Shown): readonly string[] {
  const wrong: string[] = [];
  for (const [key, span] of read.spans) {
    const known = kept.spans.get(key);
    if (known === undefined) wrong.push(`lost: ${key} ${span.name}`);
    else if (!isDeepStrictEqual(known, span)) wrong.push(`other: ${key} ${span.name}: ${JSON.stringify(known)} / ${JSON.stringify(span)}`);
  }
  for (const [key, span] of kept.spans) if (!read.spans.has(key)) wrong.push(`more: ${key} ${span.name}`);
  for (const id of read.policy) if (!kept.policy.has(id)) wrong.push(`lost denial: ${id}`);
  for (const id of kept.policy) if (!read.policy.has(id)) wrong.push(`more denials: ${id}`);
  return wrong;
}

describe('a sandbox that is treated badly', function () {
  this.timeout(300_000);
  let sourceId: string;

  async function state(): Promise<string> {
    const { services } = await sandglass();
    return services.data.node(sourceId)?.attach.kind ?? 'unknown';
  }

  /** Looks for when it was lost and live, from before a blow on; `back` is told when the sandbox is there again. */
  function watching(): { back(what: string): Promise<void> } {
    let lost = false;
    let liveAt: number | null = null;
    let looking = true;
    const looked = (async () => {
      while (looking) {
        const live = (await state()) === 'live';
        if (!live) {
          lost = true;
          liveAt = null;
        } else if (lost) liveAt ??= Date.now();
        await wait(20);
      }
    })();
    return {
      async back(what) {
        const there = Date.now();
        await until(`${what}: lost and live again`, () => liveAt !== null, settleMs).finally(() => (looking = false));
        await looked;
        const late = Math.max(0, (liveAt ?? 0) - there);
        note(`${what}: live again ${late} ms after the sandbox was there (aim: at most ${aimMs} ms)`);
      },
    };
  }

  async function equal(what: string): Promise<void> {
    let wrong: readonly string[] = [];
    let count = 0;
    const end = Date.now() + settleMs;
    do {
      const read = (await fresh()).shown;
      wrong = differences(await shown(sourceId), read);
      count = read.spans.size;
      if (wrong.length > 0) await wait(1000);
    } while (wrong.length > 0 && Date.now() < end);
    assert.deepEqual(wrong.slice(0, 10), [], `${what}: ${wrong.length} differences`);
    note(`${what}: ${count} spans as a fresh reading gives them`);
  }

  async function found(): Promise<string> {
    const { services } = await sandglass();
    const there = await until(
      'the sandbox is found',
      async () => (await services.data.load(true)).sandboxes.find((each) => each.name === name() && each.state === 'running'),
      60_000,
    );
    return there.id;
  }

  before(async () => {
    sourceId = await found();
    await vscode.commands.executeCommand('sandglass.attach', { sourceId });
    await until('it is live', async () => (await state()) === 'live', 60_000);
  });

  it('shows what its agent did', async () => {
    await bed('run', 'coding', 'denied');
    await equal('at rest');
  });

  it('is restarted in mid-turn', async () => {
    const turn = working('coding');
    await wait(3000);
    const watched = watching();
    await docker('restart', '-t', '12', await container());
    await watched.back('restarted');
    await turn;
    await bed('start');
    await bed('run', 'hello');
    await equal('restarted');
  });

  it('is killed in mid-turn', async () => {
    const turn = working('coding');
    await wait(3000);
    const watched = watching();
    await bed('kill');
    await turn;
    await until('its loss is seen', async () => (await state()) !== 'live', settleMs);
    await docker('start', await container());
    await watched.back('killed and started');
    await bed('start');
    await bed('run', 'hello');
    await equal('killed and started');
  });

  it('is paused for a minute in mid-turn', async () => {
    const turn = working('coding');
    await wait(3000);
    const watched = watching();
    await docker('pause', await container());
    await wait(pauseMs);
    await docker('unpause', await container());
    await watched.back('paused for a minute');
    await turn;
    await bed('run', 'hello');
    await equal('paused for a minute');
  });

  it('loses its connection in the middle of lines', async () => {
    const turn = working('failexec', 'parallel', 'coding');
    const watched = watching();
    for (let cut = 0; cut < 8; cut += 1) {
      await wait(1500);
      await cutConnections();
    }
    await watched.back('cut eight times');
    await turn;
    await bed('run', 'hello');
    await equal('cut eight times');
  });

  it('compacts, rotates, resets, forks and deletes its transcripts', async () => {
    await bed('run', 'compaction', 'overflow', 'lifecycle');
    await equal('compacted, rotated, reset, forked, deleted');
    const { findings } = await fresh();
    assert.ok(!findings.includes('history-rewritten'), "what the agent's own bookkeeping explains is no rewriting");
  });

  it('has its engine restarted in mid-turn', async () => {
    const turn = working('coding');
    await wait(3000);
    const watched = watching();
    const engine = join(projectRoot(), 'test/bed/sandbox/engine.sh');
    const place = dirname(needed('SANDGLASS_ENGINE').replace(/^unix:\/\//, ''));
    await run(engine, ['stop', place], { env: direct() });
    await until('its loss is seen', async () => (await state()) !== 'live', settleMs);
    await run(engine, ['start', place], { env: direct() });
    await turn;
    await docker('start', await container());
    await watched.back('engine restarted');
    await bed('start');
    await bed('run', 'hello');
    await equal('engine restarted');
  });

  it('is built anew under its name', async () => {
    const { services } = await sandglass();
    const before = { id: sourceId, ...(await shown(sourceId)) };
    const turn = working('coding');
    await wait(3000);
    await bed('down');
    await turn;
    await until('its removal is seen', async () => (await state()) !== 'live', settleMs);
    await bed('up', '--version', needed('SANDGLASS_BED_VERSION'));
    sourceId = await found();
    assert.notEqual(sourceId, before.id);
    // Nobody asks for it: who attached to the one before goes on with the one that took its name.
    await until('built anew: live by itself', async () => (await state()) === 'live', settleMs);
    await bed('run', 'coding');
    await equal('built anew');
    const kept = await shown(before.id);
    for (const key of before.spans.keys()) assert.ok(kept.spans.has(key), `the history of the earlier one lost ${key}`);
    const inventory = await services.data.load(true);
    assert.equal(inventory.sandboxes.find(({ id }) => id === sourceId)?.previousId, before.id);
    assert.equal(inventory.sandboxes.find(({ id }) => id === before.id)?.state, 'removed');
  });
});

async function container(): Promise<string> {
  return docker('ps', '-aq', '--no-trunc', '--filter', `label=openshell.ai/sandbox-name=${name()}`);
}

/** Of every connection the editor has to the engine, some bytes into what comes next. */
function cutConnections(): Promise<void> {
  return new Promise((done, failed) => {
    const control = connect(needed('SANDGLASS_CUT'), () => control.end());
    control.on('close', () => done());
    control.on('error', failed);
  });
}
