/** OpenClaw's own log of one source: its lines kept, and the events of each session put together of them when they change. */
import { decodeGatewayLine } from '../decode/openclaw/gatewayLog';
import { gatewayEvents } from '../model/gatewayLines';
import type { GatewayEvent } from '../model/gatewayLines';
import { gatewayLineId } from '../store/gatewayLines';
import type { Store } from '../store/store';

/** Runs of which it is remembered that they are known; only to ask the store less. */
const rememberedRuns = 5000;

export class GatewayEvents {
  readonly #store: Store;
  readonly #source: number;
  readonly #known = new Set<string>();
  /** Sessions of which other lines are known than when they were last asked for. */
  readonly #changed = new Set<number>();
  #any: boolean;

  constructor(store: Store, source: number) {
    this.#store = store;
    this.#source = source;
    this.#any = store.gatewayLines.any(source);
  }

  /** The caller's transaction was rolled back. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
    this.#any = this.#store.gatewayLines.any(this.#source);
  }

  /** Takes one line; answers the sessions of which it may tell something. */
  line(text: string): readonly number[] {
    const line = decodeGatewayLine(text);
    const { gatewayLines } = this.#store;
    if (line === null || (line.traceId === null && line.runId === null) || !gatewayLines.add(this.#source, line)) return [];
    this.#any = true;
    const { traceId, runId } = line;
    const sessions = new Set(traceId === null ? [] : gatewayLines.sessionsOfTrace(this.#source, traceId));
    if (runId !== null) for (const session of gatewayLines.sessionsOfRun(this.#source, runId)) sessions.add(session);
    for (const session of sessions) this.#changed.add(session);
    return [...sessions];
  }

  /** A record of a session names a run. */
  run(session: number, runId: string): void {
    const key = `${session} ${runId}`;
    if (this.#known.has(key)) return;
    if (this.#known.size >= rememberedRuns) this.#known.clear();
    this.#known.add(key);
    if (
      this.#store.gatewayLines.addRun(this.#source, session, runId) &&
      this.#any &&
      this.#store.gatewayLines.namesRun(this.#source, runId)
    )
      this.#changed.add(session);
  }

  /** What the log tells of a session's runs; null: the same as when it was last asked. `anew`: whoever asks was never told. */
  of(session: number, anew: boolean): readonly GatewayEvent[] | null {
    if (!this.#changed.delete(session) && !anew) return null;
    if (!this.#any) return anew ? [] : null;
    const runs = this.#store.gatewayLines.runsOf(session);
    return this.#store.gatewayLines
      .tracesOf(session)
      .flatMap((lines) => gatewayEvents(lines, gatewayLineId))
      .filter(({ runId }) => runs.has(runId));
  }
}
