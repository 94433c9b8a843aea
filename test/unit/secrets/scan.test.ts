// What is taken for a secret and what is not, that each pattern has a bound, and that JSON is masked however it is written.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMasked } from '../../../server/src/secrets/maskedJson';
import { rules } from '../../../server/src/secrets/rules';
import { findSecrets, mask } from '../../../server/src/secrets/scan';

/** Put together from parts, so that nothing takes them for real ones. */
const letters = 'q7Rz2KmX9vLd4WbN8sHtJ3yPc6Fg';
const random = (length: number, from = letters): string => Array.from({ length }, (_, i) => from[i % from.length]).join('');
const hex = (length: number): string => random(length, '7f2c9e04b1d8a365');
const upper = (length: number): string => random(length, 'Q7RZ2KMX4VLD5WBN');

/** By rule, texts of which all but the first and last word is the secret. */
const samples: Readonly<Record<string, readonly string[]>> = {
  'github-token': [`gh${'p_'}${random(36)}`, `github_${'pat_'}${random(82)}`],
  'gitlab-token': [`glpat${'-'}${random(20)}`],
  'stripe-key': [`sk_${'live_'}${random(24)}`],
  'api-key': [`sk${'-'}${random(48)}`, `sk-ant${'-api03-'}${random(93)}AA`],
  'nvidia-api-key': [`nvapi${'-'}${random(64)}`],
  'groq-api-key': [`gsk${'_'}${random(52)}`],
  'xai-api-key': [`xai${'-'}${random(80)}`],
  'perplexity-api-key': [`pplx${'-'}${random(48)}`],
  'hugging-face-token': [`hf${'_'}${random(34)}`],
  'google-api-key': [`AI${'za'}${random(35)}`],
  'google-access-token': [`ya29${'.'}${random(60)}`],
  'aws-access-key-id': [`AK${'IA'}${upper(16)}`],
  'slack-token': [`xox${'b-'}${random(12)}-${random(24)}`],
  'slack-webhook': [`hooks.slack.com${'/services/'}T${upper(8)}/B${upper(8)}/${random(24)}`],
  'npm-token': [`npm${'_'}${random(36)}`],
  'pypi-token': [`pypi${'-'}${random(90)}`],
  'docker-token': [`dckr_${'pat_'}${random(27)}`],
  'sendgrid-key': [`SG${'.'}${random(22)}.${random(43)}`],
  'digitalocean-token': [`dop_${'v1_'}${hex(64)}`],
  'databricks-token': [`da${'pi'}${hex(32)}`],
  'grafana-token': [`glsa${'_'}${random(32)}_${hex(8)}`],
  'vault-token': [`hvs${'.'}${random(95)}`],
  'tailscale-key': [`tskey${'-'}auth-${random(12)}-${random(24)}`],
  'linear-api-key': [`lin_${'api_'}${random(40)}`],
  'shopify-token': [`shp${'at_'}${hex(32)}`],
  'figma-token': [`figd${'_'}${random(43)}`],
  jwt: [`ey${'J'}${random(30)}.ey${'J'}${random(80)}.${random(43)}`],
  'private-key': [
    `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${random(64)}\n${random(64)}\n-----END RSA ${'PRIVATE'} KEY-----`,
    // Cut off, as the head of a long file is.
    `-----BEGIN ${'PRIVATE'} KEY-----\n${random(64)}\n${random(30)}`,
  ],
  'masked-by-agent': ['ghp_q7…4WbN', 'sk-a1b…9XyZ', 'eyJhbG…4b_Q'],
};
/** Of these, what stands before is no part of it. */
const within: Readonly<Record<string, readonly [text: string, secret: string]>> = {
  'aws-secret-access-key': [`"SecretAccessKey": "${random(40)}"`, random(40)],
  'bearer-token': [`Authorization: Bearer ${random(40)}`, random(40)],
  'password-in-url': [`postgres://shop:${random(9)}@db.internal:5432/shop`, random(9)],
};

describe('what is a secret', () => {
  it('is told by every rule', () => {
    for (const [rule, texts] of Object.entries(samples)) {
      for (const text of texts) {
        const said = `it is ${text}; done`;
        const [place, ...more] = findSecrets(said);
        expect.soft([place?.rule, said.slice(place?.start, place?.end), more.length], rule).toEqual([rule, text, 0]);
      }
    }
    for (const [rule, [text, secret]] of Object.entries(within)) {
      const [place] = findSecrets(text);
      expect.soft([place?.rule, text.slice(place?.start, place?.end)], rule).toEqual([rule, secret]);
    }
    expect([...Object.keys(samples), ...Object.keys(within)].sort()).toEqual([...new Set(rules.map(({ id }) => id))].sort());
  });

  it('may stand right behind a colour or an escape', () => {
    const secret = `gh${'p_'}${random(36)}`;
    for (const before of ['\u001b[32m', '\u001b[m', 'said\\n', 'a\\u003d', 'token%3D'])
      expect(mask(`${before}${secret} .`)).not.toContain(secret);
    for (const before of ['am', 'x3D', '3d']) expect(mask(`${before}${secret} .`), before).toContain(secret);
  });

  it('is no word, no placeholder, no hash and nothing within a word', () => {
    for (const text of [
      `gh${'p_'}your_token_here`,
      `gh${'p_'}${'x'.repeat(36)}`,
      `sk${'-'}learn-is-a-library-for-machine-learning`,
      `AK${'IA'}IOSFODNN7EXAMPLE`,
      'task-force-number-0123456789abcdefgh',
      `my${'sk-'}${random(40)}`,
      hex(40),
      '6f1c2f0e-9b7d-4c5a-8e3b-1d2c4f5a6b7c',
      'sha512-K3jPqjva8bQndDKJqctnGfwuAxU2n9XNCPtbXVI5JvC7FnQiNg/yWlQPbMUlBXtBoBGFYp08A94m6fvtc9v+zA==',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      `-----BEGIN PUBLIC KEY-----`,
      'http://localhost:8080/a@b',
      'postgres://shop:$PASSWORD@db/shop',
      'postgres://shop:***@db/shop',
      'Bearer token is missing from the request',
      'and so on… then what',
      'task…done',
    ])
      expect.soft(findSecrets(text), text).toEqual([]);
  });

  it('is found in text of any kind, and masking leaves the rest as it was', () => {
    const secret = samples['github-token']?.[0] ?? '';
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const said = `${before} ${secret} ${after}`;
        const masked = mask(said);
        expect(masked).not.toContain(secret);
        expect(masked.startsWith(`${before} [masked github-token `)).toBe(true);
        expect(masked.endsWith(`] ${after}`)).toBe(true);
        expect(mask(masked)).toBe(masked);
      }),
    );
  });
});

describe('a text made to be slow', () => {
  it('meets bounds only: nothing in a rule repeats without one', () => {
    for (const { id, opening, rest } of rules) {
      // Classes may hold these characters; outside of them they would repeat without a bound.
      const outside = `${opening}${rest}`.replace(/\\./g, 'c').replace(/\[\^?\]?[^\]]*\]/g, 'c');
      expect.soft(outside.replace(/\(\?[:=!]|\(\?<[!=]|\(\?<secret>/g, '('), id).not.toMatch(/[*+]|\{\d+,\}|\)\{/);
    }
  });

  it('is read to its end, with the secret in it', () => {
    const secret = samples['npm-token']?.[0] ?? '';
    for (const unit of [
      'xoxb-',
      'eyJ',
      'eyJaaaaaaaaaa.',
      '://a:',
      'Bearer ',
      'sk-',
      'SG.aaaaaaaaaaaaaaaa.',
      '-----BEGIN ',
      '…',
      'ghs_1_',
    ]) {
      const said = `${unit.repeat(20_000)} ${secret} ${unit.repeat(20_000)}`;
      expect(mask(said).includes(secret), unit).toBe(false);
    }
  });
});

describe('JSON', () => {
  const secret = samples['github-token']?.[0] ?? '';
  const aws = samples['aws-access-key-id']?.[0] ?? '';

  it('is masked in its texts and keys, however they are escaped and however deep', () => {
    const escaped = `"${[...secret].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
    const deep = `${'[{"a":'.repeat(3000)}"${secret}"${'}]'.repeat(3000)}`;
    const url = `"postgres:\\/\\/shop:${random(9)}@db\\/shop"`;
    for (const text of [
      `"${secret}"`,
      `{"${secret}":{"b":["x\\n${secret}\\nAWS ${aws}"]}}`,
      escaped,
      deep,
      `{"__proto__":"${secret}"}`,
      url,
    ]) {
      const { value } = parseMasked(text);
      const printed = text === deep ? deepest(value) : JSON.stringify(value);
      expect.soft(printed.includes(secret) || printed.includes(random(9)), text.slice(0, 80)).toBe(false);
      expect.soft(printed, text.slice(0, 80)).toContain('[masked ');
    }
  });

  it('tells what was masked in which part', () => {
    const { value, secretsIn } = parseMasked(JSON.stringify({ a: { b: `${secret} ${aws} ${secret}` }, c: 'plain' }));
    const { a, c } = value as { readonly a: unknown; readonly c: unknown };
    expect(secretsIn(a).map(({ rule }) => rule)).toEqual(['github-token', 'aws-access-key-id']);
    expect(secretsIn(c)).toEqual([]);
  });

  it('without a secret is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseMasked(text).value).toEqual(JSON.parse(text));
      }),
    );
  });
});

function deepest(value: unknown): string {
  let at = value;
  while (typeof at === 'object' && at !== null) at = Object.values(at)[0];
  return String(at);
}
