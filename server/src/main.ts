/** Entry of the server process: probes the runtime, then speaks LSP. The only file that knows the transport. */
import { setFlagsFromString } from 'node:v8';
import { catchFaults } from './faults';
import { missing, probeRuntime } from './runtimeProbe';

/** Told to the client by exit code, since without these nothing else can run. */
const exitRuntimeTooOld = 78;

/**
 * Nearly all that is made while a history is read is dropped at once: left to itself, the heap grows to some hundred megabytes of it before
 * any is given back. A V8 that does not know one of these goes without.
 */
const frugal = ['--max-semi-space-size=4', '--semi-space-growth-factor=1', '--heap-growing-percent=30'];
frugal.forEach((flag) => setFlagsFromString(flag));

if (process.argv.includes('--probe')) {
  process.stdout.write(`${JSON.stringify(probeRuntime())}\n`);
} else {
  const lacking = missing(probeRuntime());
  if (lacking.length > 0) {
    process.stderr.write(`Sandglass needs Node 22.15 or newer; this one (${process.versions.node}) lacks ${lacking.join(', ')}.\n`);
    process.exitCode = exitRuntimeTooOld;
  } else {
    // node:sqlite warns that it is young at its first use, a library that it uses what Node no longer likes; on stderr that would
    // look like a fault.
    process.removeAllListeners('warning');
    process.on('warning', (warning) => {
      if (!/^(?:Experimental|Deprecation)Warning$/.test(warning.name)) process.stderr.write(`${warning.name}: ${warning.message}\n`);
    });
    const tellOn = catchFaults();
    void import('./server').then(async ({ startServer }) => {
      const { createConnection, ProposedFeatures } = await import('vscode-languageserver/node');
      const connection = createConnection(ProposedFeatures.all);
      tellOn(connection);
      startServer(connection);
      connection.listen();
    });
  }
}
