/** How much of what an agent wrote is taken through the engine at once: a sparse file costs nothing to make, and never ends. */

const MB = 1024 * 1024;
const GB = 1024 * MB;

export interface ArchiveLimits {
  /** To list a directory the engine sends all below it. A file that would lead beyond this is not waited for, nor what follows it. */
  readonly listBytes: number;
  readonly listMs: number;
  /** Of one look: how many files that are known are asked for one by one where a list ended early. */
  readonly askedFiles: number;
  /** So much is copied at once, unless the files of a single session are larger. */
  readonly batchBytes: number;
  readonly batchFiles: number;
  /** Of one session: its transcript and what may explain what became of it are read together or not at all. */
  readonly groupBytes: number;
  readonly groupFiles: number;
  /** Of OpenClaw's own log; the engine can't send the end of a file alone. */
  readonly logBytes: number;
  /** Of a log that was never read, or not for long, as much of its end is read. */
  readonly logHistoryBytes: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = {
  listBytes: 16 * GB,
  listMs: 120_000,
  askedFiles: 1000,
  batchBytes: 256 * MB,
  batchFiles: 500,
  groupBytes: 8 * GB,
  groupFiles: 2000,
  logBytes: GB,
  logHistoryBytes: 64 * MB,
};

/** For people. */
export function sizeText(bytes: number): string {
  return bytes >= GB ? `${Math.round(bytes / GB)} GB` : bytes >= MB ? `${Math.round(bytes / MB)} MB` : `${bytes} bytes`;
}
