import { describe, expect, it } from 'vitest';
import { isTraceViewState, openRequestsLimit, PageLink, rowsLimit, samplesLimit } from '../../../client/src/webviews/pageLink';
import type { TraceBackend } from '../../../client/src/webviews/traceBackend';
import { contentSecurityPolicy, traceHtml } from '../../../client/src/webviews/traceHtml';
import type { TracePageParams } from '../../../server/src/protocol/messages';
import type { ToPage, TraceViewState } from '../../../webviews/contract/trace';

const state: TraceViewState = {
  sourceId: 'source',
  sessionId: 'session',
  selectedSpanId: null,
  selectedTurnId: null,
  pane: 'flow',
  onlyProblems: false,
};

function setup(overrides: Partial<TraceBackend> = {}) {
  const posted: ToPage[] = [];
  const acts: string[] = [];
  const asked: TracePageParams[] = [];
  const cancelled: boolean[] = [];
  const backend: TraceBackend = {
    trace: async (params) => {
      asked.push(params);
      return { session: { title: 'A title' } } as never;
    },
    flow: async () => null,
    span: async () => null,
    resources: async () => [],
    onChanged: () => ({ dispose: () => undefined }),
    jump: (span, beside) => acts.push(`jump ${span.sourceId} ${span.spanId} ${beside}`),
    openCall: (span) => acts.push(`open ${span.spanId}`),
    toolDefinition: (span) => acts.push(`definition ${span.spanId}`),
    suppress: (finding) => acts.push(`suppress ${finding.sessionId} ${finding.code} ${finding.evidence}`),
    replay: (session) => acts.push(`replay ${session.sessionId}`),
    showPrices: () => acts.push('prices'),
    flatRate: () => true,
    failure: (error) => ({ reason: error instanceof Error ? error.message : String(error), hint: 'hint' }),
    ...overrides,
  };
  const link = new PageLink({
    backend,
    state,
    strings: { a: 'b' },
    post: (message) => posted.push(message),
    newToken: () => {
      const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
      return {
        token,
        cancel: () => {
          token.isCancellationRequested = true;
          cancelled.push(true);
        },
        dispose: () => undefined,
      };
    },
    openSession: (session) => acts.push(`session ${session.sessionId}`),
    titleChanged: (title) => acts.push(`title ${title}`),
  });
  return { link, posted, acts, asked, cancelled };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const request = (id: number, limit = 100): unknown => ({
  kind: 'request',
  id,
  request: { kind: 'trace', offset: 0, limit, onlyProblems: false, around: null },
});

describe('PageLink', () => {
  it('sends nothing before the page is ready, and then the state with what was revealed meanwhile', () => {
    const { link, posted } = setup();
    link.changed({ epoch: 'a', revision: 3 });
    link.reveal('span-1');
    expect(posted).toEqual([]);
    link.receive({ kind: 'ready' });
    expect(posted).toEqual([{ kind: 'init', state: { ...state, selectedSpanId: 'span-1' }, strings: { a: 'b' } }]);
  });

  it('answers by the id it was asked with, and never gives more rows than it may', async () => {
    const { link, posted, asked, acts } = setup();
    link.receive({ kind: 'ready' });
    link.receive(request(7, 100_000));
    await settle();
    expect(asked).toEqual([{ sourceId: 'source', sessionId: 'session', offset: 0, limit: rowsLimit, onlyProblems: false, around: null }]);
    expect(posted.at(-1)).toMatchObject({ kind: 'response', id: 7, response: { kind: 'trace' } });
    expect(acts).toEqual(['title A title']);
  });

  it('asks for what the sandbox of its own session used, and never for more samples than it may', async () => {
    const asked: unknown[] = [];
    const sample = { time: '2026-11-21T10:00:00Z', cpuCores: 0.5, memoryBytes: 1, memoryLimitBytes: null };
    const { link, posted } = setup({ resources: async (params) => (asked.push(params), [sample]) });
    const [from, to] = ['2026-11-21T10:00:00.000Z', '2026-11-21T11:00:00.000Z'];
    link.receive({ kind: 'ready' });
    link.receive({ kind: 'request', id: 3, request: { kind: 'resources', from, to, limit: 1e6, sourceId: 'other' } });
    await settle();
    expect(asked).toEqual([{ sourceId: 'source', from, to, limit: samplesLimit }]);
    expect(posted.at(-1)).toEqual({ kind: 'response', id: 3, response: { kind: 'resources', samples: [sample] } });
    const answered = posted.length;
    for (const bad of [{ from: 'yesterday', to }, { from, to: 7 }, { from }, { from, to, limit: -1 }])
      link.receive({ kind: 'request', id: 4, request: { kind: 'resources', limit: 1, ...bad } });
    await settle();
    expect(posted).toHaveLength(answered);
  });

  it('says why there is no answer', async () => {
    const { link, posted } = setup({ trace: () => Promise.reject(new Error('stopped')) });
    link.receive({ kind: 'ready' });
    link.receive(request(1));
    await settle();
    expect(posted.at(-1)).toEqual({ kind: 'failure', id: 1, reason: 'stopped', hint: 'hint' });
  });

  it('does not answer what was cancelled', async () => {
    let finish: (value: never) => void = () => undefined;
    const { link, posted, cancelled } = setup({ trace: () => new Promise((resolve) => (finish = resolve)) });
    link.receive({ kind: 'ready' });
    link.receive(request(1));
    link.receive({ kind: 'cancel', id: 1 });
    finish({ session: { title: null } } as never);
    await settle();
    expect(cancelled).toEqual([true]);
    expect(posted.filter(({ kind }) => kind === 'response')).toEqual([]);
  });

  it('bounds the open requests of a page', async () => {
    const { link, posted } = setup({ trace: () => new Promise(() => undefined) });
    link.receive({ kind: 'ready' });
    for (let id = 1; id <= openRequestsLimit + 1; id++) link.receive(request(id));
    await settle();
    expect(posted.filter(({ kind }) => kind === 'failure')).toEqual([expect.objectContaining({ id: openRequestsLimit + 1 })]);
  });

  it('cancels everything when the page is loaded anew or closed', async () => {
    const { link, posted, cancelled } = setup({ trace: () => new Promise(() => undefined) });
    link.receive({ kind: 'ready' });
    link.receive(request(1));
    link.receive({ kind: 'ready' });
    link.receive(request(1));
    expect(posted.filter(({ kind }) => kind === 'failure')).toEqual([]);
    link.dispose();
    link.changed({ epoch: 'a', revision: 9 });
    expect(cancelled.length).toBe(2);
    expect(posted.at(-1)?.kind).toBe('init');
  });

  it('keeps the last change while the page is hidden', () => {
    const { link, posted } = setup();
    link.receive({ kind: 'ready' });
    link.setVisible(false);
    for (const revision of [4, 6, 5]) link.changed({ epoch: 'a', revision });
    expect(posted.length).toBe(1);
    link.setVisible(true);
    link.setVisible(true);
    expect(posted.slice(1)).toEqual([{ kind: 'changed', epoch: 'a', revision: 6 }]);
  });

  it('keeps what came last of another epoch, however low it counts', () => {
    const { link, posted } = setup();
    link.receive({ kind: 'ready' });
    link.setVisible(false);
    for (const [epoch, revision] of [
      ['a', 50],
      ['b', 1],
      ['b', 2],
    ] as const)
      link.changed({ epoch, revision });
    link.setVisible(true);
    expect(posted.slice(1)).toEqual([{ kind: 'changed', epoch: 'b', revision: 2 }]);
  });

  it('acts on its own session whatever the page says of it', () => {
    const { link, acts } = setup();
    link.receive({ kind: 'state', state: { ...state, sourceId: 'other', sessionId: 'other', selectedSpanId: 'x', onlyProblems: true } });
    expect(link.state).toEqual({ ...state, selectedSpanId: 'x', onlyProblems: true });
    link.receive({ kind: 'replay' });
    link.receive({ kind: 'showPrices' });
    link.receive({ kind: 'jump', spanId: 's', beside: true });
    link.receive({ kind: 'openCall', spanId: 's' });
    link.receive({ kind: 'toolDefinition', spanId: 's' });
    link.receive({ kind: 'suppress', code: 'failing-tool', spanId: null, sessionId: 'other' });
    link.receive({ kind: 'openSession', sessionId: 'child' });
    expect(acts).toEqual([
      'replay session',
      'prices',
      'jump source s true',
      'open s',
      'definition s',
      'suppress session failing-tool null',
      'session child',
    ]);
  });

  it.each([
    null,
    'ready',
    { kind: 'evil' },
    { kind: 'suppress', code: '', spanId: null },
    { kind: 'suppress', code: 'failing-tool', spanId: 7 },
    { kind: 'jump', spanId: 7, beside: true },
    { kind: 'toolDefinition', spanId: '' },
    { kind: 'jump', spanId: 'x'.repeat(5000), beside: true },
    { kind: 'openSession', sessionId: '' },
    { kind: 'request', id: -1, request: { kind: 'flow', turnId: 't' } },
    { kind: 'request', id: 1, request: { kind: 'trace', offset: 0, limit: Infinity, onlyProblems: false, around: null } },
    { kind: 'request', id: 1, request: { kind: 'readFile', path: '/etc/passwd' } },
    { kind: 'state', state: { ...state, pane: 'evil' } },
  ])('ignores what is no message of ours: %j', async (message) => {
    const { link, posted, acts } = setup();
    link.receive(message);
    await settle();
    expect(posted).toEqual([]);
    expect(acts).toEqual([]);
    expect(link.state).toEqual(state);
  });

  it('takes back only a state it understands', () => {
    expect(isTraceViewState(state)).toBe(true);
    expect(isTraceViewState({ ...state, sessionId: undefined })).toBe(false);
    expect(isTraceViewState({})).toBe(false);
  });
});

describe('the document of the page', () => {
  const options = {
    cspSource: 'https://*.vscode-cdn.net',
    nonce: 'abc',
    scriptUri: 'https://x/trace.js?a=1&b="',
    styleUri: 'https://x/trace.css',
    language: 'en',
    title: '<script>',
  };

  it('allows scripts by nonce alone, and nothing to be fetched, framed or sent', () => {
    expect(contentSecurityPolicy(options)).toBe(
      "default-src 'none'; script-src 'nonce-abc'; style-src https://*.vscode-cdn.net 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    );
  });

  it('escapes what is put into it', () => {
    const html = traceHtml(options);
    expect(html).toContain('src="https://x/trace.js?a=1&#38;b=&#34;"');
    expect(html).not.toContain('<title><script>');
    expect(html.match(/<script/g)?.length).toBe(1);
  });
});
