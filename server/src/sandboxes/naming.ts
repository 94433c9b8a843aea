/** How OpenShell makes the name of a container from that of a sandbox, and whether two names can be of the same sandbox. */
import { NAME_PREFIXES } from '../attach/labels';

/** OpenShell shortens the sandbox's part of a name so that all of it fits this many bytes. */
const MAX_CONTAINER_NAME = 200;

/**
 * The sandbox's name within `openshell-<workspace>--<name>-<id>` and the older `openshell-<name>-<id>`, for a container whose labels
 * don't tell it. What looks different is taken as it is.
 */
export function nameInContainerName(container: string, id: string): string {
  const prefix = NAME_PREFIXES.map((name) => `${name}-`).find((start) => container.startsWith(start));
  const own = container.replace(/-supervisor$/, '');
  if (prefix === undefined || own.length <= prefix.length) return container;
  const end = `-${id.toLowerCase()}`;
  const body = own.slice(prefix.length, own.endsWith(end) ? -end.length : undefined);
  const workspaceEnd = body.indexOf('--');
  const name = workspaceEnd < 0 ? body : body.slice(workspaceEnd + 2);
  return name === '' ? container : name;
}

/** Do a registry's name and one of the engine mean the same, but for what OpenShell changes in names of containers? */
export function sameName(inRegistry: string, inEngine: string): boolean {
  if (inRegistry === inEngine) return true;
  const [a, b] = [asInContainers(inRegistry), asInContainers(inEngine)];
  // Only a name that long was cut.
  return a === b || (b.length >= MAX_CONTAINER_NAME / 2 && a.startsWith(b));
}

function asInContainers(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9_.-]/g, '-');
}
