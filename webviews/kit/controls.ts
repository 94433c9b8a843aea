/**
 * The ONE file that names the control library. `@vscode/webview-ui-toolkit` was asked for and is archived; its successor
 * `@vscode-elements/elements` has the same tag names, so a swap ends here.
 */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeCheckbox, vsCodeProgressRing } from '@vscode/webview-ui-toolkit';
import { element } from './dom';
import type { IconName } from './icons';
import { icon } from './icons';

export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeProgressRing());
}

export interface ButtonOptions {
  readonly label: string;
  readonly title?: string;
  readonly icon?: IconName;
  readonly kind?: 'primary' | 'secondary' | 'icon';
  readonly disabled?: boolean;
  /** Keeps the focus when the same button is made again. */
  readonly key?: string;
  readonly press: () => void;
}

/** A button; of kind `icon` its label is its name for screen readers and its tooltip. */
export function button(options: ButtonOptions): HTMLElement {
  const kind = options.kind ?? 'secondary';
  const made = element('vscode-button', {
    class: `control control-${kind}`,
    title: options.title ?? (kind === 'icon' ? options.label : ''),
    attributes: { appearance: kind, ...(kind === 'icon' ? { 'aria-label': options.label } : {}) },
    on: { click: () => options.press() },
  });
  if (options.key !== undefined) made.dataset['key'] = options.key;
  if (options.icon !== undefined) {
    const shape = icon(options.icon);
    if (kind !== 'icon') shape.setAttribute('slot', 'start');
    made.appendChild(shape);
  }
  if (kind !== 'icon') made.appendChild(document.createTextNode(options.label));
  setDisabled(made, options.disabled ?? false);
  return made;
}

export function setDisabled(control: HTMLElement, disabled: boolean): void {
  control.toggleAttribute('disabled', disabled);
}

export interface CheckboxOptions {
  readonly label: string;
  readonly title: string;
  readonly checked: boolean;
  readonly change: (checked: boolean) => void;
}

export function checkbox(options: CheckboxOptions): HTMLElement {
  const made = element('vscode-checkbox', { class: 'control', text: options.label, title: options.title });
  made.toggleAttribute('checked', options.checked);
  made.addEventListener('change', () => options.change((made as HTMLElement & { readonly checked: boolean }).checked));
  return made;
}

export function setChecked(control: HTMLElement, checked: boolean): void {
  (control as HTMLElement & { checked: boolean }).checked = checked;
}

/** Says that something is under way; the text beside it says what. */
export function progressRing(): HTMLElement {
  return element('vscode-progress-ring', { class: 'control progress', attributes: { 'aria-hidden': 'true' } });
}
