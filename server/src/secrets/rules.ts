/**
 * What secrets look like: tokens with an opening of their own, by the forms their issuers publish, and a few that are told by what
 * stands before them. Each is tried only where its opening stands, and looks no further than its bound, so a text of any size and make
 * is read in time that grows with its length. Kept here and not taken from a library: those there are answer later, while a record is
 * decoded within a transaction; read files that a text names; or can be told by a comment in the text to look away.
 */

export interface SecretRule {
  /** In the mask and in findings; for people. */
  readonly id: string;
  /** Alternatives of literal text, as a regular expression: where the rule is tried. */
  readonly opening: string;
  /** What follows the opening; every repetition in it has a bound. The secret is the group `secret`, else all with the opening. */
  readonly rest: string;
  /**
   * What stands behind the opening at the least, by which text without secrets is told quickly (signs.ts). Looser than `rest`, for it is
   * asked of JSON as it is written, where a quote or a line's end is two characters, and some are six.
   */
  readonly sign: string;
  /** Letters and digits that look like anything at all are wanted: words and placeholders are none. */
  readonly random: boolean;
}

export const maskedByAgent = 'masked-by-agent';
/** The six characters, by how the secrets begin that it knows. */
export const maskedOpening =
  /(?<![A-Za-z0-9_])(?:gh[opsur]_..|github|glpat-|[rs]k_(?:li|te).|sk-...|gsk_..|A[KS]IA..|AIza..|ya29\..|xox[abeoprs]-.|xapp-.|npm_..|pypi-.|hf_...|SG\....|eyJ...|dckr_p|dapi..|pplx-.|glsa_.)$/;

const token = (id: string, opening: string, rest: string): SecretRule => ({
  id,
  opening,
  rest: `${rest}(?![A-Za-z0-9_])`,
  // The fewest characters of the class it begins with: letters, digits and such, of which none needs an escape.
  sign: /^(?:\[[^\]^]+\]\{\d+)?/.exec(rest)?.[0].replace(/\d+$/, '$&}') ?? '',
  random: true,
});

export const rules: readonly SecretRule[] = [
  token('github-token', 'gh[opsur]_', '[A-Za-z0-9]{36,255}'),
  token('github-token', 'github_pat_', '[A-Za-z0-9_]{22,255}'),
  token('gitlab-token', 'glpat-', '[A-Za-z0-9_-]{20,128}'),
  token('stripe-key', '[rs]k_(?:live|test)_', '[A-Za-z0-9]{16,128}'),
  token('api-key', 'sk-', '[A-Za-z0-9_-]{20,256}'),
  token('nvidia-api-key', 'nvapi-', '[A-Za-z0-9_-]{40,128}'),
  token('groq-api-key', 'gsk_', '[A-Za-z0-9]{40,64}'),
  token('xai-api-key', 'xai-', '[A-Za-z0-9]{60,128}'),
  token('perplexity-api-key', 'pplx-', '[A-Za-z0-9]{40,64}'),
  token('hugging-face-token', 'hf_', '[A-Za-z0-9]{34,40}'),
  token('google-api-key', 'AIza', '[A-Za-z0-9_-]{35}'),
  token('google-access-token', 'ya29\\.', '[A-Za-z0-9_-]{20,512}'),
  token('aws-access-key-id', 'AKIA|ASIA|ABIA|ACCA', '[A-Z2-7]{16}'),
  token('slack-token', 'xox[abeoprs]-|xapp-', '[A-Za-z0-9-]{10,250}'),
  token('slack-webhook', 'hooks\\.slack\\.com/services/', 'T[A-Za-z0-9]{1,40}/B[A-Za-z0-9]{1,40}/[A-Za-z0-9]{10,40}'),
  token('npm-token', 'npm_', '[A-Za-z0-9]{36}'),
  token('pypi-token', 'pypi-', '[A-Za-z0-9_-]{50,256}'),
  token('docker-token', 'dckr_(?:pat|oat)_', '[A-Za-z0-9_-]{27,32}'),
  token('sendgrid-key', 'SG\\.', '[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}'),
  token('digitalocean-token', 'do[opr]_v1_', '[a-f0-9]{64}'),
  token('databricks-token', 'dapi', '[a-f0-9]{32}'),
  token('grafana-token', 'glsa_', '[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}'),
  token('vault-token', 'hv[sbr]\\.', '[A-Za-z0-9_-]{24,300}'),
  token('tailscale-key', 'tskey-', '[a-z]{2,20}-[A-Za-z0-9]{8,40}-[A-Za-z0-9]{16,60}'),
  token('linear-api-key', 'lin_api_', '[A-Za-z0-9]{32,128}'),
  token('shopify-token', 'shp(?:at|ca|pa|ss)_', '[A-Fa-f0-9]{32,64}'),
  token('figma-token', 'figd_', '[A-Za-z0-9_-]{40,200}'),
  token('jwt', 'eyJ', '[A-Za-z0-9_-]{10,2000}\\.eyJ[A-Za-z0-9_-]{10,4000}\\.[A-Za-z0-9_-]{10,1000}'),
  {
    id: 'aws-secret-access-key',
    opening: '[Ss]ecret_?[Aa]ccess_?[Kk]ey|SECRET_?ACCESS_?KEY',
    rest: '["\']?\\s{0,4}[:=]\\s{0,4}["\']?(?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])',
    sign: '',
    random: true,
  },
  {
    id: 'bearer-token',
    opening: '[Bb]earer ',
    rest: ' {0,3}(?<secret>[A-Za-z0-9._~+/-]{20,4096}={0,2})(?![A-Za-z0-9._~+/=-])',
    sign: ' {0,3}[A-Za-z0-9._~+/-]{20}',
    random: true,
  },
  {
    id: 'password-in-url',
    opening: '://',
    rest: '[^\\s/:@"\'<>]{0,64}:(?<secret>[^\\s/@"\'<>${}*…]{3,128})@[A-Za-z0-9[]',
    sign: '[^\\s/:@"\'<>]{0,384}:[^\\s/@"\'<>${}*…]{3,768}@',
    random: false,
  },
  { id: 'private-key', opening: '-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----', rest: '', sign: '', random: false },
  // OpenClaw writes its transcripts with the secrets that it knows masked: their first six characters, an ellipsis, their last four.
  { id: maskedByAgent, opening: '…', rest: '[A-Za-z0-9_.+/=-]{4}(?![A-Za-z0-9_])', sign: '[A-Za-z0-9_.+/=-]{4}', random: false },
];

/** Characters of a private key whose end is not there, at most. */
export const privateKeyChars = 20_000;
