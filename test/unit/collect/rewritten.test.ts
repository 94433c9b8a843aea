// A transcript that was rewritten: both versions are kept and it is said; what OpenClaw itself explains is not an alarm.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { collect } from '../../../server/src/collect/collector';
import { traceDocument } from '../../../server/src/query/document';
import type { Store } from '../../../server/src/store/store';
import type { TraceDocument } from '../../../server/src/protocol/document';
import { copyOfRecording } from '../../fixtures/recordings';
import type { Recording } from '../../fixtures/recordings';
import { info, memoryStore } from '../support/traces';

const copies: Recording[] = [];
afterEach(() => {
  for (const copy of copies.splice(0)) rmSync(copy.root, { recursive: true, force: true });
});

async function attach(store: Store, copy: Recording): Promise<TraceDocument> {
  const source = await openDirectory(copy.root);
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  await collect(store, row, source, {
    follow: false,
    signal: new AbortController().signal,
    onChange: () => undefined,
    onCaughtUp: () => undefined,
  });
  const document = traceDocument(store, row, null);
  // What the detectors find has tests of its own.
  return { ...document, findings: document.findings.filter(({ preview }) => !preview) };
}

function codingTranscript(copy: Recording): string {
  const [id] = Object.entries(copy.expected.sessions).find(([, session]) => session.sessionKey === 'agent:main:coding') ?? [];
  return join(copy.stateDir, 'agents/main/sessions', `${id}.jsonl`);
}

describe('a rewritten transcript', () => {
  it('with a changed line keeps the first version, counts nothing twice, and is an error', async () => {
    const copy = copyOfRecording('openclaw-2026.7.1');
    copies.push(copy);
    using store = memoryStore();
    const before = await attach(store, copy);
    expect(before.findings).toEqual([]);
    const file = codingTranscript(copy);
    const text = readFileSync(file, 'utf8');
    const changed = text.replace('python3 -m unittest', 'python3 -m unitfest');
    expect(changed).not.toBe(text);
    writeFileSync(file, changed);
    const after = await attach(store, copy);
    expect(after.findings).toHaveLength(1);
    expect(after.findings[0]).toMatchObject({ code: 'history-rewritten', severity: 'error' });
    expect(after.findings[0]?.spanIds.length).toBeGreaterThan(0);
    expect(after.sessions).toEqual(before.sessions);
    // Nor does a third look make more of it.
    expect((await attach(store, copy)).findings).toEqual(after.findings);
  });

  it('with lines taken out keeps them, and is an error', async () => {
    const copy = copyOfRecording('openclaw-2026.7.1');
    copies.push(copy);
    using store = memoryStore();
    const before = await attach(store, copy);
    const file = codingTranscript(copy);
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [...lines.slice(0, 6), ...lines.slice(9)].join('\n'));
    const after = await attach(store, copy);
    expect(after.findings.map((finding) => [finding.code, finding.severity])).toEqual([['history-rewritten', 'error']]);
    expect(after.findings[0]?.message).toContain('3 entries');
    expect(after.sessions).toEqual(before.sessions);
  });

  it('that is gone altogether is an error; one that OpenClaw deleted or reset is not', async () => {
    const copy = copyOfRecording('openclaw-2026.7.1');
    copies.push(copy);
    using store = memoryStore();
    const before = await attach(store, copy);
    const file = codingTranscript(copy);
    renameSync(file, `${file}.deleted.2026-11-21T00-50-00.000Z`);
    const deleted = await attach(store, copy);
    expect(deleted.findings).toEqual([]);
    const id = before.sessions.find((session) => session.key === 'agent:main:coding')?.id;
    expect(deleted.sessions.find((session) => session.id === id)?.state).toBe('deleted');
    rmSync(`${file}.deleted.2026-11-21T00-50-00.000Z`);
    const gone = await attach(store, copy);
    expect(gone.findings.map((finding) => finding.severity)).toEqual(['error']);
    expect(gone.sessions.find((session) => session.id === id)?.totals).toEqual(
      before.sessions.find((session) => session.id === id)?.totals,
    );
  });
});
