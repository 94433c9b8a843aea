/** Whether a path may hold a secret: some services take a token as a part of it, and policies are files that are committed. */
import { findSecrets } from '../secrets/scan';

/** Shorter ones are names and numbers, as far as can be told. */
const token = /[A-Za-z0-9]{20,}/g;
/** Of neighbouring characters so many are of another kind in what is random; in words and digests fewer are. */
const mixedShare = 0.4;

export function mayHoldSecret(path: string): boolean {
  return [path, plain(path)].some((text) => findSecrets(text).length > 0 || (text.match(token) ?? []).some(looksMixed));
}

/** Upper and lower case and digits by turns. Digests in hexadecimal are not meant: paths name versions of files by them. */
function looksMixed(text: string): boolean {
  const kinds = [...text].map((char) => (char <= '9' ? 'digit' : char <= 'Z' ? 'upper' : 'lower'));
  const turns = kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1]).length;
  return new Set(kinds).size === 3 && kinds.filter((kind) => kind === 'digit').length >= 2 && turns >= mixedShare * (text.length - 1);
}

function plain(path: string): string {
  return path.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
