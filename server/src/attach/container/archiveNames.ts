/** What lies in a directory, by the engine's archive API, which sends everything below it: only so much is waited for. */
import type { Header } from 'tar-stream';
import { sizeText, type ArchiveLimits } from './archiveLimits';
import type { EngineArchive } from './engineArchive';

/** A name directly in it. */
export type Found = Pick<Header, 'type' | 'size' | 'mtime'> & { readonly name: string };

/** Hands what lies in `path` to `take`, in the order of the engine. Resolves with why it ended early; null: that is all. */
export async function namesIn(
  archive: EngineArchive,
  path: string,
  signal: AbortSignal,
  take: (found: Found) => void,
  { listBytes, listMs }: Pick<ArchiveLimits, 'listBytes' | 'listMs'>,
): Promise<string | null> {
  const own = new AbortController();
  const late = setTimeout(() => own.abort(), listMs);
  let passed = 0;
  try {
    for await (const { header } of archive.entries(path, AbortSignal.any([signal, own.signal]))) {
      // Names in the archive begin with that of the directory itself.
      const [, name, ...deeper] = header.name.split('/').filter((part) => part !== '' && part !== '.');
      if (name !== undefined && name !== '..' && deeper.length === 0)
        take({ name, type: header.type, size: header.size, mtime: header.mtime });
      // Before its bytes come: a sparse file would have no end.
      passed += header.size ?? 0;
      if (passed > listBytes) return `more than ${sizeText(listBytes)} lie in it: what comes after that by name is looked for no more`;
    }
    return null;
  } catch (error) {
    if (own.signal.aborted && !signal.aborted)
      return `to list it took more than ${Math.round(listMs / 1000)} s: what comes after that by name is looked for no more`;
    throw error;
  } finally {
    clearTimeout(late);
  }
}
