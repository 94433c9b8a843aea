/** What the row of a sandbox says: how it stands, by which way it is read, what it uses, and what each place says of it. */
import type { SandboxReport, SandboxState } from '../../../server/src/protocol/document';
import type { Collector, ResourceSample, SandboxNode, WayIn, WayTried } from '../../../server/src/protocol/messages';
import { assertNever } from '../assertNever';
import { actionWords, attachWords, rowWords } from '../contributions';
import { cores, memoryText } from '../format';
import type { Translate } from '../format';
import { plainText } from '../plainText';
import { isFollowed } from './attached';

/** Name of a codicon, and the theme colour for it where the shape alone is not enough. Never colour alone. */
export interface RowIcon {
  readonly icon: string;
  readonly color?: string;
}

/** A tooltip is no page: what each place says beyond these stands in "Where We Looked". */
const reportsShown = 4;
const saysShown = 6;
const short = { maxLength: 40 };
const triedShown = 3;

/** As the row says it: one or two words. What the container is comes before whether it is read, since it explains that. */
export function sandboxState(node: SandboxNode, t: Translate): string {
  const { attach, state } = node;
  if (state === 'removed') return t('removed');
  switch (attach.kind) {
    case 'live':
      if (node.kind === 'sample') return t('playing');
      return state === 'paused' || state === 'stopped' ? stateWord(state, t) : liveText(attach.way, t);
    case 'read':
      return node.kind === 'sample' ? t('sample: scripted model') : t('recording');
    case 'attaching':
      if (node.kind === 'sample') return t('playing');
      if (!isFollowed(attach)) return t('attaching…');
      return node.kind === 'container' ? t('live, reading history…') : t('reading history…');
    case 'lost':
      if (state === 'paused' || state === 'stopped') return stateWord(state, t);
      return attach.retrying ? t('lost, trying again') : t('lost');
    case 'failed':
      return state === 'paused' || state === 'stopped' ? stateWord(state, t) : t('failed');
    case 'idle':
      return idleState(node, t);
    default:
      return assertNever(attach);
  }
}

function idleState(node: SandboxNode, t: Translate): string {
  switch (node.state) {
    case 'running':
      return t('running, not attached');
    case 'recorded':
      return node.kind === 'sample' ? t('sample: scripted model') : t('recording, not read');
    case 'unknown':
      return t('not attached');
    case 'paused':
    case 'stopped':
    case 'removed':
      return stateWord(node.state, t);
    default:
      return assertNever(node.state);
  }
}

export function stateWord(state: SandboxState, t: Translate): string {
  const words: Record<SandboxState, string> = {
    running: t('running'),
    paused: t('paused'),
    stopped: t('stopped'),
    recorded: t('recording'),
    removed: t('removed'),
    unknown: t('state unknown'),
  };
  return words[state];
}

/** The first way needs no word. */
function liveText(way: WayIn | null, t: Translate): string {
  switch (way) {
    case null:
    case 'node':
    case 'host':
      return t('live');
    case 'python3':
      return t('live, by Python');
    case 'archive':
      return t('live, by copies');
    default:
      return assertNever(way);
  }
}

/** A way in as a sentence has it. */
export function wayText(way: WayIn, t: Translate): string {
  const words: Record<WayIn, string> = {
    node: t("a reader on the sandbox's Node"),
    python3: t("a reader on the sandbox's Python (python3)"),
    archive: t('copies of its files (archive)'),
    host: t('files of this host'),
  };
  return words[way];
}

/** The way that was taken, and each that was tried before it with the reason; empty while none is known. */
export function wayLines(node: Pick<SandboxNode, 'attach'>, t: Translate, max = triedShown): readonly string[] {
  const { attach } = node;
  if (attach.kind !== 'live' || attach.way === null) return [];
  const failed = ({ way, reason }: WayTried): string => t('Not by {0}: {1}', wayText(way, t), plainText(reason));
  return [t('Read by {0}', wayText(attach.way, t)), ...attach.tried.slice(0, max).map(failed)];
}

/** "CPU: 0.42 cores (42 %)", "Memory: 412 MiB of 2.0 GiB". */
export function resourceLines(sample: ResourceSample | null, t: Translate): readonly string[] {
  if (sample === null) return [];
  return [
    t('CPU: {0}', cores(sample.cpuCores, t)),
    sample.memoryLimitBytes === null
      ? t('Memory: {0} (no limit is set)', memoryText(sample.memoryBytes))
      : t(
          'Memory: {0} of {1} ({2} %)',
          memoryText(sample.memoryBytes),
          memoryText(sample.memoryLimitBytes),
          Math.round((100 * sample.memoryBytes) / Math.max(1, sample.memoryLimitBytes)),
        ),
  ];
}

/** "Registry ~/.nemoclaw/sandboxes.json: name my-assistant · model x". */
function reportLine({ place, kind, says }: SandboxReport, t: Translate): string {
  const facts = Object.entries(says);
  const said = facts.slice(0, saysShown).map(([name, value]) => `${plainText(name, short)} ${plainText(value, short)}`);
  if (facts.length > saysShown) said.push('…');
  return `${reportKind(kind, t)} ${plainText(place, { maxLength: 120 })}: ${said.length === 0 ? t('says nothing more') : said.join(' · ')}`;
}

export function reportKind(kind: SandboxReport['kind'], t: Translate): string {
  return { registry: t('Registry'), engine: t('Engine'), directory: t('Directory') }[kind];
}

/** How it is read, or what can be, each line only where something is known. */
export function readLines(node: SandboxNode, collector: Collector | null, t: Translate): readonly string[] {
  const { attach, state } = node;
  return [
    ...(state === 'removed' ? [t('It is not there any more. What was recorded of it can still be read.')] : []),
    ...(attach.kind === 'lost' && attach.retrying && state !== 'running' ? [t('Read again as soon as it runs.')] : []),
    ...wayLines(node, t),
    ...(attach.kind === 'live' && node.kind === 'container' ? collectorLines(collector, t) : []),
  ];
}

/** What was there before it, and what each place says of it. */
export function placeLines({ previousId, reports, seenBy }: SandboxNode, t: Translate): readonly string[] {
  const more = reports.length - reportsShown;
  return [
    ...(previousId === null ? [] : [t('Built anew: what was recorded before that is listed beneath it.')]),
    ...reports.slice(0, reportsShown).map((report) => reportLine(report, t)),
    ...(more > 0 ? [t('and what {0} more places say: see "Where We Looked"', more)] : []),
    // Told once.
    ...(reports.length > 0 || seenBy.length === 0 ? [] : [t('Seen by: {0}', plainText(seenBy.join(', ')))]),
  ];
}

/** Only what another window does is worth a word. */
export function collectorLines(collector: Collector | null, t: Translate): readonly string[] {
  if (collector?.kind !== 'other-window') return [];
  return [
    collector.pid === null
      ? t('Another window reads it; this one shows the same.')
      : t('Another window reads it (process {0}); this one shows the same.', String(collector.pid)),
  ];
}

export function sandboxIcon(node: SandboxNode): RowIcon {
  if (node.state === 'removed') return { icon: 'archive' };
  if (node.state === 'paused' && node.attach.kind !== 'attaching') return { icon: 'debug-pause' };
  switch (node.attach.kind) {
    case 'attaching':
      return { icon: 'loading~spin' };
    case 'failed':
      return { icon: 'error', color: 'list.errorForeground' };
    case 'lost':
      // That it was stopped explains it, and alarms nobody.
      return node.state === 'stopped' ? { icon: 'vm-outline' } : { icon: 'debug-disconnect', color: 'list.warningForeground' };
    case 'live':
      return { icon: 'vm-running' };
    case 'read':
    case 'idle':
      return {
        icon:
          node.kind === 'sample' ? 'beaker' : node.kind === 'directory' ? 'folder-library' : node.state === 'running' ? 'vm' : 'vm-outline',
      };
    default:
      return assertNever(node.attach);
  }
}

/** What the menus match on. Nothing can be attached to, nor acted on, that is not there any more. */
export function sandboxContext(node: SandboxNode): string {
  const words: readonly string[] = [...attachable(node), ...actionsOf(node).map((action) => actionWords[action])];
  return [rowWords.sandbox, node.kind, node.attach.kind, ...words].join(' ');
}

function attachable({ attach, state }: SandboxNode): readonly string[] {
  const { attachable, attaching, detachable } = attachWords;
  const removed = state === 'removed';
  switch (attach.kind) {
    case 'idle':
    case 'failed':
      return removed ? [] : [attachable];
    case 'attaching':
      return [isFollowed(attach) ? detachable : attaching];
    case 'live':
      return [detachable];
    case 'read':
      return removed ? [] : [detachable];
    case 'lost':
      return removed || attach.retrying ? [detachable] : [attachable, detachable];
    default:
      return assertNever(attach);
  }
}

/** What can be done to it as it stands, in the order of the menu. */
export function actionsOf({ kind, layout, state }: Pick<SandboxNode, 'kind' | 'layout' | 'state'>): readonly (keyof typeof actionWords)[] {
  if (kind !== 'container' || layout === 'registry-only') return [];
  switch (state) {
    case 'running':
      return ['pause', 'stop'];
    case 'paused':
      return ['resume', 'stop'];
    case 'stopped':
    case 'recorded':
    case 'removed':
    case 'unknown':
      return [];
    default:
      return assertNever(state);
  }
}
