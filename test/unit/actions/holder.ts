/** A process of its own that pauses a sandbox and then waits to be killed, or is told to end properly by the end of its input. */
import { Actions } from '../../../server/src/actions/actions';
import type { FoundSandbox } from '../../../server/src/sandboxes/findSandboxes';

const [directory = '', words = ''] = process.argv.slice(2);
const { found, only } = JSON.parse(words) as { readonly found: FoundSandbox; readonly only: 'acts' | 'hangs' };
const actions = new Actions({
  directory,
  sandboxes: () => [found],
  trusted: () => true,
  onError: (error) => process.stderr.write(`${String(error)}\n`),
});
const acted = actions.act(found, 'pause');
void (only === 'acts' ? acted : Promise.resolve()).then(() => process.stdout.write('ready\n'));
process.stdin.resume();
process.stdin.on('end', () => void actions[Symbol.asyncDispose]().then(() => process.exit(0)));
