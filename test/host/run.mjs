// `npm run test:host [-- part-of-a-file-name,…]`: the suites of test/host in a real VS Code.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runHostTests } from '../harness/hostTests.mts';
import { projectRoot, report } from '../harness/tools.mts';

try {
  const result = await runHostTests({
    name: 'host',
    suites: join(projectRoot, 'test/host/suite'),
    workspace: null,
    only: process.argv[2],
    // What Docker the machine has must not change what these tests see.
    env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock', SANDGLASS_PROJECT: projectRoot },
    say: (line) => console.log(line),
  });
  await writeFile(join(projectRoot, 'test-results/host/report.json'), JSON.stringify(result));
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  process.exitCode = result.failed > 0 ? 1 : 0;
} catch (error) {
  report(error);
  process.exitCode = 1;
}
