// Before the unit tests, once: Python, which runs the reader that a sandbox without Node gets. Without it they fail and say so.
import { ensureProgram } from '../harness/tools.mts';

export async function setup(): Promise<void> {
  await ensureProgram(['python3'], 'python3', 'runs the reader for sandboxes whose Node is missing or too old');
}
