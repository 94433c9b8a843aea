// Files that plugins' and MCP servers' tools touched, told by the schemas of those tools: whenever they come, and no others.
import { describe, expect, it } from 'vitest';
import { reduceTrajectory } from '../../../server/src/attach/reader/reduce';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { claimsOf } from '../../../server/src/locate/anchors';
import { spanPayload } from '../../../server/src/query/payload';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const t0 = Date.UTC(2026, 10, 21);
const w = '/sandbox/w';
let ordinal = 0;
const at = (ms: number): string => new Date(t0 + ms).toISOString();

const transcript = (json: object): SourceRecord => ({
  kind: 'transcript',
  agent: 'main',
  session: 's',
  state: 'live',
  file: 's.jsonl',
  ordinal: ordinal++,
  text: JSON.stringify(json),
});
const header = (): SourceRecord => transcript({ type: 'session', version: 3, id: 's', timestamp: at(0), cwd: w });

interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: object;
  readonly text?: string;
  readonly details?: object;
}

function called({ id, name, args, text = 'ok', details = {} }: Call): readonly SourceRecord[] {
  const n = Number(/\d+/.exec(id)?.[0] ?? 0) * 10;
  const content = [{ type: 'toolCall', id, name, arguments: args }];
  const result = {
    role: 'toolResult',
    toolCallId: id,
    toolName: name,
    content: [{ type: 'text', text }],
    details,
    isError: false,
    timestamp: t0 + n + 1,
  };
  return [
    transcript({
      type: 'message',
      id: `a${id}`,
      timestamp: at(n),
      message: { role: 'assistant', timestamp: t0 + n, provider: 'p', model: 'm', content },
    }),
    transcript({ type: 'message', id: `r${id}`, timestamp: at(n + 1), message: result }),
  ];
}

const parameters = (of: object): object => ({ type: 'object', properties: of });
const probe = parameters({
  target: { type: 'string', description: 'File to probe' },
  also: { type: 'array', items: { type: 'string', format: 'path' } },
});

function compiled(tools: readonly object[], run = 'r'): SourceRecord {
  const event = { type: 'context.compiled', ts: at(0), seq: 1, sessionId: 's', runId: run, data: { tools } };
  const reduced = reduceTrajectory(JSON.stringify(event));
  if (reduced.kind !== 'event') throw new Error(reduced.kind);
  return { kind: 'trajectory', agent: 'main', session: 's', ordinal: ordinal++, text: reduced.text };
}

function describes(id: string, tool: { readonly id: string; readonly name: string; readonly parameters: object }): readonly SourceRecord[] {
  return called({ id, name: 'tool_describe', args: { id: tool.name }, text: JSON.stringify(tool, null, 2) });
}

/** By call id: the paths of the calls of a session, and how each is claimed. */
function told(store: Store, batches: readonly (readonly SourceRecord[])[]): Readonly<Record<string, readonly string[]>> {
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  const ingest = new Ingest(store, row);
  for (const batch of batches) ingest.apply(batch);
  ingest.settle();
  const found: Record<string, readonly string[]> = {};
  for (const view of store.sessions.list(row))
    for (const { span } of store.spans.page(view.row, 0, 1000)) {
      if (span.kind !== 'execute_tool') continue;
      const touched = store.touches.pathsOfCall(view.row, span.id);
      const payload = spanPayload(store, view.row, span);
      const claims = claimsOf(span, payload.args, view.workspaceDir, payload.result);
      const key = String(span.attributes['gen_ai.tool.call.id']);
      found[key] = claims.map(
        (claim) => `${claim.kind === 'text' ? '' : claim.how} ${claim.path}${claim.kind === 'lines' ? `:${claim.start + 1}` : ''}`,
      );
      expect([...touched].sort(), key).toEqual([...new Set(claims.map(({ path }) => path))].sort());
    }
  return found;
}

const call = (id: string, args: object, name = 'look'): readonly SourceRecord[] => called({ id, name, args });

describe('a call of a tool whose schema says which arguments are paths', () => {
  const target = { subject: 'src/calc.py', zone: 'Europe/Berlin', depth: 2 };
  const schema = parameters({
    subject: { type: 'string', description: 'Path of the file to look at' },
    zone: { type: 'string' },
    depth: { type: 'number' },
  });
  const tool = { id: 'openclaw:lookers:look', name: 'look', parameters: schema };

  it('touched them, whenever the schema came', () => {
    const from = ordinal;
    const first = header();
    const describing = describes('c1', tool);
    const asked = call('c2', target);
    const known = compiled([{ name: 'look', parameters: schema }]);
    expect(from).toBeLessThan(ordinal);
    const expected = { c1: [], c2: [`schema ${w}/src/calc.py`] };
    for (const batches of [
      [[first, ...describing, ...asked]],
      [[first], describing, asked],
      [[...asked], [first], [...describing].reverse()],
      [[...asked, first], describing, describing],
      [[first, ...asked], [known]],
      [[known], [first, ...asked]],
      [[known, first, ...asked, known]],
    ]) {
      using store = memoryStore();
      const c2 = told(store, batches)['c2'];
      expect(c2).toEqual(expected.c2);
    }
    using without = memoryStore();
    expect(told(without, [[first, ...asked]])).toEqual({ c2: [] });
  });

  it('also through the search for tools, of a list and with the line beside one', () => {
    using store = memoryStore();
    const wrapped = (id: string, tool: string, args: object): readonly SourceRecord[] =>
      called({ id, name: 'tool_call', args: { id: tool, args } });
    expect(
      told(store, [
        [
          header(),
          compiled([
            {
              name: 'demo_probe',
              parameters: parameters({ target: { type: 'string' }, also: { type: 'array', description: 'Files to probe too' } }),
            },
          ]),
          ...wrapped('c1', 'openclaw:demo:demo_probe', { target: 'src/calc.py', also: ['a.py', '/tmp/b.py', 'no', 'https://x.org/c.py'] }),
          ...describes('c2', {
            id: 'mcp:bundle-mcp:eyes__see',
            name: 'eyes__see',
            parameters: parameters({ in: { type: 'string', format: 'path' }, line: { type: 'integer' } }),
          }),
          ...wrapped('c3', 'mcp:bundle-mcp:eyes__see', { in: '/sandbox/w/src/calc.py', line: 7 }),
          ...wrapped('c4', 'mcp:other-server:eyes__see', { in: '/sandbox/w/src/calc.py', line: 7 }),
          // What a server works in nobody tells, nor from what it counts the lines beside characters.
          ...wrapped('c6', 'mcp:bundle-mcp:eyes__see', { in: 'src/calc.py' }),
          ...wrapped('c7', 'mcp:bundle-mcp:eyes__see', { in: '~/w/src/calc.py', line: 7, character: 2 }),
          ...wrapped('c5', 'tool_describe', { id: 'x' }),
        ],
      ]),
    ).toEqual({
      c1: [`path ${w}/src/calc.py`, `schema ${w}/a.py`, 'schema /tmp/b.py'],
      c2: [],
      c3: [`schema ${w}/src/calc.py:7`],
      // Another server's tool of the same name.
      c4: [],
      c5: [],
      c6: [],
      c7: [`schema ${w}/src/calc.py`],
    });
  });

  it('did not touch what its schema says is none, whatever the name of the argument is', () => {
    using store = memoryStore();
    const said = (text: string): object => ({ type: 'string', description: text });
    expect(
      told(store, [
        [
          header(),
          ...call('c1', { target: 'README.md' }, 'message'),
          ...call('c2', { target: 'README.md' }, 'mine'),
          ...call('c3', { path: 'README.md', ref: 'main' }, 'get_contents'),
          ...call('c4', { path: 'README.md', owner: 'o', repo: 'r' }, 'unknown_get'),
          ...call('c5', { path: 'README.md' }, 'unknown_get'),
          ...call('c6', { path: 'README.md' }, 'read'),
        ],
        [
          compiled([
            { name: 'message', parameters: parameters({ target: said('Recipient/channel: a phone number') }) },
            { name: 'get_contents', parameters: parameters({ repo: said('Name of it'), path: said('Path to the file') }) },
            // Nobody else says what the arguments of OpenClaw's own tools are.
            { name: 'read', parameters: parameters({ path: said('Recipient') }) },
          ]),
        ],
      ]),
    ).toEqual({ c1: [], c2: [`path ${w}/README.md`], c3: [], c4: [], c5: [`path ${w}/README.md`], c6: [`path ${w}/README.md`] });
  });

  it('is not told by a description that failed, or that another tool made', () => {
    using store = memoryStore();
    const text = JSON.stringify(tool);
    expect(
      told(store, [
        [
          header(),
          ...called({ id: 'c1', name: 'tool_describe', args: {}, text, details: { status: 'error' } }),
          ...called({ id: 'c2', name: 'web_fetch', args: {}, text }),
          ...called({
            id: 'c3',
            name: 'tool_call',
            args: { id: 'mcp:evil:say', args: {} },
            text,
            details: { tool: { id: 'mcp:evil:say' }, result: { content: [{ type: 'text', text }] } },
          }),
          ...call('c4', target),
        ],
      ])['c4'],
    ).toEqual([]);
  });

  it('keeps one record of tools that every run tells', () => {
    using store = memoryStore();
    const tools = [{ name: 'look', parameters: probe }];
    told(store, [
      [header(), ...call('c1', { target: 'a.py', also: ['b.py'] })],
      ...['r1', 'r2', 'r3'].map((run) => [compiled(tools, run)]),
    ]);
    const [row] = store.sessions.newest(1, 1);
    const kept = [...store.entries.records(row ?? 0)].filter(({ kind }) => kind === 'trajectory');
    expect(kept.length).toBe(1);
  });
});
