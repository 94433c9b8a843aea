#!/usr/bin/env node
/** Entry of the command line: probes the runtime, then runs the command. */
import { missing, probeRuntime } from './runtimeProbe';

const lacking = missing(probeRuntime());
if (lacking.length > 0) {
  process.stderr.write(
    `sandglass: needs Node 22.15 or newer, this one (${process.versions.node}) lacks ${lacking.join(', ')}; run it with a newer Node\n`,
  );
  process.exitCode = 1;
} else {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!/^(?:Experimental|Deprecation)Warning$/.test(warning.name)) process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
  // A reader that went away (`sandglass trace … | head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  void import('./cli/run').then(async ({ run }) => {
    process.exitCode = await run(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr, env: process.env });
  });
}
