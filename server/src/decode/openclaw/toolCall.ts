/** Facts of a tool call's arguments that the fold and the join with the supervisor's log need, cut to a bound. */
import type { ToolCallBlock } from '../../model/events';
import { asArray, asObject, asString } from '../json';
import type { SecretsIn } from '../json';
import { digestOf } from '../digest';
import { preview } from '../preview';
import { pathCandidates, worksElsewhere } from './pathArguments';
import { pointer } from './toolSchemas';
import { unwrapCall } from './unwrap';

export const commandLimit = 2000;
export const pathLimit = 16;

const pathArguments = ['path', 'file_path', 'filePath', 'workdir', 'cwd', 'directory', 'file', 'target'] as const;
const patchHeader = /^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+)$/gm;

interface NamedPaths {
  readonly paths: readonly string[];
  /** The argument of each; empty: it stands in the patch. */
  readonly at: readonly string[];
}

function toolCallPaths(name: string, args: unknown): NamedPaths {
  const object = asObject(args);
  const paths: string[] = [];
  const at: string[] = [];
  if (object === null || worksElsewhere(name, object)) return { paths, at };
  if (name === 'apply_patch') {
    const patch = asString(object['input']) ?? asString(object['patch']) ?? '';
    for (const match of patch.matchAll(patchHeader)) if (match[1] !== undefined && paths.length < pathLimit) paths.push(match[1].trim());
    at.push(...paths.map(() => ''));
  }
  for (const key of pathArguments) {
    const value = asString(object[key]);
    if (value === null || value === '' || value.length > 4096 || paths.length >= pathLimit || paths.includes(value)) continue;
    paths.push(value);
    at.push(pointer('', key));
  }
  return { paths, at };
}

/** The line that tells a reader what the call does: the command, the path, the query, else the arguments. */
function callPreview(name: string, args: unknown, paths: readonly string[]): string {
  const object = asObject(args);
  if (object === null) return preview(asString(args) ?? '');
  for (const key of ['command', 'query', 'url', 'task', 'action', 'input', 'id']) {
    const value = asString(object[key]);
    if (value !== null && name !== 'apply_patch') return preview(value);
  }
  if (paths.length > 0) return preview(paths.join(', '));
  const keys = Object.keys(object);
  if (keys.length === 0) return '';
  return preview(keys.map((key) => `${key}: ${short(object[key])}`).join(', '));
}

function short(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 80);
  if (asArray(value) !== null) return `[${(value as readonly unknown[]).length}]`;
  return typeof value === 'object' && value !== null ? '{…}' : String(value);
}

/** `args` whole would make the event as large as its payload, so only what can name a host or a process is kept. */
function commandText(args: unknown): string | null {
  const object = asObject(args);
  if (object === null) return null;
  const command = asString(object['command']) ?? asString(object['url']);
  if (command !== null) return command.slice(0, commandLimit);
  const text = Object.values(object)
    .filter((value): value is string => typeof value === 'string' && value.length < commandLimit)
    .join('\n');
  return text === '' ? null : text.slice(0, commandLimit);
}

/** The whole command, else the paths; the length tells apart what is the same as far as it is kept. */
function callTarget(args: unknown, paths: readonly string[]): string {
  const object = asObject(args);
  const command = asString(object?.['command']) ?? asString(object?.['url']) ?? asString(object?.['query']);
  const whole = command ?? (paths.length > 0 ? paths.join('\n') : (commandText(args) ?? ''));
  return `${whole.length} ${whole.slice(0, commandLimit)}`;
}

export function toolCallBlock(index: number, callId: string, rawName: string, rawArgs: unknown, secretsIn: SecretsIn): ToolCallBlock {
  const { name, owner, args } = unwrapCall(rawName, rawArgs);
  const { paths, at } = toolCallPaths(name, args);
  return {
    kind: 'toolCall',
    index,
    callId,
    name,
    rawName,
    owner,
    preview: callPreview(name, args, paths),
    command: commandText(args),
    target: callTarget(args, paths),
    paths,
    pathsAt: at,
    candidates: pathCandidates(name, args),
    argsDigest: digestOf(args),
    secrets: secretsIn(rawArgs),
  };
}
