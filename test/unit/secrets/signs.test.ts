// The quick look before the scan: it passes over no text in which a rule finds something, however JSON writes it, and does pass over others.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMasked } from '../../../server/src/secrets/maskedJson';
import { maskedByAgent, rules } from '../../../server/src/secrets/rules';
import type { SecretRule } from '../../../server/src/secrets/rules';
import { findTrying } from '../../../server/src/secrets/scan';
import { maySecret, maySecretInJson } from '../../../server/src/secrets/signs';

/** Texts that fit a rule, though not each is random enough to be a secret; what may be long is kept short. */
function fits({ id, opening, rest }: SecretRule): fc.Arbitrary<string> {
  const source = `(?:${opening})${rest}`
    .replace(/\(\?![^)]*\)/g, '')
    .replace('(?<secret>', '(?:')
    .replace(/\{(\d+),(\d+)\}/g, (_, least: string, most: string) => `{${least},${Math.min(Number(least) + 40, Number(most))}}`);
  const text = fc.stringMatching(new RegExp(`^${source}$`));
  // The six characters that such a mask begins with.
  return id === maskedByAgent ? fc.tuple(fc.constantFrom('ghp_ab', 'sk-a1b', 'eyJhbG'), text).map((parts) => parts.join('')) : text;
}

const glue = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\n',
    '\t',
    '"',
    '\\',
    '/',
    ':',
    '-',
    '_',
    '.',
    'a',
    '7',
    'é',
    '\u0001',
    '\u2028',
    '😀',
    '\ud800',
    '\u001b[1;32m',
    '\\n',
    '\\u003d',
    '%3D',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
/** A user and a password as long as they are looked for, of which JSON needs six characters for some. */
const address = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('\\', '\u0001', 'é', 'b'), minLength: 50, maxLength: 64 }),
    fc.string({ unit: fc.constantFrom('\\', '\u0002', 'x'), minLength: 100, maxLength: 128 }),
  )
  .map(([user, password]) => `postgres://${user}:${password}@db`);

const cutShort = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.nat({ max: 12 }), fc.nat({ max: 12 })).map(([whole, from, less]) => whole.slice(from, whole.length - less));

/** Any characters written as escapes, as JSON allows of all of them. */
function json(text: string, escaped: (index: number) => boolean, upper: boolean): string {
  const hex = (unit: string): string => unit.charCodeAt(0).toString(16).padStart(4, '0');
  const units = Array.from({ length: text.length }, (_, i) => {
    const unit = text.charAt(i);
    if (!escaped(i)) return JSON.stringify(unit).slice(1, -1);
    return unit === '/' && i % 2 === 0 ? '\\/' : `\\u${upper ? hex(unit).toUpperCase() : hex(unit)}`;
  });
  return `"${units.join('')}"`;
}

/** What of a text is escaped: nothing, all, or each so-and-so-many-th. */
const escaping = fc.tuple(fc.constantFrom('none', 'all', 'some'), fc.integer({ min: 2, max: 40 }), fc.nat({ max: 40 }), fc.boolean());

function looked(
  text: string,
  [how, every, first, upper]: readonly ['none' | 'all' | 'some' | (string & {}), number, number, boolean],
): boolean {
  const found = findTrying(text);
  if (found.length === 0) return false;
  expect(maySecret(text)).toBe(true);
  const written = json(text, (i) => how === 'all' || (how === 'some' && (i + first) % every === 0), upper);
  expect(maySecretInJson(written)).toBe(true);
  expect(maySecretInJson(`{"a":[${written}]}`)).toBe(true);
  expect(parseMasked(written).value).toContain(`[masked ${found[0]?.rule ?? ''} `);
  return true;
}

describe('the quick look', () => {
  it('passes over nothing that a rule finds', () => {
    for (const rule of rules) {
      let found = 0;
      const texts = rule.id === 'password-in-url' ? fc.oneof(fits(rule), address) : fits(rule);
      fc.assert(
        fc.property(glue, texts, glue, escaping, (before, text, after, escapes) => {
          if (looked(`${before}${text}${after}`, escapes)) found += 1;
        }),
      );
      expect.soft(found, rule.id).toBeGreaterThan(0);
    }
  });

  it('passes over nothing that is found in what several rules look for, cut and joined', () => {
    const piece = fc.oneof(...rules.flatMap((rule) => [fits(rule), cutShort(fits(rule))]), address, glue);
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), escaping, (pieces, escapes) => {
        looked(pieces.join(''), escapes);
      }),
      { numRuns: 500 },
    );
  });

  it('passes over what agents mostly say', () => {
    for (const text of [
      'see https://docs.example.com:8080/a/b?c=d and mail me@example.com',
      'a task-list, a risk-assessment-of-everything and npm_config_cache=/sandbox/.npm',
      'const { SECRET_NAME, my_sk_live_value } = process.env; // and so on… then more',
      'adapt to the Bearer token; -----BEGIN CERTIFICATE-----',
      '2026-01-02T03:04:05.678Z 6f1c2f0e-9b7d-4c5a-8e3b-1d2c4f5a6b7c C:\\users\\u0\\x "quoted"\n\té 😀',
    ]) {
      expect.soft(maySecret(text), text).toBe(false);
      expect.soft(maySecretInJson(JSON.stringify({ text })), text).toBe(false);
    }
  });
});
