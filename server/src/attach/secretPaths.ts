/**
 * Which files of a sandbox are never read for showing. One predicate for recordings and containers; it sees the path after
 * all links were followed. When in doubt a file is a secret.
 */

/** Parts of a path, each compared in lower case. */
const SECRET_DIRECTORIES = new Set([
  'identity',
  'credentials',
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.gcloud',
  '.kube',
  '.docker',
  '.password-store',
  'keyrings',
  'secrets',
  '.secrets',
  'tls',
]);
const SECRET_NAMES = new Set([
  'openclaw.json',
  // What OpenClaw was called before.
  'clawdbot.json',
  'moltbot.json',
  'exec-approvals.json',
  'mcporter.json',
  'mcp.json',
  '.claude.json',
  '.netrc',
  '_netrc',
  '.npmrc',
  '.yarnrc.yml',
  '.pypirc',
  'pip.conf',
  '.condarc',
  'nuget.config',
  '.git-credentials',
  '.htpasswd',
  '.pgpass',
  '.my.cnf',
  '.boto',
  '.s3cfg',
  'rclone.conf',
  '.databrickscfg',
  'kubeconfig',
  'kaggle.json',
  'ngrok.yml',
  '.sentryclirc',
  '.terraformrc',
  'nemoclaw-proxy-env.sh',
  'id_rsa',
  'id_dsa',
  'id_ecdsa',
  'id_ed25519',
  'shadow',
  'gshadow',
  // What was typed, tokens among it.
  '.histfile',
  'fish_history',
  '.viminfo',
  '.lesshst',
]);
const SECRET_PATTERNS: readonly RegExp[] = [
  /^\.env(?:rc)?(?:$|[^a-z0-9])/,
  /\.env$/,
  /^\.?auth(?:$|[._-])/,
  /(?:^|[._-])(?:auth|oauth|oauth2)(?:[._-].*)?\.(?:json|ya?ml|toml)$/,
  /(?:^|[._-])(?:credentials?|creds?)(?:$|[._-])/,
  /(?:^|[._-])(?:token|tokens|secret|secrets|password|passwords|passwd|apikey|apikeys|api-key|api-keys|api_key|api_keys)(?:$|[._-])/,
  /\.(?:jwt|pem|key|p12|pfx|keystore|jks|kdbx|asc|gpg|ppk|tfstate|tfvars|tfstate\.backup)$/,
  /^openclaw\.json[.~]/,
  /[._-]mcp\.json$/,
  /^\.(?:[a-z0-9_-]+_)?history$/,
  /\.sqlite(?:$|[.-])/,
  /\.db(?:$|-wal$|-shm$|-journal$)/,
];
/** Files that are known by where they lie: each agent program keeps its keys in its own directory. */
const SECRET_PLACES: readonly RegExp[] = [
  // Everything of the agent beside its sessions: model catalogues with keys, profiles, databases.
  /\/\.openclaw\/agents\/[^/]+\/agent\//,
  /\/\.openclaw\/(?:devices|nodes|pairing|matrix|node\.json)(?:\/|$)/,
  /\/agent\/models\.json$/,
  /\/\.hermes\/(?:config\.ya?ml|pairing|platforms|weixin)(?:\/|$)/,
  /\/\.deepagents\/(?:config\.toml|\.state)(?:\/|$)/,
  /\/\.claude\/settings(?:\.[^/]+)?\.json$/,
  /\/\.codex\/config\.toml$/,
  /\/\.config\/(?:gh|hub|gcloud|github-copilot|op|doctl|containers)(?:\/|$)/,
  /\/\.git\/config$/,
  /\/\.m2\/settings(?:-security)?\.xml$/,
  /\/\.gradle\/gradle\.properties$/,
  /\/\.bundle\/config$/,
];
/** What editors and people hang on the name of a file they copy. */
const COPY_OF = /^[.#]?(.+?)(?:~|#|\.sw[a-p]|\.(?:bak|old|orig|save|backup|copy|last-good|rej)(?:[.-]?\d+)?)$/;

/** Trees of a sandbox that hold the system's own state, or whole processes. */
const SECRET_TREES = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
  '/root',
  '/etc/openshell',
  '/etc/openshell-tls',
  '/etc/ssl/private',
  '/var/lib',
  '/boot',
];

/** `path`: absolute, in the sandbox, with forward slashes. */
export function isSecretPath(path: string): boolean {
  const lower = path.toLowerCase();
  if (SECRET_TREES.some((tree) => lower === tree || lower.startsWith(`${tree}/`))) return true;
  const parts = lower.split('/').filter((part) => part !== '');
  const name = parts.pop();
  if (name === undefined) return false;
  if (parts.some((part) => SECRET_DIRECTORIES.has(part) || /^\.env(?:$|[._-])/.test(part)) || SECRET_DIRECTORIES.has(name)) return true;
  return namesOf(name).some((one) => isSecretName(one) || SECRET_PLACES.some((place) => place.test(`/${[...parts, one].join('/')}`)));
}

/** The name itself, and what it may be a copy of: with and without a dot at its beginning, which a swap file puts there. */
function namesOf(name: string): readonly string[] {
  const of = COPY_OF.exec(name)?.[1];
  return of === undefined ? [name] : [name, of, `.${of}`];
}

function isSecretName(name: string): boolean {
  // `.env.example` and the like are made to be read, but who fills one in by mistake would find it shown.
  return SECRET_NAMES.has(name) || SECRET_PATTERNS.some((pattern) => pattern.test(name));
}
