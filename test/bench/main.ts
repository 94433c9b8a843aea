/** `npm run bench`: ratios measured in one run against a named baseline, with the machine's size. */
import { cpus, totalmem } from 'node:os';
import { blame } from './blame';
import { cost } from './cost';
import { intakes } from './intake';
import { longSession } from './longSession';
import { throughput } from './throughput';
import { line } from './figures';

line(
  `machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}\n`,
);
await throughput();
intakes();
await longSession();
await blame();
await cost(100);
line(`\nmemory of this run: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB resident`);
