/**
 * Which arguments of a tool are paths of files, by the JSON schema that the tool gives the model. Plugins and MCP servers write those, so
 * they are as untrusted as anything a tool says: what is looked at is bounded, and what is not clearly a path is none.
 */
import type { ArgumentVerdict, ToolShape } from '../../model/events';
import { asArray, asObject, asString } from '../json';
import type { JsonObject } from '../json';
import { copyOf } from '../preview';
import { splitToolId } from './unwrap';

/** Of the search for tools: tells how a tool is called. */
export const describingTool = 'tool_describe';

export const toolLimit = 256;
export const argumentLimit = 64;
const depthLimit = 4;
const nameChars = 128;
const textChars = 300;

/** What is read of one argument, wherever its schema comes from. */
export interface ArgumentSchema {
  readonly name: string;
  /** Null: any. */
  readonly types: readonly string[] | null;
  readonly format: string;
  readonly description: string;
  /** It is one of a few values. */
  readonly enumerated: boolean;
}

/** What a tool of the agent's search for tools describes itself as; null: it is no description of a tool. */
export function describedTool(text: string): ToolShape | null {
  if (text.length > describedChars) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
  const tool = asObject(value);
  const id = asString(tool?.['id']);
  const name = asString(tool?.['name']) ?? id;
  const parameters = asObject(tool?.['parameters']);
  if (name === null || parameters === null || name.length > nameChars) return null;
  const owner = id === null ? null : splitToolId(id).owner;
  return toolShape(splitToolId(name).name, owner, propertiesOf(parameters, '', 0, { left: argumentLimit }));
}
const describedChars = 256 * 1024;

/** The tools of a trajectory's `context.compiled`, as the reader cut them. */
export function compiledTools(data: JsonObject): readonly ToolShape[] {
  const shapes: ToolShape[] = [];
  for (const value of (asArray(data['tools']) ?? []).slice(0, toolLimit)) {
    const tool = asObject(value);
    const name = asString(tool?.['name']);
    if (name === null || name.length > nameChars) continue;
    const found = (asArray(tool?.['arguments']) ?? []).slice(0, argumentLimit).flatMap((argument) => {
      const [named, types, format, description, enumerated] = asArray(argument) ?? [];
      const schema = {
        name: asString(named) ?? '',
        types: asString(types) === '' || asString(types) === null ? null : (asString(types) ?? '').split(','),
        format: asString(format) ?? '',
        description: asString(description) ?? '',
        enumerated: enumerated === true,
      };
      return schema.name === '' || schema.name.length > nameChars ? [] : placesOf(pointer('', schema.name), schema);
    });
    const shape = toolShape(name, null, found);
    if (shape !== null) shapes.push(shape);
  }
  return shapes;
}

interface Found {
  readonly at: string;
  readonly schema: ArgumentSchema;
}

function propertiesOf(schema: JsonObject, at: string, depth: number, budget: { left: number }): readonly Found[] {
  const properties = asObject(schema['properties']);
  if (properties === null || depth >= depthLimit) return [];
  const found: Found[] = [];
  for (const [name, value] of Object.entries(properties)) {
    if (budget.left <= 0) break;
    const property = asObject(value);
    if (property === null || name === '' || name.length > nameChars) continue;
    budget.left -= 1;
    found.push(...argumentOf(property, name, pointer(at, name), depth, budget, ''));
  }
  return found;
}

/** `above`: what is said of a list is said of what it holds. */
function argumentOf(
  property: JsonObject,
  name: string,
  at: string,
  depth: number,
  budget: { left: number },
  above: string,
): readonly Found[] {
  const types = typesOf(property);
  const items = types?.includes('array') === true ? asObject(property['items']) : null;
  const description = (asString(property['description']) ?? '').slice(0, textChars) || above;
  if (items !== null && depth < depthLimit) return argumentOf(items, name, `${at}/*`, depth + 1, budget, description);
  const nested = propertiesOf(property, at, depth + 1, budget);
  if (nested.length > 0 || types?.includes('object') === true) return nested;
  return placesOf(at, {
    name,
    types,
    format: (asString(property['format']) ?? '').slice(0, textChars),
    description,
    enumerated: property['enum'] !== undefined || property['const'] !== undefined,
  });
}

/** Of a list nobody described what it holds: what is said of it is said of that. */
function placesOf(at: string, schema: ArgumentSchema): readonly Found[] {
  const listed = schema.types?.includes('array') === true;
  const alone = schema.types === null || schema.types.some((type) => type !== 'array' && type !== 'null');
  return [...(alone ? [{ at, schema }] : []), ...(listed ? [{ at: `${at}/*`, schema }] : [])];
}

/** Null: any. */
function typesOf(property: JsonObject): readonly string[] | null {
  const type = property['type'];
  const alternatives = asArray(property['anyOf']) ?? asArray(property['oneOf']);
  if (type === undefined && alternatives !== null)
    return alternatives.slice(0, 8).flatMap((one) => asString(asObject(one)?.['type']) ?? 'unknown');
  return type === undefined ? null : (asArray(type) ?? [type]).slice(0, 8).flatMap((one) => asString(one) ?? 'unknown');
}

/** How an argument is named in calls and schemas: the names on the way to it, `*` for what a list holds. */
export function pointer(above: string, name: string): string {
  return `${above}/${name.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('*', '~2')}`;
}

function toolShape(name: string, owner: string | null, found: readonly Found[]): ToolShape | null {
  if (name === '' || ownTools.has(name)) return null;
  // A path beside a machine, a repository or a bucket lies there.
  const elsewhere = found.some(({ at, schema }) => at.split('/').length === 2 && isElsewhere(schema.name));
  const verdicts = found.flatMap(({ at, schema }) => {
    const verdict = verdictOf(schema);
    if (verdict === null) return [];
    return [{ at: copyOf(at), verdict: elsewhere ? 'none' : verdict } as const];
  });
  return verdicts.length === 0 ? null : { name: copyOf(name), owner: owner === null ? null : copyOf(owner), arguments: verdicts };
}

/** Tools of OpenClaw itself, whose arguments are known. */
export const ownTools: ReadonlySet<string> = new Set([
  'read',
  'write',
  'edit',
  'apply_patch',
  'exec',
  'process',
  'ls',
  'memory_get',
  'memory_search',
]);

const elsewhereNames: ReadonlySet<string> = new Set([
  'node',
  'nodeid',
  'device',
  'deviceid',
  'machine',
  'vm',
  'host',
  'hostname',
  'remote',
  'remotehost',
  'sshhost',
  'server',
  'cluster',
  'instance',
  'instanceid',
  'pod',
  'container',
  'containerid',
  'bucket',
  'drive',
  'driveid',
  'repo',
  'reponame',
  'reposlug',
  'repository',
  'repositoryid',
  'owner',
  'projectid',
  'siteid',
  'endpoint',
  'method',
  'httpmethod',
  'baseurl',
]);

/** The name of an argument that says on what a tool works: on no file of the sandbox. */
export function isElsewhere(name: string): boolean {
  return name.length <= nameChars && elsewhereNames.has(name.replace(/[_-]/g, '').toLowerCase());
}

const pathFormats: ReadonlySet<string> = new Set([
  'path',
  'file',
  'file-path',
  'filepath',
  'file_path',
  'filename',
  'directory',
  'directory-path',
  'dir-path',
  'folder',
  'file-uri',
]);
/** Of these the value must tell. */
const openFormats: ReadonlySet<string> = new Set(['', 'uri', 'uri-reference', 'iri', 'iri-reference', 'string']);

/** Whatever else is said: what this names is no file of the sandbox. */
const surelyNot =
  /\b(?:recipient|channel|chat|phone|e-?mail|endpoint|route|selector|x-?path|json ?path|json pointer|regex|regular expression|key path|dotted|dot[- ]notation|config(?:uration)? (?:key|path)|import path|module path|class ?path|python ?path|search path|on the (?:node|device|host|server|remote|phone|machine|target)|remote (?:path|file|directory)|bucket|s3|object (?:key|path)|github|gitlab|repository path|virtual|breadcrumb|menu)\b/;
const withinOther =
  /\b(?:in|inside|within|of) (?:the|a|an|this) (?:\w{1,20} )?(?:repo|repository|archive|container|image|pod|zip|bucket|registry|vault|database|page|response|json|object|tree|drive|site|cluster)\b/;
/** It may be a path, or this. */
const maybeNot = /\b(?:https?|urls?|uri|glob|pattern|remote)\b/;
/** What is said of a path behind one of these is said by the way. */
const aboutText =
  /\b(?:text|strings?|contents?|quer(?:y|ies)|messages?|titles?|labels?|prompts?|expressions?|comments?|words?|phrase|snippet|code|lines?|numbers?|names? of (?:the )?(?:function|class|symbol|variable|method))\b/;
const textNames =
  /^(?:contents?|text|query|code|message|prompt|title|label|body|comment|description|search|replace|replacement|string|value|pattern)$/;
const saysPath = [
  /\b(?:relative|absolute) (?:or (?:relative|absolute) )?(?:(?:file|directory|folder) ?)?paths?\b/,
  /\bpaths? (?:is |are )?(?:relative|absolute)\b/,
  /\b(?:file|directory|folder|dir|workspace|project|source|script|document|output|input|log) ?paths?\b/,
  /\bpaths? (?:to|of|for) (?:\w{1,20} ){0,3}(?:files?|director(?:y|ies)|folders?|documents?|scripts?|images?|modules?|sources?|projects?|workspace)\b/,
  /\b(?:files?|director(?:y|ies)|folders?) (?:to|in which|which|that|where|with) \w/,
];

/** What its schema says of one argument; null: nothing. */
export function verdictOf({ name, types, format, description, enumerated }: ArgumentSchema): ArgumentVerdict | null {
  const said = description.slice(0, textChars).toLowerCase();
  if (enumerated) return 'none';
  if (types !== null && !types.includes('string') && !types.includes('array')) return 'none';
  const known = format.toLowerCase();
  if (pathFormats.has(known)) return 'path';
  if (!openFormats.has(known)) return 'none';
  if (surelyNot.test(said) || withinOther.test(said)) return 'none';
  const words = wordsOf(name);
  if (maybeNot.test(said) || textNames.test(words.at(-1) ?? '')) return null;
  if (saysPath.some((pattern) => isFirst(pattern.exec(said), said))) return 'path';
  return namesPath(words) ? 'named' : null;
}

function isFirst(match: RegExpExecArray | null, said: string): boolean {
  return match !== null && !aboutText.test(said.slice(0, match.index));
}

const pathWords: ReadonlySet<string> = new Set([
  'path',
  'paths',
  'pathname',
  'file',
  'files',
  'filepath',
  'filepaths',
  'filename',
  'filenames',
  'directory',
  'directories',
  'dir',
  'dirs',
  'folder',
  'folders',
  'cwd',
  'workdir',
]);
const otherWords =
  /^(?:urls?|uri|ids?|json|xpath|import|module|package|class|api|http|route|remote|bucket|key|glob|pattern|regex|env|search|menu|s3|config|container|pod|host|server|node|device|site|page|web|public|endpoint|request|response|mount|virtual|repo|github)$/;

function wordsOf(name: string): readonly string[] {
  return name
    .slice(0, nameChars)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

function namesPath(words: readonly string[]): boolean {
  if (words.some((word) => otherWords.test(word))) return false;
  const last = words.at(-1) ?? '';
  return pathWords.has(last) || (last === 'name' && words.at(-2) === 'file');
}
