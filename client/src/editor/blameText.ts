/** What is said of a line's author, in the hover and beside the line. Pure; all that a trace holds is escaped or fenced. */
import type { BlamedCall, BlamedLines, FileBlame } from '../../../server/src/protocol/messages';
import type { CommandId } from '../contributions';
import { callCostText, priceNote } from '../costWords';
import type { Translate } from '../format';
import { escapedMarkdown, plainText } from '../plainText';

/** How much of a thought a hover shows. */
export const thoughtChars = 600;
const thoughtLines = 8;
/** Columns beside the line. */
export const gutterWidth = 26;

export function runAt(blame: FileBlame, line: number): BlamedLines | null {
  let low = 0;
  let high = blame.lines.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const run = blame.lines[middle];
    if (run === undefined) return null;
    if (line < run.startLine) high = middle - 1;
    else if (line > run.endLine) low = middle + 1;
    else return run;
  }
  return null;
}

/** What a hover knows beside the line's author. */
export interface HoverContext {
  /** The thought or, without one, the text before the call; null: none, or not known yet. */
  readonly thought: { readonly kind: 'thought' | 'said'; readonly text: string } | null;
  /** The commit that took the line in, as Markdown; null: nothing to say. */
  readonly git: string | null;
  /** Markdown links by commands of ours, or null. */
  readonly links: string | null;
  /** Also what is not a call's or a person's is told. */
  readonly all: boolean;
  /** The user pays for no single call. */
  readonly flatRate: boolean;
}

/** Markdown; null: there is nothing to say of this line. */
export function hoverText(
  blame: FileBlame,
  run: BlamedLines,
  { thought, git, links, all, flatRate }: HoverContext,
  t: Translate,
): string | null {
  const { by } = run;
  const calls = (call: number | null): string => {
    const known = call === null ? undefined : blame.calls[call];
    return known === undefined ? t('a call') : callName(known, t);
  };
  const parts: string[] = [];
  switch (by.kind) {
    case 'call': {
      const call = blame.calls[by.call];
      if (call === undefined) return null;
      parts.push(...callParts(call, flatRate, t));
      if (by.rewrote) parts.push(t('It wrote the whole file; what stood there before was not observed.'));
      if (call.outside) parts.push(`**${t('The file lies outside the workspace of the agent.')}**`);
      if (thought !== null)
        parts.push(`${thought.kind === 'thought' ? t('Thought before it:') : t('Said before it:')}\n\n${fenced(thought.text)}`);
      break;
    }
    case 'person':
      parts.push(`**${t('Changed by a person')}**, ${t('after {0}.', calls(by.after))}`);
      break;
    case 'changed':
      parts.push(
        `**${t('Not observed')}**: ${
          by.before === null
            ? t('changed by a person or a command, after {0}.', calls(by.after))
            : t('changed by a person or a command, before {0} saw it.', calls(by.before))
        }`,
      );
      break;
    case 'found':
      if (!all) return null;
      parts.push(`**${t('Not observed')}**: ${t('it stood there when {0} first saw the file.', calls(by.call))}`);
      break;
    case 'unsure':
      if (!all) return null;
      parts.push(`**${t('Not certain')}**: ${t('lines like this one are from several, and nothing tells which is which.')}`);
      break;
    case 'unknown':
      if (!all) return null;
      parts.push(`**${t('Not observed')}**: ${t('no recorded call is known to have written or seen this line.')}`);
      break;
  }
  if (git !== null) parts.push(git);
  if (links !== null && by.kind === 'call') parts.push(links);
  return parts.join('\n\n');
}

function callName(call: BlamedCall, t: Translate): string {
  return t('{0} at {1}', escapedMarkdown(call.tool, 40), escapedMarkdown(timeText(call.time) ?? t('a time not observed'), 60));
}

function callParts(call: BlamedCall, flatRate: boolean, t: Translate): readonly string[] {
  const head = `**${escapedMarkdown(call.tool, 40)}** · ${escapedMarkdown(timeText(call.time) ?? t('time not observed'), 60)}`;
  const model = call.model === null ? t('model not observed') : escapedMarkdown(call.model, 80);
  const where =
    call.turn === null
      ? t('Session {0}, agent {1}', quoted(call.session), escapedMarkdown(call.agent, 40))
      : t('Session {0}, turn {1}, agent {2}', quoted(call.session), call.turn, escapedMarkdown(call.agent, 40));
  return [`${head} · ${model}`, where, costOf(call, flatRate, t)];
}

/** Who asks what it cost asks by which price too. */
function costOf({ cost }: BlamedCall, flatRate: boolean, t: Translate): string {
  if (cost === null) return t('LLM call: not recorded, so there is no cost');
  const text = escapedMarkdown(callCostText(cost, flatRate, t));
  const note = priceNote(cost, t);
  return note === null ? t('LLM call: {0}', text) : t('LLM call: {0} · {1}', text, escapedMarkdown(note, 320));
}

function quoted(text: string): string {
  return `“${escapedMarkdown(text, 80)}”`;
}

/** Nothing in it can close the block; not Markdown, so no link, image or HTML in it lives. */
function fenced(text: string): string {
  const clean = plainText(text, { multiline: true, maxLength: thoughtChars });
  const lines = clean.split('\n');
  const shown = lines.length > thoughtLines ? [...lines.slice(0, thoughtLines), '…'].join('\n') : clean;
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${shown}\n${fence}`;
}

/** Ids may be any text, and `encodeURIComponent` leaves what ends a link in Markdown as it is. */
export function commandLink(command: CommandId, argument: object, title: string): string {
  const encoded = encodeURIComponent(JSON.stringify([argument])).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `[${title}](command:${command}?${encoded})`;
}

/** On the clock of this host, with the day where it is another one. */
export function timeText(time: string | null, now = new Date()): string | null {
  if (time === null) return null;
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return null;
  const clock = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
  const day = `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
  return date.toDateString() === now.toDateString() ? clock : `${day} ${clock}`;
}

export type GutterKind = 'agent' | 'person' | 'other';

/** What stands beside the first line of a run. */
export function gutterText(blame: FileBlame, { by }: BlamedLines, t: Translate): { readonly kind: GutterKind; readonly text: string } {
  switch (by.kind) {
    case 'call': {
      const call = blame.calls[by.call];
      if (call === undefined) return { kind: 'other', text: t('not observed') };
      const time = timeText(call.time, new Date(call.time ?? 0));
      return {
        kind: 'agent',
        text: plainText([time, call.tool, call.session].filter((part) => part !== null).join(' '), { maxLength: gutterWidth }),
      };
    }
    case 'person':
      return { kind: 'person', text: t('a person, since') };
    case 'changed':
      return { kind: 'other', text: t('changed, not observed') };
    case 'found':
      return { kind: 'other', text: t('there before') };
    case 'unsure':
      return { kind: 'other', text: t('not certain') };
    case 'unknown':
      return { kind: 'other', text: t('not observed') };
  }
}
