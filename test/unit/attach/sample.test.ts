/** The bundled recording: small, whole, readable, and with what it is shown for. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { readAll, transcripts } from './reading';

const SAMPLE = join(import.meta.dirname, '../../../sample');
const files = (readdirSync(SAMPLE, { recursive: true }) as string[]).filter((name) => statSync(join(SAMPLE, name)).isFile());

describe('the sample', () => {
  it('has at most 1 MB', () => {
    expect(files.reduce((bytes, name) => bytes + statSync(join(SAMPLE, name)).size, 0)).toBeLessThan(1024 * 1024);
  });

  it('says what it is, and holds no secret and no mark of the script', () => {
    expect(readFileSync(join(SAMPLE, 'README.md'), 'utf8')).toContain('sample: scripted model');
    for (const name of files)
      expect(readFileSync(join(SAMPLE, name), 'utf8'), name).not.toMatch(/\[\[scenario|canary|not-a-secret|apiKey|PRIVATE KEY/);
    expect(files.filter((name) => /openclaw\.json$|identity|\.sqlite/.test(name))).toEqual([]);
  });

  it('holds a failed test run that names its place, a denial and two helpers', async () => {
    const source = await openDirectory(SAMPLE);
    const records = await readAll(source);
    expect(records.filter((record) => record.kind === 'skipped')).toEqual([]);
    const text = transcripts(records)
      .map((record) => record.text)
      .join('\n');
    const place = /File \\+"(\/sandbox\/[^"\\]+)\\+", line (\d+), in test_discount/.exec(text);
    expect(place?.[1]).toBe('/sandbox/.openclaw/workspace/project/tests/test_cart.py');
    const { bytes } = await source.files.read(place?.[1] ?? '', new AbortController().signal);
    expect(Buffer.from(bytes).toString().split('\n')[Number(place?.[2]) - 1]).toContain('cart.total(discount=25)');
    expect(records.some((record) => record.kind === 'log' && record.text.includes('DENIED /usr/bin/curl'))).toBe(true);
    const children = records.filter((record) => record.kind === 'index' && record.text.includes('"spawnedBy":"agent:main:team"'));
    expect(children).toHaveLength(2);
    expect(text).toContain('"type":"thinking"');
    expect(records.some((record) => record.kind === 'trajectory')).toBe(true);
    expect(records.find((record) => record.kind === 'about')).toMatchObject({
      runtimeVersion: '2026.7.1',
      sandboxName: 'shop',
      provider: 'nvidia-prod',
    });
  });
});
