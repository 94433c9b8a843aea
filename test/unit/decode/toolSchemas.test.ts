// What JSON schemas say of the arguments of tools, hostile ones too, and what looks like a path and is none.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reduceTrajectory } from '../../../server/src/attach/reader/reduce';
import { candidateLimit, pathCandidates, pathIn, worksElsewhere } from '../../../server/src/decode/openclaw/pathArguments';
import { argumentLimit, compiledTools, describedTool, toolLimit, verdictOf } from '../../../server/src/decode/openclaw/toolSchemas';
import type { ArgumentSchema } from '../../../server/src/decode/openclaw/toolSchemas';
import { decodeTrajectory } from '../../../server/src/decode/openclaw/trajectory';
import { ArgumentHints, hintLimit } from '../../../server/src/model/argumentHints';
import type { ToolShape } from '../../../server/src/model/events';
import { recording } from '../../fixtures/recordings';

function said(name: string, description = '', others: Partial<ArgumentSchema> = {}): ReturnType<typeof verdictOf> {
  return verdictOf({ name, types: ['string'], format: '', description, enumerated: false, ...others });
}

function described(parameters: object, others: object = {}): ToolShape | null {
  return describedTool(JSON.stringify({ id: 'openclaw:lint-tools:lint', name: 'lint', parameters, ...others }));
}
const properties = (of: object): object => ({ type: 'object', properties: of });

describe('an argument is', () => {
  it('a path where its schema says so, whatever its name is', () => {
    for (const [name, description] of [
      ['target', 'Path to the file to analyse'],
      ['target', 'File to analyse, relative or absolute path'],
      ['subject', 'Relative file path'],
      ['where', 'Absolute path of the directory'],
      ['input', 'The file that is converted'],
      ['from', 'Path of the source file whose code is checked'],
      ['src', 'Workspace path'],
      ['spec', 'paths of all test files'],
    ] as const)
      expect.soft(said(name, description), `${name}: ${description}`).toBe('path');
    for (const format of ['path', 'file-path', 'Directory']) expect.soft(said('x', '', { format }), format).toBe('path');
    expect(said('x', 'A relative path', { types: null, format: 'uri-reference' })).toBe('path');
  });

  it('one by its name alone, which needs a value that looks like nothing else', () => {
    for (const name of ['outputPath', 'source_file', 'fileName', 'file_paths', 'workDir', 'root-folder'])
      expect.soft(said(name), name).toBe('named');
  });

  it('nothing that is known, or surely none', () => {
    for (const [name, description] of [
      ['query', 'Text to search for in files that match'],
      ['pattern', 'Glob pattern of the files'],
      ['name', 'Name of the function in the file to rename'],
      ['content', 'Content to write to the file path'],
      ['replacement', 'What is written to the file'],
      ['source', 'URL or file path'],
      ['target', ''],
      ['jsonPath', ''],
      ['import_path', ''],
      ['fileId', ''],
      ['profile', ''],
    ] as const)
      expect.soft(said(name, description), `${name}: ${description}`).toBeNull();
    for (const [name, description, others] of [
      ['target', 'Recipient/channel: E.164 for WhatsApp', {}],
      ['path', 'Absolute path to the file on the node to fetch.', {}],
      ['path', 'Dotted path of the setting', {}],
      ['path', 'Path of the file in the repository', {}],
      ['path', 'Path within the archive', {}],
      ['path', 'JSON path of the value', {}],
      ['path', 'XPath of the element', {}],
      ['path', 'The route of the API endpoint', {}],
      ['path', 'Path to the file', { enumerated: true }],
      ['path', 'Path to the file', { types: ['number'] }],
      ['path', 'Path to the file', { format: 'email' }],
      ['key', 'The object key in the S3 bucket', {}],
    ] as const)
      expect.soft(said(name, description, others), `${name}: ${description}`).toBe('none');
  });

  it('told whatever is said of it, at any length', () => {
    for (const text of ['path to the '.repeat(100_000), `paths of ${'a '.repeat(100_000)}`, 'in the '.repeat(100_000), ' '.repeat(1e6)])
      expect(['path', null]).toContain(said('x', text));
    expect(said('a'.repeat(1e6))).toBeNull();
    expect(said('aB'.repeat(5e5))).toBeNull();
  });
});

describe("a tool's own description", () => {
  it('names lists of paths, those in objects and those in lists of objects', () => {
    const shape = described(
      properties({
        target: { type: 'string', description: 'Path to the file to lint' },
        files: { type: 'array', description: 'Files to lint', items: { type: 'string' } },
        untold: { type: 'array', description: 'Paths to the files' },
        jobs: { type: 'array', items: properties({ input_file: { type: 'string' }, level: { type: 'integer' } }) },
        options: properties({ config: { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'Path of the file with rules' } }),
        depth: { type: 'number' },
        'a/b*c~': { type: 'string', format: 'path' },
      }),
    );
    expect(shape).toEqual({
      name: 'lint',
      owner: 'lint-tools',
      arguments: [
        { at: '/target', verdict: 'path' },
        { at: '/files/*', verdict: 'path' },
        { at: '/untold/*', verdict: 'path' },
        { at: '/jobs/*/input_file', verdict: 'named' },
        { at: '/jobs/*/level', verdict: 'none' },
        { at: '/options/config', verdict: 'path' },
        { at: '/depth', verdict: 'none' },
        { at: '/a~1b~2c~0', verdict: 'path' },
      ],
    });
  });

  it('says that none is a path where it works elsewhere', () => {
    for (const beside of ['repo', 'node', 'bucket', 'hostName', 'container_id', 'Owner', 'method'])
      expect
        .soft(
          described(properties({ path: { type: 'string', description: 'Path to the file' }, [beside]: { type: 'string' } }))?.arguments[0],
          beside,
        )
        .toEqual({ at: '/path', verdict: 'none' });
  });

  it("is not taken for one of OpenClaw's own tools, nor from what is none", () => {
    const target = properties({ target: { type: 'string', format: 'path' } });
    expect(described(target, { name: 'read' })).toBeNull();
    expect(described(target, { name: 'openclaw:core:exec' })).toBeNull();
    for (const text of [
      '',
      'null',
      '[]',
      '{',
      '{"name":1,"parameters":{}}',
      '{"name":"x"}',
      '{"name":"x","parameters":{"properties":[]}}',
      '[['.repeat(1e5),
    ])
      expect.soft(describedTool(text), text.slice(0, 20)).toBeNull();
    expect(describedTool(JSON.stringify({ name: 'x', parameters: target, pad: ' '.repeat(300_000) }))).toBeNull();
  });

  it('is looked at within bounds: depth, number, names of prototypes', () => {
    let deep: object = { type: 'string', format: 'path' };
    for (let i = 0; i < 200; i++) deep = properties({ [`p${i}`]: deep });
    expect(described(deep)).toBeNull();
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, { type: 'string', format: 'path' }]));
    expect(described(properties(many))?.arguments.length).toBe(argumentLimit);
    expect(described(properties({ a: properties(many), b: properties(many) }))?.arguments.length).toBeLessThanOrEqual(argumentLimit);
    const odd = describedTool(
      '{"name":"x","parameters":{"properties":{"__proto__":{"type":"string","format":"path"},"constructor":{"format":"path"},"toString":1}}}',
    );
    expect(odd?.arguments.map(({ at }) => at)).toEqual(['/__proto__', '/constructor']);
    expect(({} as { format?: string }).format).toBeUndefined();
  });
});

describe('an argument of a call looks like a path', () => {
  it('where it is one, and in no other text', () => {
    for (const path of [
      'src/calc.py',
      './a',
      '../a/b',
      '/sandbox/x',
      '~/x/y',
      'calc.py',
      'Makefile',
      'a/b',
      'app/[id]/page.tsx',
      'file:///sandbox/a%2Bb.py',
    ])
      expect.soft(pathIn(path), path).not.toBeNull();
    for (const other of [
      'https://example.org/a.py',
      's3://b/k.py',
      'C:/x/y.py',
      'mailto:a@b.org',
      'example.com',
      'www.example.zz/x.html',
      'github.com/a/b.py',
      'text/plain',
      'application/json',
      '2026/11/21',
      '1.2.3',
      '@scope/pkg',
      '#general',
      '-v',
      '*.py',
      'src/**/*.ts',
      'a b/c.py',
      'x = f(a/b.py);',
      '$HOME/a.py',
      '`id`/x.py',
      '{"path":"a.py"}',
      'a\nb.py',
      'a\u0000.py',
      '//evil/share.py',
      'word',
      '',
      'file:///%',
      'a'.repeat(2000),
    ])
      expect.soft(pathIn(other), other).toBeNull();
    expect(pathIn('file:///sandbox/b.py#L3')).toBe('/sandbox/b.py');
  });

  it('wherever in the arguments, within bounds, and in none of a tool that works elsewhere', () => {
    expect(pathCandidates('lint', { target: 'a.py', jobs: [{ in: 'x/b.py' }], n: 1, s: 'no path' })).toEqual([
      { at: '/target', path: 'a.py', plain: false },
      { at: '/jobs/*/in', path: 'x/b.py', plain: true },
    ]);
    expect(pathCandidates('read', { path: 'a.py' })).toEqual([]);
    expect(pathCandidates('lint', { files: Array.from({ length: 1000 }, (_, i) => `f${i}.py`) }).length).toBe(candidateLimit);
    let deep: unknown = 'a.py';
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(pathCandidates('lint', { deep })).toEqual([]);
    for (const args of [
      { repo: 'a', path: 'b.py' },
      { node: 'phone', path: '/x.py' },
      { method: 'GET', path: '/x.py' },
    ]) {
      expect(worksElsewhere('fetch', args)).toBe(true);
      expect(pathCandidates('fetch', args)).toEqual([]);
    }
    expect(worksElsewhere('fetch', { repo: '', node: null, path: 'x' })).toBe(false);
    expect(worksElsewhere('exec', { host: 'gateway' })).toBe(false);
    expect(worksElsewhere('gateway', { action: 'config.get', path: 'agents.list' })).toBe(true);
  });
});

describe('what many schemas say', () => {
  const shape = (name: string, owner: string | null, told: Readonly<Record<string, 'named' | 'path' | 'none'>>): ToolShape => ({
    name,
    owner,
    arguments: Object.entries(told).map(([at, verdict]) => ({ at, verdict })),
  });
  const block = {
    kind: 'toolCall',
    index: 0,
    callId: 'c',
    name: 'lint',
    rawName: 'lint',
    preview: '',
    command: null,
    target: '',
    argsDigest: '',
    secrets: [],
  } as const;
  const call = (owner: string | null) => ({
    ...block,
    owner,
    paths: ['kept.py'],
    pathsAt: ['/path'],
    candidates: [
      { at: '/target', path: 'src/calc.py', plain: true },
      { at: '/zone', path: 'Europe/Berlin', plain: false },
    ],
  });

  it('is the same in whichever order they came, also beyond the bound', () => {
    const shapes = Array.from({ length: 300 }, (_, i) =>
      shape(
        `tool${i % 97}`,
        i % 3 === 0 ? null : `o${i % 5}`,
        Object.fromEntries(
          Array.from({ length: 40 }, (_, j) => [`/p${(i * 7 + j) % 61}`, (['named', 'path', 'none'] as const)[(i + j) % 3] ?? 'none']),
        ),
      ),
    );
    const told = (order: readonly ToolShape[]): unknown => {
      const hints = new ArgumentHints();
      for (const one of order) hints.add(one);
      return Array.from({ length: 97 }, (_, i) =>
        Array.from({ length: 61 }, (_unused, j) => {
          const asked = {
            ...call(null),
            name: `tool${i}`,
            paths: ['a'],
            pathsAt: [`/p${j}`],
            candidates: [{ at: `/p${j}`, path: 'b/c.py', plain: false }],
          };
          return hints.pathsOf(asked, i % 2 === 0 ? 'o1' : null, 16);
        }),
      );
    };
    const distinct = new Set(shapes.flatMap(({ name, owner, arguments: all }) => all.map(({ at }) => `${name} ${owner} ${at}`)));
    expect(distinct.size).toBeGreaterThan(hintLimit);
    const expected = told(shapes);
    expect(told([...shapes].reverse())).toEqual(expected);
    expect(told([...shapes, ...shapes].sort((a, b) => a.arguments.length - b.arguments.length || (a.name < b.name ? 1 : -1)))).toEqual(
      expected,
    );
  });

  it('takes a path away and adds one, of the right owner, and no value that is only named one and looks like other things', () => {
    const hints = new ArgumentHints();
    expect(hints.pathsOf(call(null), null, 16)).toEqual({ paths: ['kept.py'], bySchema: [] });
    expect(hints.add(shape('lint', 'a', { '/target': 'named', '/zone': 'named' }))).toEqual(['lint']);
    expect(hints.add(shape('lint', 'a', { '/target': 'named' }))).toEqual([]);
    expect(hints.pathsOf(call('a'), 'a', 16)).toEqual({ paths: ['kept.py', 'src/calc.py'], bySchema: ['src/calc.py'] });
    expect(hints.pathsOf(call(null), null, 16).bySchema).toEqual(['src/calc.py']);
    expect(hints.pathsOf(call('b'), 'b', 16)).toEqual({ paths: ['kept.py'], bySchema: [] });
    hints.add(shape('lint', 'b', { '/path': 'none' }));
    expect(hints.pathsOf(call('b'), 'b', 16)).toEqual({ paths: [], bySchema: [] });
    expect(hints.pathsOf(call('a'), 'a', 1)).toEqual({ paths: ['kept.py'], bySchema: [] });
  });
});

it('tools of OpenClaw 2026.7.1 take few paths of the sandbox, and what looks alike is none', () => {
  const sessions = join(recording('openclaw-2026.7.1').stateDir, 'agents/main/sessions');
  const told = new Map<string, string>();
  for (const file of readdirSync(sessions).filter((name) => name.endsWith('.trajectory.jsonl')))
    for (const line of readFileSync(join(sessions, file), 'utf8').split('\n')) {
      const reduced = reduceTrajectory(line);
      const event = reduced.kind === 'event' ? decodeTrajectory(reduced.text, 'main', 's', 0) : null;
      for (const tool of event?.kind === 'tools' ? event.tools : [])
        for (const { at, verdict } of tool.arguments) told.set(`${tool.name} ${at}`, verdict);
    }
  expect([...told].filter(([, verdict]) => verdict !== 'none').sort()).toEqual([
    // Of settings: its calls have no paths at all.
    ['gateway /path', 'named'],
    ['gateway /replacePaths/*', 'named'],
    ['message /filename', 'named'],
    ['sessions_spawn /cwd', 'named'],
    ['skill_workshop /support_files/*', 'path'],
  ]);
  for (const none of ['message /target', 'browser /target', 'browser /path', 'dir_fetch /path', 'file_write /path', 'nodes /outPath'])
    expect.soft(told.get(none), none).toBe('none');
});

describe("a trajectory's tools", () => {
  const event = (tools: unknown): string =>
    JSON.stringify({
      traceSchema: 's',
      type: 'context.compiled',
      ts: '2026-11-21T00:00:00Z',
      seq: 3,
      sessionId: 's',
      runId: 'r',
      data: { systemPrompt: 'secret', tools },
    });

  it('are the same text in every run, without the prompt, and tell what their descriptions do', () => {
    const tools = [
      {
        name: 'demo_probe',
        description: 'd',
        parameters: properties({ target: { type: 'string', description: 'File to probe' }, depth: { type: 'number' } }),
      },
      { name: 'none', parameters: properties({ q: { type: 'string' } }) },
      '[Truncated]',
      { name: 'cut', parameters: { truncated: true } },
    ];
    const reduced = reduceTrajectory(event(tools));
    if (reduced.kind !== 'event') throw new Error(reduced.kind);
    expect(reduced.session).toBe('s');
    expect(reduceTrajectory(event(tools).replace('2026', '2027').replace('"r"', '"r2"'))).toEqual(reduced);
    expect(reduced.text).not.toContain('secret');
    expect(decodeTrajectory(reduced.text, 'main', 's', 0)).toEqual({
      kind: 'tools',
      agent: 'main',
      session: 's',
      tools: [{ name: 'demo_probe', owner: null, arguments: [{ at: '/target', verdict: 'path' }] }],
    });
  });

  it('are none where there are none, and bounded where there are many', () => {
    for (const tools of ['[Truncated]', null, [], [null, 1, 'x', []], [{ name: 'x', parameters: properties({}) }]])
      expect.soft(reduceTrajectory(event(tools)).kind).toBe('unused');
    const wide = properties(
      Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`path${i}`, { type: 'string', description: 'file path '.repeat(40) }])),
    );
    const reduced = reduceTrajectory(event(Array.from({ length: 300 }, (_, i) => ({ name: `t${i}`, parameters: wide }))));
    const decoded = reduced.kind === 'event' ? decodeTrajectory(reduced.text, 'main', 's', 0) : null;
    expect(decoded?.kind === 'tools' ? [decoded.tools.length, decoded.tools[0]?.arguments.length] : null).toEqual([
      toolLimit,
      argumentLimit,
    ]);
    for (const data of [{}, { tools: 1 }, { tools: [null, { name: 'x', arguments: [[], [1], ['a'], null] }] }])
      expect(compiledTools(data as Readonly<Record<string, unknown>>).every(({ name }) => name === 'x')).toBe(true);
  });
});
