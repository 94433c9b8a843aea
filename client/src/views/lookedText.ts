/** "Where we looked": every place, what came of it and how long it took, as plain text. */
import type { Inventory } from '../../../server/src/protocol/messages';
import type { Looked, LookOutcome } from '../../../server/src/protocol/document';
import type { Translate } from '../format';
import { plainText } from '../plainText';

export function lookedText(inventory: Inventory, t: Translate): string {
  const outcomes: Record<LookOutcome, string> = { ok: t('looked'), absent: t('not there'), refused: t('refused'), failed: t('failed') };
  const found = (looked: Looked): string => (looked.found === 1 ? t('1 sandbox') : t('{0} sandboxes', looked.found));
  const entry = (looked: Looked): string => {
    const result = looked.outcome === 'ok' ? `${outcomes.ok}, ${found(looked)}` : outcomes[looked.outcome];
    const reason = looked.reason === null ? '' : `\n    ${plainText(looked.reason, { maxLength: 500 })}`;
    return `${plainText(looked.place, { maxLength: 500 })}\n    ${result}, ${Math.round(looked.ms)} ms${reason}`;
  };
  const skipped = inventory.sandboxes.flatMap((node) =>
    node.skipped.map(
      (each) => `${plainText(node.name)}: ${plainText(each.where, { maxLength: 500 })}\n    ${plainText(each.reason, { maxLength: 500 })}`,
    ),
  );
  return [
    t('Where Sandglass looked for sandboxes and recordings'),
    '',
    ...(inventory.looked.length === 0 ? [t('Nowhere yet.')] : inventory.looked.map(entry)),
    ...(skipped.length === 0 ? [] : ['', t('Not read in what was found'), '', ...skipped]),
    ...(inventory.storeNote === null ? [] : ['', t('What is kept'), '', plainText(inventory.storeNote, { maxLength: 500 })]),
    '',
  ].join('\n');
}
