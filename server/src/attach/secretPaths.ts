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
  'secrets',
  '.secrets',
  'tls',
]);
const SECRET_NAMES = new Set([
  'openclaw.json',
  '.mcp.json',
  '.netrc',
  '.npmrc',
  '.pypirc',
  '.git-credentials',
  '.htpasswd',
  '.pgpass',
  'nemoclaw-proxy-env.sh',
  'api-key',
  'id_rsa',
  'id_dsa',
  'id_ecdsa',
  'id_ed25519',
  'shadow',
  'gshadow',
]);
const SECRET_PATTERNS: readonly RegExp[] = [
  /^\.env(?:$|[._-])/,
  /\.env$/,
  /^\.?credentials?(?:$|[._-])/,
  /^\.?auth(?:$|[._-])/,
  /(?:^|[._-])(?:token|tokens|secret|secrets|password|passwords|passwd|apikey|api-key|api_key)(?:$|[._-])/,
  /\.(?:jwt|pem|key|p12|pfx|keystore|jks|kdbx|asc|gpg)$/,
  /^openclaw\.json[.~]/,
  /\.sqlite(?:$|[.-])/,
  /\.db(?:$|-wal$|-shm$|-journal$)/,
];

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
  return (
    isSecretName(name) ||
    SECRET_DIRECTORIES.has(name) ||
    parts.some((part) => SECRET_DIRECTORIES.has(part) || /^\.env(?:$|[._-])/.test(part))
  );
}

function isSecretName(name: string): boolean {
  // `.env.example` and the like are made to be read, but who fills one in by mistake would find it shown.
  return SECRET_NAMES.has(name) || SECRET_PATTERNS.some((pattern) => pattern.test(name));
}
