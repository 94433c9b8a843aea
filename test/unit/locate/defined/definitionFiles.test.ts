// Which files of a workspace are looked at for definitions, how often, and what is left out and said to be.
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mcpKey, skillKey, toolKey } from '../../../../server/src/locate/defined/definition';
import {
  changesFollowed,
  DefinitionFiles,
  maxFileBytes,
  maxFiles,
  maxFound,
  scansAtMost,
} from '../../../../server/src/locate/defined/definitionFiles';
import { maxToolsPerFile } from '../../../../server/src/locate/defined/pluginTools';

let folder: string;
let files: DefinitionFiles;
let now = 0;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-definitions-')));
  now = 1_000_000;
  files = new DefinitionFiles(
    () => [folder],
    () => now,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const write = (path: string, text: string): string => {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
};
const tool = (name: string): string => `api.registerTool({ name: "${name}" });\n`;
const manifest = (...tools: readonly string[]): string => JSON.stringify({ id: 'p', contracts: { tools } });
const find = async (...keys: readonly string[]) => {
  const { found, looked } = await files.find(new Set(keys), signal);
  return { paths: found.map(({ uri }) => decodeURIComponent(new URL(uri).pathname).slice(folder.length + 1)), found, looked };
};

describe('definitions of a workspace', () => {
  it('are found in plugins, skills and configurations, with the plugin they are of', async () => {
    write('a/openclaw.plugin.json', manifest('one', 'two'));
    write('a/src/deep/index.ts', tool('one'));
    write('other/index.ts', tool('one'));
    write('skills/s/SKILL.md', '---\nname: x\n---\n');
    write('.openclaw/openclaw.json', '{"mcp":{"servers":{"m":{}}}}');
    expect(await find(toolKey('one'))).toMatchObject({
      paths: ['a/openclaw.plugin.json', 'a/src/deep/index.ts'],
      found: [{ pluginId: 'p' }, { pluginId: 'p' }],
      looked: [{ place: folder, files: 4, reason: null }],
    });
    expect((await find(skillKey('s'), mcpKey('m'))).paths).toEqual(['.openclaw/openclaw.json', 'skills/s/SKILL.md']);
    expect((await find(toolKey('none'))).paths).toEqual([]);
    expect(await files.pluginOf(join(folder, 'other/index.ts'))).toBeNull();
  });

  it('are not looked for in what others made, in secrets, behind links or outside', async () => {
    write('a/openclaw.plugin.json', manifest());
    for (const path of ['a/node_modules/x/index.ts', 'a/dist/index.js', 'a/.env/index.ts', 'a/credentials/index.ts', 'a/.git/index.js'])
      write(path, tool('one'));
    const outside = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-outside-')));
    writeFileSync(join(outside, 'index.ts'), tool('one'));
    writeFileSync(join(outside, 'openclaw.plugin.json'), manifest('one'));
    symlinkSync(outside, join(folder, 'a/linked'));
    symlinkSync(join(outside, 'index.ts'), join(folder, 'a/linked.ts'));
    expect(await find(toolKey('one'))).toMatchObject({ paths: [], looked: [{ files: 1 }] });
    expect(await files.ofFile(join(outside, 'index.ts'))).toBeNull();
    expect(await files.ofFile(join(folder, 'a/linked.ts'))).toBeNull();
    expect(await files.ofFile(join(folder, 'a/credentials/index.ts'))).toBeNull();
    rmSync(outside, { recursive: true });
  });

  it('are not read behind a directory that is a link out of the workspace, or to what is passed over in it', async () => {
    const outside = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-outside-')));
    try {
      for (const place of [outside, join(folder, 'node_modules/x'), join(folder, 'real')]) {
        mkdirSync(place, { recursive: true });
        writeFileSync(join(place, 'openclaw.json'), '{"mcp":{"servers":{"m":{}}}}');
        writeFileSync(join(place, 'openclaw.plugin.json'), manifest('one'));
      }
      symlinkSync(outside, join(folder, 'link'));
      symlinkSync(join(folder, 'node_modules/x'), join(folder, 'skipped'));
      symlinkSync(join(folder, 'real'), join(folder, 'within'));
      const found = (await find(mcpKey('m'), toolKey('one'))).paths;
      expect(found).toEqual(['real/openclaw.json', 'real/openclaw.plugin.json']);
      for (const link of ['link', 'skipped']) {
        for (const name of ['openclaw.json', 'openclaw.plugin.json']) {
          expect(await files.ofFile(join(folder, link, name))).toBeNull();
          await files.changed([join(folder, link, name)], signal);
        }
        expect(await files.pluginOf(join(folder, link, 'index.ts'))).toBeNull();
      }
      expect((await find(mcpKey('m'), toolKey('one'))).paths).toEqual(found);
      expect(await files.ofFile(join(folder, 'within/openclaw.json'))).toMatchObject({ definitions: [{ name: 'm' }] });
      // A workspace that is opened by a link is still itself.
      const byLink = new DefinitionFiles(() => [join(folder, 'within')]);
      expect(await byLink.ofFile(join(folder, 'within/openclaw.json'))).toMatchObject({ definitions: [{ name: 'm' }] });
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it('are asked once for each file of which plugin they are, and are not without end', async () => {
    write('a/openclaw.plugin.json', manifest());
    const same = tool('one').repeat(maxToolsPerFile);
    const needed = maxFound / maxToolsPerFile;
    for (let n = 0; n < needed; n++) write(`a/f${n}.ts`, same);
    const whole = await find(toolKey('one'));
    expect(whole).toMatchObject({ found: { length: maxFound }, looked: [{ reason: null }] });
    expect(whole.found.every(({ pluginId }) => pluginId === 'p')).toBe(true);
    expect(files.work.plugins).toBe(needed);
    for (let n = 0; n < 3; n++) write(`a/g${n}.ts`, same);
    files.invalidate();
    const { reads, plugins } = files.work;
    expect(await find(toolKey('one'))).toMatchObject({
      found: { length: maxFound },
      looked: [{ reason: expect.stringContaining(`more than ${maxFound}`) }],
    });
    expect(files.work).toMatchObject({ reads: reads + 1, plugins: plugins + needed });
  });

  it('are read once, and again when their file is another', async () => {
    write('a/openclaw.plugin.json', manifest());
    for (let n = 0; n < 20; n++) write(`a/f${n}.ts`, tool(`t${n}`));
    await find(toolKey('t3'));
    const { reads, directories } = files.work;
    expect(reads).toBe(21);
    await find(toolKey('t4'));
    expect(files.work).toMatchObject({ reads, directories });
    write('a/f3.ts', `${tool('t3')}${tool('new_one')}`);
    expect((await find(toolKey('new_one'))).paths).toEqual(['a/f3.ts']);
    expect(files.work).toMatchObject({ reads: reads + 1, directories });
    rmSync(join(folder, 'a/f3.ts'));
    expect((await find(toolKey('new_one'))).paths).toEqual([]);
  });

  it('are followed without another walk, also when a plugin becomes one', async () => {
    files.watch();
    write('a/openclaw.plugin.json', manifest());
    write('b/one.ts', tool('one'));
    expect((await find(toolKey('one'))).paths).toEqual([]);
    const walked = files.work.directories;
    await files.changed([write('a/two.ts', tool('two'))], signal);
    expect((await find(toolKey('two'))).paths).toEqual(['a/two.ts']);
    await files.changed([write('b/three.ts', tool('three'))], signal);
    expect((await find(toolKey('three'))).paths).toEqual([]);
    expect(files.work.directories).toBe(walked);
    // Its folder is looked through, and no other.
    await files.changed([write('b/openclaw.plugin.json', manifest('one'))], signal);
    expect(files.work.directories).toBe(walked + 1);
    expect((await find(toolKey('one'), toolKey('three'))).paths).toEqual(['b/one.ts', 'b/openclaw.plugin.json', 'b/three.ts']);
    renameSync(join(folder, 'b/openclaw.plugin.json'), join(folder, 'b/other.json'));
    await files.changed([join(folder, 'b/openclaw.plugin.json')], signal);
    expect((await find(toolKey('one'))).paths).toEqual([]);
    // So many that a walk is less work.
    const many = Array.from({ length: changesFollowed + 1 }, (_, n) => write(`a/many/f${n}.ts`, tool(`many_${n}`)));
    await files.changed(many, signal);
    expect((await find(toolKey('many_200'))).paths).toEqual(['a/many/f200.ts']);
  });

  it('are looked for anew after a while where nobody tells of changes, and when the folders are others', async () => {
    await find();
    write('skills/s/SKILL.md', '# s');
    expect((await find(skillKey('s'))).paths).toEqual([]);
    now += 10 * 60_000;
    expect((await find(skillKey('s'))).paths).toEqual(['skills/s/SKILL.md']);
    write('skills/t/SKILL.md', '# t');
    files.invalidate();
    expect((await find(skillKey('t'))).paths).toEqual(['skills/t/SKILL.md']);
  });

  it.each([
    ['a change', (path: string) => files.changed([path], signal)],
    ['that all is different', () => files.invalidate()],
  ])('are found also when %s is told while they are looked for', async (_what, tell) => {
    files.watch();
    for (let n = 0; n < 200; n++) mkdirSync(join(folder, `d${n}`));
    const first = find(skillKey('late'));
    // The folder itself is listed by then.
    while (files.work.directories < 2) await turn();
    await tell(write('late/SKILL.md', '# late'));
    await first;
    expect((await find(skillKey('late'))).paths).toEqual(['late/SKILL.md']);
    // And once that is done, nothing is looked through again.
    const { directories } = files.work;
    await find(skillKey('late'));
    expect(files.work.directories).toBe(directories);
  });

  it('are not looked for without end where something changes all the time', async () => {
    const path = write('skills/s/SKILL.md', '# s');
    const restless: DefinitionFiles = new DefinitionFiles(
      () => [folder],
      () => {
        void restless.changed([path], signal);
        return now;
      },
    );
    for (let asked = 1; asked <= 2; asked++) {
      expect((await restless.find(new Set([skillKey('s')]), signal)).found).toHaveLength(1);
      expect(restless.work.directories).toBe(3 * scansAtMost * asked);
    }
  });

  it('are left out where they are too many, too large or too deep, and that is said', async () => {
    write('a/openclaw.plugin.json', manifest());
    for (let n = 0; n < maxFiles + 5; n++) write(`a/src/f${n}.ts`, '');
    expect((await find()).looked).toEqual([{ place: folder, files: maxFiles, reason: expect.stringContaining(`more than ${maxFiles}`) }]);
    rmSync(join(folder, 'a'), { recursive: true });
    write(`${'d/'.repeat(20)}SKILL.md`, '# s');
    write('big/openclaw.plugin.json', manifest());
    write('big/index.ts', tool('one') + ' '.repeat(maxFileBytes));
    files.invalidate();
    expect(await find(toolKey('one'), skillKey('d'))).toMatchObject({
      paths: [],
      looked: [{ reason: expect.stringContaining('deeper than') }],
    });
    const gone = new DefinitionFiles(() => [join(folder, 'gone')]);
    expect((await gone.find(new Set(['x']), signal)).looked).toEqual([{ place: join(folder, 'gone'), files: 0, reason: 'there is none' }]);
  });

  it('stop when nobody waits for them', async () => {
    write('skills/s/SKILL.md', '# s');
    const { found, looked } = await files.find(new Set([skillKey('s')]), AbortSignal.abort());
    expect(found).toEqual([]);
    expect(looked).toMatchObject([{ reason: 'it was stopped' }]);
    // What was not finished is not taken for all there is.
    expect((await find(skillKey('s'))).paths).toEqual(['skills/s/SKILL.md']);
  });
});
