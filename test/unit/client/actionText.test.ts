import { describe, expect, it } from 'vitest';
import { actionsText, confirmation, doneText, notDoneText } from '../../../client/src/views/actionText';
import type { ActionRecord, SandboxAction } from '../../../server/src/protocol/messages';
import { hostileStrings } from '../flow/hostile';
import { sandbox } from './made';
import { translate } from './translate';

const actions: readonly SandboxAction[] = ['pause', 'resume', 'stop'];
const node = sandbox('a', undefined, { name: 'my-assistant' });
const record = (given: Partial<ActionRecord> = {}): ActionRecord => ({
  time: '2026-11-21T10:00:00.000Z',
  action: 'pause',
  sandboxId: 'id-1',
  sandbox: 'my-assistant',
  containers: ['supervisor', 'workload'],
  by: 'user',
  outcome: 'done',
  reason: null,
  ...given,
});
const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/;

describe('before it is done', () => {
  it('says which sandbox, what stops, what becomes of calls under way and how it is undone', () => {
    for (const action of actions) {
      const { question, detail, button } = confirmation(action, node, translate);
      expect(question).toContain('my-assistant');
      expect(question.toLowerCase()).toContain(action);
      expect(button.toLowerCase()).toContain(action);
      expect(detail).toMatch(/processes/);
      expect(detail).toMatch(/call/);
      expect(detail).toMatch(/undo/i);
    }
    expect(confirmation('stop', node, translate).detail).toMatch(/Sandglass cannot undo it: start the sandbox again/);
    expect(new Set(actions.flatMap((action) => [doneText(action, node, translate), notDoneText(action, node, translate)])).size).toBe(6);
  });

  it.each(hostileStrings.map((text): [string, string] => [text.slice(0, 40), text]))('%j is a name like any', (_, text) => {
    for (const action of actions) {
      const { question, detail } = confirmation(action, sandbox('a', undefined, { name: text }), translate);
      for (const shown of [question, doneText(action, { name: text, id: 'a' }, translate)]) {
        expect(shown).not.toMatch(acting);
        expect(shown).not.toContain('](');
        expect(shown.length).toBeLessThan(120);
      }
      // Nothing of it is where the effect is explained.
      expect(detail).toBe(confirmation(action, node, translate).detail);
    }
    expect(actionsText([record({ sandbox: text, sandboxId: text, containers: [text], reason: text, time: text })], translate)).not.toMatch(
      acting,
    );
  });
});

describe('the log of actions', () => {
  it('says when, what, by whom and what came of it', () => {
    const text = actionsText(
      [
        record({ action: 'stop', outcome: 'failed', reason: 'no such container' }),
        record({ action: 'resume', by: 'recovery' }),
        record({ outcome: null, containers: [] }),
      ],
      translate,
    );
    const when = new Date('2026-11-21T10:00:00.000Z').toLocaleString();
    expect(text).toBe(`What was done to sandboxes from Sandglass, the newest first

${when}  Stop  my-assistant
    failed: no such container
    asked for and confirmed in the editor
    Sandbox ID: id-1
    Containers: supervisor, workload

${when}  Resume  my-assistant
    done
    by Sandglass itself, after it had ended meanwhile
    Sandbox ID: id-1
    Containers: supervisor, workload

${when}  Pause  my-assistant
    under way, or ended in the middle
    asked for and confirmed in the editor
    Sandbox ID: id-1

`);
  });

  it('is never simply empty', () => {
    expect(actionsText([], translate)).toContain('Nothing yet. Pause, Resume and Stop stand in the menu of a sandbox that runs.');
  });
});
