/** The line of a failed tool's output that says why: programs tell it last, after everything that went well. */
import { copyOf, preview } from '../preview';

/** Only the end is looked at. */
const searchedChars = 8 * 1024;
const telling =
  /error|exception|fail|denied|not found|no such|cannot|can't|refused|forbidden|fatal|panic|traceback|invalid|unknown|usage:/i;
/** What OpenClaw and test runners add beneath; true, but it does not say why. */
const closing = /^\(Command exited with code|^Process exited with|^Ran \d+ tests? in|^FAILED \(|^-{3,}$|^={3,}$|^\s*[\^~]+\s*$/;

export function failureLine(output: string): string {
  const end = output.length > searchedChars ? output.slice(-searchedChars) : output;
  const lines = end
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !closing.test(line));
  const line = lines.findLast((candidate) => telling.test(candidate)) ?? lines.at(-1) ?? '';
  return copyOf(preview(line));
}
