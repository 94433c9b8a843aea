/** From a sandbox that was found to a source of its records. */
import { containerSource, type ContainerSourceOptions } from '../attach/container/containerSource';
import { openDirectory } from '../attach/directory';
import { AttachError, SandboxFileError } from '../attach/errors';
import type { SandboxFiles, Source } from '../attach/record';
import type { FoundSandbox } from './findSandboxes';

/** How it is read, for those who want it otherwise. */
export type SourceTuning = Pick<
  ContainerSourceOptions,
  'ways' | 'script' | 'pythonScript' | 'verifyEveryMs' | 'silenceMs' | 'progressMs' | 'lookEveryMs'
>;

/** Of OpenShell's drivers those that make containers of an engine on this host. */
const CONTAINER_DRIVERS: readonly string[] = ['docker', 'podman'];

export function sandboxSource(found: FoundSandbox, options: SourceTuning = {}): Source {
  if (found.directory !== null) return laterDirectory(found.directory);
  if (found.place === null) return unreachable(found);
  const sandboxId = found.layout === 'registry-only' ? null : found.id;
  return containerSource({
    ...options,
    name: found.name,
    sandboxId,
    runtimeVersion: found.runtimeVersion,
    provider: found.provider,
    place: found.place,
  });
}

/** A directory is looked at when it is opened, since looking takes time and may fail. */
function laterDirectory(path: string): Source {
  let opened: Promise<Source> | null = null;
  const source = (): Promise<Source> => (opened ??= openDirectory(path));
  const files: SandboxFiles = {
    read: async (file, signal) => (await source()).files.read(file, signal),
    stat: async (file, signal) => (await source()).files.stat(file, signal),
    list: async (file, signal) => (await source()).files.list(file, signal),
  };
  return {
    kind: 'directory',
    name: path,
    sandboxId: null,
    files,
    mounts: [{ sandbox: path, host: path }],
    async *open(options) {
      yield* (await source()).open(options);
    },
  };
}

function unreachable(found: FoundSandbox): Source {
  const refuse = (): Promise<never> => Promise.reject(new SandboxFileError('unreadable', 'The sandbox has no container.'));
  return {
    kind: 'container',
    name: found.name,
    sandboxId: null,
    files: { read: refuse, stat: refuse, list: refuse },
    mounts: [],
    open() {
      // One that only the registry knows does not come to be by waiting: with its container it is found under another id.
      const driver = found.reports.map(({ says }) => says.driver).find((said) => said !== undefined);
      if (found.layout === 'registry-only' && driver !== undefined && !CONTAINER_DRIVERS.includes(driver))
        throw new AttachError(
          'no-such-path',
          `OpenShell runs the sandbox "${found.name}" with its driver "${driver}", so it is in no container on this host that could be read`,
          'Copy its /sandbox/.openclaw out and open the copy as a recording.',
        );
      throw found.layout === 'registry-only'
        ? new AttachError(
            'no-such-path',
            `NemoClaw knows the sandbox "${found.name}", but there is no container of it`,
            'Start it with NemoClaw, or look for it with another DOCKER_HOST.',
          )
        : new AttachError(
            'container-stopped',
            `The container in which the agent of "${found.name}" runs is not there`,
            'Start it with NemoClaw, then try again.',
          );
    },
  };
}
