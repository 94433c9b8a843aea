/** Looks for sandboxes, one look at a time: who asks while one is under way waits for that one, or for the next if things changed. */
export class Looks {
  readonly #look: () => Promise<void>;
  #now: { readonly of: string; readonly done: Promise<void> } | null = null;
  /** What the last look that ended well was for. */
  #lookedFor: string | null = null;

  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** `of`: what decides where is looked; a look that began for something else is not what was asked for. */
  ask(of: string): Promise<void> {
    const before = this.#now;
    if (before?.of === of) return before.done;
    const now = { of, done: this.#after(before?.done ?? null, of) };
    this.#now = now;
    const end = (): void => {
      if (this.#now === now) this.#now = null;
    };
    now.done.then(end, end);
    return now.done;
  }

  /** Something changed: a look that is under way may have been there before it, so another follows. */
  async askAnew(of: string): Promise<void> {
    const before = this.#now;
    if (before !== null) await Promise.allSettled([before.done]);
    await this.ask(of);
  }

  /** Resolves once it was looked for this at least once. */
  async once(of: string): Promise<void> {
    if (this.#lookedFor !== of) await this.ask(of);
  }

  async #after(before: Promise<void> | null, of: string): Promise<void> {
    if (before !== null) await Promise.allSettled([before]);
    await this.#look();
    this.#lookedFor = of;
  }
}
