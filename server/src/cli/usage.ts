/** What the command line takes. */
import { parseArgs } from 'node:util';
import { CONTAINER_WAYS, type ContainerWay } from '../attach/container/ways';

export const usageText = `sandglass — what the agents in your NemoClaw sandboxes do

  sandglass sandboxes [--json]                         what there is, and where it was looked for
  sandglass sessions <source> [--json]                 the sessions of a source
  sandglass trace <source> [--session ID] [--json]     all turns, LLM calls and tool calls
  sandglass follow <source> [--json]                   the same, live: one span a line, until Ctrl-C

A source is a sandbox's name, container:<id or name>, or a path: a recorded .openclaw state directory, a folder that
holds one, or a recording folder.

  --store FILE --key-file FILE    keep what was read, encrypted; the key file is made when it is missing (0600)
  --docker-host URL               the Docker engine to ask, and no other
  --way node|python3|archive      the one way into a sandbox to be tried, instead of the best that works
  --suppressions FILE             findings that were settled, instead of .sandglass/suppressions.yaml of this folder
`;

export class UsageError extends Error {}

export type CommandName = 'sandboxes' | 'sessions' | 'trace' | 'follow';

export interface Command {
  readonly name: CommandName;
  readonly source: string;
  readonly json: boolean;
  readonly session: string | null;
  readonly store: { readonly path: string; readonly keyFile: string } | null;
  readonly dockerHost: string;
  /** null: the best that works. */
  readonly way: ContainerWay | null;
  /** null: that of the folder it runs in, if there is one. */
  readonly suppressions: string | null;
}

const takesSource: Readonly<Record<CommandName, boolean>> = { sandboxes: false, sessions: true, trace: true, follow: true };

/** `help` when help was asked for. Throws UsageError. */
export function parseCommand(argv: readonly string[]): Command | 'help' {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        session: { type: 'string' },
        store: { type: 'string' },
        'key-file': { type: 'string' },
        'docker-host': { type: 'string', default: '' },
        way: { type: 'string' },
        suppressions: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help || positionals[0] === 'help') return 'help';
  const [name, source, ...more] = positionals;
  if (name === undefined) throw new UsageError('no command given');
  if (!isCommand(name)) throw new UsageError(`there is no command "${name}"`);
  if (takesSource[name] && source === undefined) throw new UsageError(`"${name}" needs a source`);
  if (more.length > 0 || (!takesSource[name] && source !== undefined)) throw new UsageError(`"${name}" takes no "${more[0] ?? source}"`);
  if ((values.store === undefined) !== (values['key-file'] === undefined)) throw new UsageError('--store and --key-file go together');
  if (values.session !== undefined && name !== 'trace') throw new UsageError(`"${name}" takes no --session`);
  const way = CONTAINER_WAYS.find((one) => one === values.way) ?? null;
  if (values.way !== undefined && way === null)
    throw new UsageError(`there is no way "${values.way}"; there are ${CONTAINER_WAYS.join(', ')}`);
  if (way !== null && !takesSource[name]) throw new UsageError(`"${name}" takes no --way`);
  if (values.suppressions !== undefined && !takesSource[name]) throw new UsageError(`"${name}" takes no --suppressions`);
  return {
    name,
    source: source ?? '',
    json: values.json,
    session: values.session ?? null,
    store: values.store === undefined || values['key-file'] === undefined ? null : { path: values.store, keyFile: values['key-file'] },
    dockerHost: values['docker-host'],
    way,
    suppressions: values.suppressions ?? null,
  };
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(takesSource, name);
}
