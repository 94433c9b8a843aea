/** `npm run soak [-- part …]`: what takes minutes, each part with its own verdict; without a name, all of them. */
import { cost } from '../bench/cost';
import { chaos } from './chaos';
import { gigabyte } from './gigabyte';
import { kills } from './kills';
import { sums } from './sums';

/** Each prints what it measured, and answers whether everything that must hold held. */
const parts: Readonly<Record<string, () => Promise<boolean>>> = {
  kills,
  chaos,
  sums,
  gigabyte: async () => (await gigabyte(), true),
  cost: async () => (await cost(1000), true),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`soak: there is no part ${unknown.join(', ')}; there are: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
for (const [name, part] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`== ${name}`);
  if (!(await part())) process.exitCode = 1;
}
