/** Waiting for a sandbox's files no longer than it may take: an engine that does not answer must not keep everything else from being shown. */
import { SandboxFileError } from '../attach/errors';
import type { CachedFile, FileCache } from '../locate/fileCache';
import type { PlaceSource } from './placeSource';

/** Also where the work takes no notice of being aborted. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | null = null;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort !== null) signal.removeEventListener('abort', abort);
  }
}

/** null: there is none that may be shown, or nobody answered before it was too late. Rejects when it is given up. */
export async function readUntil(
  files: FileCache,
  source: PlaceSource,
  path: string,
  signal: AbortSignal,
  late: AbortSignal,
): Promise<CachedFile | null> {
  try {
    return await unlessAborted(files.read(source.id, source.source.files, path, AbortSignal.any([signal, late])), late);
  } catch (error) {
    if (SandboxFileError.is(error)) return null;
    if (!late.aborted || signal.aborted) throw error;
    // Whoever asks next does not wait for the same answer.
    files.forget(source.id, path);
    return null;
  }
}
