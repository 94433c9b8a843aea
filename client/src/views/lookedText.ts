/**
 * "Where we looked": every place, what came of it and how long it took; of each sandbox what each place says and by which
 * way it is read; and who reads. Plain text: what is in it came from files and engines that others write to.
 */
import type { Inventory, SandboxNode } from '../../../server/src/protocol/messages';
import type { Looked, LookOutcome, SandboxReport } from '../../../server/src/protocol/document';
import type { Translate } from '../format';
import { plainText } from '../plainText';
import { reportKind, stateWord, wayLines } from './sandboxText';

const long = { maxLength: 500 };
/** Of one sandbox; no place says more than these of it. */
const saysShown = 40;
const triedShown = 10;

export function lookedText(inventory: Inventory, t: Translate): string {
  const { looked, sandboxes } = inventory;
  const skipped = sandboxes.flatMap((node) =>
    node.skipped.map((each) => `${plainText(node.name)}: ${plainText(each.where, long)}\n    ${plainText(each.reason, long)}`),
  );
  const section = (title: string, entries: readonly string[]): readonly string[] =>
    entries.length === 0 ? [] : ['', title, '', ...entries];
  return [
    t('Where Sandglass looked for sandboxes and recordings'),
    '',
    ...(looked.length === 0 ? [t('Nowhere yet.')] : looked.map((each) => placeText(each, t))),
    ...section(
      t('What each place says of each sandbox'),
      sandboxes.map((node) => sandboxText(node, sandboxes, t)),
    ),
    ...section(t('Not read in what was found'), skipped),
    ...section(t('Who reads'), [collectorText(inventory, t)]),
    ...section(t('What is kept'), inventory.storeNote === null ? [] : [plainText(inventory.storeNote, long)]),
    ...section(t('What to do next'), nextSteps(inventory, t)),
    '',
  ].join('\n');
}

function placeText(looked: Looked, t: Translate): string {
  const outcomes: Record<LookOutcome, string> = { ok: t('looked'), absent: t('not there'), refused: t('refused'), failed: t('failed') };
  const found = looked.found === 1 ? t('1 sandbox') : t('{0} sandboxes', looked.found);
  const result = looked.outcome === 'ok' ? `${outcomes.ok}, ${found}` : outcomes[looked.outcome];
  const reason = looked.reason === null ? '' : `\n    ${plainText(looked.reason, long)}`;
  return `${plainText(looked.place, long)}\n    ${result}, ${Math.round(looked.ms)} ms${reason}`;
}

function sandboxText(node: SandboxNode, all: readonly SandboxNode[], t: Translate): string {
  const { attach } = node;
  const before = all.find(({ id }) => id === node.previousId);
  const facts = [
    // Not the one that its engine knows, which is among what the places say.
    t('ID within Sandglass: {0}', plainText(node.id)),
    ...(node.gateway === null ? [] : [t('Gateway: {0}', plainText(node.gateway))]),
    ...(node.previousId === null
      ? []
      : [
          before === undefined
            ? t('Built anew: an earlier sandbox had its name, with the ID {0}', plainText(node.previousId))
            : t('Built anew: what was recorded before that is listed beneath it, with the ID {0}', plainText(node.previousId)),
        ]),
    ...wayLines(node, t, triedShown),
    ...(attach.kind === 'failed' || attach.kind === 'lost' ? [t('Not read: {0}', plainText(attach.reason, long))] : []),
    ...(attach.kind === 'failed' && attach.hint !== '' ? [plainText(attach.hint, long)] : []),
    ...node.reports.flatMap((report) => reportLines(report, t)),
    ...(node.reports.length === 0 && node.seenBy.length > 0
      ? [t('Seen by: {0}', node.seenBy.map((place) => plainText(place)).join(', '))]
      : []),
  ];
  return [`${plainText(node.name)}: ${stateWord(node.state, t)}`, ...facts.map((fact) => `    ${fact}`)].join('\n');
}

function reportLines({ place, kind, says }: SandboxReport, t: Translate): readonly string[] {
  const facts = Object.entries(says).slice(0, saysShown);
  const said = facts.map(([name, value]) => `    ${plainText(name, { maxLength: 60 })}: ${plainText(value, long)}`);
  return [`${reportKind(kind, t)} ${plainText(place, long)}`, ...(said.length === 0 ? [`    ${t('says nothing more')}`] : said)];
}

function collectorText({ collector }: Inventory, t: Translate): string {
  const pid = collector.pid === null ? '?' : String(collector.pid);
  switch (collector.kind) {
    case 'this-window':
      return t('This window reads the sandboxes (process {0}). Other windows show what it has read.', pid);
    case 'other-window':
      return t('Another window reads the sandboxes (process {0}). This one shows what it has read, and takes over when it ends.', pid);
    case 'none':
      return t('No window reads just now. One that is open takes over within seconds.');
  }
}

/** In words and by the names of the commands: a plain-text document holds no links. */
function nextSteps({ looked, empty }: Inventory, t: Translate): readonly string[] {
  if (empty === 'untrusted') return [t('Trust this workspace ("Workspaces: Manage Workspace Trust"), so that containers are looked for.')];
  const refused = looked.some(({ outcome }) => outcome === 'refused');
  return [
    ...(refused
      ? [t('Where access was refused: the reason above says which permission is missing; log out and in after changing groups.')]
      : []),
    ...(empty === 'no-docker' ? [t('Start the container engine, or name its endpoint in the setting sandglass.docker.host.')] : []),
    t('Look again: run "Sandglass: Refresh". Open a recording: run "Sandglass: Open Recording…".'),
  ];
}
