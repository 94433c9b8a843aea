/**
 * OpenClaw wraps some prompts in words of its own: the task of a sub-agent, the note that one is done. What was asked is what
 * a person looks for, so lists and diagrams begin there; the whole text is in the details.
 */

/** What follows the mark is the task. */
const taskMark = '[Subagent Task]';
const contextMark = '[Subagent Context]';
const internalMark = '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>';
/** The mark stands near the beginning; a long text is not searched through. */
const searched = 4000;

export function promptText(text: string): string {
  const start = text.trimStart();
  if (start.startsWith(contextMark)) {
    const at = start.slice(0, searched).indexOf(taskMark);
    const task = at < 0 ? '' : start.slice(at + taskMark.length).trimStart();
    return task === '' ? text : task;
  }
  if (start.startsWith(internalMark)) return /\[(Internal [^\]\n]{1,80})\]/.exec(start.slice(0, searched))?.[1] ?? text;
  return text;
}
