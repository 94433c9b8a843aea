// Where tools come from, in files as people and OpenClaw write them, and in files that were made to be trouble.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDefinitions } from '../../../../server/src/locate/defined/findDefinitions';
import type { Definition } from '../../../../server/src/locate/defined/definition';
import { jsTokens, maxRegexChars, maxTokens } from '../../../../server/src/locate/defined/jsTokens';
import type { Tokens } from '../../../../server/src/locate/defined/jsTokens';
import { serversOfTool } from '../../../../server/src/locate/defined/mcpServers';
import { maxToolsPerFile, namesIn } from '../../../../server/src/locate/defined/pluginTools';
import { readManifest } from '../../../../server/src/locate/defined/manifest';

const state = join(import.meta.dirname, '../../../fixtures/openclaw-2026.7.1/sandbox/.openclaw');
const recorded = (path: string): readonly Definition[] => findDefinitions(path, readFileSync(join(state, path), 'utf8'));

/** The text at the range, so that a range that is off shows. */
function at(text: string, { range: { start, end } }: Definition): string {
  expect(end.line).toBe(start.line);
  return (text.split('\n')[start.line] ?? '').slice(start.character, end.character);
}
const names = (text: string, path = 'a.ts'): readonly string[] => findDefinitions(path, text).map(({ name }) => name);

describe('files of a recorded agent', () => {
  it('are a plugin with its two tools, each at its name', () => {
    const path = 'workspace/plugins/ticket-tools/index.ts';
    const text = readFileSync(join(state, path), 'utf8');
    const found = recorded(path);
    expect(found.map(({ kind, name, key }) => [kind, name, key])).toEqual([
      ['plugin-tool', 'ticket_lookup', 'tool ticket_lookup'],
      ['plugin-tool', 'ticket_close', 'tool ticket_close'],
    ]);
    expect(found.map((one) => at(text, one))).toEqual(['"ticket_lookup"', '"ticket_close"']);
    expect(text.split('\n')[found[0]?.range.start.line ?? 0]).toBe('      name: "ticket_lookup",');
  });

  it('are its manifest', () => {
    const path = 'workspace/plugins/ticket-tools/openclaw.plugin.json';
    const text = readFileSync(join(state, path), 'utf8');
    expect(recorded(path).map((one) => [one.kind, one.name, at(text, one)])).toEqual([
      ['manifest-tool', 'ticket_lookup', '"ticket_lookup"'],
      ['manifest-tool', 'ticket_close', '"ticket_close"'],
    ]);
    expect(readManifest(text).pluginId).toBe('ticket-tools');
  });

  it('are a skill, an MCP server and the prompt files', () => {
    const skill = 'workspace/skills/release-notes/SKILL.md';
    expect(recorded(skill)).toMatchObject([{ kind: 'skill', name: 'release-notes', key: 'skill release-notes' }]);
    expect(at(readFileSync(join(state, skill), 'utf8'), recorded(skill)[0] as Definition)).toBe('release-notes');
    expect(recorded('openclaw.json')).toMatchObject([{ kind: 'mcp-server', name: 'units', key: 'mcp units' }]);
    expect(at(readFileSync(join(state, 'openclaw.json'), 'utf8'), recorded('openclaw.json')[0] as Definition)).toBe('"units"');
    for (const name of ['AGENTS.md', 'SOUL.md', 'TOOLS.md', 'MEMORY.md', 'USER.md', 'HEARTBEAT.md'])
      expect(recorded(`workspace/${name}`)).toMatchObject([{ kind: 'prompt-file', name, key: null }]);
    // An MCP server of its own names its tools without the server's name: no call is known by them.
    expect(recorded('workspace/mcp/units-server.mjs')).toEqual([]);
  });
});

describe('the source of a plugin', () => {
  it.each([
    ['a literal', `api.registerTool({ description: "d", name: 'a_b', execute() { return { name: "not_me" } } })`, ['a_b']],
    ['a template without anything in it', 'api.registerTool({ name: `a` })', ['a']],
    ['a template that is made at run time', 'api.registerTool({ name: `a_${kind}` })', []],
    ['what is put together', `api.registerTool({ name: "a" + suffix })`, []],
    ['a key in quotes, and a cast', `api?.registerTool?.({ "name": "a" as const } as AnyAgentTool, { optional: true })`, ['a']],
    ['a constant of the file', `const NAME = "a";\napi.registerTool({ name: NAME })`, ['a']],
    ['a shorthand', `const name: string = "a"\napi.registerTool({ name, x })`, ['a']],
    ['a constant that is declared twice', `const NAME = "a"; { const NAME = "b"; }\napi.registerTool({ name: NAME })`, []],
    ['a constant of a function', `function f() { const NAME = "a"; }\napi.registerTool({ name: NAME })`, []],
    ['a constant that is more than text', `const NAME = "a" + x;\napi.registerTool({ name: NAME })`, []],
    [
      'a tool in a constant',
      `const tool: AnyAgentTool = { label: "L", name: "a", };\nexport default (api) => api.registerTool(tool)`,
      ['a'],
    ],
    ['each of many', `for (const tool of tools) api.registerTool(tool)`, []],
    ['a factory with a name', `api.registerTool((ctx) => make(ctx), { name: "a" })`, ['a']],
    ['a factory with names', `api.registerTool(factory, { names: ["a", 'b', c], optional: true })`, ['a', 'b']],
    ['a factory that makes it in place', `api.registerTool((ctx: C) => ({ name: "a", execute }), { optional: true })`, ['a']],
    ['the same name twice', `api.registerTool({ name: "a" }, { name: "a" })`, ['a']],
    ['another name beside it', `api.registerTool({ name: "a" }, { name: "b" })`, ['a', 'b']],
    ['a comment', `// api.registerTool({ name: "a" })\n/* api.registerTool({ name: "b" }) */`, []],
    ['a string', `const s = 'api.registerTool({ name: "a" })'; const t = \`registerTool({ name: "b" })\``, []],
    ['what stands in a template', 'const t = `${api.registerTool({ name: "a" })}`', ['a']],
    ['a declaration', `function registerTool({ name }: { name: "a" }) {}`, []],
    ['a tool of an MCP server', `server.registerTool("a", { name: "b" }, run)`, ['b']],
    ['a regular expression with a quote in it', `const r = /["'\`{]/g;\napi.registerTool({ name: "a" })`, ['a']],
    [
      'a regular expression after a condition',
      'if (x(1)) /`/.test(y);\nconst doc = `registerTool({ name: "no" })`;\nregisterTool({ name: "a" })',
      ['a'],
    ],
    ['a parameter of the name', `const NAME = "x";\nfunction f(NAME) { api.registerTool({ name: NAME }) }`, []],
    [
      'a parameter that is taken apart',
      `const NAME = "x";\nexport const f = ({ a: [NAME] }): void => { api.registerTool({ name: NAME }) }`,
      [],
    ],
    ['the one parameter of an arrow', `const NAME = "x";\nlist.map(NAME => api.registerTool({ name: NAME }))`, []],
    ['what a method or a catch is given', `const NAME = "x", T = {};\nclass C { m(NAME) {} }\napi.registerTool({ name: NAME })`, []],
    ['what is taken apart', `const NAME = "x";\nfunction f(c) { const { NAME } = c; api.registerTool({ name: NAME }) }`, []],
    ['one of several', `const NAME = "x";\nfunction f() { let z, NAME = "y"; api.registerTool({ name: NAME }) }`, []],
    ['what is imported', `import { type A, NAME } from "x";\n{ const NAME = "a"; }\napi.registerTool({ name: NAME })`, []],
    ['a constant that a condition looks at', `const NAME = "a";\nif (on(NAME)) { api.registerTool({ name: NAME }) }`, ['a']],
    [
      'a constant that is a default',
      `const NAME = "a";\nexport default ({ api }) => { use(NAME); api.registerTool({ name: NAME }); };`,
      ['a'],
    ],
    ['a name that is said twice', `registerTool({ name: "a", name: "b" });\nregisterTool(f, { name: "c", name: "d" })`, []],
    ['what is spread after the name', `registerTool({ name: "a", x: [1, 2], ...over })`, []],
    ['what is spread before it, or within', `registerTool({ ...base, name: "a", x: { ...y }, z: f(...y) })`, ['a']],
    ['one in a loop', 'for await (const x of y) /`/.test(x);\nregisterTool({ name: "a" })', ['a']],
    ['a division', 'const y = f(x) / 2 + a.if(x) / "`".length;\nregisterTool({ name: "a" })', ['a']],
    ['an apostrophe in markup', `const x = <p>Don't</p>;\napi.registerTool({ name: "a" })`, ['a']],
    ['half typed', `api.registerTool({ name: "a", run: (\napi.registerTool({ name: "b" })`, ['a', 'b']],
  ])('%s', (_what, text, expected) => {
    expect(names(text, 'plugin/index.tsx')).toEqual(expected);
  });

  it('that is defined by its tools', () => {
    const text = `import { defineToolPlugin } from "openclaw/plugin-sdk/tool-plugin";
export default defineToolPlugin({
  id: "stock-quotes", name: "Stock Quotes",
  tools: (tool) => [
    tool({ name: "stock_quote", parameters: Type.Object({ name: Type.String() }), execute: () => tool.x({ name: "no" }) }),
    tool({ ...shared }), tool({ name: "stock_list", factory }),
  ],
});
tool({ name: "not_of_it" })`;
    expect(names(text)).toEqual(['stock_quote', 'stock_list']);
    expect(names('defineToolPlugin({ tools(make) { return [make({ name: "a" })]; } })')).toEqual(['a']);
  });

  it('has a bound', () => {
    expect(names('x.registerTool({ name: "a" });\n'.repeat(maxToolsPerFile + 50))).toHaveLength(maxToolsPerFile);
    expect(jsTokens('a '.repeat(maxTokens + 1)).cut).toBe(true);
    expect(names(`x.registerTool({ name: "${'a'.repeat(500)}" })`)).toEqual([]);
  });
});

describe('a manifest', () => {
  it('counts as it was said last, up to where it makes no sense', () => {
    const text = `{ id: 'no', id: 'p', contracts: { tools: ["no"] }, contracts: { tools: ["no"], tools: ["a", 'b', 3, ["no"], "c" "no"] } }`;
    expect(readManifest(text)).toMatchObject({ pluginId: 'p', tools: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
  });
});

describe('openclaw.json', () => {
  it('may be JSON5', () => {
    const text = `// mine
{ mcp: { /* all */ servers: {
    units: { command: 'node', args: ['x.mjs'], },
    'my server!': { url: "https://x" },
    "9lives": {}, "9Lives": {},
    "${'long-'.repeat(10)}": {},
  }, }, servers: { no: {} }, }`;
    expect(findDefinitions('.openclaw/openclaw.json', text).map(({ name, key }) => [name, key])).toEqual([
      ['units', 'mcp units'],
      ['my server!', 'mcp my-server-'],
      ['9lives', 'mcp mcp-9lives'],
      ['9Lives', 'mcp mcp-9Lives-2'],
      ['long-'.repeat(10), `mcp ${'long-'.repeat(6)}`],
    ]);
  });

  it('leaves out a server whose tools may be of another', () => {
    const text = '{"mcp":{"servers":{"a":{},"a__b":{},"c":{}}}}';
    expect(names(text, 'openclaw.json')).toEqual(['a__b', 'c']);
    expect(serversOfTool('a__b__c')).toEqual(['a', 'a__b']);
    expect(serversOfTool('__b')).toEqual([]);
    expect(serversOfTool('a__')).toEqual([]);
  });

  /** Built here, so that no look for secrets in this file finds one. */
  const token = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;
  it.each([
    ['a list that has come out of its server', `{"mcp":{"servers":{"gh":{"command":"npx"},\n"--token","${token}"]},"b":{}}}`, ['gh']],
    ['a list without its bracket', `{"mcp":{"servers":{"gh":{"command":"npx","args":}"--token","${token}"]},"b":{}}}`, ['gh']],
    ['a list in braces', `{"mcp":{"servers":{"gh":{"args":[ } "-y", "--token", "${token}" ] },\n "b": {} } } }`, ['gh']],
    ['a bare token', `{mcp:{servers:{gh:{command:"x"}, ${token}, b:{}}}}`, ['gh']],
    ['a token before a bracket', `{mcp:{servers:{gh:{command:"x"}, ${token} {}, b:{}}}}`, ['gh']],
    ['a token without its quote', `{"mcp":{"servers":{"gh":{"env":{"T":"${token}},\n"arg:" : {}, "b":{}}}}`, ['gh']],
    ['a bracket too many', `{"mcp":{"servers":{"gh":{"command":"npx"},"args":["--token","${token}"], "url":"${token}"}}}`, ['gh']],
    ['a token as a key', `{"mcp":{"servers":{"${token}":{},"x-${token}":{},"b":{}}}}`, ['b']],
    ['something before it that is wrong', `{"a": "x" "y", "mcp":{"servers":{"b":{}}}}`, []],
    ['a template', '{"a": `x`, "mcp":{"servers":{"b":{}}}}', []],
    ['the end of the file', '{"mcp":{"servers":{"gh":{"command":"npx"},"b":{"args":["x", ', ['gh', 'b']],
    ['numbers and words', '{a:[-1.5e+3,.5,+Infinity,0xAF,1e-9,true,null,],"mcp":{"servers":{"b":{}}}}', ['b']],
    ['two numbers', '{a:[1 2],"mcp":{"servers":{"b":{}}}}', []],
    ['what is no object', '{"mcp":{"servers":{"x":1,"y":[{}],"z":null,"b":{}}}}', ['b']],
  ])('gives no value for a name: %s', (_what, text, expected) => {
    expect(names(text, 'openclaw.json')).toEqual(expected);
  });

  it('leaves out a server whose tools may be of one that ends with what parts them', () => {
    // `a___x` is the tool `_x` of `a`, or `x` of `a_`.
    expect(names('{"mcp":{"servers":{"a":{},"a_":{},"ab":{}}}}', 'openclaw.json')).toEqual(['a_', 'ab']);
  });

  it('says twice what counts as it was said last', () => {
    const text = '{mcp:{servers:{old:{}}}, mcp:{servers:{no:{}}, servers:{a:{}, b:{}, a:{url:1}, b:1}}}';
    const found = findDefinitions('openclaw.json', text);
    expect(found.map(({ name, range }) => [name, range.start.character])).toEqual([['a', text.lastIndexOf('a:')]]);
  });

  it.each(['', '[]', 'null', '{', '{"mcp":', '{"mcp":[]}', '{"mcp":{"servers":["a"]}}', '{"mcp":{"servers":{"a"'])(
    '%s has none',
    (text) => {
      expect(names(text, 'openclaw.json').filter((name) => name !== 'a')).toEqual([]);
    },
  );
});

describe('a skill', () => {
  it.each([
    ['---\nname: "Deep Dive"\ndescription: x\n---\n# x', 'Deep Dive', 1],
    ['---\r\ndescription: >-\r\n  name: no\r\nname: x1\r\n---\r\n', 'x1', 3],
    ['---\nmetadata: {"openclaw": {"requires": {"bins": ["git"]}}}\nname: x2\n---\n', 'x2', 2],
    ['# no front matter\nname: x', 'folder', 0],
    ['---\nname: [a]\n---\n', 'folder', 0],
    ['---\nname: never ends\n', 'folder', 0],
    ['---\n{{{{: \n---\n', 'folder', 0],
    [`---\nname: ${'x'.repeat(300)}\n---\n`, 'folder', 0],
  ])('%j', (text, name, line) => {
    const [found] = findDefinitions('skills/folder/SKILL.md', text);
    expect(found).toMatchObject({ name, key: 'skill folder', range: { start: { line } } });
  });
});

describe('hostile files', () => {
  const pieces = fc.constantFrom(
    ...[
      'registerTool',
      'defineToolPlugin',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      "'",
      '`',
      '${',
      '/',
      '//',
      '/*',
      '*/',
      '\\',
      '\n',
      ' ',
    ],
    ...[
      'name',
      'names',
      'tools',
      'tool',
      'const',
      '=',
      '=>',
      '...',
      '?.',
      '---\n',
      'mcp',
      'servers',
      'contracts',
      '"a"',
      'é',
      '\u2028',
      '\ud800',
    ],
  );
  const paths = fc.constantFrom('a.ts', 'x/openclaw.plugin.json', 'openclaw.json', 'skills/s/SKILL.md', 'AGENTS.md');

  it('neither throw nor have places outside of them', () => {
    fc.assert(
      fc.property(paths, fc.array(pieces, { maxLength: 120 }), (path, made) => {
        const text = made.join('');
        const lines = text.split('\n');
        for (const { name, range } of findDefinitions(path, text)) {
          expect(name).not.toBe('');
          expect(range.start.line).toBeLessThan(lines.length);
          expect(range.end.line).toBeLessThan(lines.length);
          expect(range.start.character).toBeLessThanOrEqual((lines[range.start.line] ?? '').length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  /** Characters looked at for words. */
  function looks(text: string): number {
    let count = 0;
    const counted = new Proxy(Object(text) as string & object, {
      get: (target, key) => {
        if (key === 'charAt' || (typeof key === 'string' && /^\d+$/.test(key))) count += 1;
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    jsTokens(counted);
    return count;
  }

  it.each([
    ['none is ever closed', '=/['],
    ['none is, with escapes', '=/\\'],
    ['each is on its line', '=/[\n'],
    ['strings', '="'],
    ['templates', '`${'],
  ])('are read in few looks at each character, where what may be a regular expression is none: %s', (_what, piece) => {
    for (const text of [`{${piece.repeat(5000)}`, `{${piece.repeat(20_000)}`]) expect(looks(text)).toBeLessThan(12 * text.length);
  });

  it('have regular expressions of any length that people write', () => {
    expect(names(`const r = /[\`"]${'a'.repeat(maxRegexChars - 10)}/;\nregisterTool({ name: "a" })`)).toEqual(['a']);
  });

  /** Words looked at. */
  function steps(text: string): number {
    const tokens = jsTokens(text);
    let count = 0;
    const list = new Proxy(tokens.list, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) count += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
    namesIn({ ...tokens, list } satisfies Tokens);
    return count;
  }

  it.each([
    ['nested calls', (n: number) => `${'registerTool({ a: '.repeat(n)}1${' })'.repeat(n)}`],
    ['nested definitions', (n: number) => `${'defineToolPlugin({ tools: (t) => [t({ name: '.repeat(n)}1${' })] })'.repeat(n)}`],
    ['calls that never end', (n: number) => 'registerTool({ a a a '.repeat(n)],
    ['calls that end wrongly', (n: number) => 'registerTool({ a ) ] '.repeat(n)],
    ['definitions that never end', (n: number) => 'defineToolPlugin({ tools: t => t({ '.repeat(n)],
    ['templates in templates', (n: number) => `registerTool(${'`${'.repeat(n)}`],
    ['constants', (n: number) => 'const a: { = '.repeat(n) + 'registerTool({ name: a })'],
    ['one constant for all calls', (n: number) => `const K={${'a,'.repeat(n)}};${'registerTool(K);'.repeat(n)}`],
    ['one with many names', (n: number) => `const K={names:[${'"a",'.repeat(n)}]};${'registerTool(f,K);'.repeat(n)}`],
    ['one for all definitions', (n: number) => `const K={tools:t=>[${'a,'.repeat(n)}]};${'defineToolPlugin(K);'.repeat(n)}`],
    [
      'definitions in constants in constants',
      (n: number) => {
        const each = Array.from({ length: n / 4 }, (_, k) => k);
        return `${each.map((k) => `const K${k}={tools:t=>[`).join('')}${']}'.repeat(each.length)};${each.map((k) => `defineToolPlugin(K${k});`).join('')}`;
      },
    ],
    ['parameters in parameters', (n: number) => `${'(a='.repeat(n)}${')=>{}'.repeat(n)}`],
    ['imports', (n: number) => 'import {a '.repeat(n)],
    ['commas', (n: number) => `registerTool({ ${',a'.repeat(n)} }, { ${',b'.repeat(n)} })`],
  ])('take twice as long when they are twice as large: %s', (_what, make) => {
    expect(steps(make(4000))).toBeLessThan(2.5 * steps(make(2000)) + 1000);
  });
});
