/** What acting on a sandbox does, before it is done and after; and the log of what was done, as plain text. */
import type { ActionRecord, SandboxAction, SandboxNode } from '../../../server/src/protocol/messages';
import type { Translate } from '../format';
import { plainText, withoutLinks } from '../plainText';

const maxName = 60;

export interface Confirmation {
  readonly question: string;
  /** What stops, what becomes of what runs, and how it is undone. */
  readonly detail: string;
  readonly button: string;
}

/** A sandbox's name where a dialog or a notification would turn parts of it into something else. */
export function shownName({ name, id }: Pick<SandboxNode, 'name' | 'id'>): string {
  return withoutLinks(plainText(name, { maxLength: maxName }) || plainText(id, { maxLength: maxName }));
}

export function confirmation(action: SandboxAction, node: Pick<SandboxNode, 'name' | 'id'>, t: Translate): Confirmation {
  const name = shownName(node);
  switch (action) {
    case 'pause':
      return {
        question: t('Pause the sandbox {0}?', name),
        detail: [
          t('All its processes are frozen where they are: agents, tools and everything else in it.'),
          t(
            'A tool that runs goes on when the sandbox is resumed. An LLM call under way may time out meanwhile, and may be billed nevertheless. Nothing in the sandbox is changed.',
          ),
          t(
            'To undo it, resume the sandbox. It stays paused when the editor is closed; only if Sandglass crashes meanwhile, it resumes the sandbox itself when it is back.',
          ),
        ].join('\n\n'),
        button: t('Pause Sandbox'),
      };
    case 'resume':
      return {
        question: t('Resume the sandbox {0}?', name),
        detail: [
          t('Its processes go on where they were frozen: agents go on working, and may spend money.'),
          t('A call that waited too long meanwhile may fail, and the agent may make it again.'),
          t('To undo it, pause the sandbox again.'),
        ].join('\n\n'),
        button: t('Resume Sandbox'),
      };
    case 'stop':
      return {
        question: t('Stop the sandbox {0}?', name),
        detail: [
          t('Its processes are asked to end, and are ended by force if they do not.'),
          t(
            'Tools and LLM calls under way are cut off and do not go on later; a call that was sent may be billed nevertheless. The files of the sandbox stay, and so does what Sandglass has read of it.',
          ),
          t('Sandglass cannot undo it: start the sandbox again with NemoClaw (nemoclaw … start) or the engine (docker start).'),
        ].join('\n\n'),
        button: t('Stop Sandbox'),
      };
  }
}

export function doneText(action: SandboxAction, node: Pick<SandboxNode, 'name' | 'id'>, t: Translate): string {
  const texts: Record<SandboxAction, string> = {
    pause: t('The sandbox {0} is paused.', shownName(node)),
    resume: t('The sandbox {0} goes on.', shownName(node)),
    stop: t('The sandbox {0} is stopped.', shownName(node)),
  };
  return texts[action];
}

export function notDoneText(action: SandboxAction, node: Pick<SandboxNode, 'name' | 'id'>, t: Translate): string {
  const texts: Record<SandboxAction, string> = {
    pause: t('The sandbox {0} could not be paused.', shownName(node)),
    resume: t('The sandbox {0} could not be resumed.', shownName(node)),
    stop: t('The sandbox {0} could not be stopped.', shownName(node)),
  };
  return texts[action];
}

export function actionWord(action: SandboxAction, t: Translate): string {
  return { pause: t('Pause'), resume: t('Resume'), stop: t('Stop') }[action];
}

export function actionsText(records: readonly ActionRecord[], t: Translate): string {
  const entry = ({ time, action, sandbox, sandboxId, containers, by, outcome, reason }: ActionRecord): string => {
    const who = { user: t('asked for and confirmed in the editor'), recovery: t('by Sandglass itself, after it had ended meanwhile') }[by];
    const came = outcome === null ? t('under way, or ended in the middle') : { done: t('done'), failed: t('failed') }[outcome];
    return [
      `${localTime(time)}  ${actionWord(action, t)}  ${plainText(sandbox)}`,
      `    ${reason === null ? came : `${came}: ${plainText(reason, { maxLength: 500 })}`}`,
      `    ${who}`,
      `    ${t('Sandbox ID: {0}', plainText(sandboxId))}`,
      ...(containers.length === 0 ? [] : [`    ${t('Containers: {0}', containers.map((each) => plainText(each)).join(', '))}`]),
    ].join('\n');
  };
  return [
    t('What was done to sandboxes from Sandglass, the newest first'),
    '',
    ...(records.length === 0
      ? [t('Nothing yet. Pause, Resume and Stop stand in the menu of a sandbox that runs.')]
      : records.map(entry).flatMap((text) => [text, ''])),
    '',
  ].join('\n');
}

/** As the machine shows times; what is no time is shown as it stands. */
function localTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? plainText(iso) : time.toLocaleString();
}
