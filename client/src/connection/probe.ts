/** Runs `server.js --probe` under a Node and remembers what it said, per executable and version of the extension. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { readProbe } from './runtime';
import type { ProbeOutcome, RunProbe, RuntimeCandidate } from './runtime';

const probeTimeoutMs = 15_000;
const maxProbeOutput = 64 * 1024;
const cacheKey = 'sandglass.runtimeProbes';
const maxCached = 8;

/** The part of `vscode.Memento` used here. */
export interface Memory {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

interface CachedProbe {
  readonly key: string;
  readonly outcome: ProbeOutcome;
}

/** Environment in which the editor's executable is a plain Node; harmless to any other Node. */
export const asNode = { ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1' };

export function cachedProbe(serverModule: string, extensionVersion: string, memory: Memory): RunProbe {
  return async (candidate) => {
    const key = identity(candidate, extensionVersion);
    const known = memory.get<readonly CachedProbe[]>(cacheKey) ?? [];
    const hit = known.find((each) => each.key === key);
    // Only good answers are kept: what failed may work after the user has done something about it.
    if (key !== null && hit !== undefined) return hit.outcome;
    const outcome = await runProbe(candidate, serverModule);
    if (key !== null && outcome.kind === 'answered') {
      await memory.update(cacheKey, [{ key, outcome }, ...known.filter((each) => each.key !== key)].slice(0, maxCached));
    }
    return outcome;
  };
}

/** Null when the file cannot be told apart from a later one at the same place (a bare `node` on the PATH): not cached. */
function identity(candidate: RuntimeCandidate, extensionVersion: string): string | null {
  if (candidate.from === 'path') return null;
  const stat = statSync(candidate.command, { throwIfNoEntry: false });
  return stat === undefined ? null : [candidate.command, stat.size, stat.mtimeMs, process.version, extensionVersion].join('\n');
}

function runProbe(candidate: RuntimeCandidate, serverModule: string): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    execFile(
      candidate.command,
      [serverModule, '--probe'],
      { env: { ...process.env, ...asNode }, timeout: probeTimeoutMs, maxBuffer: maxProbeOutput, windowsHide: true },
      (error, stdout, stderr) => {
        if (error !== null && stdout === '' && stderr === '')
          resolve({ kind: 'failed', reason: error.killed ? `no answer in ${probeTimeoutMs / 1000} s` : error.message });
        else resolve(readProbe(stdout, stderr, error === null ? 0 : typeof error.code === 'number' ? error.code : null));
      },
    );
  });
}
