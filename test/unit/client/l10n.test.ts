/**
 * The texts for translators (l10n/bundle.l10n.json) are exactly those in the code. With UPDATE_L10N=1 the file is written
 * anew instead.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { costStrings } from '../../../webviews/contract/costStrings';
import { traceStrings } from '../../../webviews/contract/traceStrings';

const root = join(__dirname, '../../..');
const bundleFile = join(root, 'l10n/bundle.l10n.json');

function textsInCode(): readonly string[] {
  const source = join(root, 'client/src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const code = readFileSync(join(source, file), 'utf8');
    return [...code.matchAll(/\bt\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")/g)].map((match) =>
      (match[1] ?? match[2] ?? '').replace(/\\(['"\\])/g, '$1'),
    );
  });
}

describe('texts for translators', () => {
  const texts = [...new Set([...textsInCode(), ...Object.values(traceStrings), ...Object.values(costStrings)])]
    .filter((text) => text !== '')
    .sort();

  it('are found in the code', () => {
    expect(texts).toContain('no price');
    expect(texts.length).toBeGreaterThan(100);
  });

  it('stand in the bundle, all of them and no others', () => {
    const made = `${JSON.stringify(Object.fromEntries(texts.map((text) => [text, text])), null, 2)}\n`;
    if (process.env['UPDATE_L10N'] === '1') writeFileSync(bundleFile, made);
    expect(JSON.parse(readFileSync(bundleFile, 'utf8'))).toEqual(JSON.parse(made));
  });
});
