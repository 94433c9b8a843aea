// The same first minutes in the other themes and in a narrow window: pictures to look at, and axe on each, since contrast
// is a matter of the theme's real colours.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor, EditorOptions } from '../harness/editorSession.mts';
import { playSample, SandglassPage } from '../harness/sampleRun.mts';
import { pictureOnFailure } from './failure';
import { noDocker, sampleWorkspace, shots, vsix } from './paths';

const looks: readonly (Pick<EditorOptions, 'theme' | 'size'> & { readonly name: string })[] = [
  { name: 'light', theme: 'light' },
  { name: 'high-contrast', theme: 'highContrast' },
  { name: 'narrow', theme: 'dark', size: { width: 760, height: 900 } },
];

describe.each(looks)('the sample run, $name', ({ name, theme, size }) => {
  let editor: Editor;
  let page: SandglassPage;
  const shot = (step: string) => editor.workbench.screenshot(join(shots, name, `${step}.png`));

  beforeAll(async () => {
    editor = await openEditor({ vsix, folder: sampleWorkspace, trusted: false, env: noDocker, theme, size });
    page = new SandglassPage(editor.workbench);
  });
  afterAll(() => editor?.close());
  pictureOnFailure(() => editor);

  it('plays to its end', async () => {
    await playSample(editor.workbench, shot);
  });

  it('shows list, flow and details, with nothing serious for axe', async () => {
    const trace = await page.trace();
    expect(await trace.axeViolations(), 'flow').toEqual([]);
    await trace.show('Details');
    await trace.details().getByText('Arguments').waitFor();
    await shot('4-details');
    expect(await trace.axeViolations(), 'details').toEqual([]);
  });
});
