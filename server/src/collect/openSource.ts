/** From the words of the command line to a source: a path, `container:<id or name>`, or a sandbox's name. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { AttachError } from '../attach/errors';
import { openDirectory } from '../attach/directory';
import type { Source } from '../attach/record';
import type { Looked, SourceInfo } from '../protocol/document';
import { isEnginePlace } from '../sandboxes/engines';
import { findSandboxes } from '../sandboxes/findSandboxes';
import type { FindOptions } from '../sandboxes/findSandboxes';
import { sandboxSource, type SourceTuning } from '../sandboxes/sandboxSource';
import { sourceIdOf } from './sourceId';

export interface OpenedSource {
  readonly id: string;
  readonly source: Source;
  readonly info: SourceInfo;
  readonly provider: string | null;
}

/** Throws AttachError. */
export async function openSource(words: string, options: FindOptions, tuning: SourceTuning = {}): Promise<OpenedSource> {
  if (!words.startsWith('container:') && (existsSync(words) || words.includes('/'))) {
    const source = await openDirectory(words);
    const info: SourceInfo = { kind: 'directory', name: source.name, sandbox: null, runtime: 'openclaw', runtimeVersion: null };
    return { id: sourceIdOf('directory', await realpath(words)), source, info, provider: null };
  }
  const { looked, sandboxes } = await findSandboxes(options);
  const container = words.startsWith('container:') ? words.slice('container:'.length) : null;
  const found = sandboxes.find((sandbox) =>
    container === null
      ? sandbox.name === words || sandbox.id === words
      : sandbox.containers.some(({ id, name }) => name === container || (container.length >= 8 && id.startsWith(container))),
  );
  if (found === undefined) {
    throw new AttachError(
      'no-such-path',
      `There is no path and no sandbox "${words}"${whyUnseen(looked)}`,
      'Run "sandglass sandboxes" to see what there is and where it was looked for.',
    );
  }
  const source = sandboxSource(found, tuning);
  const info: SourceInfo = {
    kind: container === null ? 'sandbox' : 'container',
    name: words,
    sandbox: found.name,
    runtime: 'openclaw',
    runtimeVersion: found.runtimeVersion,
  };
  return { id: sourceIdOf('sandbox', found.id), source, info, provider: found.provider };
}

/** Where it could not be looked; and where no engine is at all, that. */
function whyUnseen(looked: readonly Looked[]): string {
  const engines = looked.filter(({ place }) => isEnginePlace(place));
  const noEngine = !engines.some(({ outcome }) => outcome === 'ok');
  const unseen = looked.filter(
    (place) =>
      place.outcome === 'refused' || place.outcome === 'failed' || (noEngine && engines.includes(place) && place.outcome === 'absent'),
  );
  if (unseen.length === 0) return '';
  return ` (${noEngine ? 'no container engine answered: ' : ''}${unseen.map(({ place, reason }) => `${place}: ${reason}`).join('; ')})`;
}
