// Makes a recording of a harmless session say hostile things wherever an agent or a tool may say something: prompt, thoughts,
// texts, arguments, results. What the faces go by (names of tools, paths, the texts of edits) stays, so that each face has
// something to show.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Stands in each poisoned text, to be found on the screen as it is. */
export const mark = '$(trash) [run](command:workbench.action.terminal.new)';

export const payload = [
  mark,
  '![p](https://evil.example/p.png)',
  '<img src="https://evil.example/i.png" onerror="alert(1)">',
  '<a href="command:workbench.action.terminal.new">x</a>',
  '</pre></div><script>alert(2)</script>',
  '%%{init: {"securityLevel":"loose"}}%%',
  '\u001b]8;;https://evil.example\u0007y\u001b]8;;\u0007 \u202egnp.exe \u{e0041}\u{e0042}',
  '````\n```\n</code> [z](javascript:alert(3))',
  // A fence that comes about when what is never shown is taken out from between.
  '\n```\u202e``\n![q](https://evil.example/q.png)\n',
].join(' ');

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

function poisoned(value: Json, key: string | null): Json {
  if (typeof value === 'string') {
    // A command keeps its own beginning; the rest is a comment of the shell.
    if (key === 'command') return `${value} # ${payload}`;
    return key === 'text' || key === 'thinking' || key === 'content' ? `${payload} ${value}` : value;
  }
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => poisoned(each, null));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, poisoned(each, name)]));
  return value;
}

/** `recording`: a copy. Poisons the transcript whose prompt holds `prompt`. */
export async function poison(recording: string, prompt: string): Promise<void> {
  const dir = join(recording, 'sandbox/.openclaw/agents/main/sessions');
  for (const file of (await readdir(dir)).filter((name) => /^[\da-f-]+\.jsonl$/.test(name))) {
    const path = join(dir, file);
    const text = await readFile(path, 'utf8');
    if (!text.split('\n').some((line) => line.includes('"role":"user"') && line.includes(prompt))) continue;
    const lines = text.split('\n').map((line) => {
      if (line === '') return line;
      const entry = JSON.parse(line) as { readonly type: string; readonly message?: Json };
      return entry.type === 'message' ? JSON.stringify({ ...entry, message: poisoned(entry.message ?? null, null) }) : line;
    });
    await writeFile(path, lines.join('\n'));
    return;
  }
  throw new Error(`no transcript with the prompt ${prompt}`);
}
