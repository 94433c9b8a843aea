/** Says what changed to a screen reader, politely and at most once in three seconds; the last word counts. */
import { element, setText } from './dom';
import { RateLimit } from './rateLimit';

const intervalMs = 3000;

export class LiveRegion {
  readonly element = element('div', { class: 'visually-hidden', attributes: { role: 'status', 'aria-live': 'polite' } });
  readonly #limit = new RateLimit(intervalMs);

  say(text: string): void {
    this.#limit.run(() => setText(this.element, text));
  }
}
