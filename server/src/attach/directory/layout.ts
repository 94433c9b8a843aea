/**
 * What a path given by a person is: a state directory, a folder that holds one, or a whole recording with the container's log,
 * its inspect JSON and the host's registry beside it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AttachError } from '../errors';
import { labelOf } from '../labels';
import { codeOf, reasonOf } from '../reader/context';
import { asObject, parseObject } from '../reader/reduce';
import { registryRows } from '../registry';
import type { LogLayout } from './logFiles';

export interface DirectoryLayout {
  readonly stateDir: string;
  /** The folder with container*.log, var-log/, inspect.json and home/; null: a state directory alone. */
  readonly recording: string | null;
  readonly name: string;
  readonly sandboxId: string | null;
  readonly sandboxName: string | null;
  readonly provider: string | null;
  readonly version: string | null;
  readonly logs: LogLayout;
}

const MAX_SIDE_FILE_BYTES = 16 * 1024 * 1024;

export async function layoutOf(path: string): Promise<DirectoryLayout> {
  const given = resolve(path);
  await mustBeDirectory(given);
  const stateDir = [given, join(given, '.openclaw'), join(given, 'sandbox', '.openclaw')].find(isStateDir);
  if (stateDir === undefined) {
    throw new AttachError(
      'nothing-recorded',
      `${given} holds no OpenClaw state directory`,
      'Give the path of a .openclaw directory, of a folder that holds one, or of a recording folder.',
    );
  }
  const recording = recordingOf(stateDir);
  const inspected = recording === null ? [] : inspectOf(recording);
  const labels = inspected.map((container) => asObject(asObject(container.Config)?.Labels) ?? {});
  const sandboxName = first(labels, 'sandbox-name');
  const row = recording === null ? null : rowOf(recording, sandboxName);
  const real = await realpath(stateDir);
  return {
    stateDir: real,
    recording,
    name: basename(recording ?? (basename(real) === '.openclaw' ? dirname(real) : real)),
    sandboxId: first(labels, 'sandbox-id'),
    sandboxName: sandboxName ?? row?.name ?? null,
    provider: row?.provider ?? null,
    version: row?.agentVersion ?? null,
    logs: logLayout(recording, labels),
  };
}

async function mustBeDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR')
      throw new AttachError('no-such-path', `There is no ${path}`, 'Check the path.', { cause: error });
    throw new AttachError('unreadable', `${path} can't be read: ${reasonOf(error)}`, 'Check the permissions of the directory.', {
      cause: error,
    });
  }
  throw new AttachError('no-such-path', `${path} is a file, not a directory`, 'Give the directory that holds it.');
}

/** A directory of this name with its parts, or one of another name with an agent in it that has sessions or a database. */
function isStateDir(path: string): boolean {
  if (!isDirectory(path)) return false;
  const agents = join(path, 'agents');
  if (basename(path) === '.openclaw') return isDirectory(agents) || isFile(join(path, 'openclaw.json')) || isDirectory(join(path, 'state'));
  return (
    isDirectory(agents) &&
    readdirSync(agents).some((agent) => isDirectory(join(agents, agent, 'sessions')) || isDirectory(join(agents, agent, 'agent')))
  );
}

function recordingOf(stateDir: string): string | null {
  const folder = dirname(stateDir);
  if (basename(folder) !== 'sandbox') return null;
  const recording = dirname(folder);
  return ['inspect.json', 'container.log', 'container-supervisor.log'].some((name) => isFile(join(recording, name))) ? recording : null;
}

function inspectOf(recording: string): readonly Readonly<Record<string, unknown>>[] {
  const text = readSide(join(recording, 'inspect.json'));
  if (text === null) return [];
  try {
    const value: unknown = JSON.parse(text);
    return (Array.isArray(value) ? value : [value]).map(asObject).filter((container) => container !== null);
  } catch {
    return []; // then the layout shows in which logs there are
  }
}

function logLayout(recording: string | null, labels: readonly Readonly<Record<string, unknown>>[]): LogLayout {
  if (recording !== null && isFile(join(recording, 'container-supervisor.log'))) return { kind: 'two-containers' };
  const roles = labels.map((one) => labelOf(one, 'isolation-role')).filter((role) => role !== null);
  // The workload's log is what the agent wrote; it may look like anything.
  return roles.length > 0 ? { kind: 'agent-only' } : { kind: 'one-container' };
}

function rowOf(recording: string, sandboxName: string | null): ReturnType<typeof registryRows>[number] | null {
  const text = readSide(join(recording, 'home', '.nemoclaw', 'sandboxes.json'));
  const rows = text === null ? [] : registryRows(parseObject(text));
  return rows.find((row) => row.name === sandboxName) ?? (rows.length === 1 ? (rows[0] ?? null) : null);
}

function first(labels: readonly Readonly<Record<string, unknown>>[], name: Parameters<typeof labelOf>[1]): string | null {
  for (const one of labels) {
    const value = labelOf(one, name);
    if (value !== null) return value;
  }
  return null;
}

function readSide(path: string): string | null {
  const size = isFile(path) ? statSync(path).size : Infinity;
  return size > MAX_SIDE_FILE_BYTES ? null : readFileSync(path, 'utf8');
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
