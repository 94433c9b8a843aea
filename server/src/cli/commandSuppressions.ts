/** The file of suppressions that a command goes by, read once. */
import { suppressBy, suppressionsPath } from '../findings/suppressions';
import type { Suppress } from '../findings/suppressions';
import { readSuppressions } from '../suppressionFiles';
import { CommandError } from './commandError';

/** `problems`: of the file, each with its line. What was asked for and is not there is an error. */
export async function commandSuppressions(
  asked: string | null,
  signal: AbortSignal,
): Promise<{ readonly suppress: Suppress; readonly problems: readonly string[] }> {
  // Whoever names a file may name a link; the folder may be anyone's.
  const path = asked ?? suppressionsPath;
  const file = await readSuppressions(path, path, asked === null ? 'refused' : 'followed', signal);
  if (file === null && asked !== null) throw new CommandError(`there is no file ${asked}, which --suppressions names`);
  if (file === null) return { suppress: suppressBy([]), problems: [] };
  return { suppress: suppressBy([file]), problems: file.problems.map(({ line, message }) => `${file.name}:${line + 1}: ${message}`) };
}
