/** Rows of NemoClaw's registry of sandboxes (`sandboxes.json`): what a person calls a sandbox, and what runs in it. */
import { asObject } from './reader/reduce';

export interface RegistryRow {
  readonly name: string;
  readonly agent: string;
  readonly agentVersion: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly stopped: boolean;
  /** As OpenShell knows it (`openshell -g <name>`). */
  readonly gatewayName: string | null;
  readonly gatewayPort: number | null;
  /** What else it says that a person may want to compare; nothing secret. */
  readonly more: Readonly<Record<string, string>>;
}

/** Fields shown as they are, by the words they are shown under. */
const SHOWN = {
  created: 'createdAt',
  image: 'imageTag',
  nemoclaw: 'nemoclawVersion',
  openshell: 'openshellVersion',
  driver: 'openshellDriver',
} as const;

/** `sandboxes` is an object by name; one written by hand was seen as an array. Reserved names are no sandboxes yet. */
export function registryRows(registry: Readonly<Record<string, unknown>> | null): readonly RegistryRow[] {
  const sandboxes = registry?.sandboxes;
  const entries: readonly (readonly [string | null, unknown])[] = Array.isArray(sandboxes)
    ? sandboxes.map((row) => [null, row] as const)
    : Object.entries(asObject(sandboxes) ?? {});
  const rows: RegistryRow[] = [];
  for (const [key, value] of entries) {
    const row = asObject(value);
    const name = text(row?.name) ?? key;
    if (!row || name === null || row.pendingRouteReservation === true) continue;
    rows.push({
      name,
      agent: text(row.agent) ?? 'openclaw',
      agentVersion: text(row.agentVersion),
      provider: text(row.provider),
      model: text(row.model),
      stopped: row.stopped === true,
      gatewayName: text(row.gatewayName),
      gatewayPort: port(row.gatewayPort),
      more: moreOf(row),
    });
  }
  return rows;
}

function moreOf(row: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const more: Record<string, string> = {};
  for (const [word, field] of Object.entries(SHOWN)) {
    const value = text(row[field]);
    if (value !== null) more[word] = value;
  }
  return more;
}

function port(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536 ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
