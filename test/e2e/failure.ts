// A picture of the window at each failed test, beside the other pictures.
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Editor } from '../harness/editorSession.mts';
import { shots } from './paths';

export function pictureOnFailure(editor: () => Editor | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    const name = task.name.replace(/[^a-z0-9]+/gi, '-').slice(0, 60);
    await editor()?.workbench.screenshot(join(shots, 'failed', `${name}.png`));
  });
}
