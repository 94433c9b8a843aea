/** What a source is called everywhere: the same in every window and every life of the server, and it names nothing. */
import { createHash } from 'node:crypto';

export function sourceIdOf(kind: 'directory' | 'sandbox' | 'sample', name: string): string {
  return createHash('sha256').update(`${kind}\n${name}`).digest('hex').slice(0, 16);
}
