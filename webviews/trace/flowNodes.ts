/**
 * Makes the boxes of a drawn diagram work: each can be clicked and reached by keyboard, has a name for screen readers, and
 * arrow keys go to the nearest box in their direction.
 */
import type { FlowDiagram, FlowNode } from '../../server/src/protocol/messages';
import { visibleLine } from '../kit/plainText';
import type { Texts } from './describe';

export interface FlowNodesOptions {
  readonly t: Texts;
  readonly press: (node: FlowNode) => void;
  /** Brings a box into view that was selected elsewhere. */
  readonly reveal: (shape: SVGGElement) => void;
}

interface Drawn {
  readonly node: FlowNode;
  readonly shape: SVGGElement;
}

export class FlowNodes {
  readonly #options: FlowNodesOptions;
  #drawn: readonly Drawn[] = [];
  #active = 0;

  constructor(options: FlowNodesOptions) {
    this.#options = options;
  }

  attach(drawing: SVGSVGElement, diagram: FlowDiagram, label: string): void {
    const { t } = this.#options;
    drawing.setAttribute('role', 'group');
    drawing.setAttribute('aria-label', label);
    drawing.removeAttribute('aria-roledescription');
    const drawn: Drawn[] = [];
    const shapes = new Map<string, SVGGElement>();
    for (const shape of drawing.querySelectorAll<SVGGElement>('g.node')) {
      // Mermaid names a box `<diagram>-flowchart-<our id>-<number>`.
      const id = /-flowchart-(n\d+)-\d+$/.exec(shape.id)?.[1];
      if (id !== undefined) shapes.set(id, shape);
    }
    for (const node of diagram.nodes) {
      const shape = shapes.get(node.id);
      if (shape === undefined) continue;
      shape.setAttribute('role', 'button');
      shape.setAttribute('aria-label', nodeName(t, node));
      // What is drawn is said by the label already.
      for (const child of shape.children) child.setAttribute('aria-hidden', 'true');
      const tip = document.createElementNS(drawing.namespaceURI, 'title');
      tip.textContent = visibleLine(node.label);
      shape.prepend(tip);
      shape.addEventListener('click', () => this.#press(node));
      drawn.push({ node, shape });
    }
    for (const edge of drawing.querySelectorAll('g.edgePaths, g.edgeLabels, g.edges')) edge.setAttribute('aria-hidden', 'true');
    drawing.addEventListener('keydown', (event) => this.#key(event));
    this.#drawn = drawn;
    this.#setActive(Math.min(this.#active, drawn.length - 1), false);
  }

  /** Marks the boxes of the selected span. */
  select(spanId: string | null): void {
    for (const [index, { node, shape }] of this.#drawn.entries()) {
      const selected = spanId !== null && node.spanId === spanId && node.childSessionId === null;
      shape.classList.toggle('selected', selected);
      shape.setAttribute('aria-pressed', String(selected));
      if (selected && !this.hasFocus()) {
        this.#setActive(index, false);
        this.#options.reveal(shape);
      }
    }
  }

  hasFocus(): boolean {
    return this.#drawn.some(({ shape }) => shape === document.activeElement);
  }

  focusActive(): void {
    this.#drawn[this.#active]?.shape.focus({ preventScroll: true });
  }

  #press(node: FlowNode): void {
    const index = this.#drawn.findIndex((one) => one.node.id === node.id);
    this.#setActive(index, true);
    this.#options.press(node);
  }

  #setActive(index: number, focus: boolean): void {
    this.#active = Math.max(0, index);
    for (const [at, { shape }] of this.#drawn.entries()) shape.setAttribute('tabindex', at === this.#active ? '0' : '-1');
    if (!focus) return;
    const shape = this.#drawn[this.#active]?.shape;
    shape?.focus({ preventScroll: true });
    shape?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #key(event: KeyboardEvent): void {
    const at = this.#drawn.findIndex(({ shape }) => shape === event.target);
    const from = this.#drawn[at];
    if (from === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    switch (event.key) {
      case 'Enter':
      case ' ':
        this.#options.press(from.node);
        break;
      case 'ArrowDown':
      case 'ArrowUp':
      case 'ArrowLeft':
      case 'ArrowRight':
        this.#setActive(this.#nearest(at, event.key) ?? at, true);
        break;
      case 'Home':
        this.#setActive(0, true);
        break;
      case 'End':
        this.#setActive(this.#drawn.length - 1, true);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #nearest(at: number, key: 'ArrowDown' | 'ArrowUp' | 'ArrowLeft' | 'ArrowRight'): number | null {
    const centers = this.#drawn.map(({ shape }) => {
      const box = shape.getBoundingClientRect();
      return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
    });
    const from = centers[at];
    if (from === undefined) return null;
    let best: number | null = null;
    let bestCost = Infinity;
    for (const [index, to] of centers.entries()) {
      const dx = to.x - from.x;
      const dy = to.y - from.y;
      const [ahead, aside] = key === 'ArrowDown' ? [dy, dx] : key === 'ArrowUp' ? [-dy, dx] : key === 'ArrowRight' ? [dx, dy] : [-dx, dy];
      if (index === at || ahead < 4) continue;
      const cost = ahead + Math.abs(aside) * 2;
      if (cost < bestCost) {
        best = index;
        bestCost = cost;
      }
    }
    // Where nothing lies in a direction, the order of the turn still leads on.
    if (best === null && key === 'ArrowRight' && at + 1 < centers.length) return at + 1;
    if (best === null && key === 'ArrowLeft' && at > 0) return at - 1;
    return best;
  }
}

/** What a box is and says; most labels begin with what they are. */
export function nodeName(t: Texts, node: FlowNode): string {
  const kind = t(`flow.kind.${node.kind}`);
  const label = visibleLine(node.label);
  return label.startsWith(kind) ? label : `${kind}: ${label}`;
}
