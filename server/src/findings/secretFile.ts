/** Whether a call opened a file that is there to hold secrets, as its arguments tell. */
import type { ToolCallBlock } from '../model/events';

const secretName =
  /^(?:\.env(?:\.[a-z]{1,20})?|\.netrc|\.pgpass|\.npmrc|\.pypirc|\.git-credentials|credentials(?:\.json)?|id_(?:rsa|dsa|ecdsa|ed25519)|[\w-]{1,40}\.(?:pem|key|p12|pfx)|service-account[\w-]{0,40}\.json|token\.json|secrets?\.(?:ya?ml|json|toml))$/;
const noSecret = /\.(?:example|sample|template|dist|test)$/;
const readers: ReadonlySet<string> = new Set('cat head tail less more base64 xxd grep rg sed awk cut source . jq'.split(' '));

function isSecretFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return secretName.test(name) && !noSecret.test(name);
}

export function opensSecretFile({ name, paths, command }: ToolCallBlock): boolean {
  if (name === 'read') return paths.some(isSecretFile);
  if (name !== 'exec' || command === null) return false;
  return command.split(/[\n;|&]+/).some((part) => {
    const [program, ...words] = part.trim().split(/[\s'"<]+/);
    return readers.has(program ?? '') && words.some(isSecretFile);
  });
}
