// Few and precise: equal failures are one problem, a file lists no more than its bound and says what is left, and what has no file
// stands in the document of its session.
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import { describe, expect, it } from 'vitest';
import { sessionProblems } from '../../../server/src/editor/diagnostics';
import type { SessionProblems } from '../../../server/src/editor/diagnostics';
import { parseSessionUri } from '../../../server/src/editor/labels';
import { byFile } from '../../../server/src/editor/perFile';
import { callsOfProblem, grouped, relatedRepeats } from '../../../server/src/editor/placed';
import type { PlacedDiagnostic } from '../../../server/src/editor/placed';
import type { ProblemSettings } from '../../../server/src/protocol/problems';
import { problemsPerFile } from '../../../server/src/protocol/problems';
import type { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const uri = 'file:///work/a.py';
const sourceId = '0123456789abcdef';

function failure(line: number, at: number, same = 'unittest', code = 'failed-call'): PlacedDiagnostic {
  const spanId = at.toString(16).padStart(16, '0');
  return {
    uri,
    diagnostic: {
      range: { start: { line, character: 0 }, end: { line, character: 1000 } },
      severity: code === 'failed-call' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      code,
      source: 'Sandglass',
      message: 'exec failed with exit code 1',
      relatedInformation: [],
      data: { sourceId, spanId },
    },
    call: {
      same,
      time: new Date(at * 60_000).toISOString(),
      address: `sandglass-call:/exec.txt?span=${spanId}`,
      spanIds: [spanId],
      times: 1,
    },
  };
}

describe('equal failures', () => {
  it('are one problem, of the newest, with a link to each repeat', () => {
    const [only, ...others] = grouped([failure(3, 5), failure(3, 9), failure(3, 7)]);
    expect(others).toEqual([]);
    expect(only?.diagnostic.message).toMatch(/^exec failed with exit code 1 — 3 times, last on \d{4}-\d\d-\d\d at \d\d:\d\d$/);
    expect(only?.diagnostic.data).toEqual({ sourceId, spanId: '0000000000000009' });
    expect(only?.diagnostic.relatedInformation?.map(({ location }) => location.uri)).toEqual([
      'sandglass-call:/exec.txt?span=0000000000000007',
      'sandglass-call:/exec.txt?span=0000000000000005',
    ]);
    expect(only?.call).toMatchObject({ times: 3, spanIds: ['0000000000000009', '0000000000000007', '0000000000000005'] });
  });

  it('are so on one line, of one kind and for the same reason only', () => {
    expect(grouped([failure(3, 1), failure(4, 2), failure(3, 3, 'lint'), failure(3, 4, 'unittest', 'denied-call')])).toHaveLength(4);
  });

  it('are put together across sessions, with few links, and what is not linked is counted', () => {
    const sessions = [0, 1].map((session) => Array.from({ length: 40 }, (_, i) => failure(3, 1 + session + 2 * i)));
    const list = byFile(sessions.map((placed) => grouped(placed))).get(uri);
    expect(list).toHaveLength(1);
    expect(list?.[0]?.message).toContain('— 40 times');
    const [many] = grouped(sessions.flat());
    expect(many?.call?.times).toBe(80);
    expect(many?.call?.spanIds).toHaveLength(callsOfProblem);
    expect(many?.diagnostic.relatedInformation).toHaveLength(relatedRepeats);
    expect(many?.diagnostic.relatedInformation?.at(-1)?.message).toContain(`and ${80 - 1 - relatedRepeats} more before that`);
  });
});

describe('a file', () => {
  const many = (count: number): readonly PlacedDiagnostic[] => Array.from({ length: count }, (_, i) => failure(i, 1000 - i, `case ${i}`));

  it('lists as many as its bound, and a last one that says how many more there are and leads to them', () => {
    const list = byFile([many(problemsPerFile.usual + 37)]).get(uri) ?? [];
    expect(list).toHaveLength(problemsPerFile.usual + 1);
    const last = list.at(-1);
    expect(last).toMatchObject({ code: 'more-calls', severity: DiagnosticSeverity.Information });
    expect(last?.message).toBe('and 37 more problems of agent calls in this file');
    // Where who steps through the file comes to it last.
    expect(last?.range.start.line).toBe(problemsPerFile.usual + 36);
    expect(last?.relatedInformation?.[0]?.location.uri).toMatch(/^sandglass-call:/);
    expect((last?.data as { calls: readonly unknown[] }).calls).toHaveLength(37);
    expect(byFile([many(problemsPerFile.usual)]).get(uri)).toHaveLength(problemsPerFile.usual);
  });

  it('keeps the worst of them, in the order of the lines, and as many as was set', () => {
    const warnings = [failure(0, 90, 'w', 'denied-call'), failure(1, 91, 'v', 'denied-call')];
    const list = byFile([[...warnings, failure(9, 5), failure(7, 4)]], { perFile: 2 }).get(uri) ?? [];
    expect(list.map(({ code, range }) => [code, range.start.line])).toEqual([
      ['failed-call', 7],
      ['failed-call', 9],
      ['more-calls', 9],
    ]);
  });

  it('shows each code as severe as was set, and what is off not at all', () => {
    const placed = [failure(1, 1), failure(2, 2, 'x', 'denied-call'), failure(3, 3, 'y', 'history-rewritten')];
    const codes = (severity: ProblemSettings['severity']): readonly unknown[] =>
      (byFile([placed], { severity }).get(uri) ?? []).map(({ code, severity: shown }) => [code, shown]);
    expect(codes({ 'failed-call': 'hint', 'denied-call': 'off' })).toEqual([
      ['failed-call', DiagnosticSeverity.Hint],
      ['history-rewritten', DiagnosticSeverity.Warning],
    ]);
    // Whatever comes over the wire.
    expect(codes({ 'history-rewritten': 'off' })).toHaveLength(3);
    expect(codes({ 'history-rewritten': 'information' })).toContainEqual(['history-rewritten', DiagnosticSeverity.Information]);
  });
});

describe('a session of the recording', () => {
  const noPlaces = { round: () => ({ anchorsOf: () => Promise.resolve([]) }) } as unknown as Places;
  async function problemsOf(key: string, severity: ProblemSettings['severity'] = {}): Promise<SessionProblems> {
    using store = memoryStore();
    const row = await readInto(store, recording('openclaw-2026.7.1').root);
    const view = store.sessions.list(row).find(({ info }) => info.key === `agent:main:${key}`);
    if (view === undefined) throw new Error(`there is no session ${key}`);
    const source = { id: sourceId, row } as unknown as PlaceSource;
    return await sessionProblems(store, noPlaces, source, view, new AbortController().signal, { problems: { perFile: 50, severity } });
  }

  it('has one document, in which each problem without a file stands at its line, in the order in which they happened', async () => {
    const { placed, text } = await problemsOf('egress');
    const lines = text.split('\n');
    expect(placed).toHaveLength(4);
    expect(new Set(placed.map((one) => one.uri)).size).toBe(1);
    expect(parseSessionUri(placed[0]?.uri ?? '')?.sourceId).toBe(sourceId);
    for (const { diagnostic, call } of placed) {
      const { start, end } = diagnostic.range;
      const line = lines[start.line] ?? '';
      expect(line).toMatch(/^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d The sandbox's policy denied/);
      expect(end).toEqual({ line: start.line, character: line.length });
      // The whole of it follows in lines that need no scrolling.
      const rest = lines.slice(start.line + 1).findIndex((next) => !next.startsWith('    '));
      const paragraph = [line, ...lines.slice(start.line + 1, start.line + 1 + rest).map((next) => next.trim())].join(' ');
      expect(paragraph).toContain(String(diagnostic.message).slice(0, 300));
      expect(Math.max(...lines.slice(3).map(({ length }) => length))).toBeLessThanOrEqual(109);
      expect(diagnostic.codeDescription?.href).toBe(call?.address);
    }
    const byLine = [...placed].sort((a, b) => a.diagnostic.range.start.line - b.diagnostic.range.start.line);
    const times = byLine.map(({ call }) => call?.time);
    expect(times).toEqual([...times].sort());
    expect(new Set(byLine.map(({ diagnostic }) => diagnostic.range.start.line)).size).toBe(4);
  });

  it('has no line for what is switched off', async () => {
    const { placed, text } = await problemsOf('egress', { 'denied-call': 'off' });
    expect(placed).toEqual([]);
    expect(text).toContain('No problem of this session is without a file.');
  });

  it('has a finding that is preview among its problems only where a severity was set for it', async () => {
    expect((await problemsOf('loop')).placed).toEqual([]);
    const { placed, text } = await problemsOf('loop', { 'repeated-calls': 'information' });
    expect(placed.map(({ diagnostic: { code, severity } }) => [code, severity])).toEqual([
      ['repeated-calls', DiagnosticSeverity.Information],
    ]);
    expect(text.split('\n')[placed[0]?.diagnostic.range.start.line ?? 0]).toContain('In session');
  });

  it('calls what worked later by a code of its own', async () => {
    const codes = (await problemsOf('coding')).placed.map(({ diagnostic: { code, severity } }) => [code, severity]);
    expect(codes).toContainEqual(['recovered-call', DiagnosticSeverity.Information]);
  });
});
