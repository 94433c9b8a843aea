/**
 * What a path given by a person is: a state directory, a folder that holds one, or a whole recording with the container's log,
 * its inspect JSON and the host's registry beside it.
 */
import { readdirSync, statSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AttachError } from '../errors';
import { labelOf } from '../labels';
import { codeOf, reasonOf, skipReasonOf } from '../reader/context';
import { asObject } from '../reader/reduce';
import { registryRows, type RegistryRow } from '../registry';
import { readRegular, TOO_LARGE } from '../regularFile';
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
  /** Files beside the state directory that could not be read, and why. */
  readonly unread: readonly Unread[];
}

interface Unread {
  readonly where: string;
  readonly reason: string;
}

const MAX_SIDE_FILE_BYTES = 16 * 1024 * 1024;

/** Throws AttachError. */
export async function layoutOf(path: string): Promise<DirectoryLayout> {
  const given = resolve(path);
  try {
    await mustBeDirectory(given);
    return await layoutIn(given);
  } catch (error) {
    throw AttachError.is(error) || codeOf(error) === undefined ? error : unreadable(given, error);
  }
}

async function layoutIn(given: string): Promise<DirectoryLayout> {
  const stateDir = [given, join(given, '.openclaw'), join(given, 'sandbox', '.openclaw')].find(isStateDir);
  if (stateDir === undefined) {
    throw new AttachError(
      'nothing-recorded',
      `${given} holds no OpenClaw state directory`,
      'Give the path of a .openclaw directory, of a folder that holds one, or of a recording folder.',
    );
  }
  const recording = recordingOf(stateDir);
  const unread: Unread[] = [];
  const inspected = recording === null ? [] : await inspectOf(recording, unread);
  const labels = inspected.map((container) => asObject(asObject(container.Config)?.Labels) ?? {});
  const sandboxName = first(labels, 'sandbox-name');
  const row = recording === null ? null : await rowOf(recording, sandboxName, unread);
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
    unread,
  };
}

function unreadable(path: string, cause: unknown): AttachError {
  return new AttachError(
    'unreadable',
    `${path} can't be read: ${reasonOf(cause)}`,
    'Check the permissions of the directory and of what is in it.',
    {
      cause,
    },
  );
}

async function mustBeDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR')
      throw new AttachError('no-such-path', `There is no ${path}`, 'Check the path.', { cause: error });
    throw error;
  }
  throw new AttachError('no-such-path', `${path} is a file, not a directory`, 'Give the directory that holds it.');
}

/** A directory of this name with its parts, or one of another name with an agent in it that has sessions or a database. */
function isStateDir(path: string): boolean {
  if (!isDirectory(path)) return false;
  const agents = join(path, 'agents');
  if (basename(path) === '.openclaw') return isDirectory(agents) || isFile(join(path, 'openclaw.json')) || isDirectory(join(path, 'state'));
  if (!isDirectory(agents)) return false;
  let refused: unknown = null;
  for (const agent of readdirSync(agents)) {
    try {
      if (isDirectory(join(agents, agent, 'sessions')) || isDirectory(join(agents, agent, 'agent'))) return true;
    } catch (error) {
      refused = error; // another agent may show what this is
    }
  }
  if (refused !== null) throw refused;
  return false;
}

function recordingOf(stateDir: string): string | null {
  const folder = dirname(stateDir);
  if (basename(folder) !== 'sandbox') return null;
  const recording = dirname(folder);
  return ['inspect.json', 'container.log', 'container-supervisor.log'].some((name) => isFile(join(recording, name))) ? recording : null;
}

/** Without it, the layout shows in which logs there are. */
async function inspectOf(recording: string, unread: Unread[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const value = await readSide(recording, 'inspect.json', unread);
  return (Array.isArray(value) ? value : [value]).map(asObject).filter((container) => container !== null);
}

function logLayout(recording: string | null, labels: readonly Readonly<Record<string, unknown>>[]): LogLayout {
  if (recording !== null && isFile(join(recording, 'container-supervisor.log'))) return { kind: 'two-containers' };
  const roles = labels.map((one) => labelOf(one, 'isolation-role')).filter((role) => role !== null);
  // The workload's log is what the agent wrote; it may look like anything.
  return roles.length > 0 ? { kind: 'agent-only' } : { kind: 'one-container' };
}

async function rowOf(recording: string, sandboxName: string | null, unread: Unread[]): Promise<RegistryRow | null> {
  const registry = asObject(await readSide(recording, 'home/.nemoclaw/sandboxes.json', unread));
  const rows = registry === null ? [] : registryRows(registry);
  return rows.find((row) => row.name === sandboxName) ?? (rows.length === 1 ? (rows[0] ?? null) : null);
}

function first(labels: readonly Readonly<Record<string, unknown>>[], name: Parameters<typeof labelOf>[1]): string | null {
  for (const one of labels) {
    const value = labelOf(one, name);
    if (value !== null) return value;
  }
  return null;
}

/** What is said in a JSON file beside the state directory; null: there is none, or, as told, it can't be read. */
async function readSide(recording: string, name: string, unread: Unread[]): Promise<unknown> {
  try {
    const { bytes } = await readRegular(join(recording, name), MAX_SIDE_FILE_BYTES, 'followed');
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') unread.push({ where: name, reason: sideReasonOf(error) });
    return null;
  }
}

function sideReasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return 'it is not JSON';
  return code === TOO_LARGE ? `it is larger than ${MAX_SIDE_FILE_BYTES / 1024 / 1024} MB` : skipReasonOf(error);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
