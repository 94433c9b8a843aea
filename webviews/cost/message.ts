/** What stands where there is nothing to show: why, and what to do next. */
import { button } from '../kit/controls';
import { element } from '../kit/dom';
import { visibleText } from '../kit/plainText';

export interface Message {
  readonly title: string;
  readonly text: string;
  readonly busy?: HTMLElement;
  readonly actions?: readonly { readonly label: string; readonly press: () => void }[];
}

export function messageBox({ title, text, busy, actions = [] }: Message): HTMLElement {
  return element(
    'div',
    { class: 'message', attributes: { role: 'status' } },
    busy ?? null,
    element('p', { class: 'message-title', text: title }),
    text === '' ? null : element('p', { class: 'message-text', text: visibleText(text) }),
    actions.length === 0
      ? null
      : element(
          'div',
          { class: 'message-actions' },
          ...actions.map((action, index) => button({ ...action, kind: index === 0 ? 'primary' : 'secondary', key: action.label })),
        ),
  );
}
