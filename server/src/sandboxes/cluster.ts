/**
 * The gateway of OpenShell before 0.0.37: one container in which k3s runs, and in that the sandboxes, as pods. They are no containers
 * of the engine, so what can be done is to recognise the gateway and to say so.
 */
import type { ContainerInfo } from 'dockerode';
import { NAME_PREFIXES } from '../attach/labels';
import type { Looked } from '../protocol/document';

/** A filter of the engine: it has no label of its own. The engine takes it as a pattern. */
export const CLUSTER_NAMES: readonly string[] = NAME_PREFIXES.map((prefix) => `${prefix}-cluster-`);

const NAME = new RegExp(`^/?(?:${NAME_PREFIXES.join('|')})-cluster-(.+)$`);
const IMAGE = new RegExp(`(?:^|/)(?:${NAME_PREFIXES.join('|')})/cluster(?:[:@]|$)`);

/** Name of its gateway; null: it is none of these. */
export function clusterGateway({ Names, Image }: Pick<ContainerInfo, 'Names' | 'Image'>): string | null {
  const named = (Names ?? []).map((name) => NAME.exec(name)?.[1]).find((gateway) => gateway !== undefined);
  if (named !== undefined) return named;
  return IMAGE.test(Image ?? '') ? (Names?.[0] ?? '').replace(/^\//, '') : null;
}

export function lookedAtCluster(gateway: string, state: string, engine: string, ms: number): Looked {
  const runs = state === 'running' ? '' : ' (it does not run)';
  return {
    place: `k3s gateway "${gateway}" on ${engine}`,
    outcome: 'failed',
    reason:
      `an OpenShell gateway older than 0.0.37${runs}: its sandboxes live inside it, as pods of k3s, where Docker does not see them, so ` +
      'they can not be read. Update NemoClaw and make the sandboxes again; or copy their /sandbox/.openclaw out and open the copy as a recording',
    ms,
    found: 0,
  };
}
