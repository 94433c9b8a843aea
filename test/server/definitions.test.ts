// Where tools come from, asked of the built server: a workspace that is a copy of a recorded agent's, and the recording beside it.
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CodeLensRequest,
  DefinitionRequest,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  HoverRequest,
  ReferencesRequest,
} from 'vscode-languageserver-protocol/node';
import type { CodeLens, Location, MarkupContent, Position } from 'vscode-languageserver-protocol/node';
import * as definitions from '../../server/src/protocol/definitions';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess;
let sourceId: string;
let folder: string;
const settings: messages.Settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: false };

beforeAll(async () => {
  const { root } = recording('openclaw-2026.7.1');
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-defined-')));
  cpSync(join(root, 'sandbox/.openclaw/workspace'), join(folder, 'workspace'), { recursive: true });
  // As people write it, and with what must not be told.
  writeFileSync(
    join(folder, 'openclaw.json'),
    `// mine\n{ gateway: { auth: { token: 'not-for-show' } },\n  mcp: { servers: {\n    units: { command: 'node' },\n    quiet: {},\n  } } }\n`,
  );
  server = await ServerProcess.start({ folders: [folder], options: { settings } });
  ({ sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root }));
  await until('the recording to be read', async () => {
    const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.find(({ id }) => id === sourceId)?.attach.kind === 'read';
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const plugin = 'workspace/plugins/ticket-tools/index.ts';
const uriOf = (path: string): string => pathToFileURL(join(folder, path)).href;
const inSandbox = (path: string): string => `sandglass-file://${sourceId}/sandbox/.openclaw/${path}`;
const lensesOf = async (uri: string): Promise<readonly CodeLens[]> =>
  ((await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? []).filter(
    ({ command }) => command?.command === definitions.showUsesCommand || command?.command === '',
  );
const titles = async (uri: string): Promise<readonly string[]> => (await lensesOf(uri)).map(({ command }) => command?.title ?? '');
const references = async (uri: string, position: Position): Promise<readonly Location[]> =>
  (await server.connection.sendRequest(ReferencesRequest.type, {
    textDocument: { uri },
    position,
    context: { includeDeclaration: false },
  })) ?? [];
const hover = async (uri: string, position: Position): Promise<string> =>
  ((await server.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position }))?.contents as MarkupContent | undefined)
    ?.value ?? '';
const nameAt = (path: string, name: string): Position => {
  const lines = readFileSync(join(folder, path), 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes(`"${name}"`));
  return { line, character: (lines[line] ?? '').indexOf(`"${name}"`) + 1 };
};
/** Addresses of the recording's calls of a tool. */
async function callsOf(tool: string): Promise<readonly string[]> {
  const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId });
  const uris: string[] = [];
  for (const { id } of sessions) {
    const { rows } = await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId: id, offset: 0, limit: 500 });
    for (const { span } of rows)
      if (span.kind === 'execute_tool' && span.attributes['gen_ai.tool.name'] === tool && span.attributes['sandglass.inherited'] !== true)
        uris.push(await server.connection.sendRequest(messages.callAddressRequest, { sourceId, spanId: span.id }));
  }
  return uris;
}

it('what a person detached from has no say in them', async () => {
  const before = await titles(uriOf(plugin));
  const other = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-detached-')));
  try {
    cpSync(recording('openclaw-2026.7.1').root, other, { recursive: true });
    const opened = await server.connection.sendRequest(messages.openRequest, { path: other });
    await until('both to be counted', async () => JSON.stringify(await titles(uriOf(plugin))) !== JSON.stringify(before));
    await server.connection.sendRequest(messages.detachRequest, { sourceId: opened.sourceId });
    await until('one to be counted', async () => JSON.stringify(await titles(uriOf(plugin))) === JSON.stringify(before));
    expect(before.join('\n')).toMatch(/\d+ calls?/);
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});

describe('definitions in a workspace', () => {
  it('have a lens each, at the name', async () => {
    const lenses = await lensesOf(uriOf(plugin));
    expect(lenses.map(({ range }) => range.start.line)).toEqual([
      nameAt(plugin, 'ticket_lookup').line,
      nameAt(plugin, 'ticket_close').line,
    ]);
    const [lookup, close] = lenses.map(({ command }) => command?.title ?? '');
    expect(lookup).toMatch(/^2 calls · p50 \d+ ms, p95 \d+ ms · (?:<?\$[\d.]+ list price|no price) · last used [-\d:]+$/);
    expect(close).toMatch(/^1 call · 1 failed · took \d+ ms · /);
  });

  it('have one where the manifest declares them, each with its name', async () => {
    expect(await titles(uriOf('workspace/plugins/ticket-tools/openclaw.plugin.json'))).toEqual([
      expect.stringMatching(/^ticket_lookup: 2 calls · /),
      expect.stringMatching(/^ticket_close: 1 call · 1 failed · /),
    ]);
  });

  it('have one at an MCP server, and say it once where nothing was called', async () => {
    const lenses = await lensesOf(uriOf('openclaw.json'));
    expect(lenses.map(({ range, command }) => [range.start.line, command?.title.split(' · ').slice(0, 2).join(' · ')])).toEqual([
      [3, '2 calls · 1 failed'],
      [4, 'no calls recorded'],
    ]);
    expect(JSON.stringify(lenses)).not.toContain('not-for-show');
  });

  it('have one at a skill, and at a prompt file that surely is an agent’s', async () => {
    expect(await titles(uriOf('workspace/skills/release-notes/SKILL.md'))).toEqual([
      expect.stringMatching(/^read \w+(?: times)? · .*last used /),
    ]);
    // The very same bytes as in the agent's workspace.
    expect(await titles(uriOf('workspace/MEMORY.md'))).toEqual([expect.stringMatching(/^workspace of \d+ sessions · /)]);
    // Somebody else's.
    writeFileSync(join(folder, 'AGENTS.md'), '# Another project\n');
    expect(await titles(uriOf('AGENTS.md'))).toEqual([]);
  });

  it('are not seen in programs that are no plugin, unless their tool was called', async () => {
    mkdirSync(join(folder, 'other'));
    writeFileSync(
      join(folder, 'other/a.ts'),
      'x.registerTool({ name: "never_called" });\nx.registerTool({ name: "ticket_close" });\nx.registerTool({ name: "exec" });\n',
    );
    expect(await titles(uriOf('other/a.ts'))).toEqual([expect.stringMatching(/^1 call · 1 failed/)]);
    expect(await titles('file:///etc/passwd')).toEqual([]);
    expect(await titles('untitled:Untitled-1')).toEqual([]);
    rmSync(join(folder, 'other'), { recursive: true });
  });

  it('are those of the sandbox’s own files too', async () => {
    expect(await titles(inSandbox(plugin))).toEqual(await titles(uriOf(plugin)));
    expect(await titles(inSandbox('workspace/AGENTS.md'))).toEqual([expect.stringMatching(/^workspace of \d+ sessions/)]);
    expect(await titles(inSandbox('openclaw.json'))).toEqual([]);
  });

  it('say more in their hover, at the name and nowhere else', async () => {
    const at = nameAt(plugin, 'ticket_close');
    const text = await hover(uriOf(plugin), at);
    expect(text).toMatch(/^\*\*ticket\\_close\*\* · tool registered by the plugin ticket\\-tools\n/);
    expect(text).toMatch(/1 call in 1 session: 1 failed\./);
    expect(text).toMatch(/LLM call/);
    expect(await hover(uriOf(plugin), { line: at.line, character: 0 })).toBe('');
  });

  it('go, and come, with the setting', async () => {
    const configure = (definitionLenses: boolean) =>
      server.connection.sendNotification(messages.configureNotification, { trusted: false, settings: { ...settings, definitionLenses } });
    const before = server.lensRefreshes;
    await configure(false);
    expect(await titles(uriOf(plugin))).toEqual([]);
    await until('the lenses to be asked for again', () => server.lensRefreshes > before);
    await configure(true);
    expect(await titles(uriOf(plugin))).toHaveLength(2);
  });

  it('follow their file', async () => {
    appendFileSync(join(folder, plugin), '\nexport const more = (api: any) => api.registerTool({ name: "added_now" });\n');
    expect((await titles(uriOf(plugin))).at(-1)).toBe('no calls recorded');
  });
});

describe('references of a tool’s name', () => {
  it('are its calls, each once, newest first', async () => {
    const found = await references(uriOf(plugin), nameAt(plugin, 'ticket_lookup'));
    const calls = await callsOf('ticket_lookup');
    expect(calls).toHaveLength(2);
    expect(found.map(({ uri }) => uri).sort()).toEqual([...calls].sort());
    const listed = await server.connection.sendRequest(definitions.usesAtRequest, {
      uri: uriOf(plugin),
      ...nameAt(plugin, 'ticket_lookup'),
    });
    expect(listed.map(({ time }) => time)).toEqual(
      listed
        .map(({ time }) => time)
        .sort()
        .reverse(),
    );
    expect(listed).toHaveLength(2);
    const server_ = await references(uriOf('openclaw.json'), { line: 3, character: 6 });
    expect(new Set(server_.map(({ uri }) => uri))).toEqual(
      new Set([...(await callsOf('units__convert')), ...(await callsOf('units__rate'))]),
    );
    expect((await references(uriOf('workspace/skills/release-notes/SKILL.md'), { line: 1, character: 8 })).length).toBeGreaterThan(0);
    expect(await references(uriOf(plugin), { line: 0, character: 0 })).toEqual([]);
  });
});

describe('from a call to its tool’s definition', () => {
  const definitionAt = async (uri: string, line = 0) =>
    (await server.connection.sendRequest(DefinitionRequest.type, { textDocument: { uri }, position: { line, character: 3 } })) as
      Location[] | null;
  const asked = async (uri: string) => {
    const spanId = new URL(uri).searchParams.get('span') ?? '';
    return server.connection.sendRequest(definitions.toolDefinitionRequest, { sourceId, spanId });
  };

  it('leads to the source of a plugin, an MCP server, a skill', async () => {
    const [lookup = ''] = await callsOf('ticket_lookup');
    const [found] = (await definitionAt(lookup)) ?? [];
    expect(found?.uri).toBe(uriOf(plugin));
    expect(found?.range.start.line).toBe(nameAt(plugin, 'ticket_lookup').line);
    // As an editor writes the address.
    expect(await definitionAt(lookup.replace(/\?.*/, (query) => `?${encodeURIComponent(query.slice(1))}`))).toEqual([found]);
    expect(await definitionAt(lookup, 5)).toBeNull();
    const [rate = ''] = await callsOf('units__rate');
    expect(await definitionAt(rate)).toMatchObject([{ uri: uriOf('openclaw.json'), range: { start: { line: 3 } } }]);
    const reads = await callsOf('read');
    const answers = await Promise.all(reads.map(asked));
    expect(answers.flatMap((answer) => answer?.places ?? [])).toContainEqual(
      expect.objectContaining({ kind: 'skill', uri: uriOf('workspace/skills/release-notes/SKILL.md') }),
    );
  });

  it('says what is OpenClaw’s own, and where it looked', async () => {
    const [exec = ''] = await callsOf('exec');
    expect(await asked(exec)).toMatchObject({ tool: 'exec', builtIn: true, places: [], looked: [{ place: folder, reason: null }] });
    expect(await definitionAt(exec)).toEqual([]);
    expect(await hover(exec, { line: 0, character: 3 })).toMatch(
      /\*\*exec\*\* is built into OpenClaw: it has no definition in this workspace\.\n\nLooked in:/,
    );
    const [unknown = ''] = await callsOf('no_such_tool');
    expect(await asked(unknown)).toMatchObject({ builtIn: false, places: [] });
    const [hostile = ''] = await callsOf('<b>no_such</b>"onmouseover=alert(9)');
    expect(await hover(hostile, { line: 0, character: 3 })).not.toContain('<b>');
    const lens = (await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri: exec } })) ?? [];
    expect(lens.map(({ command }) => [command?.title, command?.command])).toEqual([
      ['Go to tool definition', definitions.goToToolDefinitionCommand],
    ]);
  });

  it('follows a definition that moves, and one that goes', async () => {
    const [lookup = ''] = await callsOf('ticket_lookup');
    const moved = join(folder, 'workspace/plugins/ticket-tools/tools.ts');
    renameSync(join(folder, plugin), moved);
    const tell = (path: string, type: FileChangeType) =>
      server.connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: pathToFileURL(path).href, type }] });
    await tell(moved, FileChangeType.Created);
    await until('the definition at its new place', async () => (await definitionAt(lookup))?.[0]?.uri === pathToFileURL(moved).href);
    // The manifest is what is left of the tool without its source.
    rmSync(moved);
    expect(await definitionAt(lookup)).toMatchObject([{ uri: uriOf('workspace/plugins/ticket-tools/openclaw.plugin.json') }]);
  });
});
