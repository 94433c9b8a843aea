// What OpenClaw puts around a prompt is left out where a prompt is a title.
import { describe, expect, it } from 'vitest';
import { promptText } from '../../../server/src/decode/openclaw/promptText';

describe('the text of a prompt', () => {
  it('of a sub-agent is its task', () => {
    const text =
      '[Subagent Context] You are running as a subagent (depth 1/1). Results auto-announce to your requester. [Subagent Task] Count the files.';
    expect(promptText(text)).toBe('Count the files.');
  });

  it('of an internal event is the name of the event', () => {
    const text =
      '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>> OpenClaw runtime context (internal): … [Internal task completion event] source: subagent';
    expect(promptText(text)).toBe('Internal task completion event');
  });

  it('stays whole when a mark stands elsewhere, or nothing follows it', () => {
    for (const text of ['What is [Subagent Task] for?', '[Subagent Context] cut off here', '[Subagent Context] x [Subagent Task]', ''])
      expect(promptText(text)).toBe(text);
  });
});
