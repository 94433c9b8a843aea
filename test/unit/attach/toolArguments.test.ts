/** What both readers leave of the tools of a run: the same bytes, also of schemas that were made to be odd. */
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emptyState, readAll } from './reading';
import { nodeReader, pythonReader } from './readers';

const name = fc.oneof(
  fc.constantFrom(
    'path',
    'Target_File',
    '7',
    '10',
    '__proto__',
    'repo',
    'HOST',
    'ﬁle',
    'pıth',
    'fİle',
    'D\u0130R',
    '\ud83d\ude00 path',
    '',
    'x'.repeat(128),
    'path'.repeat(33),
    '😀'.repeat(64),
  ),
  fc.string({ maxLength: 8 }),
);
const said = fc.oneof(
  fc.constantFrom(
    'Path of the file',
    'plain',
    'é\u2028"\\',
    `${'😀'.repeat(150)}path`,
    `${'😀'.repeat(149)}a😀 file`,
    `${'a'.repeat(299)}😀`,
  ),
  fc.string({ maxLength: 12 }),
  fc.constant(7),
);
const property = fc.oneof(
  fc.record(
    {
      type: fc.oneof(
        fc.constantFrom('string', 'array', 7, null),
        fc.array(fc.oneof(fc.constantFrom('string', 'null', 1), fc.string({ maxLength: 3 })), { maxLength: 10 }),
      ),
      format: said,
      description: said,
      enum: fc.constantFrom(null, ['a'], { truncated: true }),
      const: fc.constantFrom(null, 0),
      properties: fc.constant({ path: { type: 'string' } }),
    },
    { requiredKeys: [] },
  ),
  fc.constantFrom(null, 'x', 1, [], {}),
);
const pairs = <T>(of: fc.Arbitrary<T>, maxLength: number) => fc.array(fc.tuple(name, of), { maxLength });
/** By hand, so that a name may come twice, or be that of a prototype. */
const objectText = (entries: readonly (readonly [string, unknown])[]): string =>
  `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
const tool = fc.oneof(
  fc
    .tuple(fc.oneof(name, fc.constant(7)), pairs(property, 80))
    .map(
      ([named, found]) =>
        `{"name":${JSON.stringify(named)},"description":"d","parameters":{"type":"object","properties":${objectText(found)}}}`,
    ),
  fc.constantFrom(
    '"[Truncated]"',
    'null',
    '[]',
    '{}',
    '{"name":"x","parameters":[]}',
    '{"name":"x","parameters":{"properties":[{"path":{}}]}}',
    `{"name":"deep path","parameters":{"properties":{"path":${'['.repeat(3000)}${']'.repeat(3000)},"file":{}}}}`,
  ),
);
const tools = fc.oneof(
  fc.array(tool, { maxLength: 12 }).map((list) => `[${list.join(',')}]`),
  fc.constantFrom('"[Truncated]"', 'null', '{}', '{"0":{}}'),
);

it('is the same of any tools', { timeout: 120_000 }, async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(tools, { minLength: 30, maxLength: 30 }), async (lists) => {
      const { stateDir, sessions } = emptyState();
      lists.forEach((list, at) => {
        const line = `{"type":"context.compiled","ts":"2026-11-21T00:00:00Z","seq":1,"sessionId":"s${at}","runId":"r","data":{"systemPrompt":"p","tools":${list}}}\n`;
        // Of a line of more than a million characters the reader in Python keeps only the upper levels apart.
        const long = at === 0 ? line.replace('"p"', `"${'p'.repeat(1_100_000)}"`) : line;
        writeFileSync(join(sessions, `s${at}.trajectory.jsonl`), long);
      });
      const node = await readAll(nodeReader.open(stateDir));
      expect(await readAll(pythonReader.open(stateDir))).toEqual(node);
      kept += node.filter((record) => record.kind === 'trajectory').length;
    }),
    { numRuns: 4, endOnFailure: true },
  );
  expect(kept).toBeGreaterThan(10);
});

it('is bounded: tools, their arguments, names and what is said of them', async () => {
  const { stateDir, sessions } = emptyState();
  const properties = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`path${i}`, { type: 'string', description: 'd'.repeat(2000) }]),
  );
  const many = Array.from({ length: 400 }, (_, i) => ({ name: `t${i}`, parameters: { properties } }));
  writeFileSync(
    join(sessions, 's.trajectory.jsonl'),
    `${JSON.stringify({ type: 'context.compiled', sessionId: 's', data: { tools: many.map((one, i) => (i < 3 ? one : { ...one, parameters: { properties: { path: { description: 'p' } } } })) } })}\n`,
  );
  const node = await readAll(nodeReader.open(stateDir));
  expect(await readAll(pythonReader.open(stateDir))).toEqual(node);
  const [record] = node.filter((one) => one.kind === 'trajectory');
  const told = JSON.parse(record?.text ?? '') as { readonly tools: readonly { readonly arguments: readonly (readonly unknown[])[] }[] };
  expect(told.tools.length).toBe(256);
  expect(told.tools[0]?.arguments.length).toBe(64);
  expect(String(told.tools[0]?.arguments[0]?.[3]).length).toBe(300);
});
