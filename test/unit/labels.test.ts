// The labels of calls' places, held against the recordings that they are about: by nothing but the files, the transcripts and the text.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { judge, judgeLater, linesOfPlace, missed } from '../labels/judge';
import type { Anchor } from '../labels/judge';
import { applyEdit, labelled, labelledNames, linesOf, workspaceCopy } from '../labels/labels';
import type { Followed, Label, Labelled, Place } from '../labels/labels';

interface Entry {
  readonly message?: {
    readonly role: string;
    readonly toolCallId?: string;
    readonly content?: string | readonly { readonly type: string; readonly id?: string; readonly text?: string }[];
  };
}
function entriesOf(recording: Labelled): Entry[] {
  if (recording.store === 'jsonl') {
    const dir = join(recording.stateDir, 'agents/main/sessions');
    return readdirSync(dir)
      .filter((name) => name.endsWith('.jsonl'))
      .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry);
  }
  const db = new DatabaseSync(join(recording.stateDir, 'agents/main/agent/openclaw-agent.sqlite'), { readOnly: true });
  try {
    return db
      .prepare('SELECT event_json AS json FROM transcript_events')
      .all()
      .map((row) => JSON.parse(String(row.json)) as Entry);
  } finally {
    db.close();
  }
}
const partsOf = (entry: Entry) => (Array.isArray(entry.message?.content) ? entry.message.content : []);
const count = (labels: readonly Label[], by: (label: Label) => string): Map<string, number> => {
  const made = new Map<string, number>();
  for (const label of labels) made.set(by(label), (made.get(by(label)) ?? 0) + 1);
  return new Map([...made].sort(([a], [b]) => a.localeCompare(b)));
};
const shown = (counts: Map<string, number>) => [...counts].map(([name, n]) => `${name} ${n}`).join(', ');
const all = (recording: Labelled) => recording.labels.flatMap((label) => label.places.map((place) => ({ label, place })));
const called = (label: Label, place: Place) => `${label.call} ${label.what} ${place.role} ${place.path}:${place.first}`;

// The third has only a part of the conversations: how the tools are offered is all that it is for.
const part = 'labels-2026.7.1-direct';

describe.each(labelledNames)('the labels of %s', (name) => {
  const least = name === part ? 400 : 1000;
  const languages = name === part ? ['python', 'javascript', 'go'] : ['python', 'typescript', 'javascript', 'rust', 'go', 'java', 'c'];
  const recording = labelled(name);
  const { labels } = recording;
  const entries = entriesOf(recording);

  it('are of many calls, several languages and every tool that names a place', () => {
    const tools = count(labels, (label) => label.tool);
    const langs = count(labels, (label) => label.lang);
    console.log(
      `${name}: ${labels.length} calls, ${all(recording).length} places, ${recording.edits.length} human edits\n  tools: ${shown(tools)}\n  languages: ${shown(langs)}\n  kinds: ${shown(count(labels, (label) => label.what))}`,
    );
    expect(labels.length).toBeGreaterThanOrEqual(least);
    expect(new Set(labels.map((label) => label.call)).size).toBe(labels.length);
    for (const tool of ['read', 'edit', 'write', 'apply_patch', 'exec', 'memory_get'])
      expect(tools.get(tool) ?? 0, tool).toBeGreaterThan(10);
    for (const lang of languages) expect(langs.get(lang) ?? 0, lang).toBeGreaterThan(10);
    expect(labels.filter((label) => label.failed).length).toBeGreaterThan(least / 20);
  });

  it('are of calls that stand in the transcripts, each with its result', () => {
    const calls = new Set<string>();
    const results = new Set<string>();
    for (const entry of entries) {
      if (entry.message?.role === 'toolResult') results.add(entry.message.toolCallId ?? '');
      else for (const part of partsOf(entry)) if (part.type === 'toolCall') calls.add(part.id ?? '');
    }
    expect(labels.filter((label) => !calls.has(label.call)).map((label) => label.call)).toEqual([]);
    expect(labels.filter((label) => !results.has(label.call)).map((label) => label.call)).toEqual([]);
    // And no call was left without a label: what is not labelled cannot be judged.
    expect([...calls].filter((call) => !labels.some((label) => label.call === call))).toEqual([]);
  });

  it('give lines whose text is that of the recorded content', () => {
    const wrong: string[] = [];
    let lines = 0;
    for (const { label, place } of all(recording)) {
      if (place.sha === undefined) continue;
      const content = recording.content(place.sha);
      expect(createHash('sha256').update(content).digest('hex').slice(0, 16)).toBe(place.sha);
      const text = linesOf(content);
      if (text.length !== place.count) wrong.push(`${called(label, place)}: ${text.length} lines, not ${place.count}`);
      if (place.first === null || place.last === null) continue;
      lines++;
      const first = text[place.first - 1]?.slice(0, 200);
      const last = text[place.last - 1]?.slice(0, 200);
      if (place.last < place.first || first !== place.text?.[0] || last !== place.text?.[1]) wrong.push(called(label, place));
    }
    expect(wrong).toEqual([]);
    expect(lines).toBeGreaterThan(least);
  });

  it('name a line of an output only where the output has the file and the number', () => {
    const results = new Map(
      entries
        .filter((entry) => entry.message?.role === 'toolResult')
        .map((entry) => [
          entry.message?.toolCallId ?? '',
          partsOf(entry)
            .map((part) => part.text ?? '')
            .join('\n'),
        ]),
    );
    const wrong: string[] = [];
    let outputs = 0;
    for (const { label, place } of all(recording)) {
      if (place.role !== 'output' || place.path === undefined) continue;
      outputs++;
      const text = results.get(label.call) ?? '';
      const base = place.path.slice(place.path.lastIndexOf('/') + 1);
      const number = new RegExp(`(?<!\\d)${place.first}(?!\\d)`);
      if (!number.test(text) || (!place.implied && !text.includes(base))) wrong.push(called(label, place));
    }
    expect(wrong).toEqual([]);
    expect(outputs).toBeGreaterThan(least / 5);
  });

  /** Each line that is said to live on has the same text there. */
  function livesOn(
    workspace: string,
    pick: (place: Place) => Followed | null | undefined,
  ): { wrong: string[]; kept: number; gone: number } {
    const files = new Map<string, string[] | undefined>();
    const now = (path: string) => {
      if (!files.has(path))
        files.set(path, existsSync(join(workspace, path)) ? linesOf(readFileSync(join(workspace, path), 'utf8')) : undefined);
      return files.get(path);
    };
    const wrong: string[] = [];
    let kept = 0;
    let gone = 0;
    for (const { label, place } of all(recording)) {
      if (place.sha === undefined || place.first === null) continue;
      const followed = pick(place);
      const first = place.first;
      if (!followed?.runs.some(([from, n]) => first >= from && first < from + n)) gone++;
      if (!followed) continue;
      const then = linesOf(recording.content(place.sha));
      const lines = now(followed.path);
      const pairs = [
        ...followed.runs.flatMap(([from, n, to]) => Array.from({ length: n }, (_, k) => [from + k, to + k] as const)),
        ...(followed.again ?? []),
      ];
      for (const [from, to] of pairs)
        if (lines?.[to - 1] === undefined || lines[to - 1] !== then[from - 1])
          wrong.push(`${called(label, place)}: line ${from} is not ${followed.path}:${to}`);
      kept += pairs.length;
    }
    return { wrong, kept, gone };
  }

  it('follow their lines into the final files', () => {
    const { wrong, kept, gone } = livesOn(recording.workspace, (place) => place.final);
    console.log(`${name}: in the final files ${kept} lines live on; ${gone} places have lost their first line`);
    expect(wrong).toEqual([]);
    expect(kept).toBeGreaterThan(least);
    expect(gone).toBeGreaterThan(least / 20);
  });

  it('follow their lines through fifty human edits', () => {
    expect(recording.edits.length).toBe(50);
    const kinds = new Set(recording.edits.map((edit) => edit.kind));
    expect(kinds).toEqual(new Set(['insert', 'delete', 'change', 'reformat', 'move', 'rename']));
    const workspace = workspaceCopy(recording);
    try {
      for (const edit of recording.edits) applyEdit(workspace, edit);
      const { wrong, kept, gone } = livesOn(workspace, (place) => place.edited);
      console.log(`${name}: after the human edits ${kept} lines live on; ${gone} places have lost their first line`);
      expect(wrong).toEqual([]);
      expect(kept).toBeGreaterThan(least);
      expect(gone).toBeGreaterThan(least / 20);
    } finally {
      rmSync(workspace, { recursive: true });
    }
  });

  it('are what the judge goes by: their own places are right, their neighbours are not', () => {
    let beside = 0;
    for (const label of labels) {
      const anchors: Anchor[] = label.places.flatMap((place) =>
        place.path === undefined ? [] : [{ path: place.path, line: place.first }],
      );
      expect(anchors.map((anchor) => judge(label, anchor)).filter((verdict) => verdict !== 'right')).toEqual([]);
      expect(missed(label, anchors)).toEqual([]);
      if (label.open) continue;
      for (const place of label.places) {
        const lines = linesOfPlace(place);
        if (place.path === undefined || lines.length === 0) continue;
        const line =
          Math.max(
            ...label.places.filter(({ path }) => path === place.path).flatMap((other) => linesOfPlace(other).map(([, last]) => last)),
          ) + 1;
        expect(judge(label, { path: place.path, line })).toBe('wrong');
        expect(judge(label, { path: `${place.path}x`, line: place.first })).toBe('wrong');
        beside++;
        for (const which of ['final', 'edited'] as const)
          for (const [from, n, to] of place[which]?.runs ?? []) {
            const allowed = lines.some(([first, last]) => from <= last && from + n - 1 >= first);
            const at = Math.max(
              from,
              ...lines
                .filter(([first, last]) => from <= last && from + n - 1 >= first)
                .map(([first]) => Math.max(first, from))
                .slice(0, 1),
            );
            if (allowed) expect(judgeLater(label, { path: place[which]?.path ?? '', line: to + at - from }, which)).toBe('right');
          }
      }
    }
    expect(beside).toBeGreaterThan(least / 2);
  });
});
