// `npm run demo`: the packaged extension in a real VS Code, on the bundled sample. A `code` on the PATH opens as a window;
// else the VS Code of the npm package code-server is served at a local address. Own profile, so the user's VS Code stays
// untouched. `--headless`: the same without a window, driven, with screenshots, ending in the trace as a table.
import { parseArgs } from 'node:util';

const neededNode = 24;
const usage = `npm run demo                 open a VS Code with Sandglass and its sample
npm run demo -- --browser    at a local address even when there is a \`code\` on the PATH
npm run demo -- --headless   without a window: screenshots in test-results/demo, the trace as a table`;

function options() {
  try {
    const { values } = parseArgs({
      options: { headless: { type: 'boolean' }, browser: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

const { headless, browser, help } = options();
if (help) {
  console.log(usage);
  process.exit(0);
}
if (Number(process.versions.node.split('.')[0]) < neededNode) {
  console.error(
    `This is Node ${process.versions.node}; the demo needs ${neededNode}, which \`npm ci\` brings.\nStart it with \`npm run demo\`.`,
  );
  process.exit(1);
}

const { report } = await import('../test/harness/tools.mts');
const { runHeadless, serveInBrowser, openInCode, findCode, packageExtension } = await import('../test/harness/demo.mts');

// One thing to end, whatever it was that got started; a second Ctrl-C does not wait for it.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

try {
  const vsix = await packageExtension();
  if (headless) await runHeadless(vsix, stop.signal);
  else {
    const code = browser ? null : findCode();
    if (code) await openInCode(code, vsix, stop.signal);
    else await serveInBrowser(vsix, stop.signal);
    if (stop.signal.aborted) console.log('\nEnded; nothing is left running.');
  }
} catch (error) {
  if (!stop.signal.aborted) {
    report(error);
    process.exitCode = 1;
  }
}
