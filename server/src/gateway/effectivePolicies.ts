/**
 * What the gateways tell of the policies in force, for those sandboxes that something was denied in. A gateway is asked once for a
 * sandbox, and again only when more was denied, or when it could not be asked; never at each denial. Nobody waits for it: what is known
 * is answered at once, and told of when it is another. Kept in memory alone.
 */
import { plainLine } from '../decode/preview';
import { askGateway } from './askGateway';
import type { ToldPolicy } from './askGateway';
import { effectivePolicy } from './effectiveDocument';
import type { EffectivePolicy } from './effectiveDocument';
import { GatewayError, gatewayHint } from './gatewayError';
import { registeredGateways } from './registered';
import type { ConfigPlaces, Gateway } from './registered';

/** A sandbox in a container, as it was found. */
export interface AskedSource {
  readonly sourceId: string;
  /** OpenShell's own id of it. */
  readonly id: string;
  readonly name: string;
  readonly workspace: string;
  /** As its registry says; null: it says none. */
  readonly gateway: string | null;
}

/** A gateway, or a place where one would be registered, that told nothing. Texts are fit to be shown. */
export interface GatewayTried {
  readonly place: string;
  readonly reason: string;
  readonly hint: string;
}

/** Replaced whenever anything of it is another. */
export interface EffectiveLook {
  /** What is known, also where it could not be asked anew. */
  readonly effective: EffectivePolicy | null;
  /** Why the last question was in vain; empty: it was not. */
  readonly tried: readonly GatewayTried[];
  /** Nothing is known yet, and will be. */
  readonly asking: boolean;
}

export interface EffectiveOptions extends ConfigPlaces {
  /** Only in a trusted workspace, and where the user did not switch it off. */
  readonly allowed: () => 'yes' | 'untrusted' | 'switched-off';
  /** What is known of a sandbox is another than before. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
  readonly now?: () => number;
  readonly deadlineMs?: number;
}

/** So long after an answer a gateway is not asked for the same sandbox again, however much is denied. */
export const freshMs = 30_000;
const retryMs = 60_000;
/** Those that nothing was asked about for the longest time are forgotten first. */
const maxKept = 64;

interface Kept {
  look: EffectiveLook;
  /** Of what was denied, when it was asked last. */
  mark: string | null;
  /** Of what was denied, as it was told last. */
  wanted: string;
  askedAt: number;
  running: Promise<void> | null;
  timer: ReturnType<typeof setTimeout> | null;
}

const nothing: EffectiveLook = { effective: null, tried: [], asking: false };
const switchedOff: EffectiveLook = {
  effective: null,
  tried: [{ place: 'the gateway of the sandbox', reason: 'it is not asked', hint: 'the setting sandglass.policy.askGateway is off' }],
  asking: false,
};

export class EffectivePolicies implements AsyncDisposable {
  readonly #options: EffectiveOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #end = new AbortController();
  /** One gateway is asked at a time. */
  #turn: Promise<void> = Promise.resolve();
  #questions = 0;

  constructor(options: EffectiveOptions) {
    this.#options = options;
  }

  /** How often a gateway was looked for and asked, for tests that nothing is asked twice. */
  get questions(): number {
    return this.#questions;
  }

  /** `mark`: other whenever other things were denied. */
  look(source: AskedSource, mark: string): EffectiveLook {
    const allowed = this.#options.allowed();
    if (allowed !== 'yes' || this.#end.signal.aborted) return allowed === 'switched-off' ? switchedOff : nothing;
    const kept = this.#keptOf(source.sourceId);
    kept.wanted = mark;
    const wait = this.#waitOf(kept, mark);
    if (wait === 0) this.#ask(source, kept, mark);
    else if (wait !== null && kept.timer === null) {
      kept.timer = setTimeout(() => {
        kept.timer = null;
        this.#options.onChange();
      }, wait).unref();
    }
    return kept.look;
  }

  /** Null where nothing is known of it. */
  known(sourceId: string): EffectivePolicy | null {
    return this.#options.allowed() === 'yes' ? (this.#kept.get(sourceId)?.look.effective ?? null) : null;
  }

  /** Someone looks at it: asked anew, unless that was just done. */
  async refreshed(source: AskedSource): Promise<EffectivePolicy | null> {
    if (this.#options.allowed() !== 'yes' || this.#end.signal.aborted) return null;
    const kept = this.#keptOf(source.sourceId);
    if (kept.running === null && this.#now() - kept.askedAt >= freshMs) this.#ask(source, kept, kept.wanted);
    // What is known is shown at once, and shown anew if it is another.
    if (kept.look.effective === null) await kept.running;
    return kept.look.effective;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #keptOf(sourceId: string): Kept {
    const known = this.#kept.get(sourceId);
    const kept = known ?? { look: { ...nothing, asking: true }, mark: null, wanted: '', askedAt: -Infinity, running: null, timer: null };
    this.#kept.delete(sourceId);
    this.#kept.set(sourceId, kept);
    for (const [id, { timer }] of this.#kept) {
      if (this.#kept.size <= maxKept) break;
      if (timer !== null) clearTimeout(timer);
      this.#kept.delete(id);
    }
    return kept;
  }

  /** 0: ask now; null: there is nothing to ask for. */
  #waitOf({ running, askedAt, mark: asked, look }: Kept, mark: string): number | null {
    if (running !== null) return null;
    const since = this.#now() - askedAt;
    if (asked !== mark) return Math.max(0, freshMs - since);
    return look.tried.length > 0 && since >= retryMs ? 0 : null;
  }

  #ask(source: AskedSource, kept: Kept, mark: string): void {
    kept.mark = mark;
    kept.running = this.#turn = this.#turn.then(async () => {
      try {
        await this.#asked(source, kept);
      } catch (error) {
        if (!this.#end.signal.aborted) this.#options.onError(error);
      } finally {
        kept.running = null;
        kept.askedAt = this.#now();
      }
      if (!this.#end.signal.aborted) this.#options.onChange();
    });
  }

  async #asked(source: AskedSource, kept: Kept): Promise<void> {
    const { home, env, deadlineMs } = this.#options;
    const { signal } = this.#end;
    if (signal.aborted) return;
    this.#questions += 1;
    const tried: GatewayTried[] = [];
    const sandbox = plainLine(source.name, 60);
    const failed = (place: string, error: GatewayError): void =>
      void tried.push({ place, reason: plainLine(error.message, 300), hint: gatewayHint(error.reason, sandbox) });
    const all = await registeredGateways({ home, env }, source.gateway);
    if (all.length === 0) {
      const which = source.gateway === null ? 'no gateway is registered' : `no gateway ${plainLine(source.gateway, 60)} is registered`;
      failed('the gateways of OpenShell', new GatewayError('not-configured', which));
    }
    for (const one of all) {
      if (one.kind === 'none') {
        failed(`gateway ${plainLine(one.name, 60)}`, one.error);
        continue;
      }
      const told = await this.#told(one.gateway, source, signal, deadlineMs);
      if (signal.aborted) return;
      if (GatewayError.is(told)) failed(`gateway ${plainLine(one.gateway.name, 60)} at ${plainLine(one.gateway.address, 100)}`, told);
      else {
        kept.look = sameLook(kept.look, { effective: told, tried: [], asking: false });
        return;
      }
    }
    // What was told before holds until something else is told.
    kept.look = sameLook(kept.look, { effective: kept.look.effective, tried, asking: false });
  }

  async #told(
    gateway: Gateway,
    source: AskedSource,
    signal: AbortSignal,
    deadlineMs: number | undefined,
  ): Promise<EffectivePolicy | GatewayError> {
    try {
      const told: ToldPolicy = await askGateway(gateway, source, signal, deadlineMs);
      return effectivePolicy(source.sourceId, source.name, gateway, told);
    } catch (error) {
      if (GatewayError.is(error)) return error;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    for (const { timer } of this.#kept.values()) if (timer !== null) clearTimeout(timer);
    await this.#turn;
    this.#kept.clear();
  }
}

/** The same object where nothing is another, so that nothing is worked out anew. */
function sameLook(before: EffectiveLook, now: EffectiveLook): EffectiveLook {
  const same = before.effective !== null && before.effective.text === now.effective?.text;
  const effective = same ? before.effective : now.effective;
  return before.effective === effective && before.asking === now.asking && JSON.stringify(before.tried) === JSON.stringify(now.tried)
    ? before
    : { ...now, effective };
}
