/**
 * The same sandbox, seen by the engine and by NemoClaw's registry, is one row. They meet by name; where one name stands in the
 * registries of several gateways, by what tells the gateway that made the container: its labels, else the port it calls.
 */
import { basename, dirname } from 'node:path';
import type { RegistryRow } from '../attach/registry';
import type { SandboxReport } from '../protocol/document';
import type { EngineSandbox } from './containers';
import type { FoundSandbox } from './findSandboxes';
import { sameName } from './naming';

export interface RegisteredRow {
  readonly row: RegistryRow;
  /** The registry's file. */
  readonly path: string;
}

export interface SeenSandbox {
  readonly sandbox: EngineSandbox;
  /** Of the engine. Two addresses may lead to one, so there may be several. */
  readonly places: readonly string[];
  /** What other engines say of theirs, which has the same id. */
  readonly elsewhere: readonly { readonly places: readonly string[]; readonly says: EngineSandbox['says'] }[];
}

const MAX_SAID = 300;

/** Which containers have to be asked for their gateway's port, since their name alone does not tell. */
export function ambiguous(seen: readonly SeenSandbox[], rows: readonly RegisteredRow[]): readonly SeenSandbox[] {
  return seen.filter(({ sandbox }) => {
    const mine = namesakes(sandbox, rows);
    const rivals = seen.filter((other) => namesakes(other.sandbox, mine).length > 0);
    return mine.length > 0 && (mine.length > 1 || rivals.length > 1);
  });
}

/** `ports`: of the gateway each container calls, by sandbox id; for what `ambiguous` named. */
export function joined(
  seen: readonly SeenSandbox[],
  rows: readonly RegisteredRow[],
  ports: ReadonlyMap<string, number>,
): readonly FoundSandbox[] {
  const candidates = seen.map(({ sandbox }) => {
    const possible = namesakes(sandbox, rows).filter(({ row, path }) => mayBe(portOf(row, path), ports.get(sandbox.id)));
    const sure = possible.filter(({ row, path }) => isSurely(sandbox, row, path, ports));
    return { possible, sure };
  });
  const surelyTaken = new Set(candidates.flatMap(({ sure }) => sure));
  const taken = new Set<RegisteredRow>();
  const sandboxes = seen.map((one, index) => {
    const { possible = [], sure = [] } = candidates[index] ?? {};
    const own = sure.length > 0 ? sure : possible.filter((row) => !surelyTaken.has(row));
    own.forEach((row) => taken.add(row));
    return inContainers(one, own);
  });
  return [...sandboxes, ...rows.filter((row) => !taken.has(row)).map(onlyInRegistry)];
}

function namesakes(sandbox: EngineSandbox, rows: readonly RegisteredRow[]): readonly RegisteredRow[] {
  const exact = rows.filter(({ row }) => row.name === sandbox.name);
  return exact.length > 0 ? exact : rows.filter(({ row }) => sameName(row.name, sandbox.name));
}

function mayBe(registered: number | null, called: number | undefined): boolean {
  return registered === null || called === undefined || registered === called;
}

function isSurely(sandbox: EngineSandbox, row: RegistryRow, path: string, ports: ReadonlyMap<string, number>): boolean {
  if (row.gatewayName !== null && sandbox.gatewayHints.includes(row.gatewayName)) return true;
  const port = portOf(row, path);
  return port !== null && port === ports.get(sandbox.id);
}

/** A gateway on another port than the usual one has a registry of its own, in a directory named by it. */
function portOf(row: RegistryRow, path: string): number | null {
  if (row.gatewayPort !== null) return row.gatewayPort;
  const directory = basename(dirname(path));
  return /^\d{1,5}$/.test(directory) ? Number(directory) : null;
}

function inContainers({ sandbox, places, elsewhere }: SeenSandbox, own: readonly RegisteredRow[]): FoundSandbox {
  /** What all its rows agree on; where they don't, one of them would be a guess. */
  const agreed = <T>(field: (row: RegistryRow) => T): T | null => {
    const values = new Set(own.map(({ row }) => field(row)));
    const [value] = values;
    return values.size === 1 ? (value ?? null) : null;
  };
  const reports = [
    ...engineReports(places, sandbox.says),
    ...own.map(registryReport),
    ...elsewhere.flatMap((other) => engineReports(other.places, other.says)),
  ];
  return {
    id: sandbox.id,
    name: sandbox.name,
    layout: sandbox.layout,
    runtime: agreed((row) => row.agent),
    runtimeVersion: agreed((row) => row.agentVersion),
    provider: agreed((row) => row.provider),
    model: agreed((row) => row.model),
    state: sandbox.state,
    gateway: agreed((row) => row.gatewayName),
    seenBy: reports.map(({ place }) => place),
    reports,
    engine: sandbox.engine,
    containers: sandbox.containers,
    place: sandbox.place,
    directory: null,
  };
}

function onlyInRegistry(registered: RegisteredRow): FoundSandbox {
  const { row, path } = registered;
  const directory = dirname(path);
  const gateway = basename(dirname(directory)) === 'gateways' ? `${basename(directory)}/` : '';
  return {
    id: `registry:${gateway}${row.name}`,
    name: row.name,
    layout: 'registry-only',
    runtime: row.agent,
    runtimeVersion: row.agentVersion,
    provider: row.provider,
    model: row.model,
    state: row.stopped ? 'stopped' : 'unknown',
    gateway: row.gatewayName,
    seenBy: [path],
    reports: [registryReport(registered)],
    engine: null,
    containers: [],
    place: null,
    directory: null,
  };
}

function engineReports(places: readonly string[], says: EngineSandbox['says']): readonly SandboxReport[] {
  return places.map((place) => ({ place, kind: 'engine', says: said(says) }));
}

function registryReport({ row, path }: RegisteredRow): SandboxReport {
  const { name, agent, agentVersion, provider, model, gatewayName } = row;
  const says = { name, runtime: agent, version: agentVersion, provider, model, gateway: gatewayName, ...row.more };
  return { place: path, kind: 'registry', says: said(row.stopped ? { ...says, state: 'stopped' } : says) };
}

/** For show beside each other: one line each, and none without an end. */
export function said(says: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [word, value] of Object.entries(says))
    if (value !== null) kept[word] = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, MAX_SAID);
  return kept;
}
