import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  actionCommands,
  actionWords,
  callScheme,
  commands,
  contextKeys,
  costPanelType,
  fileScheme,
  policyScheme,
  replayType,
  sandboxesView,
  settings,
  tracePanelType,
  viewContainer,
  walkthroughId,
} from '../../../client/src/contributions';
import { alwaysListed, listedSeverities, problemCodes, problemSeverities, problemsPerFile } from '../../../server/src/protocol/problems';

const root = join(__dirname, '../../..');
const manifestText = readFileSync(join(root, 'package.json'), 'utf8');
const manifest = JSON.parse(manifestText);
const nls: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8'));
const contributes = manifest.contributes;
const ids = Object.keys(commands);
interface MenuItem {
  readonly command: string;
  readonly when?: string;
}
const menus: Record<string, readonly MenuItem[]> = contributes.menus;

/** Words of a when-clause that are ids of ours. */
const ours = (when: string): string[] => [...when.matchAll(/\bsandglass[\w.-]*/g)].map((match) => match[0]);

describe('package.json agrees with the table of contributions', () => {
  it('has exactly the commands of the table, each with category and title', () => {
    expect(contributes.commands.map((each: { command: string }) => each.command).sort()).toEqual([...ids].sort());
    for (const command of contributes.commands) {
      expect(command.category, command.command).toBe('Sandglass');
      expect(command.title, command.command).toBe(`%command.${command.command.slice('sandglass.'.length)}%`);
    }
  });

  it('keeps internal commands out of the palette, and only those', () => {
    const hidden = (menus['commandPalette'] ?? []).filter((item) => item.when === 'false').map((item) => item.command);
    expect(hidden.sort()).toEqual(ids.filter((id) => commands[id as keyof typeof commands] === 'internal').sort());
  });

  it('names only known commands in menus, texts and walkthrough', () => {
    const named = [
      ...Object.values(menus).flatMap((items) => items.map((item) => item.command)),
      ...Object.values(nls).flatMap((text) => [...text.matchAll(/\(command:(sandglass\.[\w]+)/g)].map((match) => match[1]!)),
      ...[...manifestText.matchAll(/onCommand:(sandglass\.[\w]+)/g)].map((match) => match[1]!),
    ];
    expect(named.length).toBeGreaterThan(ids.length);
    for (const name of named) expect(ids, name).toContain(name);
  });

  it('names only known ids in when-clauses and enablements', () => {
    const known: string[] = [sandboxesView, fileScheme, callScheme, ...Object.values(contextKeys)];
    const clauses = [
      ...Object.values(menus).flatMap((items) => items.flatMap((item) => item.when ?? [])),
      ...contributes.viewsWelcome.map((each: { when: string }) => each.when),
      ...contributes.commands.flatMap((each: { enablement?: string }) => each.enablement ?? []),
    ];
    for (const clause of clauses) for (const word of ours(clause)) expect(known, clause).toContain(word);
  });

  it('acts on a sandbox in trusted workspaces only, from the row of one that is in a state for it, and by the palette', () => {
    const trusted = (when: string | undefined): boolean => when?.split(' && ').includes('isWorkspaceTrusted') === true;
    for (const action of ['pause', 'resume', 'stop'] as const) {
      const command = actionCommands[action];
      expect(contributes.commands.find((each: { command: string }) => each.command === command).enablement, command).toBe(
        'isWorkspaceTrusted',
      );
      const rows = (menus['view/item/context'] ?? []).filter((item) => item.command === command);
      expect(rows.length, command).toBeGreaterThan(0);
      for (const { when } of rows) {
        expect(trusted(when), when).toBe(true);
        expect(when).toContain(`viewItem =~ /^sandbox .*${actionWords[action]}/`);
      }
      expect((menus['commandPalette'] ?? []).filter((item) => item.command === command).map(({ when }) => when)).toEqual([
        'isWorkspaceTrusted',
      ]);
    }
    const log = Object.values(menus).flatMap((items) => items.filter((item) => item.command === 'sandglass.showActions'));
    expect(log.length).toBe(3);
    for (const { when } of log) expect(trusted(when), when).toBe(true);
  });

  it('has a welcome text with a button for every empty state and for a server that failed', () => {
    const states: string[] = contributes.viewsWelcome.map((each: { when: string }) => each.when);
    for (const reason of ['none', 'no-docker', 'docker-refused', 'nothing-found', 'untrusted']) {
      expect(
        states.filter((when) => when.endsWith(`sandglass.empty == ${reason}`)),
        reason,
      ).toHaveLength(1);
    }
    expect(states).toContain('sandglass.server == failed');
    for (const welcome of contributes.viewsWelcome) {
      expect(nls[welcome.contents.slice(1, -1)], welcome.contents).toMatch(/\n\[[^\]]+\]\(command:/);
    }
  });

  it('has the views, the panel, the schemes and the debug type of the table', () => {
    expect(contributes.viewsContainers.activitybar.map((each: { id: string }) => each.id)).toEqual([viewContainer]);
    expect(contributes.views[viewContainer].map((each: { id: string }) => each.id)).toEqual([sandboxesView]);
    expect(manifest.activationEvents).toEqual([
      `onWebviewPanel:${tracePanelType}`,
      `onWebviewPanel:${costPanelType}`,
      `onFileSystem:${fileScheme}`,
      `onFileSystem:${callScheme}`,
      `onFileSystem:${policyScheme}`,
      `onDebugResolve:${replayType}`,
    ]);
    expect(contributes.debuggers.map((each: { type: string }) => each.type)).toEqual([replayType]);
    expect(contributes.walkthroughs.map((each: { id: string }) => each.id)).toEqual([walkthroughId]);
    expect(contributes.walkthroughs[0].steps).toHaveLength(4);
  });

  it('has the settings of the table with their scopes, described, and restricts what an untrusted workspace must not set', () => {
    const properties: Record<string, { scope: string; markdownDescription: string }> = Object.assign(
      {},
      ...contributes.configuration.map((each: { properties: object }) => each.properties),
    );
    expect(Object.keys(properties).sort()).toEqual(Object.keys(settings).sort());
    for (const [id, setting] of Object.entries(settings)) {
      expect(properties[id]?.scope, id).toBe(setting.scope);
      expect(properties[id]?.markdownDescription, id).toMatch(/^%config\./);
    }
    const restricted = Object.entries(settings).filter(([, setting]) => setting.restricted);
    expect([...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort()).toEqual(restricted.map(([id]) => id).sort());
  });

  it('lets each code of the Problems be set to a severity, but none hides a rewritten history', () => {
    const { properties } = Object.assign({}, ...contributes.configuration.map((each: { properties: object }) => each.properties))[
      'sandglass.problems.severity'
    ] as { properties: Record<string, { enum: readonly string[] }> };
    expect(Object.keys(properties)).toEqual(problemCodes);
    for (const [code, { enum: values }] of Object.entries(properties))
      expect(values, code).toEqual(alwaysListed.has(code) ? listedSeverities : problemSeverities);
    const perFile = Object.assign({}, ...contributes.configuration.map((each: { properties: object }) => each.properties))[
      'sandglass.problems.perFile'
    ];
    expect(perFile).toMatchObject({ default: problemsPerFile.usual, minimum: problemsPerFile.least, maximum: problemsPerFile.most });
  });

  it('uses every text of package.nls.json and has one for every use', () => {
    const used = [...manifestText.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]!);
    expect([...new Set(used)].sort()).toEqual(Object.keys(nls).sort());
  });

  it('points at files that exist', () => {
    const files = [
      manifest.icon,
      contributes.viewsContainers.activitybar[0].icon,
      ...contributes.walkthroughs[0].steps.map((step: { media: { svg: string } }) => step.media.svg),
    ];
    for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
  });
});
