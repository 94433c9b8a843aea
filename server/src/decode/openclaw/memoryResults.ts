/** What a search of the agent's memory found: `memory_search` tells file and lines of each hit, relative to the workspace. */
import { asArray, asNumber, asObject, asString } from '../json';

export interface MemoryHit {
  readonly path: string;
  /** Counted from one, the end inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  /** First line of the excerpt; null: it is empty. */
  readonly shown: string | null;
}

export const memoryTool = 'memory_search';
const hitLimit = 32;

/** `found`: what the tool gave back, as it is parsed. Hits in transcripts of sessions are no files of the workspace. */
export function memoryHits(found: unknown): readonly MemoryHit[] {
  const hits: MemoryHit[] = [];
  for (const value of asArray(asObject(found)?.['results']) ?? []) {
    if (hits.length === hitLimit) break;
    const hit = asObject(value);
    const path = asString(hit?.['path']);
    const startLine = asNumber(hit?.['startLine']);
    const endLine = asNumber(hit?.['endLine']) ?? startLine;
    if (hit?.['source'] === 'sessions' || path === null || path === '' || path.includes('\n')) continue;
    if (startLine === null || endLine === null || !Number.isInteger(startLine) || !Number.isInteger(endLine)) continue;
    if (startLine < 1 || endLine < startLine) continue;
    const shown = asString(hit?.['snippet'])?.split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
    hits.push({ path, startLine, endLine, shown: shown.trim() === '' ? null : shown });
  }
  return hits;
}
