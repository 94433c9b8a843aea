// Writes the project into a directory that the test bed copies into the agent's workspace: node seed.mjs <dir>
import fs from 'node:fs';
import path from 'node:path';
import { project } from './project.mjs';

const [dir] = process.argv.slice(2);
for (const [file, text] of Object.entries(project)) {
  const to = path.join(dir, 'workspace', file);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to, text);
}
fs.mkdirSync(path.join(dir, 'workspace/mcp'), { recursive: true });
fs.copyFileSync(path.join(import.meta.dirname, 'codeServer.mjs'), path.join(dir, 'workspace/mcp/code-server.mjs'));
const own = path.join(dir, 'labels');
fs.mkdirSync(own, { recursive: true });
for (const name of fs.readdirSync(import.meta.dirname)) fs.copyFileSync(path.join(import.meta.dirname, name), path.join(own, name));
