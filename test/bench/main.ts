/** `npm run bench`: ratios measured in one run against a named baseline, with the machine's size. `npm run bench -- cost` runs that part alone. */
import { cpus, totalmem } from 'node:os';
import { besideCode } from './besideCode';
import { cost } from './cost';
import { intakes } from './intake';
import { longSession } from './longSession';
import { spend } from './spend';
import { throughput } from './throughput';
import { tokens } from './tokens';
import { line } from './figures';

const parts: Readonly<Record<string, () => Promise<void> | void>> = {
  throughput,
  intake: intakes,
  longSession,
  besideCode,
  tokens,
  spend,
  cost: () => cost(100),
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) throw new Error(`there is no part ${unknown}; there are ${Object.keys(parts).join(', ')}`);
line(
  `machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}\n`,
);
for (const [name, part] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await part();
line(`\nmemory of this run: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB resident`);
