import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Coalescer } from '../../../client/src/coalescer';
import { DisposableStore } from '../../../client/src/disposables';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const unexpected = (error: unknown): void => {
  throw error;
};

describe('Coalescer', () => {
  it('runs at once, then at most once per interval, and never loses the last ask', async () => {
    let runs = 0;
    const coalescer = new Coalescer(100, () => void (runs += 1), unexpected);
    for (let i = 0; i < 50; i += 1) coalescer.ask();
    await vi.advanceTimersByTimeAsync(0);
    expect(runs).toBe(1);
    for (let i = 0; i < 99; i += 1) {
      coalescer.ask();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(runs).toBeGreaterThanOrEqual(9);
    expect(runs).toBeLessThanOrEqual(11);
    const before = runs;
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs - before).toBeLessThanOrEqual(1);
  });

  it('never overlaps, goes on after a failure, and stops when disposed', async () => {
    let open = 0;
    let most = 0;
    let runs = 0;
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      open += 1;
      runs += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 250));
      open -= 1;
      if (runs === 1) throw new Error('first');
    };
    const coalescer = new Coalescer(100, work, (error) => failures.push(error));
    for (let i = 0; i < 10; i += 1) {
      coalescer.ask();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(most).toBe(1);
    expect(failures).toHaveLength(1);
    expect(runs).toBeGreaterThan(1);
    coalescer.dispose();
    await vi.advanceTimersByTimeAsync(1000);
    const after = runs;
    coalescer.ask();
    await vi.advanceTimersByTimeAsync(1000);
    expect(runs).toBe(after);
  });
});

describe('DisposableStore', () => {
  it('lets go in reverse, once, and of late comers at once', () => {
    const gone: string[] = [];
    const store = new DisposableStore();
    for (const name of ['a', 'b']) store.add({ dispose: () => gone.push(name) });
    store.dispose();
    store.dispose();
    store.add({ dispose: () => gone.push('late') });
    expect(gone).toEqual(['b', 'a', 'late']);
  });
});
