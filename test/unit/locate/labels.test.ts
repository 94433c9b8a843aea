// The resolver held against calls whose true places a watcher wrote down when they were made: in the files at the end of the session,
// and after fifty edits of a person. The judge is the labels' own and shares nothing with the product.
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { parseSandboxUri, sandboxUri } from '../../../server/src/locate/sandboxUri';
import type { Anchor } from '../../../server/src/protocol/messages';
import { CallsIn } from '../../../server/src/query/callsIn';
import type { FileCalls } from '../../../server/src/query/callsIn';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource, PlacesContext } from '../../../server/src/query/placeSource';
import { findSpan } from '../../../server/src/query/detail';
import type { Store } from '../../../server/src/store/store';
import { judge, judgeLater, linesOfPlace } from '../../labels/judge';
import { applyEdit, labelled, labelledNames, WORKSPACE, workspaceCopy } from '../../labels/labels';
import type { Label, Labelled, Place } from '../../labels/labels';
import { memoryStore, readInto } from '../support/traces';

interface Judged {
  readonly label: Label;
  readonly anchors: readonly Seen[];
}
interface Seen {
  readonly path: string;
  /** One-based; null: the file. */
  readonly line: number | null;
  readonly stale: boolean;
  readonly which: 'final' | 'edited';
  readonly how: string;
  readonly verdict: 'right' | 'wrong' | 'open';
}

/** An anchor that is not stale says where the line is now; a stale one where it was. */
function seen(label: Label, anchor: Anchor, inSandboxDir: string, workspace: string): Seen {
  const inSandbox = parseSandboxUri(anchor.uri) !== null;
  // Labels name files after symbolic links.
  const root = inSandbox ? inSandboxDir : workspace;
  const path = relative(root, realpathSync(inSandbox ? join(root, relative(WORKSPACE, anchor.sandboxPath)) : fileURLToPath(anchor.uri)));
  const which = inSandbox ? 'final' : 'edited';
  const line = anchor.wholeFile ? null : anchor.startLine + 1;
  // A stale anchor promises no more than the file: its name then or its name now.
  const verdict =
    !anchor.stale || line === null
      ? judgeFile(label, path, line, which)
      : judgeFile(label, path, null, which) === 'wrong'
        ? 'wrong'
        : 'right';
  return { path, line, stale: anchor.stale, which, how: anchor.how, verdict };
}

function judgeFile(label: Label, path: string, line: number | null, which: 'final' | 'edited'): Seen['verdict'] {
  const known = label.places.some((place) => place.path === path || place[which]?.path === path);
  if (line === null && known) return 'right';
  return line === null ? judge(label, { path, line: null }) : judgeLater(label, { path, line }, which);
}

/** Neither the file nor what became of it is there any more: there is nothing to show. */
function isGone(recording: Labelled, place: Place): boolean {
  return [place.path, place.final?.path].every((path) => path === undefined || !existsSync(join(recording.workspace, path)));
}

/** Every line of the call's, so that an edit of one counts where several were made. */
function isFound(place: Place, anchors: readonly Seen[]): boolean {
  return anchors.some((anchor) => {
    const followed = place[anchor.which];
    if (place.path !== anchor.path && followed?.path !== anchor.path) return false;
    if (place.first === null || place.whole === true) return true;
    const allowed = linesOfPlace(place);
    const within = (line: number): boolean => allowed.some(([first, last]) => line >= first && line <= last);
    if (anchor.line === null) return false;
    const { line } = anchor;
    if (anchor.stale) return within(line);
    return (followed?.runs ?? []).some(([from, count, to]) => line >= to && line < to + count && within(from + line - to));
  });
}

function wanted(recording: Labelled, label: Label): readonly Place[] {
  return label.places.filter(
    (place) =>
      place.path !== undefined &&
      !isGone(recording, place) &&
      !place.optional &&
      !place.implied &&
      place.role !== 'cwd' &&
      place.role !== 'list' &&
      !(label.open?.some((open) => open === '*' || open === place.path) ?? false),
  );
}

interface Counts {
  right: number;
  wrong: number;
  open: number;
  stale: number;
  found: number;
  wanted: number;
}
const none = (): Counts => ({ right: 0, wrong: 0, open: 0, stale: 0, found: 0, wanted: 0 });
const percent = (part: number, all: number): string => (all === 0 ? '-' : (part / all).toFixed(3));

function table(
  recording: Labelled,
  judged: readonly Judged[],
  by: (label: Label) => string,
): { readonly all: Counts; readonly text: string } {
  const rows = new Map<string, Counts>();
  const all = none();
  for (const { label, anchors } of judged) {
    const row = rows.get(by(label)) ?? none();
    rows.set(by(label), row);
    for (const counts of [row, all]) {
      for (const anchor of anchors) {
        counts[anchor.verdict] += 1;
        if (anchor.stale) counts.stale += 1;
      }
      for (const place of wanted(recording, label)) {
        counts.wanted += 1;
        if (isFound(place, anchors)) counts.found += 1;
      }
    }
  }
  const line = (name: string, c: Counts): string =>
    `  ${name.padEnd(14)} precision ${percent(c.right, c.right + c.wrong)} recall ${percent(c.found, c.wanted)}  ` +
    `right ${c.right} wrong ${c.wrong} stale ${c.stale} found ${c.found} of ${c.wanted}`;
  return {
    all,
    text: [...[...rows].sort(([a], [b]) => a.localeCompare(b)).map(([name, c]) => line(name, c)), line('all', all)].join('\n'),
  };
}

const shown = ({ label, anchors }: Judged): string[] =>
  anchors
    .filter(({ verdict }) => verdict === 'wrong')
    .map((anchor) => `${label.call} ${label.tool} ${label.what}: ${anchor.path}:${anchor.line ?? '-'} (${anchor.how}, ${anchor.which})`);

const unfound = (recording: Labelled, { label, anchors }: Judged): string[] =>
  wanted(recording, label)
    .filter((place) => !isFound(place, anchors))
    .map(
      (place) =>
        `${label.call} ${label.tool} ${label.what} ${place.role} ${place.path}:${place.first}-${place.last} final ${JSON.stringify(place.final?.runs ?? null)?.slice(0, 80)}; has ${anchors
          .map((a) => `${a.path}:${a.line ?? '-'}${a.stale ? ' stale' : ''} ${a.how}`)
          .join(', ')}`,
    );

/** What is printed of single anchors, for those who mend them. */
const detail = process.env['SANDGLASS_LABELS'] === 'all';

describe.each(labelledNames)('anchors of %s', (name) => {
  let recording: Labelled;
  let store: Store;
  let row: number;
  let files: PlaceSource['source']['files'];
  let edited: string;
  let calls: readonly { readonly label: Label; readonly session: number; readonly span: string }[];
  beforeAll(async () => {
    recording = labelled(name);
    store = memoryStore();
    row = await readInto(store, recording.stateDir);
    ({ files } = await openDirectory(recording.stateDir));
    edited = workspaceCopy(recording);
    for (const edit of recording.edits) applyEdit(edited, edit);
    const labels = new Map(recording.labels.map((label) => [label.call, label]));
    const found = new Map<string, (typeof calls)[number]>();
    for (const view of store.sessions.list(row))
      for (const { span } of store.spans.ofKind(view.row, 'execute_tool')) {
        const label = labels.get(String(span.attributes['gen_ai.tool.call.id'] ?? ''));
        if (label !== undefined && label.outcome !== 'unseen') found.set(label.call, { label, session: view.row, span: span.id });
      }
    calls = [...found.values()];
  }, 180_000);
  afterAll(() => {
    store[Symbol.dispose]();
    rmSync(edited, { recursive: true, force: true });
  });

  async function resolved(
    context: Pick<PlacesContext, 'folders' | 'mappings'>,
    mounts: PlaceSource['source']['mounts'],
  ): Promise<readonly Judged[]> {
    const source: PlaceSource = { id: '0123456789abcdef', row, source: { kind: 'directory', files, mounts } };
    const places = new Places(store, () => ({ source: () => source, ...context }));
    const round = places.round(new AbortController().signal);
    const judged: Judged[] = [];
    for (const { label, session, span } of calls) {
      const view = store.sessions.byRow(session);
      const call = findSpan(store, row, span);
      if (view === null || call === null) throw new Error(`${label.call} is gone`);
      const anchors = await round.anchorsOf(source, view, call.span);
      judged.push({ label, anchors: anchors.map((anchor) => seen(label, anchor, recording.workspace, edited)) });
    }
    return judged;
  }

  function print(title: string, judged: readonly Judged[]): Counts {
    const byTool = table(recording, judged, ({ tool }) => tool);
    console.log(`${name}, ${title}: ${judged.length} calls\n${byTool.text}\n${table(recording, judged, ({ lang }) => lang).text}`);
    if (detail) console.log([...judged.flatMap(shown), '--- not found', ...judged.flatMap((one) => unfound(recording, one))].join('\n'));
    return byTool.all;
  }

  it('are right in the files at the end of the session', async () => {
    expect(calls.length).toBe(recording.labels.filter(({ outcome }) => outcome !== 'unseen').length);
    const judged = await resolved({ folders: [], mappings: [] }, []);
    const { found, wanted, stale, right } = print('files at the end', judged);
    expect(judged.flatMap(shown)).toEqual([]);
    expect(found / wanted).toBeGreaterThanOrEqual(0.95);
    // To call all of them stale is no way to be right.
    expect(stale / right).toBeLessThan(0.15);
  }, 180_000);

  it('are found from their files too', async () => {
    const source: PlaceSource = { id: '0123456789abcdef', row, source: { kind: 'directory', files, mounts: [] } };
    const round = new Places(store, () => ({ source: () => source, folders: [], mappings: [] })).round(new AbortController().signal);
    const callsIn = new CallsIn(store);
    const inFile = new Map<string, FileCalls['placed']>();
    const labels = new Map(calls.map(({ label, span }) => [span, label]));
    const judged: Judged[] = [];
    const lost: string[] = [];
    let all = 0;
    for (const { label, span } of calls)
      for (const { path = '', role } of wanted(recording, label)) {
        // A file that was moved is another one by its name.
        if (!existsSync(join(recording.workspace, path))) continue;
        const placed = inFile.get(path) ?? (await callsIn.of(round, sandboxUri(source.id, join(WORKSPACE, path)))).placed;
        if (!inFile.has(path))
          for (const { span, anchor } of placed) {
            const other = labels.get(span.id);
            if (other !== undefined) judged.push({ label: other, anchors: [seen(other, anchor, recording.workspace, edited)] });
          }
        inFile.set(path, placed);
        all += 1;
        if (!placed.some((call) => call.span.id === span)) lost.push(`${label.call} ${label.tool} ${label.what} ${role} ${path}`);
      }
    console.log(`${name}, from files to calls: ${all - lost.length} of ${all}`);
    if (detail) console.log(lost.join('\n'));
    expect(judged.length).toBeGreaterThan(100);
    expect(judged.flatMap(shown)).toEqual([]);
    expect((all - lost.length) / all).toBeGreaterThanOrEqual(0.95);
  }, 120_000);

  it.each(['mapping', 'mount'] as const)(
    'are on no wrong line after a person edited the files (%s)',
    async (how) => {
      const mappings = how === 'mapping' ? [{ sandbox: WORKSPACE, workspace: edited }] : [];
      const mounts = how === 'mount' ? [{ sandbox: WORKSPACE, host: edited }] : [];
      const judged = await resolved({ folders: [edited], mappings }, mounts);
      print(`after a person's edits, by ${how}`, judged);
      expect(judged.flatMap(shown)).toEqual([]);
    },
    120_000,
  );
});
