/** Acting on sandboxes, and the log of it: over crashes, windows, and files that are something else. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ActionLog, actionFileName, actionLimit, actionsTold } from '../../../server/src/actions/actionLog';
import { Actions } from '../../../server/src/actions/actions';
import { ActionError } from '../../../server/src/actions/errors';
import { FileLock } from '../../../server/src/locks/fileLock';
import type { FoundSandbox } from '../../../server/src/sandboxes/findSandboxes';
import { sleep, temporary } from '../attach/reading';
import { ActingEngine } from './actingEngine';

const open: AsyncDisposable[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function engineOf(): Promise<ActingEngine> {
  const engine = new ActingEngine();
  await engine.start();
  open.unshift(engine);
  return engine;
}

interface Window {
  readonly actions: Actions;
  readonly errors: unknown[];
}

function windowOn(directory: string | null, sandboxes: () => readonly FoundSandbox[], trusted = true): Window {
  const errors: unknown[] = [];
  const actions = new Actions({ directory, sandboxes, trusted: () => trusted, onError: (error) => errors.push(error) });
  open.unshift(actions);
  return { actions, errors };
}

const refusal = async (action: Promise<void>): Promise<ActionError> => {
  const caught: unknown = await action.then(
    () => null,
    (error: unknown) => error,
  );
  if (!ActionError.is(caught)) throw new Error(`expected a refusal, got ${String(caught)}`);
  expect(caught.hint).not.toBe('');
  return caught;
};

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

const told = async ({ actions }: Window): Promise<unknown> =>
  (await actions.list()).map(({ action, by, outcome, reason }) => [action, by, outcome, reason]);
const fileIn = (directory: string): { readonly actions: readonly object[]; readonly paused: readonly object[] } =>
  JSON.parse(readFileSync(join(directory, actionFileName), 'utf8')) as never;

/** From now on the clock is ahead by so much. */
function later(ms: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
}

/** Each time the clock is looked at, a minute is over. */
function impatient(): void {
  let minutes = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => ++minutes * 60_000);
}

/** Where the new file would be made stands a directory, until what is answered is called. */
function unwritable(directory: string): () => void {
  const path = join(directory, `${actionFileName}.${process.pid}.tmp`);
  mkdirSync(path);
  return () => rmdirSync(path);
}

describe('acting on a sandbox', () => {
  it('pauses, resumes and stops it, and each is written down, newest first, readable for no one else', async () => {
    const engine = await engineOf();
    const directory = join(temporary(), 'global', 'storage');
    const window = windowOn(directory, () => []);
    const found = engine.sandbox('a');
    for (const action of ['pause', 'resume', 'stop'] as const) await window.actions.act(found, action);
    expect(engine.done).toEqual(['pause a-only', 'unpause a-only', 'stop a-only']);
    expect(await told(window)).toEqual([
      ['stop', 'user', 'done', null],
      ['resume', 'user', 'done', null],
      ['pause', 'user', 'done', null],
    ]);
    expect((await window.actions.list())[0]).toMatchObject({ sandboxId: 'a', sandbox: 'box a', containers: ['openshell-a-only'] });
    expect(statSync(join(directory, actionFileName)).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o077).toBe(0);
    expect(window.actions.note).toBeNull();
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('of two containers: the agent is paused and stopped before its supervisor, and goes on after it', async () => {
    const engine = await engineOf();
    const window = windowOn(temporary(), () => []);
    const found = engine.sandbox('b', ['supervisor', 'sandbox']);
    for (const action of ['pause', 'resume', 'stop'] as const) await window.actions.act(found, action);
    expect(engine.done).toEqual([
      'pause b-sandbox',
      'pause b-supervisor',
      'unpause b-supervisor',
      'unpause b-sandbox',
      'stop b-sandbox',
      'stop b-supervisor',
    ]);
  });

  it('only what is left to be done is done; a paused one can be stopped', async () => {
    const engine = await engineOf();
    const window = windowOn(temporary(), () => []);
    const found = engine.sandbox('b', ['sandbox', 'supervisor']);
    engine.states.set('b-sandbox', 'paused');
    await window.actions.act(found, 'pause');
    expect(engine.done).toEqual(['pause b-supervisor']);
    await window.actions.act(found, 'stop');
    expect(engine.done.slice(1)).toEqual(['stop b-sandbox', 'stop b-supervisor']);
  });

  it('is written down before it is done', async () => {
    const engine = await engineOf();
    const directory = temporary();
    const window = windowOn(directory, () => []);
    const found = engine.sandbox('a');
    const before = engine.answer;
    let then: unknown = null;
    engine.answer = (request, response, url) => {
      if (url.pathname.endsWith('/pause')) then = fileIn(directory);
      return before(request, response, url);
    };
    await window.actions.act(found, 'pause');
    expect(then).toMatchObject({ actions: [{ action: 'pause', outcome: null }], paused: [{ sandboxId: 'a', containerIds: ['a-only'] }] });
    expect(fileIn(directory)).toMatchObject({ actions: [{ outcome: 'done' }], paused: [{ sandboxId: 'a' }] });
    await window.actions.act(found, 'resume');
    expect(fileIn(directory).paused).toEqual([]);
  });

  it('is refused, with a reason and what to do, and nothing is done or written', async () => {
    const engine = await engineOf();
    const directory = temporary();
    const window = windowOn(directory, () => []);
    const found = engine.sandbox('a');
    expect((await refusal(windowOn(directory, () => [], false).actions.act(found, 'stop'))).reason).toBe('untrusted');
    expect((await refusal(window.actions.act(null, 'stop'))).reason).toBe('no-container');
    expect((await refusal(window.actions.act({ ...found, engine: null, containers: [] }, 'stop'))).message).toContain('box a');
    expect((await refusal(window.actions.act(found, 'resume'))).message).toBe('"box a" is not paused');
    engine.states.set('a-only', 'paused');
    expect((await refusal(window.actions.act(found, 'pause'))).message).toBe('"box a" is paused already');
    engine.states.set('a-only', 'exited');
    for (const action of ['pause', 'resume', 'stop'] as const)
      expect((await refusal(window.actions.act(found, action))).reason).toBe('wrong-state');
    engine.states.delete('a-only');
    expect((await refusal(window.actions.act(found, 'stop'))).message).toContain('not there any more');
    await engine.stop();
    expect((await refusal(window.actions.act(found, 'stop'))).message).toContain('the engine is not running');
    expect(engine.done).toEqual([]);
    expect(await told(window)).toEqual([]);
  });

  it('that the engine refuses is written down with what it said; half a pause is taken back', async () => {
    const engine = await engineOf();
    const directory = temporary();
    const window = windowOn(directory, () => []);
    const found = engine.sandbox('b', ['sandbox', 'supervisor']);
    engine.refuses.set('pause b-supervisor', 500);
    const error = await refusal(window.actions.act(found, 'pause'));
    expect(error.message).toBe('The engine refused: it can not pause now');
    expect(engine.done).toEqual(['pause b-sandbox', 'unpause b-sandbox']);
    expect(await told(window)).toEqual([['pause', 'user', 'failed', 'it can not pause now']]);
    expect(fileIn(directory).paused).toEqual([]);
  });

  it('one at a time', async () => {
    const engine = await engineOf();
    const window = windowOn(temporary(), () => []);
    const found = engine.sandbox('a');
    const first = window.actions.act(found, 'pause');
    expect((await refusal(window.actions.act(found, 'stop'))).reason).toBe('busy');
    await first;
    expect(engine.done).toEqual(['pause a-only']);
  });
});

describe('a sandbox that was paused by us', () => {
  let script = '';
  beforeAll(async () => {
    script = join(mkdtempSync(join(tmpdir(), 'sandglass-holder-')), 'holder.cjs');
    const entryPoints = [join(import.meta.dirname, 'holder.ts')];
    await build({
      entryPoints,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: script,
      external: ['*.node', 'cpu-features'],
      logLevel: 'error',
    });
  });

  afterAll(() => rmSync(dirname(script), { recursive: true }));

  async function otherProcess(directory: string, found: FoundSandbox, only: 'acts' | 'hangs' = 'acts'): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['--no-warnings', script, directory, JSON.stringify({ found, only })], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    });
    return child;
  }
  const exited = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve));

  it(
    'by a process that was killed is resumed by the next one that sees it, once, and that is written down',
    { timeout: 180_000 },
    async () => {
      const engine = await engineOf();
      const directory = temporary();
      const roles = ['sandbox', 'supervisor'] as const;
      const child = await otherProcess(directory, engine.sandbox('b', roles));
      expect(engine.done).toEqual(['pause b-sandbox', 'pause b-supervisor']);
      const sight = (): readonly FoundSandbox[] => [engine.sandbox('b', roles)];
      const windows = [windowOn(directory, sight), windowOn(directory, sight), windowOn(directory, sight)];
      await Promise.all(windows.map(({ actions }) => actions.look()));
      expect(engine.done).toHaveLength(2); // it lives
      const gone = exited(child);
      child.kill('SIGKILL');
      await gone;
      await until('the resuming', async () => {
        await Promise.all(windows.map(({ actions }) => actions.look()));
        return engine.done.length > 2;
      });
      await Promise.all(windows.map(({ actions }) => actions.look()));
      expect(engine.done.slice(2)).toEqual(['unpause b-supervisor', 'unpause b-sandbox']);
      expect(windows.map(({ errors }) => errors)).toEqual([[], [], []]);
      expect(await told(windows[0] as Window)).toEqual([
        ['resume', 'recovery', 'done', null],
        ['pause', 'user', 'done', null],
      ]);
      expect(fileIn(directory).paused).toEqual([]);
    },
  );

  it('by one that was closed properly stays paused: that was asked for', { timeout: 180_000 }, async () => {
    const engine = await engineOf();
    const directory = temporary();
    const child = await otherProcess(directory, engine.sandbox('a'));
    const gone = exited(child);
    child.stdin?.end();
    expect(await gone).toBe(0);
    const window = windowOn(directory, () => [engine.sandbox('a')]);
    await window.actions.look();
    await window.actions.look();
    expect(engine.states.get('a-only')).toBe('paused');
    expect(await told(window)).toEqual([['pause', 'user', 'done', null]]);
    expect(readdirSync(directory).filter((name) => name.endsWith('.lock'))).toEqual(['actions.lock']);
  });

  it('and that died in the middle of it: what was done is undone, and it is said that no one knows', { timeout: 180_000 }, async () => {
    const engine = await engineOf();
    const directory = temporary();
    engine.refuses.set('pause b-supervisor', 'silent');
    const roles = ['sandbox', 'supervisor'] as const;
    const child = await otherProcess(directory, engine.sandbox('b', roles), 'hangs');
    await until('half of it', () => engine.done.length === 1);
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    const window = windowOn(directory, () => [engine.sandbox('b', roles)]);
    await window.actions.look();
    expect(engine.done).toEqual(['pause b-sandbox', 'unpause b-sandbox']);
    expect(await told(window)).toEqual([
      ['resume', 'recovery', 'done', null],
      ['pause', 'user', 'failed', expect.stringContaining('not known')],
    ]);
  });

  it('whose engine is away, or refuses, is resumed later; in an untrusted workspace nothing is done', { timeout: 180_000 }, async () => {
    const engine = await engineOf();
    const directory = temporary();
    const child = await otherProcess(directory, engine.sandbox('a'));
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    const untrusted = windowOn(directory, () => [engine.sandbox('a')], false);
    await untrusted.actions.look();
    let sight: readonly FoundSandbox[] = [];
    const window = windowOn(directory, () => sight);
    await window.actions.look();
    expect(engine.states.get('a-only')).toBe('paused');
    sight = [engine.sandbox('a')];
    engine.refuses.set('unpause a-only', 500);
    await window.actions.look();
    await window.actions.look();
    expect(window.errors).toHaveLength(1); // tried again, but not at once
    // What it could not do, another does when it is closed.
    engine.refuses.clear();
    await window.actions[Symbol.asyncDispose]();
    const next = windowOn(directory, () => [engine.sandbox('a')]);
    await next.actions.look();
    expect(engine.states.get('a-only')).toBe('running');
    expect(await told(next)).toEqual([
      ['resume', 'recovery', 'done', null],
      ['resume', 'recovery', 'failed', 'it can not unpause now'],
      ['pause', 'user', 'done', null],
    ]);
  });

  it.each(['this window', 'another window'] as const)(
    'whose resuming failed, resumed and paused anew by a person in %s, stays paused',
    { timeout: 180_000 },
    async (where) => {
      const engine = await engineOf();
      const directory = temporary();
      const child = await otherProcess(directory, engine.sandbox('a'));
      const gone = exited(child);
      child.kill('SIGKILL');
      await gone;
      const window = windowOn(directory, () => [engine.sandbox('a')]);
      engine.refuses.set('unpause a-only', 500);
      await window.actions.look();
      expect(window.errors).toHaveLength(1);
      engine.refuses.clear();
      const person = where === 'this window' ? window : windowOn(directory, () => []);
      await person.actions.act(engine.sandbox('a'), 'resume');
      await person.actions.act(engine.sandbox('a'), 'pause');
      later(3_600_000);
      await window.actions.look();
      await window.actions.look();
      expect(engine.done).toEqual(['pause a-only', 'unpause a-only', 'pause a-only']);
      expect(engine.states.get('a-only')).toBe('paused');
      expect(fileIn(directory).paused).toHaveLength(1);
      expect((await window.actions.list()).filter(({ by }) => by === 'recovery')).toHaveLength(1);
    },
  );

  it('whose resuming failed is resumed later, though a person tried and failed too', { timeout: 180_000 }, async () => {
    const engine = await engineOf();
    const directory = temporary();
    const child = await otherProcess(directory, engine.sandbox('a'));
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    const window = windowOn(directory, () => [engine.sandbox('a')]);
    engine.refuses.set('unpause a-only', 500);
    await window.actions.look();
    await refusal(window.actions.act(engine.sandbox('a'), 'resume'));
    engine.refuses.clear();
    later(3_600_000);
    await until('the resuming', async () => {
      await window.actions.look();
      return engine.states.get('a-only') === 'running';
    });
    await window.actions.look();
    expect(fileIn(directory).paused).toEqual([]);
  });

  it('by a window that could not write for a while, and was then closed properly, stays paused', async () => {
    const engine = await engineOf();
    const directory = temporary();
    const window = windowOn(directory, () => []);
    await window.actions.act(engine.sandbox('a'), 'pause');
    const mended = unwritable(directory);
    await window.actions.act(engine.sandbox('b'), 'pause');
    expect(window.actions.note).toContain('for this session only');
    expect(fileIn(directory).paused).toHaveLength(1);
    mended();
    await window.actions[Symbol.asyncDispose]();
    expect(await told(windowOn(directory, () => []))).toEqual([
      ['pause', 'user', 'done', null],
      ['pause', 'user', 'done', null],
    ]);
    expect(fileIn(directory).paused).toEqual([]);
    const next = windowOn(directory, () => [engine.sandbox('a'), engine.sandbox('b')]);
    await next.actions.look();
    expect([engine.states.get('a-only'), engine.states.get('b-only')]).toEqual(['paused', 'paused']);
  });

  it('and that someone else resumed is not ours any more; what is seen late is not believed', async () => {
    const engine = await engineOf();
    const directory = temporary();
    const late = engine.sandbox('a');
    let sight = late;
    const window = windowOn(directory, () => [sight]);
    await window.actions.act(late, 'pause');
    await window.actions.look();
    expect(fileIn(directory).paused).toHaveLength(1);
    engine.states.set('a-only', 'running');
    sight = engine.sandbox('a');
    await window.actions.look();
    expect(fileIn(directory).paused).toEqual([]);
  });

  it('of which only another container of the same name is left, is left alone', { timeout: 180_000 }, async () => {
    const engine = await engineOf();
    const directory = temporary();
    const child = await otherProcess(directory, engine.sandbox('a'));
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    engine.states.set('a-anew', 'paused');
    const anew = { ...engine.sandbox('a'), containers: [{ id: 'a-anew', name: 'anew', role: 'only' as const }] };
    const window = windowOn(directory, () => [anew]);
    await window.actions.look();
    expect(engine.states.get('a-anew')).toBe('paused');
  });
});

describe('the log of actions', () => {
  const entry = (n: number): Parameters<ActionLog['begin']>[0] => ({
    action: 'stop',
    sandboxId: `s${n}`,
    sandbox: `box ${n}`,
    containers: [],
    containerIds: [],
    by: 'user',
  });

  it('is bounded, and told up to a bound', async () => {
    const directory = temporary();
    using log = ActionLog.open(directory);
    const filler = await log.begin(entry(0));
    await log.end(filler, 's0', null, false);
    const { actions, ...rest } = fileIn(directory);
    const many = Array.from({ length: actionLimit }, (_, n) => ({ ...actions[0], id: `old ${n}` }));
    writeFileSync(join(directory, actionFileName), JSON.stringify({ ...rest, actions: many }), { mode: 0o600 });
    await log.begin(entry(1));
    expect(fileIn(directory).actions).toHaveLength(actionLimit);
    const listed = await log.list();
    expect(listed).toHaveLength(actionsTold);
    expect(listed[0]?.sandboxId).toBe('s1');
  });

  it('written by several at once holds all of it', async () => {
    const directory = temporary();
    const logs = Array.from({ length: 4 }, () => ActionLog.open(directory));
    await Promise.all(logs.flatMap((log, who) => Array.from({ length: 10 }, async (_, n) => log.begin(entry(who * 10 + n)))));
    const [log] = logs;
    expect(new Set((await log?.list())?.map(({ sandboxId }) => sandboxId)).size).toBe(40);
    expect(logs.map(({ note }) => note)).toEqual([null, null, null, null]);
    for (const each of logs) each[Symbol.dispose]();
  });

  it.each([
    ['cut off', '{"schema":"sandglass/actions@1","actions":[{'],
    ['empty', ''],
    ['another file', '{"name":"something","actions":[],"paused":[]}'],
    ['odd inside', '{"schema":"sandglass/actions@1","actions":[{"id":1}],"paused":[]}'],
  ])('that is %s is kept aside, and that is said', async (_, text) => {
    const directory = temporary();
    writeFileSync(join(directory, actionFileName), text);
    using log = ActionLog.open(directory);
    expect(await log.list()).toEqual([]);
    await log.begin(entry(1));
    expect(await log.list()).toHaveLength(1);
    const kept = readdirSync(directory).filter((name) => name.includes('.kept-'));
    expect(kept).toHaveLength(1);
    expect(readFileSync(join(directory, kept[0] ?? ''), 'utf8')).toBe(text);
    expect(log.note).toContain(kept[0] ?? 'nothing');
  });

  it('is not looked for through a link, nor written through one', async () => {
    const directory = temporary();
    const target = join(temporary(), 'precious.json');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(directory, actionFileName));
    using log = ActionLog.open(directory);
    await log.begin(entry(1));
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(statSync(join(directory, actionFileName)).isFile()).toBe(true);
  });

  it('of a newer version is left as it is; what is done meanwhile is kept in memory, and that is said', async () => {
    const directory = temporary();
    const text = '{"schema":"sandglass/actions@2","actions":{},"more":1}';
    writeFileSync(join(directory, actionFileName), text);
    using log = ActionLog.open(directory);
    await log.begin(entry(1));
    expect(await log.list()).toHaveLength(1);
    expect(readFileSync(join(directory, actionFileName), 'utf8')).toBe(text);
    expect(log.note).toContain('another version');
  });

  it('that can not be kept on disk is kept in memory, and that is said', async () => {
    const directory = temporary();
    writeFileSync(join(directory, 'file'), '');
    for (const log of [ActionLog.open(null), ActionLog.open(join(directory, 'file', 'below'))]) {
      const id = await log.begin(entry(1));
      await log.end(id, 's1', null, false);
      expect((await log.list()).map(({ outcome }) => outcome)).toEqual(['done']);
      expect(log.note).toContain('for this session only');
      log[Symbol.dispose]();
    }
  });

  it('that can not be written any more goes on in memory from what was there', async () => {
    const directory = temporary();
    using log = ActionLog.open(directory);
    await log.begin(entry(1));
    const mended = unwritable(directory);
    const id = await log.begin(entry(2));
    await log.end(id, 's2', null, false);
    expect((await log.list()).map(({ sandboxId, outcome }) => [sandboxId, outcome])).toEqual([
      ['s2', 'done'],
      ['s1', null],
    ]);
    expect(log.note).toContain('for this session only');
    expect(fileIn(directory).actions).toHaveLength(1);
    // And in the file again as soon as that can be written, with what another wrote meanwhile.
    mended();
    using other = ActionLog.open(directory);
    await other.begin(entry(3));
    expect((await log.list()).map(({ sandboxId, outcome }) => [sandboxId, outcome])).toEqual([
      ['s2', 'done'],
      ['s3', null],
      ['s1', null],
    ]);
    expect(log.note).toBeNull();
    expect(fileIn(directory).actions).toMatchObject([{ sandboxId: 's1' }, { sandboxId: 's3' }, { sandboxId: 's2', outcome: 'done' }]);
  });

  it('whose lock a window that stands still has held is written again when that goes on, and meanwhile waited for once only', async () => {
    const directory = temporary();
    using log = ActionLog.open(directory);
    await log.begin(entry(1));
    const held = FileLock.take(join(directory, 'actions.lock'));
    impatient();
    const id = await log.begin({ ...entry(2), action: 'pause' });
    expect(log.note).toContain('another process holds');
    const waited = vi.spyOn(FileLock, 'wait');
    await log.end(id, 's2', null, true);
    expect(waited.mock.calls.map(([, ms]) => ms)).toEqual([0]);
    held?.[Symbol.dispose]();
    expect(await log.left()).toEqual({ paused: [], unfinished: [] });
    expect(log.note).toBeNull();
    expect(fileIn(directory)).toMatchObject({ actions: [{}, { sandboxId: 's2', outcome: 'done' }], paused: [{ sandboxId: 's2' }] });
    // The one that wrote it late lives.
    using other = ActionLog.open(directory);
    expect(await other.left()).toEqual({ paused: [], unfinished: [] });
  });

  it('that can not be read is not asked from memory what dead processes left', async () => {
    const directory = temporary();
    const dead = ActionLog.open(directory);
    await dead.begin({ ...entry(1), action: 'pause' });
    dead[Symbol.dispose]();
    using log = ActionLog.open(directory);
    const [left] = (await log.left()).paused;
    if (left === undefined) throw new Error('nothing is left');
    const held = FileLock.take(join(directory, 'actions.lock'));
    impatient();
    expect(await log.takeOver(left)).toBeNull();
    expect((await log.left()).paused).toEqual([]);
    held?.[Symbol.dispose]();
    expect((await log.left()).paused).toEqual([left]);
    const ours = await log.takeOver(left);
    expect(ours).toMatchObject({ sandboxId: 's1', holder: log.holder });
    expect(ours && (await log.holds(ours))).toBe(true);
    expect(await log.takeOver(left)).toBeNull();
  });

  it('whose directory can only be made later is kept on disk from then on', async () => {
    const directory = temporary();
    writeFileSync(join(directory, 'file'), '');
    using log = ActionLog.open(join(directory, 'file', 'below'));
    await log.begin(entry(1));
    expect(log.note).toContain('for this session only');
    rmSync(join(directory, 'file'));
    await log.begin(entry(2));
    expect(log.note).toBeNull();
    expect(fileIn(join(directory, 'file', 'below')).actions).toMatchObject([{ sandboxId: 's1' }, { sandboxId: 's2' }]);
  });

  it('does not believe a holder that is no lock of ours', async () => {
    const directory = temporary();
    using log = ActionLog.open(directory);
    await log.begin(entry(1));
    const data = fileIn(directory);
    writeFileSync(
      join(directory, actionFileName),
      JSON.stringify({ ...data, actions: data.actions.map((each) => ({ ...each, holder: '../../../../etc/passwd' })) }),
      { mode: 0o600 },
    );
    expect((await log.left()).unfinished).toHaveLength(1);
    expect(existsSync('/etc/passwd')).toBe(true);
  });
});

describe('a lock between processes', () => {
  it.each([
    [5, true],
    [5 | (1 << 8), true],
    [5 | (2 << 8), true],
    [10, false],
    [10 | (15 << 8), false],
    [undefined, false],
  ])('that can not be had for the reason %s: another has it: %s', (errcode, others) => {
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(() => {
      throw Object.assign(new Error('not now'), { errcode });
    });
    const path = join(temporary(), 'x.lock');
    if (others) expect(FileLock.take(path)).toBeNull();
    else expect(() => FileLock.take(path)).toThrow('not now');
  });

  it('is had by one at a time', async () => {
    const path = join(temporary(), 'x.lock');
    const first = FileLock.take(path);
    expect(FileLock.take(path)).toBeNull();
    const waiting = FileLock.wait(path, 20_000);
    first?.[Symbol.dispose]();
    using second = await waiting;
    expect(FileLock.take(path)).toBeNull();
    await expect(FileLock.wait(path, 50)).rejects.toThrow(/another process/);
    expect(second).toBeDefined();
  });
});
