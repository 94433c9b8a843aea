/**
 * What stands in a file costs each LLM call whose prompt carries it: how many tokens, how often, what that came to. Which prompts carried
 * it, and how much of it, is what OpenClaw measured of each session's last run; tokens are estimates. No session is read for it.
 */
import { readRegular } from '../attach/regularFile';
import type { PromptReport } from '../decode/openclaw/promptReport';
import type { Definition } from '../locate/defined/definition';
import { maxFileBytes } from '../locate/defined/definitionFiles';
import { pathOfFileUri } from '../locate/fileUri';
import { parseSandboxUri } from '../locate/sandboxUri';
import type { CostBasis } from '../protocol/document';
import type { SessionView } from '../store/sessions';
import type { SpendGroup } from '../store/ledger';
import { slotMs } from '../store/ledger';
import type { Store } from '../store/store';
import { accountFor } from '../usage/account';
import type { PriceBook } from '../usage/book';
import { TokenCountError } from '../usage/tokens/errors';
import type { TokenCounter } from '../usage/tokens/tokenCounter';
import { charsPerToken, lineLength, sentIn, shape, whyNot } from './contextSent';
import type { Sent } from './contextSent';
import type { Definitions, UsedDefinition } from './definitions';
import type { Places } from './places';
import type { PlaceSource } from './placeSource';
import { PromptReports, sessionsLookedAt } from './promptReports';

/** How the tokens of one call were found. */
export type TokensBy =
  /** Counted in the file, which is as long as what was sent. */
  | 'text'
  /** Counted in the file, in proportion to the part of it that was sent. */
  | 'part'
  /** The file is longer or shorter than what was sent: counted in it, in proportion. */
  | 'changed'
  /** By the number of characters that were sent. */
  | 'characters';

export type InCall =
  | {
      readonly kind: 'sent';
      readonly tokens: number;
      readonly by: TokensBy;
      /** Of what was sent, and of the whole. */
      readonly chars: number;
      readonly rawChars: number;
      readonly truncated: boolean;
      /** Tools of an MCP server. */
      readonly tools: number;
    }
  | { readonly kind: 'not-sent'; readonly why: 'missing' | 'tool-search' | 'not-listed' }
  /** Of no session it is known what was in its prompt. `fileTokens`: of the file as a whole. */
  | { readonly kind: 'unknown'; readonly fileTokens: number | null };

export interface ContextCost {
  readonly definition: Definition;
  /** Where its line ends, for a place behind it; null: not known. */
  readonly lineEnd: number | null;
  readonly inCall: InCall;
  readonly encoding: string | null;
  /** When the newest of the prompts was made, that carry it or else of all; epoch milliseconds. */
  readonly at: number | null;
  /** Sessions that carry it, all of which it is known, and of which it is not. */
  readonly sessions: number;
  readonly knownSessions: number;
  readonly unknownSessions: number;
  /** LLM calls in the last `days` days by sessions that carry it. */
  readonly calls: number;
  readonly days: number;
  /** Epoch milliseconds, to the quarter of an hour; of the last of all. */
  readonly lastCall: number | null;
  readonly money: ContextMoney | null;
}

export interface ContextMoney {
  readonly usdADay: number;
  readonly bases: readonly CostBasis[];
  readonly sources: readonly string[];
  readonly unpricedCalls: number;
  /** Part of all input of these calls that was read from a cache. */
  readonly cached: number;
}

/** Days that are looked back. */
export const daysLookedBack = 7;
const dayMs = 24 * 60 * 60 * 1000;
/** Of a sandbox that is asked for a file. */
const askedMs = 2000;
/** More than stand in a list that somebody looks through. */
export const carriersListed = 50;

/** Which file of which sandbox it is does not change from one scroll to the next. */
const freshMs = 5000;
/** More than are open beside each other. */
const filesKept = 64;
/** Sandboxes and recordings whose sessions are kept at hand. */
const sourcesKept = 16;

interface Reported {
  /** The same of a session in a recording and in its sandbox. */
  readonly id: string;
  readonly view: SessionView;
  /** null: not known. */
  readonly report: PromptReport | null;
}

interface Carrier {
  readonly view: SessionView;
  readonly source: PlaceSource;
  readonly report: PromptReport;
  readonly sent: Sent | null;
}
interface Carriers {
  /** The newest first. */
  readonly known: readonly Carrier[];
  readonly unknown: number;
}

export interface ContextCostsContext {
  readonly sources: readonly PlaceSource[];
  readonly book: PriceBook;
}

export class ContextCosts {
  readonly #store: Store;
  readonly #definitions: Pick<Definitions, 'inFile'>;
  readonly #places: Pick<Places, 'readUntil'>;
  readonly #counter: Pick<TokenCounter, 'count'>;
  readonly #context: () => ContextCostsContext;
  readonly #reports: PromptReports;
  readonly #now: () => number;
  readonly #sessions = new Map<number, readonly Reported[]>();
  readonly #used = new Map<string, { readonly at: number; readonly used: readonly UsedDefinition[] }>();

  constructor(
    store: Store,
    definitions: Pick<Definitions, 'inFile'>,
    places: Pick<Places, 'readUntil'>,
    counter: Pick<TokenCounter, 'count'>,
    context: () => ContextCostsContext,
    now: () => number = Date.now,
  ) {
    this.#store = store;
    this.#definitions = definitions;
    this.#places = places;
    this.#counter = counter;
    this.#context = context;
    this.#reports = new PromptReports(store);
    this.#now = now;
  }

  async inFile(uri: string, signal: AbortSignal): Promise<readonly ContextCost[]> {
    const used = await this.#usedIn(uri, signal);
    if (used.length === 0) return [];
    const sources = this.#context().sources;
    const text = await this.#text(uri, sources, signal);
    const costs: ContextCost[] = [];
    for (const one of used) {
      const cost = await this.#cost(one, sources, text, signal);
      if (cost !== null) costs.push(cost);
    }
    return costs;
  }

  /** The newest LLM calls whose prompt carried what is defined on this line. */
  async carriers(
    uri: string,
    line: number,
    signal: AbortSignal,
  ): Promise<readonly { readonly source: PlaceSource; readonly view: SessionView; readonly spanId: string }[]> {
    const sources = this.#context().sources;
    const used = (await this.#usedIn(uri, signal)).filter(({ definition }) => definition.range.start.line === line);
    const found = used.flatMap((one) =>
      this.#carriers(one, sources).known.flatMap(({ sent, source, view }) =>
        sent === null
          ? []
          : this.#store.ledger.latest(view.row, carriersListed).map(({ spanId, start }) => ({ source, view, spanId, start })),
      ),
    );
    const once = new Map(found.map((call) => [call.spanId, call]));
    return [...once.values()].sort((a, b) => b.start - a.start).slice(0, carriersListed);
  }

  async #cost(
    used: UsedDefinition,
    sources: readonly PlaceSource[],
    text: string | null,
    signal: AbortSignal,
  ): Promise<ContextCost | null> {
    const { definition } = used;
    const carriers = this.#carriers(used, sources);
    const carrying = carriers.known.filter(({ sent }) => sent !== null);
    const [newest] = carrying;
    const model = (newest ?? carriers.known[0])?.report.model ?? null;
    const whole = text === null || definition.kind !== 'prompt-file' ? null : await this.#count(text.trimEnd(), model, signal);
    const inCall = this.#inCall(definition, carriers, whole, text);
    // Of a tool or skill of which nothing at all is known there is nothing to say.
    if (inCall.kind === 'unknown' && inCall.fileTokens === null && carriers.unknown === 0) return null;
    const sums = this.#sums(carrying, inCall);
    return {
      definition,
      lineEnd: text === null ? null : lineLength(text, definition.range.start.line),
      inCall,
      encoding: whole?.encoding ?? null,
      at: (newest ?? carriers.known[0])?.report.at ?? null,
      sessions: carrying.length,
      knownSessions: carriers.known.length,
      unknownSessions: carriers.unknown,
      ...sums,
    };
  }

  /** Sessions came, or are others than before. */
  callsChanged(): void {
    this.#sessions.clear();
  }

  /** Files, what is open or where it lies are others than before, or may be. */
  filesChanged(): void {
    this.#used.clear();
  }

  /** Hints are asked for at every scroll and stroke, and sandboxes may have to be asked for which file it is. */
  async #usedIn(uri: string, signal: AbortSignal): Promise<readonly UsedDefinition[]> {
    const kept = this.#used.get(uri);
    if (kept !== undefined && performance.now() - kept.at < freshMs) return kept.used;
    const used = await this.#definitions.inFile(uri, signal);
    // What was given up may have been cut short.
    if (signal.aborted) return used;
    if (this.#used.size >= filesKept) this.#used.clear();
    this.#used.set(uri, { at: performance.now(), used });
    return used;
  }

  /** Sessions of its sources, each once, also where a recording and its sandbox are both open. */
  #carriers(used: UsedDefinition, sources: readonly PlaceSource[]): Carriers {
    const known = new Map<string, Carrier>();
    const unknown = new Set<string>();
    for (const source of sources) {
      if (!used.sources.includes(source.row)) continue;
      for (const { id, view, report } of this.#sessionsOf(source.row)) {
        if (known.has(id)) continue;
        if (report === null) {
          unknown.add(id);
          continue;
        }
        unknown.delete(id);
        known.set(id, { view, source, report, sent: sentIn(report, used.definition) });
      }
    }
    const newestFirst = [...known.values()].sort((a, b) => (b.report.at ?? 0) - (a.report.at ?? 0));
    return { known: newestFirst, unknown: unknown.size };
  }

  /** Kept until sessions change: a file may define much, and is asked for while somebody types. */
  #sessionsOf(source: number): readonly Reported[] {
    const kept = this.#sessions.get(source);
    if (kept !== undefined) return kept;
    const found = this.#store.sessions.newest(source, sessionsLookedAt).flatMap((row): Reported[] => {
      const view = this.#store.sessions.byRow(row);
      if (view === null || !view.recorded) return [];
      return [{ id: `${view.info.agent} ${view.info.id}`, view, report: this.#reports.of(row) }];
    });
    if (this.#sessions.size >= sourcesKept) this.#sessions.clear();
    this.#sessions.set(source, found);
    return found;
  }

  #inCall(
    definition: Definition,
    { known }: Carriers,
    whole: { readonly tokens: number; readonly counted: boolean } | null,
    text: string | null,
  ): InCall {
    const sent = known.find((carrier) => carrier.sent !== null)?.sent ?? null;
    const [newest] = known;
    if (newest === undefined) return { kind: 'unknown', fileTokens: whole?.tokens ?? null };
    if (sent === null) return { kind: 'not-sent', why: whyNot(newest.report, definition) };
    if (whole === null || text === null || !whole.counted || text.trimEnd() === '') {
      const tokens = Math.round(sent.chars / charsPerToken[shape(definition)]);
      return { kind: 'sent', ...sent, tokens, by: 'characters' };
    }
    const length = text.trimEnd().length;
    const by: TokensBy = length !== sent.rawChars ? 'changed' : sent.truncated ? 'part' : 'text';
    return { kind: 'sent', ...sent, tokens: by === 'text' ? whole.tokens : Math.round((whole.tokens * sent.chars) / length), by };
  }

  #sums(carrying: readonly Carrier[], inCall: InCall): Pick<ContextCost, 'calls' | 'days' | 'lastCall' | 'money'> {
    const now = this.#now();
    const from = Math.floor(now / slotMs) * slotMs - daysLookedBack * dayMs;
    const rows = carrying.map(({ view }) => view.row);
    const scope = { sources: [], sessions: rows, from, to: Math.ceil(now / slotMs) * slotMs };
    const groups = rows.length === 0 ? [] : this.#store.ledger.groups(scope);
    const calls = groups.reduce((sum, group) => sum + group.calls, 0);
    const lastCall = rows.reduce<number | null>((last, row) => latest(last, this.#store.ledger.lastQuarter(row)), null);
    if (calls === 0) return { calls, days: daysLookedBack, lastCall, money: null };
    const first = this.#store.ledger.slots(scope).find(({ calls: some }) => some > 0)?.slot ?? 0;
    const days = Math.min(daysLookedBack, Math.max(1, Math.ceil((now - first * slotMs) / dayMs)));
    return { calls, days, lastCall, money: inCall.kind === 'sent' ? this.#money(carrying, groups, inCall, days) : null };
  }

  /** What these calls' own models ask for a token of input, cached or not as theirs was on average. */
  #money(
    carrying: readonly Carrier[],
    groups: readonly SpendGroup[],
    { tokens, chars }: Extract<InCall, { kind: 'sent' }>,
    days: number,
  ): ContextMoney | null {
    const { book } = this.#context();
    const byRow = new Map(carrying.map((carrier) => [carrier.view.row, carrier]));
    const bases = new Set<CostBasis>();
    const sources = new Set<string>();
    let usd = 0;
    let unpricedCalls = 0;
    let input = 0;
    let cached = 0;
    for (const group of groups) {
      const { calls, source, model } = group;
      const name = this.#store.ledger.modelName(model);
      const each = (count: number): number => Math.round(count / calls);
      const usage = { input: each(group.input), cacheRead: each(group.cacheRead), cacheWrite: each(group.cacheWrite) };
      const prompt = usage.input + usage.cacheRead + usage.cacheWrite;
      const { cost } = accountFor(
        {
          ...name,
          usage: { ...usage, output: 0, cacheWrite1h: null, reasoning: null, costUsd: null, billed: false },
          time: this.#now(),
          durationMs: null,
        },
        { registryProvider: this.#store.sources.get(source)?.registryProvider ?? null, book },
      );
      if (cost.usd === null || prompt === 0) {
        unpricedCalls += calls;
        continue;
      }
      // Other sessions may have carried more of it, or less.
      const part = (byRow.get(group.session)?.sent?.chars ?? chars) / chars;
      usd += (cost.usd / prompt) * tokens * part * calls;
      bases.add(cost.basis);
      if (cost.source !== null) sources.add(cost.source);
      input += prompt * calls;
      cached += usage.cacheRead * calls;
    }
    if (bases.size === 0) return null;
    return { usdADay: usd / days, bases: [...bases], sources: [...sources], unpricedCalls, cached: input === 0 ? 0 : cached / input };
  }

  /** `counted`: else by its characters, because it could not be counted. */
  async #count(
    text: string,
    model: string | null,
    signal: AbortSignal,
  ): Promise<{ readonly tokens: number; readonly encoding: string | null; readonly counted: boolean }> {
    try {
      const { tokens, encoding } = await this.#counter.count(text, model, signal);
      return { tokens, encoding, counted: true };
    } catch (error) {
      if (!TokenCountError.is(error)) throw error;
      return { tokens: Math.round(text.length / charsPerToken.prose), encoding: null, counted: false };
    }
  }

  /** As it was last saved. null: it is not there, or larger than what is looked at. */
  async #text(uri: string, sources: readonly PlaceSource[], signal: AbortSignal): Promise<string | null> {
    const sandbox = parseSandboxUri(uri);
    if (sandbox !== null) {
      const source = sources.find(({ id }) => id === sandbox.sourceId);
      const file = source === undefined ? null : await this.#places.readUntil(source, sandbox.path, signal, AbortSignal.timeout(askedMs));
      return file === null || file.bytes.byteLength > maxFileBytes ? null : Buffer.from(file.bytes).toString('utf8');
    }
    const path = pathOfFileUri(uri);
    if (path === null) return null;
    try {
      return (await readRegular(path, maxFileBytes, 'refused', signal)).bytes.toString('utf8');
    } catch (error) {
      if (signal.aborted || typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
      return null;
    }
  }
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
