/** The line between two parts, dragged or moved by the arrow keys; a double click gives the parts back their own sizes. */
import { element } from './dom';

export const leastShare = 0.15;
export const mostShare = 0.85;
const keyStep = 0.05;

export interface DividerOptions {
  readonly label: string;
  readonly title: string;
  /** What the first part has of the two, 0 to 1; null: the size that the style sheet gives it. */
  readonly changed: (share: number | null) => void;
}

export class Divider {
  readonly element: HTMLElement;
  readonly #options: DividerOptions;
  /** The parts stand one above the other. */
  #stacked = false;

  constructor(options: DividerOptions) {
    this.#options = options;
    this.element = element('div', {
      class: 'divider',
      title: options.title,
      attributes: {
        role: 'separator',
        tabindex: '0',
        'aria-label': options.label,
        'aria-valuemin': String(leastShare * 100),
        'aria-valuemax': String(mostShare * 100),
      },
    });
    this.element.addEventListener('pointerdown', (event) => this.#drag(event));
    this.element.addEventListener('dblclick', () => options.changed(null));
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  show(stacked: boolean): void {
    this.#stacked = stacked;
    this.element.setAttribute('aria-orientation', stacked ? 'horizontal' : 'vertical');
    this.measured();
  }

  /** Tells screen readers where it stands. */
  measured(): void {
    this.element.setAttribute('aria-valuenow', String(Math.round(this.#share() * 100)));
  }

  #share(): number {
    const parent = this.element.parentElement?.getBoundingClientRect();
    const own = this.element.getBoundingClientRect();
    if (parent === undefined || parent.width === 0 || parent.height === 0) return 0.5;
    return this.#stacked ? (own.top - parent.top) / parent.height : Math.abs(own.left - parent.left) / parent.width;
  }

  #drag(event: PointerEvent): void {
    if (event.button !== 0) return;
    const parent = this.element.parentElement;
    if (parent === null) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.element.classList.add('dragging');
    const move = (moved: PointerEvent): void => {
      const area = parent.getBoundingClientRect();
      this.#set(this.#stacked ? (moved.clientY - area.top) / area.height : (moved.clientX - area.left) / area.width);
    };
    const end = (): void => {
      this.element.classList.remove('dragging');
      this.element.removeEventListener('pointermove', move);
      this.element.removeEventListener('lostpointercapture', end);
    };
    this.element.addEventListener('pointermove', move);
    this.element.addEventListener('lostpointercapture', end);
  }

  #key(event: KeyboardEvent): void {
    const [less, more] = this.#stacked ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
    if (event.key === less) this.#set(this.#share() - keyStep);
    else if (event.key === more) this.#set(this.#share() + keyStep);
    else if (event.key === 'Home') this.#set(leastShare);
    else if (event.key === 'End') this.#set(mostShare);
    else if (event.key === 'Enter') this.#options.changed(null);
    else return;
    event.preventDefault();
  }

  #set(share: number): void {
    this.#options.changed(Math.min(mostShare, Math.max(leastShare, share)));
    this.measured();
  }
}
