/**
 * What the supervisor decided, as it was recorded: the request, and for a denial what kind it is of. Requests within a connection name
 * no program; theirs is that of the connection which was opened before them.
 */
import { connectionMs, keptOpenMs } from '../model/joinPolicy';
import type { PolicySpan } from '../protocol/document';
import type { PolicyRequest } from './evaluate';

export type DenialKind =
  /** No rule lists the destination, or none lists it for the program: `rules` are those that the reason names. */
  | { readonly kind: 'connection'; readonly rules: readonly string[] }
  | { readonly kind: 'no-network' }
  /** The destination is open, this method and path are not. */
  | { readonly kind: 'method-rule'; readonly rule: string }
  | { readonly kind: 'deny-rule'; readonly rule: string }
  /** The supervisor's own guards; no rule opens them. */
  | { readonly kind: 'guard'; readonly guard: 'address' | 'bypass' | 'other'; readonly rule: string | null };

export interface Decision {
  readonly id: string;
  readonly time: number;
  readonly allowed: boolean;
  readonly request: PolicyRequest;
  /** Map key of the rule it names; null: none. */
  readonly rule: string | null;
  readonly engine: string | null;
  readonly reason: string | null;
  readonly callId: string | null;
  readonly candidates: readonly string[];
  /** null: it was allowed. */
  readonly denial: DenialKind | null;
  /** One that stands in the log as a request within a connection. */
  readonly inspected: boolean;
}

/**
 * No rule of a user's file had a say in it: the route to the model is intercepted before any rule, and what is composed from a
 * provider's profile stands in no file.
 */
export function isBesideRules({ allowed, rule }: Pick<Decision, 'allowed' | 'rule'>): boolean {
  return allowed && (rule === null || rule.startsWith('_provider_'));
}

/** Connections remembered at a time; the oldest are forgotten first. */
const maxConnections = 1000;

interface Program {
  readonly time: number;
  readonly binary: string;
  readonly ancestors: readonly string[] | null;
}

interface Opened {
  readonly last: Program;
  /** When a program other than the last one opened a connection there; none: -Infinity. */
  readonly otherAt: number;
}

/** Takes events in order of time; of requests it knows the program only where one alone can have sent them. */
export class Decisions {
  readonly #connections = new Map<string, Opened>();
  /** Of the newest connection that was forgotten for want of room: whose it was is not known any more. */
  #forgottenAt: number;

  /** `knownFrom`: what was opened before is not told. */
  constructor(knownFrom = -Infinity) {
    this.#forgottenAt = knownFrom;
  }

  take(span: PolicySpan): Decision | null {
    const says = (name: string): string | null => textOf(span.attributes[`${name}`]);
    const host = says('server.address');
    const port = span.attributes['server.port'];
    const action = says('sandglass.policy.action');
    const time = Date.parse(span.startTime ?? '');
    const isRequest = span.name.startsWith('HTTP');
    if (host === null || typeof port !== 'number' || Number.isNaN(time) || !(isRequest || span.name.startsWith('NET'))) return null;
    if (action !== 'allowed' && action !== 'denied') return null;
    const rule = says('sandglass.policy.rule');
    const engine = says('sandglass.policy.engine');
    const reason = span.statusMessage;
    const own = processOf(span, reason);
    const key = `${host.toLowerCase()}:${port}`;
    // What was refused carries no requests.
    if (own !== null && !isRequest && action === 'allowed') this.#opened(key, { time, ...own });
    const program = own ?? (isRequest ? this.#programOf(key, time) : null);
    const denial = action === 'allowed' ? null : denialKind(isRequest, rule, engine, reason);
    return {
      id: span.id,
      time,
      allowed: action === 'allowed',
      request: {
        host,
        port,
        binary: program?.binary ?? null,
        ancestors: program?.ancestors ?? null,
        method: isRequest ? says('http.request.method') : null,
        path: isRequest ? pathOf(says('url.full')) : null,
      },
      rule,
      engine,
      reason,
      callId: span.callId,
      candidates: span.candidates,
      denial,
      inspected: isRequest,
    };
  }

  #opened(key: string, program: Program): void {
    const known = this.#connections.get(key);
    const changed = known !== undefined && known.last.binary !== program.binary;
    const otherAt = changed ? known.last.time : (known?.otherAt ?? this.#forgottenAt);
    this.#connections.delete(key);
    this.#connections.set(key, { last: program, otherAt });
    const [oldest] = this.#connections;
    if (this.#connections.size <= maxConnections || oldest === undefined) return;
    this.#connections.delete(oldest[0]);
    this.#forgottenAt = Math.max(this.#forgottenAt, oldest[1].last.time);
  }

  #programOf(key: string, time: number): Program | null {
    const known = this.#connections.get(key);
    if (known === undefined || time - known.last.time > connectionMs) return null;
    return time - known.otherAt > keptOpenMs ? known.last : null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function processOf({ attributes }: PolicySpan, reason: string | null): Omit<Program, 'time'> | null {
  const binary = textOf(attributes['sandglass.process.path']);
  if (binary === null || binary === '-') return null;
  const told = attributes['sandglass.process.ancestors'];
  return { binary, ancestors: Array.isArray(told) ? told.map(String) : ancestorsIn(reason) };
}

/** `(ancestors: [/usr/bin/bash -> /usr/local/bin/node], cmdline: [])`: what the engine knew of who started the program. */
function ancestorsIn(reason: string | null): readonly string[] | null {
  const found = /\(ancestors: \[([^\]]*)\]/.exec(reason ?? '')?.[1];
  return found === undefined ? null : found.split(' -> ').filter((path) => path !== '');
}

function denialKind(isRequest: boolean, rule: string | null, engine: string | null, reason: string | null): DenialKind {
  const text = reason ?? '';
  if (engine === 'ssrf') return { kind: 'guard', guard: 'address', rule };
  if (engine === 'nftables' || engine === 'iptables' || rule === 'bypass-detect') return { kind: 'guard', guard: 'bypass', rule: null };
  if (isRequest && rule !== null && (engine === null || engine === 'opa' || engine.startsWith('l7'))) {
    // A reason may be cut; a rule that is missing is the usual one.
    return /blocked by deny rule/.test(text) ? { kind: 'deny-rule', rule } : { kind: 'method-rule', rule };
  }
  if (engine !== null && engine !== 'opa') return { kind: 'guard', guard: 'other', rule };
  if (/network connections not allowed by policy/.test(text)) return { kind: 'no-network' };
  const named = [...text.matchAll(/binary '[^']*' not allowed in policy '([^']+)'/g)].map((match) => match[1] ?? '');
  return { kind: 'connection', rules: [...new Set(named)] };
}

function pathOf(url: string | null): string | null {
  const path = /^[a-z]+:\/\/[^/]*(\/[^?#]*)?/i.exec(url ?? '');
  return path === null ? null : (path[1] ?? '/');
}
