/** Rows of NemoClaw's registry of sandboxes (`sandboxes.json`): what a person calls a sandbox, and what runs in it. */
import { asObject } from './reader/reduce';

export interface RegistryRow {
  readonly name: string;
  readonly agent: string;
  readonly agentVersion: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly stopped: boolean;
}

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
    });
  }
  return rows;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
