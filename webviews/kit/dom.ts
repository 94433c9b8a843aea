/** Builds elements. Text goes in as text only; there is no way here to set HTML. */

export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
}

export type Child = Node | string | null;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  options?: ElementOptions,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag];
export function element(tag: string, options?: ElementOptions, ...children: readonly Child[]): HTMLElement;
export function element(tag: string, options: ElementOptions = {}, ...children: readonly Child[]): HTMLElement {
  const made = document.createElement(tag);
  if (options.class !== undefined) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  if (options.title !== undefined && options.title !== '') made.title = options.title;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  for (const [name, listener] of Object.entries(options.on ?? {})) made.addEventListener(name, listener);
  append(made, children);
  return made;
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) if (child !== null) parent.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
}

/** Replaces what is in `parent`, and keeps the focus where it was when an element with the same `data-key` comes again. */
export function replace(parent: HTMLElement, ...children: readonly Child[]): void {
  const active = document.activeElement;
  const key = active instanceof HTMLElement && parent.contains(active) ? active.dataset['key'] : undefined;
  parent.replaceChildren(...children.filter((child) => child !== null));
  if (key === undefined) return;
  for (const candidate of parent.querySelectorAll<HTMLElement>('[data-key]'))
    if (candidate.dataset['key'] === key) candidate.focus({ preventScroll: true });
}

/** Sets the text only when it is another one: an unchanged node keeps selection and screen reader position. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function visuallyHidden(text: string): HTMLElement {
  return element('span', { class: 'visually-hidden', text });
}

/** Longer words get places where they may break: laying out one word of ten thousand letters takes seconds. */
const longWord = /\S{200}/gu;

/** Text of any shape, ready to be laid out in a moment. Copied, it is the same text. */
export function textNodes(text: string): readonly Node[] {
  const nodes: Node[] = [];
  let from = 0;
  for (const match of text.matchAll(longWord)) {
    const end = match.index + match[0].length;
    nodes.push(document.createTextNode(text.slice(from, end)), document.createElement('wbr'));
    from = end;
  }
  nodes.push(document.createTextNode(text.slice(from)));
  return nodes;
}
