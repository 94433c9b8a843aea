/** Settings as the server takes them. What a file of settings holds is anything at all, so each value is made fit or dropped. */
import type { FindingThresholds, PathMapping, Settings } from '../../../server/src/protocol/messages';
import { alwaysListed, listedSeverities, problemCodes, problemSeverities, problemsPerFile } from '../../../server/src/protocol/problems';
import type { ProblemSettings, ProblemSeverity } from '../../../server/src/protocol/problems';
import { settings } from '../contributions';
import type { SettingId } from '../contributions';
import { budgetLimits } from './budgetSetting';
import { priceBook } from './priceSetting';

export type ReadSetting = (id: SettingId) => unknown;

const maxListed = 200;

/**
 * What holds in an untrusted workspace: nothing that it, or the machine, could be misused with. What no workspace can set holds as
 * ever; of prices a window with others than its neighbours would have every session of the common store priced again.
 */
export function untrusted(read: ReadSetting): ReadSetting {
  return (id) => (settings[id].scope === 'application' ? read(id) : undefined);
}

export function readSettings(read: ReadSetting): Settings {
  return {
    pathMappings: list(read('sandglass.pathMappings')).flatMap(pathMapping),
    directories: list(read('sandglass.directories')).flatMap((value) =>
      typeof value === 'string' && value.trim() !== '' ? [value.trim()] : [],
    ),
    dockerHost: text(read('sandglass.docker.host')),
    autoAttach: read('sandglass.autoAttach') === true,
    findings: {
      repeatedCalls: threshold(read, 'repeatedCalls'),
      noProgressCalls: threshold(read, 'noProgressCalls'),
      failuresInARow: threshold(read, 'failuresInARow'),
    },
    problems: problems(read),
    askGateway: read('sandglass.policy.askGateway') !== false,
    definitionLenses: read('sandglass.definitions.lenses') !== false,
    contextCost: read('sandglass.contextCost') !== false,
    cost: { prices: priceBook(read('sandglass.cost.prices')) },
    flatRate: read('sandglass.cost.subscription') === true,
    budgets: budgetLimits(read('sandglass.budgets.limits')),
  };
}

/** As package.json has them: the default, and the least that can be set. */
const thresholds: Readonly<Record<keyof FindingThresholds, readonly [usual: number, least: number]>> = {
  repeatedCalls: [4, 3],
  noProgressCalls: [12, 8],
  failuresInARow: [4, 3],
};

function threshold(read: ReadSetting, name: keyof FindingThresholds): number {
  const value = read(`sandglass.findings.${name}`);
  const [usual, least] = thresholds[name];
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(least, Math.trunc(value)) : usual;
}

function problems(read: ReadSetting): ProblemSettings {
  const perFile = read('sandglass.problems.perFile');
  const set = read('sandglass.problems.severity');
  const severity: Partial<Record<string, ProblemSeverity>> = {};
  for (const code of problemCodes) {
    const wished = typeof set === 'object' && set !== null ? (set as Readonly<Record<string, unknown>>)[code] : undefined;
    const allowed = (alwaysListed.has(code) ? listedSeverities : problemSeverities).find((each) => each === wished);
    if (allowed !== undefined) severity[code] = allowed;
  }
  const { usual, least, most } = problemsPerFile;
  const limit = typeof perFile === 'number' && Number.isFinite(perFile) ? Math.min(most, Math.max(least, Math.trunc(perFile))) : usual;
  return { perFile: limit, severity };
}

export function readNodePath(read: ReadSetting): string {
  return text(read('sandglass.server.nodePath'));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, maxListed) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function pathMapping(value: unknown): readonly PathMapping[] {
  if (typeof value !== 'object' || value === null) return [];
  const { sandbox, workspace } = value as Record<string, unknown>;
  return typeof sandbox === 'string' && sandbox.startsWith('/') && typeof workspace === 'string' && workspace !== ''
    ? [{ sandbox, workspace }]
    : [];
}
