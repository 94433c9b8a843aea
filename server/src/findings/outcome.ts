/** What came of a call, as the detectors look at it. */
import type { ToolResultEntry } from '../model/events';
import { isFailed } from '../model/toolSpan';
import type { CallDraft } from '../model/turns';

/** The same tool, the same arguments, the same result. */
export function outcomeKey({ block }: CallDraft, result: ToolResultEntry): string {
  return `${block.name}\n${block.argsDigest}\n${result.digest}`;
}

/** `no`: it ran and answered no, as a search does that finds nothing. */
export type Outcome = 'worked' | 'failed' | 'no';

/** Programs that say no with exit code 1. */
const askers: ReadonlySet<string> = new Set('[ cmp command diff egrep false fgrep git-diff grep pgrep rg test type which'.split(' '));
/** Programs begin after these. */
const separators = /[\n;|&]+/;

export function outcomeOf({ block }: CallDraft, result: ToolResultEntry): Outcome {
  if (!isFailed(result)) return 'worked';
  if (result.exitCode !== 1 || block.command === null) return 'failed';
  const parts = block.command.split(separators).filter((part) => part.trim() !== '');
  const program = parts.at(-1)?.trim().split(/\s/, 1)[0] ?? '';
  return askers.has(program.slice(program.lastIndexOf('/') + 1)) ? 'no' : 'failed';
}
