/** OpenClaw writes the texts of turns that no person began with known openings; they tell the trigger when nothing else does. */
import type { Trigger } from '../../protocol/document';

const marks: readonly (readonly [string, Trigger])[] = [
  ['[OpenClaw heartbeat poll]', 'heartbeat'],
  ['[OpenClaw exec completion]', 'exec'],
  ['[Subagent Context]', 'subagent'],
  ['[cron:', 'cron'],
];

export function textMark(text: string): Trigger | null {
  for (const [opening, trigger] of marks) if (text.startsWith(opening)) return trigger;
  // Announcements of finished sub-agents come in an envelope of OpenClaw's.
  if (text.startsWith('<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>') && text.slice(0, 1000).includes('source: subagent')) return 'subagent';
  return null;
}
