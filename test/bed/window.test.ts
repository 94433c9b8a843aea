// The same as a user sees it: a real VS Code attached to a real sandbox while its agent works. The tests in the window are
// those of test/host/bed.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHostTests } from '../harness/hostTests.mts';
import { projectRoot } from '../harness/tools.mts';
import { bed, BedSandbox, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);

describe.skipIf(there.kind === 'missing')('a window of VS Code', () => {
  let sandbox: BedSandbox;
  beforeAll(async () => void (sandbox = await BedSandbox.up({ version: VERSIONS.jsonl })));
  afterAll(() => sandbox?.down());

  it('shows a live sandbox through its own API', async () => {
    const turn = [
      process.execPath,
      join(projectRoot, 'test/bed/sandbox/sandbox.mjs'),
      'run',
      '--name',
      sandbox.name,
      'coding',
      'denied',
      'subagents',
    ];
    const { passed, failed } = await runHostTests({
      name: 'bed-window',
      suites: join(projectRoot, 'test/host/bed'),
      workspace: null,
      env: {
        HOME: sandbox.home,
        NEMOBED_HOME: sandbox.home,
        DOCKER_HOST: process.env.DOCKER_HOST ?? '',
        SANDGLASS_BED_SANDBOX: sandbox.name,
        SANDGLASS_BED_RUN: JSON.stringify(turn),
        SANDGLASS_PROJECT: projectRoot,
      },
      say: (line) => console.log(line),
    });
    expect({ passed, failed }).toEqual({ passed: 5, failed: 0 });
  });
});
