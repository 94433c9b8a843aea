import { join } from 'node:path';
import { projectRoot } from '../harness/tools.mts';

export const vsix = join(projectRoot, 'dist/sandglass.vsix');
export const sampleWorkspace = join(projectRoot, 'sample/sandbox/.openclaw/workspace');
export const shots = join(projectRoot, 'test-results/e2e');
/** No container engine, whatever the machine has. */
export const noDocker = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
