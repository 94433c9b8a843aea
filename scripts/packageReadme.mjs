// The README as an installed extension shows it: the editor shows there no picture and follows there no link that lies beside
// the file, so pictures are left out and such links become their text.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

export function packagedReadme(text) {
  return text
    .replace(/^!\[[^\]]*\]\((?!https:)[^)]*\)\n\n?/gm, '')
    .replace(/(?<!!)\[([^\]]+)\]\((?!https:|#)[^)]*\)/g, (_link, shown) =>
      shown.includes('/') || shown.endsWith('.md') ? `\`${shown}\`` : shown,
    );
}

if (process.argv[1] === import.meta.filename) {
  await mkdir(resolve(root, 'dist'), { recursive: true });
  await writeFile(resolve(root, 'dist/README.md'), packagedReadme(await readFile(resolve(root, 'README.md'), 'utf8')));
}
