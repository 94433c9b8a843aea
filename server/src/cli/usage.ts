/** What the command line takes. */
import { parseArgs } from 'node:util';
import { CONTAINER_WAYS, type ContainerWay } from '../attach/container/ways';
import type { CostBy } from '../protocol/cost';
import { dayNamed, timeNamed } from './times';

export const usageText = `sandglass — what the agents in your NemoClaw sandboxes do

  sandglass sandboxes [--json]                         what there is, and where it was looked for
  sandglass sessions <source> [--json]                 the sessions of a source
  sandglass trace <source> [--session ID] [--json]     all turns, LLM calls and tool calls
  sandglass follow <source> [--json]                   the same, live: one span a line, until Ctrl-C
  sandglass cost <source> [--by WHAT] [--json|--csv]   what it cost, by day, model, sandbox, agent, session, subagent,
                                                       turn, trigger, tool or file
  sandglass prices [<source>] [--json|--csv]           the price lists, checked; with a source, each model that was
                                                       called there and how it is priced

A source is a sandbox's name, container:<id or name>, or a path: a recorded .openclaw state directory, a folder that
holds one, or a recording folder.

  --session ID                    with trace and cost: this session only
  --from DATE, --to DATE          with cost: LLM calls begun from then on, until then; a day (2026-11-21, with all of
                                  it) or a time (2026-11-21T14:30Z, without it)
  --tz NAME                       with cost: where days begin (Europe/Berlin); without it, as on this machine
  --prices FILE                   with cost and prices: your own prices, a list in JSON or YAML, as in the setting
                                  sandglass.cost.prices
  --store FILE --key-file FILE    keep what was read, encrypted; the key file is made when it is missing (0600)
  --docker-host URL               the Docker engine to ask, and no other
  --way node|python3|archive      the one way into a sandbox to be tried, instead of the best that works
  --suppressions FILE             findings that were settled, instead of .sandglass/suppressions.yaml of this folder
`;

export class UsageError extends Error {}

const takesSource = { sandboxes: 'no', sessions: 'yes', trace: 'yes', follow: 'yes', cost: 'yes', prices: 'perhaps' } as const;
export type CommandName = keyof typeof takesSource;

/** What only some commands take. */
const takers: Readonly<Record<string, readonly CommandName[]>> = {
  session: ['trace', 'cost'],
  suppressions: ['sessions', 'trace', 'follow'],
  by: ['cost'],
  from: ['cost'],
  to: ['cost'],
  tz: ['cost'],
  csv: ['cost', 'prices'],
  prices: ['cost', 'prices'],
};

const costBys: readonly CostBy[] = ['day', 'model', 'sandbox', 'agent', 'session', 'subagent', 'turn', 'trigger', 'tool', 'file'];

export interface Command {
  readonly name: CommandName;
  /** null: none was named, and none is needed. */
  readonly source: string | null;
  readonly form: 'table' | 'json' | 'csv';
  readonly session: string | null;
  readonly store: { readonly path: string; readonly keyFile: string } | null;
  readonly dockerHost: string;
  /** null: the best that works. */
  readonly way: ContainerWay | null;
  /** null: that of the folder it runs in, if there is one. */
  readonly suppressions: string | null;
  /** The user's own prices. */
  readonly prices: string | null;
  /** Of `cost`. Times are ISO 8601, `to` exclusive. */
  readonly by: CostBy;
  readonly from: string | null;
  readonly to: string | null;
  readonly timeZone: string;
}

/** `help` when help was asked for. Throws UsageError. */
export function parseCommand(argv: readonly string[]): Command | 'help' {
  const { values, positionals } = parsed(argv);
  if (values.help || positionals[0] === 'help') return 'help';
  const [name, source, ...more] = positionals;
  if (name === undefined) throw new UsageError('no command given');
  if (!isCommand(name)) throw new UsageError(`there is no command "${name}"`);
  const takes = takesSource[name];
  if (takes === 'yes' && source === undefined) throw new UsageError(`"${name}" needs a source`);
  if (more.length > 0 || (takes === 'no' && source !== undefined)) throw new UsageError(`"${name}" takes no "${more[0] ?? source}"`);
  if ((values.store === undefined) !== (values['key-file'] === undefined)) throw new UsageError('--store and --key-file go together');
  for (const [option, commands] of Object.entries(takers)) {
    const given = values[option as keyof typeof values];
    if (given !== undefined && given !== false && !commands.includes(name)) throw new UsageError(`"${name}" takes no --${option}`);
  }
  const way = CONTAINER_WAYS.find((one) => one === values.way) ?? null;
  if (values.way !== undefined && way === null)
    throw new UsageError(`there is no way "${values.way}"; there are ${CONTAINER_WAYS.join(', ')}`);
  if (source === undefined)
    for (const option of ['way', 'store'] as const)
      if (values[option] !== undefined) throw new UsageError(`"${name}" takes no --${option}${takes === 'no' ? '' : ' without a source'}`);
  if (values.json && values.csv) throw new UsageError('--json and --csv exclude each other');
  const by = costBys.find((one) => one === (values.by ?? 'day'));
  if (by === undefined) throw new UsageError(`there is no --by "${values.by}"; there are ${costBys.join(', ')}`);
  const timeZone = zoneOf(values.tz);
  return {
    name,
    source: source ?? null,
    form: values.json ? 'json' : values.csv ? 'csv' : 'table',
    session: values.session ?? null,
    store: values.store === undefined || values['key-file'] === undefined ? null : { path: values.store, keyFile: values['key-file'] },
    dockerHost: values['docker-host'],
    way,
    suppressions: values.suppressions ?? null,
    prices: values.prices ?? null,
    by,
    ...timesOf(values.from, values.to, timeZone),
    timeZone,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        csv: { type: 'boolean', default: false },
        session: { type: 'string' },
        by: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        tz: { type: 'string' },
        prices: { type: 'string' },
        store: { type: 'string' },
        'key-file': { type: 'string' },
        'docker-host': { type: 'string', default: '' },
        way: { type: 'string' },
        suppressions: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function zoneOf(name: string | undefined): string {
  try {
    return new Intl.DateTimeFormat('en', name === undefined ? {} : { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`there is no time zone "${name}"; a name as Europe/Berlin or UTC is meant`, { cause: error });
  }
}

function timesOf(
  from: string | undefined,
  to: string | undefined,
  timeZone: string,
): { readonly from: string | null; readonly to: string | null } {
  const of = (option: 'from' | 'to', text: string | undefined): number | null => {
    if (text === undefined) return null;
    const time = dayNamed(text, timeZone)?.[option] ?? timeNamed(text);
    if (time === null) throw new UsageError(`--${option} "${text}" is no day (2026-11-21) and no time (2026-11-21T14:30Z)`);
    return time;
  };
  const begin = of('from', from);
  const end = of('to', to);
  if (begin !== null && end !== null && begin >= end) throw new UsageError(`--from ${from} does not come before the end of --to ${to}`);
  const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
  return { from: iso(begin), to: iso(end) };
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(takesSource, name);
}
