/**
 * A list of any length with a bounded number of elements. Rows are focusable themselves (roving tabindex); the active row
 * stays in the document even when it is scrolled away, so that the focus is never lost to a scroll or a refresh.
 */

export interface VirtualListOptions {
  readonly viewport: HTMLElement;
  readonly rowHeight: number;
  /** Makes an empty row once; `fill` is called whenever what it shows may be another. */
  readonly create: () => HTMLElement;
  readonly fill: (row: HTMLElement, index: number, active: boolean) => void;
  /** Which rows are on show now, end exclusive. */
  readonly shown: (first: number, end: number) => void;
}

/** Rows kept ready above and below. */
const overscan = 8;
/** However tall the viewport says it is. */
export const renderedRowsLimit = 250;

export class VirtualList {
  readonly #options: VirtualListOptions;
  readonly #canvas: HTMLElement;
  readonly #rows = new Map<number, HTMLElement>();
  readonly #spare: HTMLElement[] = [];
  #count = 0;
  #active = 0;
  #frame = 0;

  constructor(options: VirtualListOptions) {
    this.#options = options;
    this.#canvas = document.createElement('div');
    this.#canvas.className = 'virtual-canvas';
    this.#canvas.setAttribute('role', 'presentation');
    options.viewport.appendChild(this.#canvas);
    options.viewport.addEventListener('scroll', () => this.#schedule(), { passive: true });
    new ResizeObserver(() => this.#schedule()).observe(options.viewport);
  }

  get count(): number {
    return this.#count;
  }

  get active(): number {
    return this.#active;
  }

  /** Shows `count` rows; every row on show is filled anew. */
  update(count: number): void {
    this.#count = count;
    this.#active = Math.max(0, Math.min(this.#active, count - 1));
    this.#canvas.style.height = `${count * this.#options.rowHeight}px`;
    this.#render(true);
  }

  refresh(): void {
    this.#render(true);
  }

  setActive(index: number, focus: boolean): void {
    if (this.#count === 0) return;
    this.#active = Math.max(0, Math.min(index, this.#count - 1));
    if (focus) this.reveal(this.#active);
    this.#render(true);
    if (focus) this.#rows.get(this.#active)?.focus({ preventScroll: true });
  }

  hasFocus(): boolean {
    return this.#rows.get(this.#active)?.contains(document.activeElement) ?? false;
  }

  /** Scrolls as little as needed; `center` when it was out of sight. */
  reveal(index: number, center = false): void {
    const { viewport, rowHeight } = this.#options;
    const top = index * rowHeight;
    const above = top < viewport.scrollTop;
    const below = top + rowHeight > viewport.scrollTop + viewport.clientHeight;
    if (!above && !below) return;
    if (center) viewport.scrollTop = top - (viewport.clientHeight - rowHeight) / 2;
    else viewport.scrollTop = above ? top : top + rowHeight - viewport.clientHeight;
  }

  firstVisible(): { readonly index: number; readonly offset: number } {
    const { viewport, rowHeight } = this.#options;
    const index = Math.floor(viewport.scrollTop / rowHeight);
    return { index, offset: viewport.scrollTop - index * rowHeight };
  }

  scrollTo(index: number, offset: number): void {
    this.#options.viewport.scrollTop = index * this.#options.rowHeight + offset;
  }

  atEnd(): boolean {
    const { viewport } = this.#options;
    return viewport.scrollTop > 0 && viewport.scrollTop + viewport.clientHeight >= viewport.scrollHeight - 4;
  }

  scrollToEnd(): void {
    this.#options.viewport.scrollTop = this.#options.viewport.scrollHeight;
  }

  /** Rows that fit, for PageUp and PageDown. */
  pageSize(): number {
    return Math.max(1, Math.floor(this.#options.viewport.clientHeight / this.#options.rowHeight) - 1);
  }

  #schedule(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render(false);
    });
  }

  #render(refill: boolean): void {
    const { viewport, rowHeight, shown } = this.#options;
    const visible = Math.min(Math.ceil(viewport.clientHeight / rowHeight) + 1, renderedRowsLimit - 2 * overscan);
    const start = Math.floor(viewport.scrollTop / rowHeight);
    const first = Math.max(0, start - overscan);
    const end = Math.min(this.#count, start + visible + overscan);
    for (const [index, row] of this.#rows) {
      const wanted = (index >= first && index < end) || (index === this.#active && index < this.#count);
      if (!wanted) this.#release(index, row);
    }
    // In order, so that reading order and Tab order are those of the list.
    for (let index = first; index < end; index++) this.#show(index, refill);
    if (this.#count > 0 && (this.#active < first || this.#active >= end)) this.#show(this.#active, refill);
    if (this.#count > 0) shown(Math.max(0, start), Math.min(this.#count, start + visible));
  }

  #show(index: number, refill: boolean): void {
    const known = this.#rows.get(index);
    const row = known ?? this.#spare.pop() ?? this.#options.create();
    if (known !== undefined && !refill) return;
    const active = index === this.#active;
    row.style.transform = `translateY(${index * this.#options.rowHeight}px)`;
    row.tabIndex = active ? 0 : -1;
    this.#options.fill(row, index, active);
    if (known !== undefined) return;
    this.#rows.set(index, row);
    this.#canvas.insertBefore(row, this.#after(index));
  }

  #after(index: number): HTMLElement | null {
    let next: HTMLElement | null = null;
    let best = Infinity;
    for (const [other, row] of this.#rows) {
      if (other > index && other < best) {
        best = other;
        next = row;
      }
    }
    return next;
  }

  #release(index: number, row: HTMLElement): void {
    this.#rows.delete(index);
    row.remove();
    if (this.#spare.length < renderedRowsLimit) this.#spare.push(row);
  }
}
