// What files cost the prompts that carry them, on recordings of real prompts: how much was sent, by which sessions, at which price.
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InlayHintLabelPart } from 'vscode-languageserver-protocol';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { contextCostTooltip, contextHintLabel, contextLensTitle } from '../../../server/src/editor/contextCostText';
import { contextActions, contextHints, contextLenses } from '../../../server/src/editor/inlayHints';
import { ContextCosts } from '../../../server/src/query/contextCost';
import type { ContextCost } from '../../../server/src/query/contextCost';
import { Definitions } from '../../../server/src/query/definitions';
import { Places } from '../../../server/src/query/places';
import type { Store } from '../../../server/src/store/store';
import { emptyBook, readBook } from '../../../server/src/usage/book';
import { TokenCountError } from '../../../server/src/usage/tokens/errors';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, readInto } from '../support/traces';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-context-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const hour = 3_600_000;
const workspaceDir = '/sandbox/.openclaw/workspace';
/** One token for four characters: what is counted, and in what proportion, is told apart from how. */
const counter = {
  count: (text: string) =>
    Promise.resolve({ tokens: Math.ceil(text.length / 4), encoding: 'o200k_base' as const, estimated: true as const }),
};

interface Asked {
  readonly book?: Parameters<typeof readBook>[0];
  readonly now?: number;
  readonly count?: typeof counter;
}

function costsOf(store: Store, row: number, { book, now, count = counter }: Asked = {}): ContextCosts {
  const files = {
    read: () => Promise.reject(new SandboxFileError('not-found', 'no such file')),
    stat: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
  };
  const source = { id: '0123456789abcdef', row, source: { files, mounts: [] } };
  const mappings = [{ sandbox: workspaceDir, workspace: folder }];
  const places = new Places(store, () => ({ source: () => source, folders: [folder], mappings }));
  const definitions = new Definitions(store, places, () => ({ sources: [source], folders: [folder], mappings }));
  const prices = book === undefined ? emptyBook : readBook(book).book;
  return new ContextCosts(
    store,
    definitions,
    places,
    count,
    () => ({ sources: [source], book: prices }),
    () => now ?? Date.now(),
  );
}

const uriOf = (path: string): string => pathToFileURL(join(folder, path)).href;
const labels = (costs: readonly ContextCost[], now: number): readonly string[] =>
  costs.map((cost) => contextLensTitle(cost, costs.length > 1 ? cost.definition.name : null, new Date(now)));

describe('a recording', () => {
  /** Midway in the recordings' own day. */
  const now = Date.parse('2026-11-21T12:00:00Z');
  const book = [{ model: '*', input: 2, output: 8, cacheRead: 0.5 }];

  async function recorded(name: string, asked: Asked = {}) {
    const { root } = recording(name);
    cpSync(join(recording('openclaw-2026.7.1').root, 'sandbox/.openclaw/workspace'), folder, { recursive: true });
    const store = memoryStore();
    const row = await readInto(store, root);
    return { store, costs: costsOf(store, row, { now, ...asked }) };
  }

  it.each(['openclaw-2026.7.1', 'openclaw-2026.9.5'])('tells of each prompt file whether and how large it was sent: %s', async (name) => {
    const { store, costs } = await recorded(name);
    using _store = store;
    const told: Record<string, unknown> = {};
    for (const file of ['AGENTS.md', 'SOUL.md', 'TOOLS.md', 'HEARTBEAT.md']) {
      const [cost] = await costs.inFile(uriOf(file), signal);
      told[file] =
        cost === undefined
          ? null
          : [cost.inCall.kind, cost.inCall.kind === 'sent' ? [cost.inCall.chars, cost.inCall.tokens, cost.inCall.by] : null];
    }
    const sent = (chars: number): unknown => ['sent', [chars, Math.ceil(chars / 4), 'text']];
    // From 2026.9 on OpenClaw sends no more TOOLS.md, and HEARTBEAT.md only with heartbeats.
    const old = name === 'openclaw-2026.7.1';
    expect(told).toEqual({
      'AGENTS.md': sent(260),
      'SOUL.md': sent(67),
      'TOOLS.md': old ? sent(241) : ['not-sent', null],
      'HEARTBEAT.md': old ? sent(79) : ['not-sent', null],
    });
  });

  it('knows which sessions carried it: sub-agents get AGENTS.md, but no memory', async () => {
    const { store, costs } = await recorded('openclaw-2026.7.1');
    using _store = store;
    const [agents] = await costs.inFile(uriOf('AGENTS.md'), signal);
    const [memory] = await costs.inFile(uriOf('MEMORY.md'), signal);
    expect(agents?.knownSessions).toBeGreaterThan(20);
    expect(agents?.sessions).toBe(agents?.knownSessions);
    expect(memory?.sessions).toBeLessThan(agents?.sessions ?? 0);
    expect(memory?.calls).toBeLessThan(agents?.calls ?? 0);
    const carriers = await costs.carriers(uriOf('MEMORY.md'), 0, signal);
    expect(carriers).toHaveLength(50);
    const starts = carriers.map(({ view, spanId }) => store.spans.ofSession(view.row, spanId)?.span);
    expect(new Set(starts.map((span) => span?.kind))).toEqual(new Set(['chat']));
    const times = starts.map((span) => span?.startTime ?? '');
    expect(times).toEqual([...times].sort().reverse());
    for (const { view } of carriers) expect(view.info.trigger).not.toBe('subagent');
  });

  it('reads no session for it, and each report once', async () => {
    const { store, costs } = await recorded('openclaw-2026.7.1');
    using _store = store;
    const read = [
      vi.spyOn(store.entries, 'records'),
      vi.spyOn(store.spans, 'page'),
      vi.spyOn(store.spans, 'span'),
      vi.spyOn(store.entries, 'raw'),
    ];
    await costs.inFile(uriOf('AGENTS.md'), signal);
    const row = vi.spyOn(store.entries, 'indexRow');
    await costs.inFile(uriOf('SOUL.md'), signal);
    expect(row).not.toHaveBeenCalled();
    // When sessions changed each is looked at, and what is as it was is not read again.
    costs.callsChanged();
    await costs.inFile(uriOf('AGENTS.md'), signal);
    expect(row.mock.results.length).toBeGreaterThan(0);
    for (const { value } of row.mock.results) expect(value?.text ?? null).toBe(null);
    for (const spy of read) expect(spy).not.toHaveBeenCalled();
  });

  it('prices the tokens as these calls paid for input, cached in the same share', async () => {
    const { store, costs } = await recorded('openclaw-2026.7.1', { book });
    using _store = store;
    const [cost] = await costs.inFile(uriOf('AGENTS.md'), signal);
    if (cost?.inCall.kind !== 'sent' || cost.money === null) throw new Error('it was sent, and has a price');
    const sums = { input: 0, cacheRead: 0, cacheWrite: 0 };
    let usd = 0;
    // By hand: of each call of each session that carried it, 65 tokens in the parts in which its own input was charged.
    for (const { info: session, row } of store.sessions.list(cost === undefined ? 0 : 1)) {
      if (!costsCarry(store, row)) continue;
      for (const { span } of store.spans.ofKind(row, 'chat')) {
        if (span.attributes['sandglass.inherited'] === true || span.startTime === null) continue;
        const cacheRead = Number(span.attributes['gen_ai.usage.cache_read.input_tokens'] ?? 0);
        const all = Number(span.attributes['gen_ai.usage.input_tokens'] ?? 0);
        if (all === 0) continue;
        sums.input += all - cacheRead;
        sums.cacheRead += cacheRead;
        usd += ((65 * ((all - cacheRead) * 2 + cacheRead * 0.5)) / all) * 1e-6;
      }
      expect(session.id).not.toBe('');
    }
    expect(cost.money.cached).toBeCloseTo(sums.cacheRead / (sums.input + sums.cacheRead), 3);
    // Averages of a session's calls of a model stand for each of them.
    expect(cost.money.usdADay / usd).toBeGreaterThan(0.95);
    expect(cost.money.usdADay / usd).toBeLessThan(1.05);
    expect(cost.money.bases).toEqual(['user']);
    expect(cost.days).toBe(1);
    expect(labels([cost], now)[0]).toMatch(/^~65 tokens in each call · (≥ )?~\$0\.\d+ a day · in \d+ LLM calls of 24 hours$/);
    expect(contextCostTooltip(cost, new Date(now))).toMatch(/by your price.*\d+ % of it read from a cache/s);
  });

  it('tells nothing of today where nothing was called lately', async () => {
    const { store } = await recorded('openclaw-2026.7.1');
    using _store = store;
    const later = now + 30 * 24 * hour;
    const row = store.sources.ensure('test', { info, registryProvider: null });
    const old = await costsOf(store, row, { now: later, book }).inFile(uriOf('AGENTS.md'), signal);
    expect(labels(old, later)[0]).toMatch(/^~65 tokens in each call · last sent 2026-11-2[01]$/);
    expect(contextCostTooltip(old[0] as ContextCost, new Date(later))).toContain('No LLM calls of these sessions in the last 7 days');
  });

  it('tells of a file that has changed since, and counts what was sent', async () => {
    const { store, costs } = await recorded('openclaw-2026.7.1');
    using _store = store;
    const path = join(folder, 'AGENTS.md');
    writeFileSync(path, `${readFileSync(path, 'utf8')}${'More and more. '.repeat(200)}\n`);
    const [cost] = await costs.inFile(uriOf('AGENTS.md'), signal);
    expect(cost?.inCall).toMatchObject({ kind: 'sent', tokens: 65, by: 'changed', chars: 260 });
    expect(contextCostTooltip(cost as ContextCost)).toContain('the file has changed since');
  });

  it('counts a skill’s entry in the list, and says of tools that they are found by Tool Search', async () => {
    const { store, costs } = await recorded('openclaw-2026.7.1');
    using _store = store;
    const [skill] = await costs.inFile(uriOf('skills/release-notes/SKILL.md'), signal);
    expect(skill?.inCall).toMatchObject({ kind: 'sent', chars: 242, tokens: 69, by: 'characters' });
    expect(labels([skill as ContextCost], now)[0]).toMatch(/^~69 tokens in each call \(its entry in the list\)/);
    const tools = await costs.inFile(uriOf('plugins/ticket-tools/index.ts'), signal);
    expect(tools.map(({ definition, inCall }) => [definition.name, inCall])).toEqual([
      ['ticket_lookup', { kind: 'not-sent', why: 'tool-search' }],
      ['ticket_close', { kind: 'not-sent', why: 'tool-search' }],
    ]);
    expect(contextLenses(uriOf('x'), tools)).toEqual([]);
  });
});

/** By the kept row itself: does the last prompt of this session name AGENTS.md? */
function costsCarry(store: Store, row: number): boolean {
  return store.entries.indexRow(row, null)?.text?.includes(`whole ${workspaceDir}/AGENTS.md`) === true;
}

describe('made sessions', () => {
  const now = Date.parse('2026-01-08T12:00:00Z');
  const time = (ms: number): string => new Date(ms).toISOString();
  /** One call an hour ago, and the prompt that it had; null: not recorded. */
  function session(id: string, prompt: object | null, model = 'gpt-4'): readonly SourceRecord[] {
    const at = now - hour;
    const entries = [
      { type: 'session', version: 3, id, timestamp: time(at), cwd: workspaceDir },
      { type: 'message', id: `u-${id}`, parentId: null, timestamp: time(at), message: { role: 'user', content: 'go', timestamp: at } },
      {
        ...{ type: 'message', id: `a-${id}`, parentId: `u-${id}`, timestamp: time(at + 2000) },
        message: {
          ...{ role: 'assistant', provider: 'openai', model, timestamp: at + 1000, stopReason: 'stop', responseId: id },
          content: [{ type: 'text', text: 'done' }],
          usage: { input: 1000, output: 10, cacheRead: 0, cacheWrite: 0, cost: { total: 0 } },
        },
      },
    ];
    const index = {
      sessionKey: `agent:main:${id}`,
      sessionId: id,
      updatedAt: at,
      ...(prompt === null ? {} : { prompt: { at, ...prompt } }),
    };
    return [
      ...entries.map((entry, ordinal) => ({
        ...({ kind: 'transcript', agent: 'main', session: id, state: 'live', file: `${id}.jsonl` } as const),
        ordinal,
        text: JSON.stringify(entry),
      })),
      {
        kind: 'trajectory',
        agent: 'main',
        session: id,
        ordinal: 0,
        text: JSON.stringify({
          type: 'session.started',
          ts: time(at),
          runId: `r-${id}`,
          sessionId: id,
          workspaceDir,
          data: { trigger: 'user' },
        }),
      },
      { kind: 'index', agent: 'main', text: JSON.stringify(index) },
    ];
  }

  function made(...records: readonly (readonly SourceRecord[])[]) {
    const store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('made', { info, registryProvider: null }));
    const ingest = new Ingest(store, row);
    ingest.apply(records.flat());
    ingest.settle();
    ingest[Symbol.dispose]();
    return { store, row };
  }
  const book = [{ model: 'gpt-4', input: 10, output: 30 }];

  it('say where the file was cut, and count the part that was sent', async () => {
    const { store, row } = made(session('s', { files: [`8000 2000 truncated ${workspaceDir}/AGENTS.md`], skills: [], tools: [] }));
    using _store = store;
    writeFileSync(join(folder, 'AGENTS.md'), `# Rules\n${'x'.repeat(7992)}\n`);
    const costs = await costsOf(store, row, { now, book }).inFile(uriOf('AGENTS.md'), signal);
    expect(costs[0]?.inCall).toMatchObject({ kind: 'sent', tokens: 500, by: 'part', chars: 2000, rawChars: 8000, truncated: true });
    // 500 tokens in one call at $10 a million.
    expect(labels(costs, now)).toEqual([
      '~500 tokens in each call · ~$0.0050 a day · truncated at 2,000 chars · in 1 LLM call of 24 hours',
    ]);
    expect(costs[0]?.money?.usdADay).toBeCloseTo(0.005, 12);
    expect(costs[0]?.lineEnd).toBe('# Rules'.length);
    const range = { start: { line: 0, character: 0 }, end: { line: 3, character: 0 } };
    const [hint] = contextHints(uriOf('AGENTS.md'), costs, range, new Date(now));
    expect(hint?.position).toEqual({ line: 0, character: 7 });
    // No more than an editor shows of a hint by itself.
    expect(contextHintLabel(costs[0] as ContextCost)).toBe('~500 tokens/call · ~$0.0050/day · cut');
    expect(contextActions(uriOf('AGENTS.md'), costs, range).map(({ title }) => title)).toEqual([
      'Show the LLM calls that carried AGENTS.md',
    ]);
    expect(contextLenses(uriOf('AGENTS.md'), costs, new Date(now)).map(({ command }) => command?.title)).toEqual(labels(costs, now));
    expect(contextHints(uriOf('AGENTS.md'), costs, { start: { line: 1, character: 0 }, end: { line: 3, character: 0 } })).toEqual([]);
  });

  it('say that it is not known where no prompt was recorded, with what the file itself tells', async () => {
    const { store, row } = made(session('s', null));
    using _store = store;
    writeFileSync(join(folder, 'AGENTS.md'), 'x'.repeat(400));
    const costs = await costsOf(store, row, { now, book }).inFile(uriOf('AGENTS.md'), signal);
    expect(labels(costs, now)).toEqual(['~100 tokens · not known whether sent']);
    expect(costs[0]?.unknownSessions).toBe(1);
    expect(contextLenses('x', costs)).toEqual([]);
  });

  it('sum what each session carried of it, each once', async () => {
    const { store, row } = made(
      session('one', { files: [`400 400 whole ${workspaceDir}/AGENTS.md`], skills: [], tools: [] }),
      session('two', { files: [`400 200 truncated ${workspaceDir}/AGENTS.md`], skills: [], tools: [] }),
      session('none', { files: [`0 60 missing ${workspaceDir}/AGENTS.md`], skills: [], tools: [] }),
    );
    using _store = store;
    writeFileSync(join(folder, 'AGENTS.md'), 'x'.repeat(400));
    const [cost] = await costsOf(store, row, { now, book }).inFile(uriOf('AGENTS.md'), signal);
    expect([cost?.sessions, cost?.knownSessions, cost?.calls]).toEqual([2, 3, 2]);
    // 100 tokens and 50 of them.
    expect(cost?.money?.usdADay).toBeCloseTo(150 * 10e-6, 12);
  });

  it('have tokens only where no price is known, and say what a sum leaves out', async () => {
    const files = [`400 400 whole ${workspaceDir}/AGENTS.md`];
    writeFileSync(join(folder, 'AGENTS.md'), 'x'.repeat(400));
    const unpriced = session('unpriced', { files }, 'unheard-of');
    const alone = made(unpriced);
    using _alone = alone.store;
    expect(labels(await costsOf(alone.store, alone.row, { now, book }).inFile(uriOf('AGENTS.md'), signal), now)).toEqual([
      '~100 tokens in each call · price not known · in 1 LLM call of 24 hours',
    ]);
    const both = made(unpriced, session('priced', { files }));
    using _both = both.store;
    const [cost] = await costsOf(both.store, both.row, { now, book }).inFile(uriOf('AGENTS.md'), signal);
    expect(labels([cost as ContextCost], now)).toEqual(['~100 tokens in each call · ≥ ~$0.0010 a day · in 2 LLM calls of 24 hours']);
    expect(contextCostTooltip(cost as ContextCost)).toContain('1 call without a known price left out');
  });

  it('have tools of a plugin and of an MCP server beside where they come from', async () => {
    const tools = ['40 400 lookup', '10 30 units__convert', '10 38 units__rate', '5 5 other__convert'];
    const { store, row } = made(session('s', { files: [], skills: [], tools }));
    using _store = store;
    writeFileSync(join(folder, 'openclaw.plugin.json'), JSON.stringify({ id: 'p', contracts: { tools: ['lookup', 'unheard'] } }));
    writeFileSync(join(folder, 'openclaw.json'), '{ mcp: { servers: { units: { command: "node" } } } }');
    const costs = costsOf(store, row, { now, book });
    expect(labels(await costs.inFile(uriOf('openclaw.plugin.json'), signal), now)).toEqual([
      'lookup: ~100 tokens in each call · ~$0.0010 a day · in 1 LLM call of 24 hours',
      'unheard: not in the prompt',
    ]);
    const [server] = await costs.inFile(uriOf('openclaw.json'), signal);
    expect(server?.inCall).toMatchObject({ kind: 'sent', tokens: 20, chars: 88, tools: 2 });
    expect(contextCostTooltip(server as ContextCost)).toContain('88 characters of 2 tools were sent');
  });

  it('ask which file of a sandbox it is once for many questions, until files change', async () => {
    const { store, row } = made(session('s', { files: [`400 400 whole ${workspaceDir}/AGENTS.md`], skills: [], tools: [] }));
    using _store = store;
    writeFileSync(join(folder, 'AGENTS.md'), 'x'.repeat(400));
    const asked = vi.spyOn(Definitions.prototype, 'inFile');
    const costs = costsOf(store, row, { now, book });
    for (let i = 0; i < 5; i++) await costs.inFile(uriOf('AGENTS.md'), signal);
    await costs.carriers(uriOf('AGENTS.md'), 0, signal);
    expect(asked).toHaveBeenCalledTimes(1);
    costs.filesChanged();
    await costs.inFile(uriOf('AGENTS.md'), signal);
    expect(asked).toHaveBeenCalledTimes(2);
    asked.mockRestore();
  });

  it('are told by characters, and that it is so, where nothing can be counted', async () => {
    const { store, row } = made(session('s', { files: [`400 400 whole ${workspaceDir}/AGENTS.md`], skills: [], tools: [] }));
    using _store = store;
    writeFileSync(join(folder, 'AGENTS.md'), 'x'.repeat(400));
    const broken = { count: () => Promise.reject(new TokenCountError('worker-failed', 'gone')) };
    const [cost] = await costsOf(store, row, { now, book, count: broken }).inFile(uriOf('AGENTS.md'), signal);
    expect(cost?.inCall).toMatchObject({ kind: 'sent', tokens: 100, by: 'characters' });
  });

  it('show hostile names as text', async () => {
    const name = 'x](command:evil) <img src=x> `$(gear)`';
    const { store, row } = made(session('s', { files: [], skills: [], tools: [`4 40 ${name}`] }));
    using _store = store;
    writeFileSync(join(folder, 'openclaw.plugin.json'), JSON.stringify({ id: 'p', contracts: { tools: [name, 'b'] } }, null, 2));
    const costs = await costsOf(store, row, { now }).inFile(uriOf('openclaw.plugin.json'), signal);
    const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
    const hints = contextHints(uriOf('openclaw.plugin.json'), costs, range, new Date(now));
    expect(hints.length).toBeGreaterThan(0);
    // The title of a command is plain text for the editor; a tooltip is Markdown.
    const shown = hints.flatMap(({ label: parts }): InlayHintLabelPart[] => (typeof parts === 'string' ? [{ value: parts }] : parts));
    expect(shown.map(({ value, command }) => `${value} ${command?.title}`).join('\n')).not.toContain('$(');
    const tooltips = JSON.stringify(shown.map(({ tooltip }) => tooltip));
    for (const alive of ['](command', '<img', '$(', '`$']) expect(tooltips.replaceAll('\\\\', '\\')).not.toMatch(unescaped(alive));
  });
});

/** What Markdown would take for more than text. */
function unescaped(text: string): RegExp {
  return new RegExp(`(?<!\\\\)${text.replace(/[\]($<`]/g, '\\$&')}`);
}
