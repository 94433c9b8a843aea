/** Entry of the server process: probes the runtime, then speaks LSP. The only file that knows the transport. */
import { catchFaults } from './faults';
import { missing, probeRuntime } from './runtimeProbe';

/** Told to the client by exit code, since without these nothing else can run. */
const exitRuntimeTooOld = 78;

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
