/** Asks one container engine which sandboxes it has. Nothing is waited for without end. */
import type Docker from 'dockerode';
import type { ContainerInfo } from 'dockerode';
import { engineAt, type EngineAddress } from '../attach/container/engine';
import { NAME_PREFIXES } from '../attach/labels';
import { codeOf } from '../attach/reader/context';
import type { Looked } from '../protocol/document';
import { CLUSTER_NAMES, clusterGateway, lookedAtCluster } from './cluster';
import { LABEL_FILTERS, sandboxesOf, type EngineSandbox } from './containers';
import type { EnginePlace } from './engines';
import { lookFailure, type LookFailure } from './lookReason';

export const engineTimeoutMs = 5000;

const ENDPOINT = new RegExp(`^(?:${NAME_PREFIXES.join('|').toUpperCase()})_ENDPOINT=(.*)$`);

export interface EngineAnswer {
  readonly place: EnginePlace;
  /** First the engine, then what was found in it that can't be read. */
  readonly looked: readonly Looked[];
  readonly sandboxes: readonly EngineSandbox[];
}

export async function lookAtEngine(place: EnginePlace, signal: AbortSignal): Promise<EngineAnswer> {
  const started = performance.now();
  const ms = (): number => Math.round(performance.now() - started);
  const without = ({ outcome, reason }: LookFailure): EngineAnswer => ({
    place,
    looked: [{ place: place.place, outcome, reason, ms: ms(), found: 0 }],
    sandboxes: [],
  });
  if (!place.address) return without(place);
  const { address } = place;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(engineTimeoutMs)]);
  try {
    const found = await askTwice(() => containersOf(engineAt(address), limit));
    const sandboxes = sandboxesOf(found, address);
    const looked: Looked = { place: place.place, outcome: 'ok', reason: null, ms: ms(), found: sandboxes.length };
    const clusters = found.flatMap((container) => {
      const gateway = clusterGateway(container);
      return gateway === null ? [] : [lookedAtCluster(gateway, container.State, place.place, ms())];
    });
    return { place, looked: [looked, ...clusters], sandboxes };
  } catch (error) {
    if (signal.aborted) throw error;
    if (limit.aborted) return without({ outcome: 'failed', reason: `no answer within ${engineTimeoutMs / 1000} s` });
    return without(await lookFailure(error, address));
  }
}

/** For what only reads: a connection that is kept may have been closed at its other end meanwhile, and that is no answer. */
export async function askTwice<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
    return ask();
  }
}

async function containersOf(docker: Docker, abortSignal: AbortSignal): Promise<readonly ContainerInfo[]> {
  const lists = await Promise.all([
    ...LABEL_FILTERS.map((label) => docker.listContainers({ all: true, filters: { label: [label] }, abortSignal })),
    docker.listContainers({ all: true, filters: { name: [...CLUSTER_NAMES] }, abortSignal }),
  ]);
  return [...new Map(lists.flat().map((container) => [container.Id, container])).values()];
}

/**
 * Which gateway a container was made by, as the port it calls; null: it does not tell. Of what the engine says about it, where secrets
 * stand too, only this one variable is looked at.
 */
export async function calledPort(address: EngineAddress, containerId: string, signal: AbortSignal): Promise<number | null> {
  const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(engineTimeoutMs)]);
  try {
    const { Config } = await engineAt(address).getContainer(containerId).inspect({ abortSignal });
    const endpoint = Config.Env.map((entry) => ENDPOINT.exec(entry)?.[1]).find((value) => value !== undefined);
    const url = endpoint === undefined ? null : URL.parse(endpoint);
    return url === null ? null : Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  } catch (error) {
    if (signal.aborted) throw error;
    return null; // gone meanwhile, or slow: then it stays open which gateway it is of
  }
}

/** What an engine calls itself, so that one which is reached on two ways counts once; null: it does not tell. */
export async function engineId(address: EngineAddress, signal: AbortSignal): Promise<string | null> {
  const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(engineTimeoutMs)]);
  const docker = engineAt(address);
  // Its types don't know that it can be told to end.
  const info = docker.info as (options: { readonly abortSignal: AbortSignal }) => Promise<{ readonly ID?: unknown }>;
  try {
    const { ID } = await info.call(docker, { abortSignal });
    return typeof ID === 'string' && ID !== '' ? ID : null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null; // then two are taken for two; their sandboxes meet by id
  }
}
