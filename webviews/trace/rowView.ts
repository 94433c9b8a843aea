/** One row of the list: outcome, name, what it was about, how long, how much. Made once, filled for whatever is in its place. */
import type { SpanRow } from '../../server/src/protocol/messages';
import { element, setText, visuallyHidden } from '../kit/dom';
import { icon } from '../kit/icons';
import type { Texts } from './describe';
import { spanCost } from './cost';
import type { ShownCost } from './cost';
import { durationText, durationTitle, isProblem, rowIcon, rowPreview, spanName, statusText } from './describe';

export interface RowContext {
  readonly t: Texts;
  readonly turnOrdinal: (turnId: string) => number | null;
  readonly turnProblems: (turnId: string) => { readonly failed: number; readonly denied: number } | null;
  readonly turnCost: (turnId: string) => ShownCost | null;
  readonly flatRate: () => boolean;
}

const indentPx = 14;

export function createRow(): HTMLElement {
  return element(
    'div',
    { class: 'row', attributes: { role: 'row' } },
    element(
      'div',
      { class: 'cell cell-step', attributes: { role: 'gridcell' } },
      element('span', { class: 'row-icon' }),
      element('span', { class: 'row-status' }),
      element('span', { class: 'row-name' }),
      element('span', { class: 'row-preview' }),
      element('span', { class: 'row-tags' }),
    ),
    element('div', { class: 'cell cell-duration', attributes: { role: 'gridcell' } }),
    element('div', { class: 'cell cell-cost', attributes: { role: 'gridcell' } }),
  );
}

export function fillRow(target: HTMLElement, row: SpanRow | null, index: number, selected: boolean, context: RowContext): void {
  const { t } = context;
  const part = (name: string): HTMLElement => target.querySelector<HTMLElement>(`.${name}`)!;
  target.setAttribute('aria-rowindex', String(index + 2));
  target.dataset['index'] = String(index);
  if (row === null) {
    target.className = 'row row-waiting';
    target.removeAttribute('aria-level');
    target.setAttribute('aria-selected', 'false');
    target.dataset['span'] = '';
    part('row-icon').replaceChildren();
    delete part('row-icon').dataset['icon'];
    for (const name of ['row-status', 'row-name', 'row-tags', 'cell-duration', 'cell-cost']) setText(part(name), '');
    setText(part('row-preview'), t('list.loadingRow'));
    return;
  }
  const { span } = row;
  target.className = `row row-${span.kind} status-${span.status}${span.attributes['sandglass.inherited'] === true || span.attributes['sandglass.abandoned'] === true ? ' row-faint' : ''}`;
  target.setAttribute('aria-level', String(row.depth + 1));
  target.setAttribute('aria-selected', String(selected));
  target.dataset['span'] = span.id;
  part('cell-step').style.paddingInlineStart = `${8 + row.depth * indentPx}px`;
  fillIcon(part('row-icon'), span.status, rowIcon(span));
  // The outcome as a word: seen for what went wrong or still runs, heard always.
  const status = part('row-status');
  const loud = isProblem(span.status) || span.status === 'running';
  setText(status, `${loud ? statusText(t, span) : t(`status.${span.status}`)} `);
  status.className = `row-status${loud && span.kind !== 'invoke_agent' ? '' : ' visually-hidden'}`;
  setText(part('row-name'), spanName(t, span, row.turnId === null ? null : context.turnOrdinal(row.turnId)));
  const preview = rowPreview(t, row);
  target.classList.toggle('row-told', preview !== '');
  const shown = part('row-preview');
  setText(shown, preview);
  shown.title = preview;
  fillTags(part('row-tags'), row, context);
  const duration = part('cell-duration');
  setText(duration, durationText(span));
  duration.title = durationTitle(t, span);
  fillCost(part('cell-cost'), row, context);
}

function fillIcon(target: HTMLElement, status: string, name: ReturnType<typeof rowIcon>): void {
  const wanted = `${name} ${status}`;
  if (target.dataset['icon'] === wanted) return;
  target.dataset['icon'] = wanted;
  target.replaceChildren(icon(name, `status-${status}`));
}

function fillTags(target: HTMLElement, row: SpanRow, context: RowContext): void {
  const { t } = context;
  const tags: HTMLElement[] = [];
  const tag = (text: string, kind: string, title = ''): void => {
    tags.push(element('span', { class: `tag ${kind}`, text, title }));
  };
  if (row.span.kind === 'invoke_agent') {
    const problems = context.turnProblems(row.span.id);
    if (problems !== null && problems.failed > 0) tag(`${problems.failed} ${t('header.failed')}`, 'tag-error');
    if (problems !== null && problems.denied > 0) tag(`${problems.denied} ${t('header.denied')}`, 'tag-denied');
    if (row.span.status === 'running') tag(t('status.running'), 'tag-running');
  }
  if (row.policy.some((policy) => policy.status === 'denied') && row.span.status !== 'denied') tag(t('status.denied'), 'tag-denied');
  if (row.outside) tag(t('list.outside'), 'tag-outside', t('list.outsideHint'));
  if (row.childSessionId !== null) tag(t('list.subagent'), 'tag-plain');
  if (row.span.attributes['sandglass.inherited'] === true) tags.push(visuallyHidden(t('list.inherited')));
  if (row.span.attributes['sandglass.abandoned'] === true) tags.push(visuallyHidden(t('list.abandoned')));
  target.replaceChildren(...tags);
}

function fillCost(target: HTMLElement, { span }: SpanRow, context: RowContext): void {
  const cost = span.kind === 'invoke_agent' ? context.turnCost(span.id) : spanCost(context.t, span, context.flatRate());
  const text = cost === null ? '' : cost.text;
  const basis = cost === null ? '' : cost.word;
  target.title = cost?.title ?? '';
  const [amount, word] = [target.children[0], target.children[1]];
  if (amount === undefined || word === undefined)
    target.replaceChildren(element('span', { text }), element('span', { class: 'cost-basis', text: basis }));
  else {
    setText(amount, text);
    setText(word, basis);
  }
}
