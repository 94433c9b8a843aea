// `npm run pictures`: takes the README's pictures anew, of the packaged extension on its sample. Look at them before committing.
import { statSync } from 'node:fs';
import { relative } from 'node:path';

const { packageExtension } = await import('../test/harness/demo.mts');
const { takePictures } = await import('../test/harness/pictures.mts');
const { projectRoot, report } = await import('../test/harness/tools.mts');

/** They are in the package, and loaded by whoever reads the README. */
const limitKb = 300;

try {
  for (const path of await takePictures(await packageExtension())) {
    const kilobytes = Math.round(statSync(path).size / 1024);
    console.log(`${relative(projectRoot, path)}: ${kilobytes} KB`);
    if (kilobytes > limitKb) {
      console.error(`larger than ${limitKb} KB`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  report(error);
  process.exitCode = 1;
}
