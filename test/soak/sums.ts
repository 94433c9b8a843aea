/** 100,000 random sessions, each taken in three times: as they come, shuffled and cut anywhere, and with repeats. No sum depends on it. */
import { isDeepStrictEqual } from 'node:util';
import { randomSums } from '../unit/support/randomSums';
import { memoryStore } from '../unit/support/traces';

const sessions = 100_000;
/** Making a store takes longer than filling it with one agent; a full one is slower. */
const agentsInStore = 20;
const tellEvery = 10_000;

export function sums(): Promise<boolean> {
  const began = performance.now();
  let done = 0;
  let told = 0;
  let wrong = 0;
  for (let seed = 1_000_000; done < sessions;) {
    using store = memoryStore();
    for (let agent = 0; agent < agentsInStore && done < sessions; agent++, seed++) {
      const result = randomSums(store, seed, 1 + (seed % 9), 'soak');
      done += result.sessions;
      for (const [at, found] of result.found.entries())
        if (!isDeepStrictEqual(found, result.wanted)) {
          wrong += 1;
          console.log(`seed ${seed}, order ${at}: wanted ${JSON.stringify(result.wanted)}, found ${JSON.stringify(found)}`);
        }
    }
    if (done - told >= tellEvery)
      console.log(`${(told = done)} sessions, ${Math.round((performance.now() - began) / 1000)} s, ${wrong} wrong`);
  }
  console.log(`${done} sessions in 3 orders each: ${wrong} sums differ; ${Math.round((performance.now() - began) / 1000)} s`);
  return Promise.resolve(wrong === 0);
}
