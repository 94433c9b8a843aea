// Choices from a seeded source of chance.
export const chance = (rng, part) => rng() < part;
export const pick = (rng, list) => list[Math.floor(rng() * list.length)];
/** n different members, in their own order. */
export function numbers(rng, list, n) {
  const left = list.map((_, i) => i);
  const taken = [];
  while (taken.length < n && left.length) taken.push(...left.splice(Math.floor(rng() * left.length), 1));
  return taken.sort((a, b) => a - b).map((i) => list[i]);
}
