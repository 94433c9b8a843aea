/**
 * What LLM calls came to, parted as asked: always from the ledger, never from what a face counted along, so that a reload, another window
 * and the command line give the same cent.
 */
import { assertNever } from '../model/assertNever';
import type { CostAnswer, CostQuery, CostRow, CostScope, NotObserved } from '../protocol/cost';
import type { CostBasis } from '../protocol/document';
import type { SessionRef } from '../protocol/messages';
import { slotMs } from '../store/ledger';
import type { LedgerCall, LedgerScope, LedgerSum } from '../store/ledger';
import type { Store } from '../store/store';
import { localDay } from '../usage/localDay';
import { SessionTree } from './sessionTree';
import type { SessionFacts } from './sessionTree';
import { SpendSum } from './spendSum';

/** A source that is asked of. `name` is untrusted text. */
export interface CostSource {
  readonly id: string;
  readonly row: number;
  readonly name: string;
}

export const costRowsLimit = 1000;

/** What a query is about, as rows of the store. */
interface Selected {
  readonly sources: readonly CostSource[];
  readonly scope: LedgerScope;
  /** Of these, sessions that lie in one source; and those that lie in several, each with all its rows. */
  readonly single: readonly number[];
  readonly twins: readonly number[];
  /** Its times lie on quarters of an hour, by which sums are kept. */
  readonly even: boolean;
  /** Of sessions that lie in several sources, those that were asked for: the row that stands for all of them. */
  readonly firstRows: Map<number, number>;
}

type Priced = LedgerSum & { readonly basis: CostBasis };

/** One part while it is added up. */
interface Part {
  readonly key: string;
  readonly sum: SpendSum;
}

interface Named {
  readonly label: string | null;
  readonly detail: string | null;
  readonly withSubagents?: SpendSum | null;
  readonly session?: SessionRef | null;
  readonly span?: CostRow['span'];
}

export class Costs {
  readonly #store: Store;
  readonly #tree: SessionTree;

  constructor(store: Store) {
    this.#store = store;
    this.#tree = new SessionTree(store);
  }

  /**
   * `sources`: all that may be meant; a query of one source or session is of those of them alone. Throws RangeError for an unknown time
   * zone, and for what is no time.
   */
  answer(query: CostQuery, sources: readonly CostSource[]): CostAnswer {
    return this.#store.snapshot(() => this.#tree.still(() => this.#answer(query, sources)));
  }

  #answer({ scope, by, limit, timeZone }: CostQuery, sources: readonly CostSource[]): CostAnswer {
    const selected = this.#select(scope, sources);
    const parts = this.#parts(selected, by, timeZone);
    const whole = new SpendSum();
    // The sum of parts of calls is no exact one.
    if (by === 'tool' || by === 'file') for (const group of this.#groups(selected)) whole.add(group);
    else for (const { sum } of parts) whole.join(sum);
    const total = whole.spend;
    const sorted = by === 'day' ? parts.sort(latestFirst) : dearestFirst(parts);
    const shown = sorted.slice(0, Math.max(0, Math.min(limit, costRowsLimit)));
    const rest = sorted.slice(shown.length);
    const more = new SpendSum();
    for (const { sum } of rest) more.join(sum);
    return {
      total,
      unpricedTokens: whole.unpricedTokens,
      rows: shown.map((part) => this.#row(selected, by, part)),
      more: rest.length === 0 ? null : { rows: rest.length, spend: more.spend },
      notObserved: this.#notObserved(selected, whole),
      empty: selected.sources.length === 0 ? 'nothing-attached' : total.calls === 0 ? 'no-calls' : null,
    };
  }

  #select(scope: CostScope, sources: readonly CostSource[]): Selected {
    const meant = scope.sourceId === null ? sources : sources.filter(({ id }) => id === scope.sourceId);
    const rows = meant.map(({ row }) => row);
    const from = timeOf(scope.from);
    const to = timeOf(scope.to);
    const firstRows = new Map<number, number>();
    const even = (from ?? 0) % slotMs === 0 && (to ?? 0) % slotMs === 0;
    if (scope.sessionId !== null) {
      const { sessionId } = scope;
      const own = rows.flatMap((row) => this.#store.sessions.named(row, sessionId).map((view) => view.row));
      const below = scope.withSubagents ? rows.flatMap((row) => this.#tree.below(row, [sessionId])) : [];
      const sessions = [...own, ...below];
      const twins = rows.length > 1 ? sessions : [];
      return {
        sources: meant,
        scope: { sources: rows, sessions, from, to },
        single: rows.length > 1 ? [] : sessions,
        twins,
        even,
        firstRows,
      };
    }
    const { single, twins } = this.#store.ledger.sessionsOf(rows);
    const several = twins.flat();
    return {
      sources: meant,
      scope: { sources: rows, sessions: [...single, ...several], from, to },
      single,
      twins: several,
      even,
      firstRows,
    };
  }

  /** Every call once, summed as far as its session or source, model, trigger and basis. */
  #groups(
    selected: Selected,
    by: 'session' | 'source' = 'source',
  ): readonly (Priced & Pick<LedgerCall, 'source' | 'session' | 'model' | 'trigger'>)[] {
    const { ledger } = this.#store;
    const { scope, single, twins, even } = selected;
    if (!even) return ledger.calls(scope);
    return [
      ...ledger.groups({ ...scope, sessions: single }, by),
      ...(twins.length === 0 ? [] : ledger.calls({ ...scope, sessions: twins })),
    ];
  }

  #parts(selected: Selected, by: CostQuery['by'], timeZone: string): Part[] {
    const { ledger } = this.#store;
    switch (by) {
      case 'day':
        return this.#days(selected, timeZone);
      case 'model': {
        const vendors = new Map(selected.scope.sources.map((row) => [row, this.#store.sources.get(row)?.registryProvider ?? '']));
        return parted(this.#groups(selected), ({ model, source }) => `${model} ${vendors.get(source) ?? ''}`);
      }
      case 'sandbox':
        return parted(this.#groups(selected), ({ source }) => String(source));
      case 'agent':
        return parted(this.#groups(selected, 'session'), ({ source, session }) => `${source} ${this.#tree.of(session)?.agent ?? ''}`);
      case 'trigger':
        return parted(this.#groups(selected), ({ trigger }) => trigger);
      case 'session':
        return parted(this.#groups(selected, 'session'), ({ session }) => this.#firstRow(selected, session));
      case 'subagent': {
        const above = new Set(selected.sources.length === 0 ? [] : this.#tops(selected));
        return parted(this.#groups(selected, 'session'), ({ session }) => (above.has(session) ? '' : this.#firstRow(selected, session)));
      }
      case 'turn':
        return parted(ledger.turns(selected.scope), ({ session, turnId }) => `${this.#firstRow(selected, session)} ${turnId ?? ''}`);
      case 'tool':
        return parted(ledger.tools(selected.scope), ({ key }) => key ?? '');
      case 'file':
        return parted(ledger.files(selected.scope), ({ key }) => key ?? '');
      default:
        return assertNever(by);
    }
  }

  #days(selected: Selected, timeZone: string): Part[] {
    const { ledger } = this.#store;
    const { scope, single, twins, even } = selected;
    const sums = new Map<string, SpendSum>();
    let day = { name: '', from: 0, to: 0 };
    const add = (at: number | null, sum: Priced): void => {
      if (at !== null && (at < day.from || at >= day.to)) day = localDay(at, timeZone);
      const key = at === null ? '' : day.name;
      let known = sums.get(key);
      if (known === undefined) sums.set(key, (known = new SpendSum()));
      known.add(sum);
    };
    if (even) for (const slot of ledger.slots({ ...scope, sessions: single })) add(slot.slot < 0 ? null : slot.slot * slotMs, slot);
    const others = even ? twins : scope.sessions;
    if (others.length > 0) for (const call of ledger.calls({ ...scope, sessions: others })) add(call.start, call);
    return Array.from(sums, ([key, sum]) => ({ key, sum }));
  }

  /** Sessions that are below none of those asked of. */
  #tops({ scope }: Selected): readonly number[] {
    const names = new Set(scope.sessions.map((row) => this.#tree.of(row)?.session));
    return scope.sessions.filter((row) => {
      const parent = this.#tree.of(row)?.parent ?? null;
      return parent === null || !names.has(parent);
    });
  }

  /** A session that lies in several sources is one. */
  #firstRow(selected: Selected, row: number): string {
    if (selected.twins.length === 0) return String(row);
    const { firstRows } = selected;
    let first = firstRows.get(row);
    if (first === undefined) firstRows.set(row, (first = Math.min(row, ...this.#twinsOf(selected, this.#tree.of(row)))));
    return String(first);
  }

  /** A session in all the sources that are asked of. */
  #twinsOf({ scope, twins }: Selected, facts: SessionFacts | null): readonly number[] {
    if (facts === null) return [];
    if (twins.length === 0) return [facts.row];
    return scope.sources.flatMap((source) =>
      this.#store.sessions.named(source, facts.session).flatMap(({ row, info }) => (info.agent === facts.agent ? [row] : [])),
    );
  }

  /** Those below sessions of these names, wherever the session lies that is asked of. */
  #belowIn({ scope, twins }: Selected, source: number, names: readonly string[]): readonly number[] {
    return (twins.length === 0 ? [source] : scope.sources).flatMap((one) => this.#tree.below(one, names));
  }

  #row(selected: Selected, by: CostQuery['by'], { key, sum }: Part): CostRow {
    const { label, detail, withSubagents, session, span } = this.#named(selected, by, key);
    return {
      label,
      detail,
      spend: sum.spend,
      withSubagents: withSubagents?.spend ?? null,
      session: session ?? null,
      span: span ?? null,
    };
  }

  #named(selected: Selected, by: CostQuery['by'], key: string): Named {
    const { ledger, touches, spans } = this.#store;
    const [first = '', second = ''] = splitOnce(key);
    switch (by) {
      case 'day':
      case 'trigger':
        return { label: key === '' ? null : key, detail: null };
      case 'model': {
        const { provider, model } = ledger.modelName(Number(first));
        return { label: model, detail: provider === 'inference' && second !== '' ? `${provider} · ${second}` : provider };
      }
      case 'sandbox':
        return { label: sourceName(selected, Number(first)), detail: null };
      case 'agent':
        return {
          label: second,
          detail: sourceName(selected, Number(first)),
          withSubagents: this.#agentWithSubagents(selected, Number(first), second),
        };
      case 'session':
      case 'subagent': {
        const facts = key === '' ? null : this.#tree.of(Number(key));
        if (facts === null) return { label: null, detail: null };
        const below = by === 'subagent' ? [] : this.#belowIn(selected, facts.source, [facts.session]);
        return {
          label: facts.label,
          detail: `${sourceName(selected, facts.source)} · ${facts.agent}`,
          withSubagents: below.length === 0 ? null : this.#sumOf(selected, [...this.#twinsOf(selected, facts), ...below]),
          session: this.#ref(selected, facts.row),
        };
      }
      case 'turn': {
        const row = Number(first);
        const session = this.#ref(selected, row);
        const span = second === '' ? null : spans.ofSession(row, second)?.span;
        const preview = span?.attributes['sandglass.preview'];
        return {
          label: second === '' ? null : typeof preview === 'string' && preview !== '' ? preview : (span?.name ?? second),
          detail: this.#tree.of(row)?.label ?? null,
          withSubagents: second === '' ? null : this.#turnWithSubagents(selected, row, second),
          session,
          span: session === null || second === '' ? null : { ...session, spanId: second },
        };
      }
      case 'tool':
        return { label: key === '' ? null : ledger.toolName(Number(key)), detail: null };
      case 'file':
        return { label: key === '' ? null : touches.pathOf(key), detail: null };
      default:
        return assertNever(by);
    }
  }

  /** null: nothing is below it. */
  #agentWithSubagents(selected: Selected, source: number, agent: string): SpendSum | null {
    const all = this.#tree.all(source);
    const own = all.filter((facts) => facts.agent === agent);
    const below = this.#tree.below(
      source,
      own.map(({ session }) => session),
    );
    const rows = new Set([...own.map(({ row }) => row), ...below]);
    return rows.size === own.length ? null : this.#sumOf(selected, [...rows]);
  }

  #turnWithSubagents(selected: Selected, row: number, turnId: string): SpendSum | null {
    const facts = this.#tree.of(row);
    const own = this.#twinsOf(selected, facts);
    const children = own.flatMap((one) => this.#store.ledger.spawnedIn(one, turnId)).flatMap((child) => this.#tree.of(child) ?? []);
    if (facts === null || children.length === 0) return null;
    const names = children.map(({ session }) => session);
    const rows = new Set([...children.map((child) => child.row), ...this.#belowIn(selected, facts.source, names)]);
    // Two sessions may each say that the other spawned it.
    for (const one of own) rows.delete(one);
    const sum = this.#sumOf(selected, [...rows]);
    for (const group of this.#store.ledger.turns({ ...selected.scope, sessions: own })) if (group.turnId === turnId) sum.add(group);
    return sum;
  }

  #sumOf(selected: Selected, sessions: readonly number[]): SpendSum {
    const sum = new SpendSum();
    const [single, twins] = selected.twins.length === 0 ? [sessions, []] : [[], sessions];
    for (const group of this.#groups({ ...selected, scope: { ...selected.scope, sessions }, single, twins })) sum.add(group);
    return sum;
  }

  #ref({ sources }: Selected, row: number): SessionRef | null {
    const facts = this.#tree.of(row);
    const source = sources.find((one) => one.row === facts?.source);
    return facts === null || source === undefined ? null : { sourceId: source.id, sessionId: facts.session };
  }

  #notObserved({ scope }: Selected, whole: SpendSum): readonly NotObserved[] {
    const unseen = this.#store.ledger.unseen(scope);
    // When a session that is only named was is not known.
    const bounded = scope.from !== null || scope.to !== null;
    const unrecorded = bounded ? 0 : this.#store.ledger.unrecorded(scope.sessions);
    const all: readonly NotObserved[] = [
      { kind: 'compactions', count: unseen.compaction },
      { kind: 'retries', count: unseen.retry },
      { kind: 'cutOff', count: whole.cut },
      { kind: 'unrecordedSessions', count: unrecorded },
    ];
    return all.filter(({ count }) => count > 0);
  }
}

function parted<T extends Priced>(groups: readonly T[], keyOf: (group: T) => string): Part[] {
  const sums = new Map<string, SpendSum>();
  for (const group of groups) {
    const key = keyOf(group);
    let sum = sums.get(key);
    if (sum === undefined) sums.set(key, (sum = new SpendSum()));
    sum.add(group);
  }
  return Array.from(sums, ([key, sum]) => ({ key, sum }));
}

function dearestFirst(parts: readonly Part[]): Part[] {
  // Of each once, since there may be as many as there are turns.
  const weighed = parts.map((part) => ({ part, key: part.key, usd: part.sum.spend.usd ?? -1, tokens: part.sum.tokens }));
  weighed.sort((a, b) => b.usd - a.usd || b.tokens - a.tokens || (a.key < b.key ? -1 : 1));
  return weighed.map(({ part }) => part);
}

/** Days; what has no time comes last. */
function latestFirst(a: Part, b: Part): number {
  return b.key.length - a.key.length || (a.key < b.key ? 1 : -1);
}

function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new RangeError('what was given as a time is none');
  return time;
}

function splitOnce(key: string): readonly [string, string] {
  const at = key.indexOf(' ');
  return at < 0 ? [key, ''] : [key.slice(0, at), key.slice(at + 1)];
}

function sourceName({ sources }: Selected, row: number): string {
  return sources.find((one) => one.row === row)?.name ?? '';
}
