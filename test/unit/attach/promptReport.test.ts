// What OpenClaw measured of a session's prompt: sizes and names come with the session's row of the index, in the same words by both readers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recording } from '../../fixtures/recordings';
import { nodeReader, pythonReader } from './readers';
import { emptyState, readAll } from './reading';

const hostile: readonly unknown[] = [
  { generatedAt: 1.5, systemPrompt: { chars: -1 }, injectedWorkspaceFiles: 'none', skills: [], tools: { entries: {} } },
  { generatedAt: 1795221822010, systemPrompt: null, injectedWorkspaceFiles: [null, 1, 'x', [], { path: 7, rawChars: true }] },
  { injectedWorkspaceFiles: Array.from({ length: 200 }, (_, i) => ({ path: `/a/${i}`, rawChars: i, injectedChars: 2, truncated: true })) },
  { skills: { entries: Array.from({ length: 2000 }, (_, i) => ({ name: `s${i}`, blockChars: 1e13 })) } },
  { tools: { entries: [{ name: '\ud800\u202e\n$(x) ' + 'é'.repeat(9000), summaryChars: -0, schemaChars: 1e300 }] } },
  {
    tools: { entries: [{ name: '👩'.repeat(3000), summaryChars: 2.0, schemaChars: 1e3 }, { summaryChars: '7' }] },
    model: {},
    provider: 'p',
  },
  [],
  'text',
  null,
];

it('of anything at all is the same in both', async () => {
  const { stateDir, sessions } = emptyState();
  const entries = hostile.map((systemPromptReport, i) => [`agent:main:${i}`, { sessionId: `s${i}`, updatedAt: i, systemPromptReport }]);
  writeFileSync(join(sessions, 'sessions.json'), JSON.stringify(Object.fromEntries(entries)));
  const node = await readAll(nodeReader.open(stateDir));
  expect(await readAll(pythonReader.open(stateDir))).toEqual(node);
  const prompts = node.flatMap((record) => (record.kind === 'index' ? [JSON.parse(record.text).prompt] : []));
  expect(prompts).toHaveLength(hostile.length);
  expect(prompts.map((prompt) => prompt?.files?.length ?? null)).toEqual([0, 1, 64, 0, 0, 0, null, null, null]);
  expect(prompts[1].files).toEqual(['-1 -1 whole ']);
  expect(prompts[3].skills).toHaveLength(512);
  for (const prompt of prompts) expect(JSON.stringify(prompt ?? null).length).toBeLessThan(64 * 1024);
});

it.each(['openclaw-2026.7.1', 'openclaw-2026.9.5'])('of a recording tells what was in the prompt: %s', async (name) => {
  const records = await readAll(nodeReader.open(recording(name).stateDir));
  const main = records.flatMap((record) => {
    const row = record.kind === 'index' ? JSON.parse(record.text) : null;
    return row?.sessionKey === 'agent:main:main' && row.prompt !== undefined ? [row.prompt] : [];
  });
  expect(main.length).toBeGreaterThan(0);
  for (const prompt of main) {
    expect(prompt.files).toContain('260 260 whole /sandbox/.openclaw/workspace/AGENTS.md');
    expect(prompt.files).toContain('0 63 missing /sandbox/.openclaw/workspace/IDENTITY.md');
    expect(prompt.skills.some((line: string) => /^\d+ release-notes$/.test(line))).toBe(true);
    expect(prompt.tools.some((line: string) => /^\d+ \d+ tool_call$/.test(line))).toBe(true);
  }
});
