/** From places in a text to its lines and characters, found by halving. */
import type { NameRange, TextPlace } from './definition';

export class TextLines {
  readonly #starts: number[] = [0];
  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  place(offset: number): TextPlace {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low, character: offset - (this.#starts[low] ?? 0) };
  }

  range({ start, end }: { readonly start: number; readonly end: number }): NameRange {
    return { start: this.place(start), end: this.place(end) };
  }
}
