/**
 * Of what a run could call: the arguments that may be paths, each with what its schema says in short. The schemas whole are 60 KB a run;
 * without the time and the run that they were told in, the same tools are the same text.
 */

type Fields = Readonly<Record<string, unknown>>;

const MAX_TOOLS = 256;
const MAX_ARGUMENTS = 64;
const MAX_NAME = 128;
const MAX_TEXT = 300;
const MAY_BE_PATH = /path|file|dir|folder|cwd|target|uri/i;
/** On what else than files of the sandbox a tool may work. */
const ELSEWHERE =
  /^(?:node|device|machine|vm|host|server|cluster|instance|pod|container|bucket|drive|repo|repository|owner|project|site|endpoint|method|base|remote|ssh|http)/i;

export function toolArguments(tools: unknown): readonly Fields[] {
  const kept: Fields[] = [];
  for (const value of Array.isArray(tools) ? tools.slice(0, MAX_TOOLS) : []) {
    const tool = asObject(value);
    const properties = asObject(asObject(tool?.parameters)?.properties);
    if (!tool || !properties || typeof tool.name !== 'string' || tool.name.length > MAX_NAME) continue;
    const found = Object.entries(properties)
      .slice(0, MAX_ARGUMENTS)
      .flatMap(([name, property]) => argument(name, asObject(property)));
    if (found.some(([name, , format, description]) => MAY_BE_PATH.test(`${String(name)} ${String(format)} ${String(description)}`)))
      kept.push({ name: tool.name, arguments: found });
  }
  return kept;
}

type Argument = readonly [name: string, types: string, format: string, description: string, enumerated: boolean];

function argument(name: string, property: Fields | null): readonly Argument[] {
  if (!property || name.length > MAX_NAME) return [];
  const format = textOf(property.format);
  const description = textOf(property.description);
  if (!MAY_BE_PATH.test(`${name} ${format} ${description}`) && !ELSEWHERE.test(name)) return [];
  return [[name, typesOf(property.type), format, description, property.enum !== undefined || property.const !== undefined]];
}

function asObject(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function typesOf(type: unknown): string {
  return (Array.isArray(type) ? type : [type])
    .slice(0, 8)
    .filter((one) => typeof one === 'string')
    .map((one: string) => one.slice(0, MAX_NAME))
    .join(',');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : '';
}
