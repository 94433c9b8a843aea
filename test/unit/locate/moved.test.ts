// A file that a later call moved: the place of a call goes with it where that is certain, and is nowhere else.
import { describe, expect, it } from 'vitest';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { commandPlaces } from '../../../server/src/locate/command';
import { findSpan } from '../../../server/src/query/detail';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const w = '/sandbox/w';
const t0 = Date.UTC(2026, 10, 21);
const text = ['def total(items):', '    return sum(items)', '', 'def mean(items):', '    return total(items) / len(items)', ''].join('\n');

interface Made {
  readonly name: string;
  readonly args: object;
  readonly details?: object;
  readonly isError?: boolean;
  readonly out?: string;
  /** Its place is asked for, not that of the first call that is no command. */
  readonly asked?: boolean;
  /** Milliseconds later than its turn. */
  readonly after?: number;
}
const write: Made = { name: 'write', args: { path: `${w}/a.py`, content: text } };
const other = 'other = 1\nx = 2\n';
const wr = (path: string, content = other): Made => ({ name: 'write', args: { path: `${w}/${path}`, content } });
const read = (path: string): Made => ({ name: 'read', args: { path: `${w}/${path}` } });
const exec = (command: string, exitCode = 0, more: object = {}): Made => ({
  name: 'exec',
  args: { command, ...more },
  details: { cwd: w, exitCode, status: 'completed' },
});
const patch = (from: string, to: string): Made => ({
  name: 'apply_patch',
  args: {
    input: `*** Begin Patch\n*** Update File: ${from}\n*** Move to: ${to}\n@@\n-def mean(items):\n+def middle(items):\n*** End Patch`,
  },
});

/** Where that call, or the first that is no command, is said to have been, the files of the sandbox being these at the end. */
async function placeOfFirst(
  store: Store,
  calls: readonly Made[],
  files: Readonly<Record<string, string | null>>,
  mtime = t0,
): Promise<readonly string[]> {
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  const ingest = new Ingest(store, row);
  const records = calls.flatMap(({ name, args, details = {}, isError = false, after = 0, out = 'done' }, n): SourceRecord[] => {
    const time = t0 + n * 10_000 + after;
    const record = (id: string, at: number, message: object): SourceRecord => ({
      kind: 'transcript',
      agent: 'main',
      session: 's',
      state: 'live',
      file: 's.jsonl',
      ordinal: 2 * n + (id.startsWith('a') ? 0 : 1),
      text: JSON.stringify({ type: 'message', id, timestamp: new Date(at).toISOString(), message }),
    });
    const content = [{ type: 'toolCall', id: `c${n}`, name, arguments: args }];
    const result = { toolCallId: `c${n}`, toolName: name, content: [{ type: 'text', text: out }], details, isError };
    return [
      record(`a${n}`, time, { role: 'assistant', timestamp: time - 1, provider: 'p', model: 'm', content }),
      record(`r${n}`, time + 50, { role: 'toolResult', ...result, timestamp: time + 50 }),
    ];
  });
  ingest.apply(records);
  ingest.settle();
  const lookUp = (path: string) => files[path.slice(w.length + 1)];
  const source: PlaceSource = {
    id: '0123456789abcdef',
    row,
    source: {
      kind: 'container',
      mounts: [],
      files: {
        read: (path) => {
          const found = lookUp(path);
          if (typeof found === 'string') return Promise.resolve({ bytes: Buffer.from(found), mtime });
          return Promise.reject(new SandboxFileError(found === null ? 'too-large' : 'not-found', path));
        },
        stat: (path) => Promise.resolve(lookUp(path) === undefined ? null : { type: 'file', size: 1, mtime }),
        list: () => Promise.resolve([]),
      },
    },
  };
  const places = new Places(store, () => ({ source: () => source, folders: [], mappings: [] }));
  const [session] = store.sessions.newest(row, 1);
  const asked = `c${Math.max(
    0,
    calls.findIndex((call) => call.asked === true || (call.name !== 'exec' && !calls.some((one) => one.asked))),
  )}`;
  const span =
    session === undefined
      ? undefined
      : store.spans.ofKind(session, 'execute_tool').find(({ span }) => span.attributes['gen_ai.tool.call.id'] === asked)?.span;
  const found = span === undefined ? null : findSpan(store, row, span.id);
  if (found === null) throw new Error('the call is not known');
  const anchors = await places.round(new AbortController().signal).anchorsOf(source, found.view, found.span);
  return anchors.map(
    ({ sandboxPath, startLine, wholeFile, stale }) =>
      `${sandboxPath.slice(w.length + 1)}${wholeFile ? '' : `:${startLine + 1}`}${stale ? ' stale' : ''}`,
  );
}

describe('a file that was moved after a call', () => {
  it.each<[string, readonly Made[], Readonly<Record<string, string | null>>, readonly string[]]>([
    ['by a patch', [write, patch(`${w}/a.py`, `${w}/b.py`)], { 'b.py': text }, ['b.py stale']],
    ['by a command', [write, exec('mv a.py b.py')], { 'b.py': text }, ['b.py stale']],
    ['by git', [write, exec('cd . && git mv -f a.py sub/b.py && ls')], { 'sub/b.py': text }, ['sub/b.py stale']],
    ['into a directory', [write, exec('mv a.py sub')], { 'sub/a.py': text }, ['sub/a.py stale']],
    ['twice', [write, exec('mv a.py b.py/'), patch(`${w}/b.py/a.py`, `${w}/c.py`)], { 'c.py': text }, ['c.py stale']],
    [
      'twice by commands, the first name taken by another file',
      [write, exec('mv a.py b.py'), exec('mv b.py c.py'), wr('b.py')],
      { 'b.py': other, 'c.py': text },
      ['c.py stale'],
    ],
    ['and read, run before', [write, exec('python a.py'), exec('mv a.py b.py'), read('b.py')], { 'b.py': text }, ['b.py stale']],
    [
      'first to one name, another of its name later',
      [write, exec('mv a.py b.py'), write, exec('mv a.py c.py')],
      { 'b.py': text, 'c.py': text },
      ['b.py stale'],
    ],
    ['and is there again', [write, exec('mv a.py b.py')], { 'a.py': 'other\n', 'b.py': text }, ['a.py']],
  ])('%s', async (_, calls, files, expected) => {
    using store = memoryStore();
    expect(await placeOfFirst(store, calls, files)).toEqual(expected);
  });

  it.each<[string, readonly Made[], Readonly<Record<string, string | null>>]>([
    ['removed', [write, exec('rm a.py')], { 'b.py': text }],
    ['moved by a command that failed', [write, exec('mv a.py b.py', 1)], { 'b.py': text }],
    ['moved in one of two branches', [write, exec('mv a.py b.py || mv a.py c.py')], { 'b.py': text }],
    ['moved under a condition', [write, exec('if true; then mv a.py b.py; fi')], { 'b.py': text }],
    ['moved with others', [write, exec('mv a.py b.py sub')], { 'sub/a.py': text }],
    ['moved by a pattern', [write, exec('mv *.py sub')], { 'sub/a.py': text }],
    ['moved to one of two that are there', [write, exec('mv a.py sub')], { sub: text, 'sub/a.py': text }],
    ['moved away and removed', [write, exec('mv a.py b.py'), exec('rm b.py'), wr('b.py')], { 'b.py': other }],
    ['moved and removed at once', [write, exec('mv a.py b.py && rm b.py'), wr('b.py')], { 'b.py': other }],
    ['moved on at once', [write, exec('mv a.py b.py && mv b.py c.py'), wr('b.py')], { 'b.py': other, 'c.py': text }],
    ['moved, and its new name written', [write, exec('mv a.py b.py'), wr('b.py')], { 'b.py': other }],
    ['moved, and its new name run', [write, exec('mv a.py b.py'), exec('./change b.py')], { 'b.py': other }],
    ['perhaps moved before', [write, exec('mv a.py c.py; ls'), write, exec('mv a.py b.py')], { 'b.py': text, 'c.py': text }],
    ['moved where another file is moved later', [write, exec('mv a.py b.py'), exec('mv x.py b.py')], { 'b.py': other }],
    ['moved on another machine', [write, exec('mv a.py b.py', 0, { host: 'node' })], { 'b.py': text }],
    ['moved on a named machine', [write, exec('mv a.py b.py', 0, { node: 'x' })], { 'b.py': text }],
    ['moved within its own time', [write, { ...exec('mv a.py b.py'), after: -9_980 }], { 'b.py': text }],
    [
      'touched too often since to know its first move',
      [write, exec('mv a.py b.py'), ...Array.from({ length: 70 }, () => write), exec('mv a.py c.py')],
      { 'b.py': text, 'c.py': text },
    ],
    [
      'moved to a name that was touched too often since',
      [write, exec('mv a.py b.py'), ...Array.from({ length: 70 }, () => read('b.py'))],
      { 'b.py': text },
    ],
    ['moved by a command that is long', [write, exec(`mv a.py b.py #${'x'.repeat(5000)}`)], { 'b.py': text }],
    ['moved before the call', [exec('mv a.py b.py'), write], { 'b.py': text }],
    ['still there, but not to be read', [write, exec('mv a.py b.py')], { 'a.py': null, 'b.py': text }],
  ])('has no place where it was %s', async (_, calls, files) => {
    using store = memoryStore();
    expect(await placeOfFirst(store, calls, files)).toEqual([]);
  });

  it('has no place where the file was written later by nobody knows whom', async () => {
    const calls = [write, exec('mv a.py b.py'), exec('rm b.py; python gen.py')];
    for (const [mtime, expected] of [
      [t0 + 10_000, ['b.py stale']],
      [t0 + 20_000, []],
    ] as const) {
      using store = memoryStore();
      expect(await placeOfFirst(store, calls, { 'b.py': text }, mtime)).toEqual(expected);
    }
  });

  it('has the lines of an edit where its text tells them, and else the file, marked as changed', async () => {
    const long = ['def wide(items):', '    low = min(items)', '    high = max(items)', '    return high - low'].join('\n');
    const edit = (newText: string): Made => ({ name: 'edit', args: { path: `${w}/a.py`, edits: [{ oldText: 'x = 1', newText }] } });
    const now = `# moved\n${long}\n${text}`;
    for (const [newText, expected] of [
      [long, ['b.py:2']],
      ['    return total(items) / len(items)', ['b.py:10 stale']],
    ] as const) {
      using store = memoryStore();
      expect(await placeOfFirst(store, [edit(newText), exec('mv a.py b.py')], { 'b.py': now })).toEqual(expected);
    }
    using store = memoryStore();
    const twice = [edit(long), exec('mv a.py b.py'), exec('mv b.py c.py'), wr('b.py', now)];
    expect(await placeOfFirst(store, twice, { 'b.py': now })).toEqual([]);
    using another = memoryStore();
    const read: Made = { name: 'read', args: { path: `${w}/a.py`, offset: 2, limit: 2 } };
    expect(await placeOfFirst(another, [read, exec('mv a.py b.py')], { 'b.py': now })).toEqual(['b.py stale']);
  });
});

describe('a place whose directory the output leaves out', () => {
  const c = 'int a;\nint b;\nint c;\nint d;\n';
  const gcc: Made = { ...exec('cd sub && gcc main.c', 1), out: 'main.c:3:5: error: x', asked: true };
  const make: Made = { ...exec('cd sub && make', 1), out: 'main.c:3:5: error: x', asked: true };
  const go = (out: string): Made => ({
    ...exec('go test ./...', 1),
    out: `--- FAIL: TestX (0.00s)\n    foo_test.go:3: bad\n${out}`,
    asked: true,
  });
  const ofSub = go('FAIL\nFAIL\tgithub.com/x/repo/sub\t0.1s\nFAIL');
  const java: Made = { ...exec('./gradlew test', 1), out: '\tat com.acme.Foo.run(Foo.java:3)', asked: true };
  it.each<[string, readonly Made[], Readonly<Record<string, string | null>>, readonly string[]]>([
    ['where only one is there', [make], { 'sub/main.c': c }, ['sub/main.c:3']],
    ['where it was run before as well', [{ ...make, asked: false }, make], { 'sub/main.c': c }, ['sub/main.c:3']],
    ['in the package that failed', [ofSub], { 'sub/foo_test.go': c }, ['sub/foo_test.go:3']],
    ['in the package where it ran', [go('FAIL\nFAIL\tgithub.com/x/w\t0.1s\nFAIL')], { 'foo_test.go': c }, ['foo_test.go:3']],
    ['in the one root of sources', [java], { 'app/com/acme/Foo.java': c }, ['app/com/acme/Foo.java:3']],
    ['nowhere: the one it named is gone', [gcc, exec('rm -r sub')], { 'main.c': c }, []],
    ['nowhere: one that was written is gone', [wr('sub/main.c', c), make], { 'main.c': c }, []],
    ['nowhere: it went where nobody knows', [{ ...make, args: { command: 'cd "$DIR" && make' } }], { 'main.c': c }, []],
    ['nowhere: it ran on another machine', [{ ...make, args: { command: 'make', host: 'node' } }], { 'main.c': c }, []],
    ['nowhere: it went back', [{ ...make, args: { command: 'cd sub && cd - && make' } }], { 'main.c': c }, []],
    [
      'nowhere: it went to too many directories',
      [{ ...make, args: { command: 'cd a; cd ../b; cd ../c; cd ../d; cd ../e; cd ../f && make' } }],
      { 'main.c': c },
      [],
    ],
    ['nowhere: two are there', [make], { 'main.c': c, 'sub/main.c': c }, []],
    ['nowhere: another is there and not to be read', [make], { 'main.c': c, 'sub/main.c': null }, []],
    ['nowhere: the package is gone', [ofSub], { 'foo_test.go': c }, []],
    ['nowhere: the package can not be read', [ofSub], { 'foo_test.go': c, 'sub/foo_test.go': null }, []],
    [
      'nowhere: only the package that did not fail has it',
      [go('FAIL\nFAIL\tgithub.com/x/repo/sub\t0.1s\nok  \tgithub.com/x/repo/aaa\t0.1s\nFAIL')],
      { 'aaa/foo_test.go': c },
      [],
    ],
    ['nowhere: one of its roots had it', [wr('src/com/acme/Foo.java', c), java], { 'app/com/acme/Foo.java': c }, []],
  ])('is %s', async (_, calls, files, expected) => {
    using store = memoryStore();
    expect((await placeOfFirst(store, calls, files)).filter((place) => /:\d/.test(place))).toEqual(expected);
  });
});

describe('the moves of a command', () => {
  it('are those that its words surely say', () => {
    const moves = (command: string) =>
      commandPlaces(command, w).moves.map(({ from, into }) => [from, ...into].map((path) => path.slice(w.length + 1)));
    expect(moves('mv a.py b.py && git mv "c d.py" e/')).toEqual([
      ['a.py', 'b.py', 'b.py/a.py'],
      ['c d.py', 'e/c d.py'],
    ]);
    for (const sure of [
      'cd sub && cd .. && mv a b',
      'ls; mv a b',
      'python gen.py\n\nmv a b;\n',
      '[ -f a ] && mv a b && ls && git add . && git commit -m x 2>&1',
      'mv a b >/dev/null 2>&1 # done',
      'mkdir -p x && mv a b',
    ])
      expect(moves(sure), sure).toEqual([['a', 'b', 'b/a']]);
    for (const none of [
      'mv -n a b',
      'mv -t d a',
      'mv $A b',
      'mv a b &',
      'ls | mv a b',
      '(mv a b)',
      'git -C x mv a b',
      'echo mv a b',
      'mv a/ b',
      // What stood before or behind it decides about it.
      '[ -f a ] && mv a b; ls',
      '[ -f a ] && mv a b\nls',
      'mv a b; ls',
      'mv a b; mv c',
      'false && mv a b; true',
      'exit 0\nmv a b',
      'set -e; mv a b',
      'trap x EXIT; mv a b',
      'pushd sub; ls; popd; mv a b',
      'cd sub; mv a b',
      'ls; cd sub && mv a b',
      'cd - && mv a b',
      'cd "$X" && mv a b',
      'true || mv a b',
      'for f in x; do mv a b; done',
      'f() { mv a b; }',
      'time mv a b',
      'A=1; mv a b',
      'cat <<E\nmv a b\nE',
      'cat << "$E F"\nmv a b',
      // The file is another one before, or goes on behind it.
      'mv a b && mv b c',
      'mv a b && rm b',
      'mv a b && python x.py',
      'mv a b && echo x > b',
      'mv a b && echo x >& b',
      'mv a b && sh -c "rm b"',
      'mv c a; mv a b',
      'cp c a && mv a b',
      'git checkout a && mv a b',
      'mv *.c x; mv a b',
      'mv ../a b',
      'mv "~/a" b',
      'mv "a\\"b" b',
      `mv a b #${'x'.repeat(65536)}`,
    ])
      expect(moves(none), none).toEqual([]);
    expect(moves('mv a b;'.repeat(500)).length).toBeLessThanOrEqual(8);
  });
});
