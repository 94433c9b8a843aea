/**
 * Which files of a sessions directory are transcripts, and what their names say about them. OpenClaw renames a transcript
 * when it is reset, deleted or compacted by hand; what it keeps beside them (locks, trajectories, pointers) is none.
 */
import type { TranscriptState } from '../record';

export interface TranscriptName {
  readonly name: string;
  /** The session id as far as the name tells it; the header line knows better. */
  readonly stem: string;
  readonly state: TranscriptState;
  readonly compressed: boolean;
}

/** The time as OpenClaw writes it into a name. A session id may hold any characters, a mark among them: the time tells them apart. */
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:[.-]\d{1,9})?Z`;
const ARCHIVED = new RegExp(String.raw`^(.*?)\.jsonl(?:\.(reset|deleted|bak)\.${TIME}(?:\..+?)??)?(\.zst)?$`, 's');
/** One that a person put aside under a name of their own. */
const PUT_ASIDE = /^(.*?)\.jsonl\.(reset|deleted|bak)\..+?(\.zst)?$/s;
/** How some versions spell an archive: the mark before the extension. */
const MARKED_STEM = new RegExp(String.raw`\.(reset|deleted|bak)\.${TIME}$`, 's');

/** What is none though it is called so: a trajectory, and what a compaction keeps of the time before it. */
const OTHER_STEM = new RegExp(String.raw`\.trajectory$|\.compact\.(?:${TIME}|\d{10,})$`, 's');
/** Behind the extension: what is being written, and who writes. */
const PASSING = /\.tmp|\.lock$/;

export function transcriptName(name: string): TranscriptName | null {
  const match = ARCHIVED.exec(name) ?? PUT_ASIDE.exec(name);
  if (!match) return null;
  const [, stem = '', mark, zst] = match;
  if (OTHER_STEM.test(stem) || PASSING.test(name.slice(stem.length + '.jsonl'.length))) return null;
  return { name, stem, state: stateOf(mark ?? MARKED_STEM.exec(stem)?.[1], zst !== undefined), compressed: zst !== undefined };
}

function stateOf(mark: string | undefined, compressed: boolean): TranscriptState {
  switch (mark) {
    case 'reset':
      return 'reset';
    case 'deleted':
      return 'deleted';
    case 'bak':
      return 'archived';
    default:
      return compressed ? 'archived' : 'live';
  }
}

export function isTrajectoryName(name: string): boolean {
  return name.endsWith('.trajectory.jsonl');
}

/** What a transcript and its trajectory have in common. */
export function stemOf(name: string): string {
  return isTrajectoryName(name) ? name.slice(0, -'.trajectory.jsonl'.length) : (transcriptName(name)?.stem ?? name);
}

/** Is `archive` what a transcript called `name` becomes when OpenClaw puts it away? */
export function isArchiveOf(archive: string, name: string): boolean {
  return archive.startsWith(`${name}.`) && transcriptName(archive) !== null && transcriptName(archive)?.state !== 'live';
}
