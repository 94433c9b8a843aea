// The README's pictures, taken of the real thing: the packaged extension in VS Code, after the sample has played.
import { join } from 'node:path';
import { sampleWorkspace } from './demo.mts';
import { openEditor } from './editorSession.mts';
import { playSample } from './sampleRun.mts';
import { projectRoot } from './tools.mts';
import { TracePage } from './tracePage.mts';

/** What the editor still moves after it has shown everything: progress bars, the delayed underline of a selection. */
const settleMs = 2_000;

export async function takePictures(vsix: string): Promise<readonly string[]> {
  // No container engine, so that nothing of this machine is in the pictures.
  const env = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
  const editor = await openEditor({ vsix, folder: sampleWorkspace, trusted: false, env, size: { width: 1440, height: 900 } });
  const { workbench } = editor;
  const { page } = workbench;
  const taken: string[] = [];
  const take = async (name: string) => {
    await page.mouse.move(700, 450);
    await page.waitForTimeout(settleMs);
    const path = join(projectRoot, 'media/readme', `${name}.png`);
    await workbench.screenshot(path);
    taken.push(path);
  };
  try {
    const sandglass = await playSample(workbench, async () => undefined);
    await take('sample');
    // The trace by itself, wide enough for list, flow and details side by side, at a call that the policy denied.
    await workbench.command('View: Close All Editors');
    await sandglass.rows().filter({ hasText: 'Fetch the price feed' }).first().click();
    const trace = new TracePage(await workbench.webview('h1:has-text("Fetch the price feed")'));
    await trace.rows().first().waitFor();
    await page.keyboard.press('Control+J');
    await page.keyboard.press('Control+B');
    await trace.flowNodes().first().waitFor();
    await trace.row(/denied exec.*POST/).click();
    await trace.details().getByText('Arguments').waitFor();
    await take('trace');
    await workbench.command('Sandglass: Show Costs');
    const costs = await workbench.webview('h1:has-text("Cost")');
    await costs.getByRole('tab', { name: 'Tool', exact: true }).click();
    await costs.getByRole('row').filter({ hasText: 'apply_patch' }).waitFor();
    await take('cost');
  } finally {
    await editor.close();
  }
  return taken;
}
