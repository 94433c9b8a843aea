/**
 * Zoom and pan of a drawing inside a scrolling viewport. Panning is the viewport's own scrolling (wheel, scroll bars,
 * touch) and dragging; zooming sets the drawing's size, so that it stays sharp and the scroll bars stay true.
 */

export const minScale = 0.2;
export const maxScale = 3;
/** Below it labels can't be read; a wider drawing is scrolled instead. */
const smallestFit = 0.7;
const step = 1.2;
/** A pointer that moved less did not drag. */
const dragThreshold = 4;

export class PanZoom {
  readonly #viewport: HTMLElement;
  #drawing: SVGSVGElement | null = null;
  #width = 0;
  #height = 0;
  #scale = 1;
  #userScaled = false;

  constructor(viewport: HTMLElement) {
    this.#viewport = viewport;
    viewport.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    viewport.addEventListener('pointerdown', (event) => this.#drag(event));
  }

  get scale(): number {
    return this.#scale;
  }

  /** A new drawing keeps the user's zoom and place; until the user zooms, it is fitted. */
  show(drawing: SVGSVGElement): void {
    const { scrollLeft, scrollTop } = this.#viewport;
    const box = drawing.viewBox.baseVal;
    this.#drawing = drawing;
    this.#width = box.width;
    this.#height = box.height;
    drawing.style.removeProperty('max-width');
    if (this.#userScaled) this.#apply(this.#scale);
    else this.fit();
    this.#viewport.scrollLeft = scrollLeft;
    this.#viewport.scrollTop = scrollTop;
  }

  reset(): void {
    this.#userScaled = false;
    this.#viewport.scrollTo(0, 0);
  }

  /** The whole width, but never larger than life, and never so small that it can't be read. */
  fit(): void {
    this.#userScaled = false;
    if (this.#width === 0) return;
    const room = this.#viewport.clientWidth - 16;
    this.#apply(Math.min(1, Math.max(smallestFit, room / this.#width)));
    this.#viewport.scrollLeft = (this.#viewport.scrollWidth - this.#viewport.clientWidth) / 2;
  }

  /** After the viewport changed its size. */
  refit(): void {
    if (!this.#userScaled) this.fit();
  }

  /** Scrolls a part of the drawing to the middle, unless it is in view. */
  reveal(part: Element): void {
    const view = this.#viewport.getBoundingClientRect();
    const box = part.getBoundingClientRect();
    if (box.top < view.top || box.bottom > view.bottom) this.#viewport.scrollTop += box.top + box.height / 2 - (view.top + view.height / 2);
    if (box.left < view.left || box.right > view.right)
      this.#viewport.scrollLeft += box.left + box.width / 2 - (view.left + view.width / 2);
  }

  zoomIn(): void {
    this.#zoom(this.#scale * step);
  }

  zoomOut(): void {
    this.#zoom(this.#scale / step);
  }

  #zoom(scale: number, x = this.#viewport.clientWidth / 2, y = this.#viewport.clientHeight / 2): void {
    this.#userScaled = true;
    const before = this.#scale;
    const left = this.#viewport.scrollLeft + x;
    const top = this.#viewport.scrollTop + y;
    this.#apply(Math.min(maxScale, Math.max(minScale, scale)));
    const ratio = this.#scale / before;
    this.#viewport.scrollLeft = left * ratio - x;
    this.#viewport.scrollTop = top * ratio - y;
  }

  #apply(scale: number): void {
    this.#scale = scale;
    this.#drawing?.setAttribute('width', String(this.#width * scale));
    this.#drawing?.setAttribute('height', String(this.#height * scale));
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const bounds = this.#viewport.getBoundingClientRect();
    this.#zoom(this.#scale * (event.deltaY < 0 ? step : 1 / step), event.clientX - bounds.left, event.clientY - bounds.top);
  }

  #drag(down: PointerEvent): void {
    if (down.button !== 0 || down.pointerType === 'touch') return;
    const start = { x: down.clientX, y: down.clientY, left: this.#viewport.scrollLeft, top: this.#viewport.scrollTop };
    let dragging = false;
    const ended = new AbortController();
    const { signal } = ended;
    const move = (event: PointerEvent): void => {
      const dx = event.clientX - start.x;
      const dy = event.clientY - start.y;
      if (!dragging && Math.hypot(dx, dy) < dragThreshold) return;
      if (!dragging) {
        dragging = true;
        this.#viewport.classList.add('dragging');
        // What was dragged is not clicked.
        window.addEventListener('click', (click) => click.stopPropagation(), { capture: true, once: true, signal });
      }
      this.#viewport.scrollLeft = start.left - dx;
      this.#viewport.scrollTop = start.top - dy;
    };
    const up = (): void => {
      this.#viewport.classList.remove('dragging');
      // After the click that this release makes.
      setTimeout(() => ended.abort(), 0);
    };
    window.addEventListener('pointermove', move, { signal });
    window.addEventListener('pointerup', up, { signal });
    window.addEventListener('pointercancel', up, { signal });
  }
}
