/** The engine's own events about sandboxes' containers, for as long as it is there and whenever it comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { engineAt, type EngineAddress } from '../attach/container/engine';
import { LABEL_FILTERS } from './containers';
import { engineTimeoutMs } from './lookAtEngine';

/** Docker's words, and where Podman's differ, those. */
const EVENTS = ['create', 'start', 'restart', 'die', 'died', 'stop', 'pause', 'unpause', 'destroy', 'remove', 'rename', 'update', 'oom'];

/** An engine that was there a moment ago is being restarted. */
const backSoonMs = 500;
const backSoonForMs = 10 * 60_000;
/** One that never was there may come some day. */
const maybeMs = 5000;
/** An engine may go without a word: a machine that was cut off. */
const askEveryMs = 30_000;
const MAX_EVENT_BYTES = 256 * 1024;

/** Calls `changed` when something happened to a sandbox, and when the engine came or went. Ends with the signal. */
export async function followEngine(address: EngineAddress, signal: AbortSignal, changed: () => void): Promise<void> {
  let there = false;
  let lastThere: number | null = null;
  while (!signal.aborted) {
    const connection = new AbortController();
    const abortSignal = AbortSignal.any([signal, connection.signal]);
    const asking = setInterval(() => void stillThere(address, abortSignal).then((is) => is || connection.abort()), askEveryMs);
    asking.unref();
    try {
      // One label prefix after the other would be one connection each; that filter is ours instead.
      const stream = (await engineAt(address).getEvents({
        filters: { type: ['container'], event: EVENTS },
        abortSignal,
      })) as NodeJS.ReadableStream & AsyncIterable<Buffer>;
      // Whatever happened before it could be heard.
      changed();
      there = true;
      for await (const event of lines(stream)) if (LABEL_FILTERS.some((label) => event.includes(label))) changed();
    } catch {
      // No engine here, or it went away: what the next look finds is told there, with its reason.
      connection.abort();
    } finally {
      clearInterval(asking);
      connection.abort();
    }
    if (signal.aborted) return;
    if (there) {
      lastThere = performance.now();
      changed();
    }
    there = false;
    const soon = lastThere !== null && performance.now() - lastThere < backSoonForMs;
    await sleep(soon ? backSoonMs : maybeMs, undefined, { signal, ref: false }).catch(() => undefined); // aborted: seen by the loop
  }
}

async function stillThere(address: EngineAddress, signal: AbortSignal): Promise<boolean> {
  const docker = engineAt(address);
  // Its types don't know that it can be told to end.
  const ping = docker.ping as (options: { readonly abortSignal: AbortSignal }) => Promise<unknown>;
  try {
    await ping.call(docker, { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(engineTimeoutMs)]) });
    return true;
  } catch {
    return false; // slow or gone: the events are asked for anew, and the next look tells why that fails
  }
}

/** An event is one line; the engine may cut it anywhere. */
async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + chunk.toString('latin1')).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > MAX_EVENT_BYTES) {
      yield rest;
      rest = '';
    }
  }
}
