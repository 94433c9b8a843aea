/** Denials and the policy files they belong to, kept in step with both: a file is parsed once per change, denials are asked for once per change. */
import { setImmediate } from 'node:timers/promises';
import type { Location } from 'vscode-languageserver-protocol';
import type { Hub } from './collect/hub';
import type { OpenSource } from './collect/roster';
import { linksToRules, lookedText, ruleDiagnostics } from './editor/ruleDiagnostics';
import type { RuledDenial, RulePlace } from './editor/ruleDiagnostics';
import type { PlacedDiagnostic } from './editor/placed';
import { callUri } from './editor/labels';
import { ownText, parseEffectiveUri } from './gateway/effectiveDocument';
import type { EffectivePolicy } from './gateway/effectiveDocument';
import type { AskedSource, EffectiveLook, EffectivePolicies } from './gateway/effectivePolicies';
import { BackTest } from './policy/backTest';
import type { BackTested, BackTestResult } from './policy/backTest';
import { agreement, choose } from './policy/choose';
import type { Agreement, Weighed } from './policy/choose';
import { narrowestChange } from './policy/narrowest';
import { preferred } from './policy/precedence';
import { parsePolicy } from './policy/parsePolicy';
import type { ParsedPolicy } from './policy/parsePolicy';
import { PolicyFileError } from './policy/policyDocument';
import type { PolicyFile, PolicyFiles, PolicyLook } from './policy/policyFiles';
import type { Decision } from './policy/recorded';
import { targetsOf } from './policy/target';
import type { AskedRequest, BackTestAnswer, BackTestedRequest, NoRuleChange, RuleChangeAnswer, RuleRef } from './protocol/rules';
import { decision, decisionPages, denials, denialsMark, hintOf, newestDecisions } from './query/decisions';
import { findSpan } from './query/detail';
import type { Store } from './store/store';

/** How far back from the newest of a sandbox's record denials are shown at their rules, and a policy is tested. */
export const ruleDays = 30;
/** Decisions that a policy is tested on, newest first. */
const testedDecisions = 50_000;
const dayMs = 24 * 60 * 60 * 1000;

interface Recorded {
  readonly mark: string;
  readonly denials: readonly Decision[];
  readonly newest: readonly Decision[];
}

interface Ruled {
  readonly look: PolicyLook;
  /** By source id, of those that have a gateway. */
  readonly gateways: ReadonlyMap<string, EffectiveLook>;
  readonly denials: readonly RuledDenial[];
}

export class Rules {
  readonly #store: Store;
  readonly #hub: Pick<Hub, 'all' | 'get' | 'node'>;
  readonly #files: PolicyFiles;
  readonly #effective: EffectivePolicies | null;
  /** By source row, of those open. */
  readonly #recorded = new Map<number, Recorded>();
  /** Rows of those that may have changed since. */
  readonly #touched = new Set<number>();
  /** Other whenever what was recorded is other. */
  #version = 0;
  #ruled: { readonly look: PolicyLook; readonly rows: string; readonly ruled: Ruled } | null = null;

  constructor(store: Store, hub: Pick<Hub, 'all' | 'get' | 'node'>, files: PolicyFiles, effective: EffectivePolicies | null = null) {
    this.#store = store;
    this.#hub = hub;
    this.#files = files;
    this.#effective = effective;
  }

  /** What its supervisor decided is other than before, or laid to other calls. */
  touch(row: number): void {
    this.#touched.add(row);
  }

  filesChanged(): void {
    this.#files.invalidate();
  }

  /** Puts the links of denials into the diagnostics of calls, and adds those of the rules. */
  async ruled(
    sessions: readonly (readonly PlacedDiagnostic[])[],
    signal: AbortSignal,
    /** Whether anything is told of a source. */
    isShown: (sourceId: string) => boolean = () => true,
  ): Promise<readonly (readonly PlacedDiagnostic[])[]> {
    const all = await this.#all(signal);
    if (all === null) return sessions;
    const ruled = { ...all, denials: all.denials.filter(({ sourceId }) => isShown(sourceId)) };
    const byCall = new Map<string, RuledDenial[]>();
    for (const denial of ruled.denials) {
      const { callId } = denial.decision;
      if (callId === null) continue;
      const key = `${denial.sourceId} ${callId}`;
      (byCall.get(key) ?? byCall.set(key, []).get(key))?.push(denial);
    }
    const shown = new Map<string, Location>();
    const linked = sessions.map((list) =>
      list.map((placed) => {
        const { data, range } = placed.diagnostic;
        const { sourceId, spanId } = (data ?? {}) as { readonly sourceId?: string; readonly spanId?: string };
        for (const id of placed.call?.spanIds ?? [spanId]) {
          const key = `${sourceId} ${id}`;
          if (!shown.has(key)) shown.set(key, { uri: placed.uri, range });
        }
        const of = placed.call === undefined ? undefined : byCall.get(`${sourceId} ${spanId}`);
        return of === undefined ? placed : withRules(placed, of, ruled.look, ruled.gateways.get(String(sourceId)) ?? null);
      }),
    );
    const placeOf = (sourceId: string, of: Decision, spanId: string | null): Location =>
      (spanId === null ? undefined : shown.get(`${sourceId} ${spanId}`)) ?? this.#document(sourceId, of, spanId);
    return [...linked, ruleDiagnostics(ruled.denials, placeOf)];
  }

  async #all(signal: AbortSignal): Promise<Ruled | null> {
    const sources = this.#hub.all();
    const open = new Set(sources.map(({ row }) => row));
    for (const row of this.#recorded.keys()) if (!open.has(row)) this.#recorded.delete(row);
    for (const row of this.#touched) if (!open.has(row)) this.#touched.delete(row);
    const recorded = sources
      .map((source) => ({ source, ...this.#recordedOf(source.row) }))
      .filter(({ denials: found }) => found.length > 0);
    // Where nothing was denied, no file is looked for.
    if (recorded.length === 0) return null;
    const version = this.#version;
    const look = await this.#files.look(signal);
    const rows = [...open].join(' ');
    const gateways = this.#gatewaysOf(recorded);
    if (
      this.#ruled !== null &&
      this.#ruled.look === look &&
      this.#ruled.rows === rows &&
      sameGateways(this.#ruled.ruled.gateways, gateways)
    )
      return this.#ruled.ruled;
    const all: RuledDenial[] = [];
    for (const { source, denials: found, newest } of recorded) {
      const gateway = gateways.get(source.id);
      const effective = gateway?.effective ?? null;
      const weighed: Weighed<PolicyFile>[] = [];
      for (const file of look.files) {
        const { document } = file.parsed;
        weighed.push({ file, document, agreement: await agreement(document, newest, signal) });
      }
      const agreed = effective === null ? null : await agreement(effective.parsed.document, newest, signal);
      const sandbox = this.#hub.node(source).name;
      for (const one of found) {
        await setImmediate();
        if (signal.aborted) break;
        all.push({
          sourceId: source.id,
          sandbox,
          decision: one,
          at: placeOf(choose(weighed, one), effective, agreed, one, gateway?.tried[0]?.reason ?? null),
        });
      }
    }
    const ruled: Ruled = { look, gateways, denials: all };
    // Whoever came between may have read more of the record.
    if (!signal.aborted && this.#version === version) this.#ruled = { look, rows, ruled };
    return ruled;
  }

  /** Only for those that something was denied in, whose supervisors have asked their gateways before. */
  #gatewaysOf(
    recorded: readonly { readonly source: OpenSource; readonly denials: readonly Decision[] }[],
  ): ReadonlyMap<string, EffectiveLook> {
    const looks = new Map<string, EffectiveLook>();
    for (const { source, denials: found } of recorded) {
      const asked = askedSource(source);
      // What more is known of the same denials is no reason to ask again.
      const look = asked === null ? undefined : this.#effective?.look(asked, `${found.length} ${found[0]?.id}`);
      if (look !== undefined && look !== null) looks.set(source.id, look);
    }
    return looks;
  }

  /** The text of the policy in force by the address of its document; null: nothing is known of it. */
  async policyText(uri: string): Promise<string | null> {
    const source = this.#hub.get(parseEffectiveUri(uri) ?? '');
    const asked = source === null ? null : askedSource(source);
    return asked === null ? null : ((await this.#effective?.refreshed(asked))?.text ?? null);
  }

  #recordedOf(row: number): Recorded {
    const known = this.#recorded.get(row);
    if (known !== undefined && !this.#touched.delete(row)) return known;
    const from = this.#store.policies.newestDecision(row) - ruleDays * dayMs;
    // Most of what a supervisor writes is of what it allowed.
    const mark = denialsMark(this.#store, row, from);
    if (known?.mark === mark) return known;
    const found = denials(this.#store, row, from);
    const recorded = { mark, denials: found, newest: found.length === 0 ? [] : newestDecisions(this.#store, row) };
    this.#recorded.set(row, recorded);
    this.#version += 1;
    this.#ruled = null;
    return recorded;
  }

  /** A call without a diagnostic of its own, and an event without a call, have a document. */
  #document(sourceId: string, of: Decision, spanId: string | null): Location {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    const source = this.#hub.get(sourceId);
    const span = source === null || spanId === null ? undefined : findSpan(this.#store, source.row, spanId)?.span;
    const event = source === null || spanId !== null ? null : this.#store.policies.span(source.row, of.id);
    return { uri: callUri(sourceId, span ?? event ?? { id: spanId ?? of.id, name: 'call', attributes: {} }), range };
  }

  /** The newest denial of a call that belongs to a policy file: what its quick fix is about. */
  async ruleOfCall(sourceId: string, spanId: string, signal: AbortSignal): Promise<RuleRef | null> {
    const ruled = await this.#all(signal);
    const found = ruled?.denials.find(({ sourceId: id, decision: { callId }, at }) => id === sourceId && callId === spanId && at !== null);
    return found === undefined || found.at === null ? null : { sourceId, policyId: found.decision.id, uri: found.at.uri };
  }

  /** `text`: of the file as the editor has it; null: as it lies on disk. */
  async change({ sourceId, policyId, uri }: RuleRef, text: string | null, signal: AbortSignal): Promise<RuleChangeAnswer> {
    const source = this.#hub.get(sourceId);
    const asked = source === null ? null : decision(this.#store, source.row, policyId);
    if (source === null || asked === null) return { kind: 'none', why: 'gone' };
    const told = parseEffectiveUri(uri);
    if (told !== null) return this.#changeToCopy(source, asked, told === source.id ? (this.#effective?.known(told) ?? null) : null);
    const { files } = await this.#files.look(signal);
    const file = files.find((one) => one.uri === uri);
    if (file === undefined) return { kind: 'none', why: 'gone' };
    // Whatever is written there reaches the sandbox at once.
    if (file.place === 'container' || (await this.#files.inForce(file.path))) return { kind: 'none', why: 'in-force' };
    const parsed = text === null ? file.parsed : parsedOrNull(text);
    if (parsed === null) return { kind: 'none', why: 'not-a-policy' };
    return this.#answer(source, parsed, narrowestChange(parsed, asked, hintOf(this.#store, source.row, asked)));
  }

  #answer(source: OpenSource, parsed: ParsedPolicy, change: ReturnType<typeof narrowestChange>): RuleChangeAnswer {
    if (change.kind === 'none') return change;
    const position = (offset: number): { readonly line: number; readonly character: number } => {
      const { line, col } = parsed.lines.linePos(offset);
      return { line: line - 1, character: col - 1 };
    };
    return {
      kind: 'change',
      edits: change.edits.map(({ start, end, text: newText }) => ({ range: { start: position(start), end: position(end) }, newText })),
      rule: change.rule,
      added: change.added,
      allows: change.allows,
      toldBy: change.allows.toldBy,
      sandbox: this.#hub.node(source).name,
    };
  }

  /** What is in force is no file: the change of it is to be copied, or to be made a file of. */
  #changeToCopy(source: OpenSource, asked: Decision, effective: EffectivePolicy | null): RuleChangeAnswer {
    if (effective === null) return { kind: 'none', why: 'gone' };
    const hint = hintOf(this.#store, source.row, asked);
    const change = narrowestChange(effective.parsed, asked, hint);
    if (change.kind === 'none') return change.why === 'allowed-already' ? { kind: 'none', why: 'allowed-now' } : change;
    // A rule that a gateway makes of a provider's profile can be changed in no file; and what a file is to say must be the same change.
    const own = parsePolicy(ownText(effective));
    const inFile = narrowestChange(own, asked, hint);
    if (inFile.kind === 'none') return inFile;
    const answer = this.#answer(source, effective.parsed, change);
    const lines = change.edits.map(({ text }) => text).join('');
    if (answer.kind === 'none' || inFile.rule !== change.rule || inFile.added !== change.added) return { kind: 'none', why: 'style' };
    return { ...answer, toCopy: { lines: `${lines.replace(/^\n+/, '').trimEnd()}\n`, file: inFile.text } };
  }

  async backTest(
    text: string,
    beforeText: string | null,
    signal: AbortSignal,
  ): Promise<BackTestAnswer | { readonly kind: 'none'; readonly why: NoRuleChange }> {
    const after = parsedOrNull(text);
    const before = beforeText === null ? null : parsedOrNull(beforeText);
    if (after === null) return { kind: 'none', why: 'not-a-policy' };
    const results: (BackTestResult & { readonly source: OpenSource })[] = [];
    let truncated = false;
    for (const source of this.#hub.all()) {
      const from = this.#store.policies.newestDecision(source.row) - ruleDays * dayMs;
      const since = this.#store.policies.decidedSince(source.row, from, testedDecisions);
      truncated ||= since > from;
      const test = new BackTest(after.document, before?.document ?? null, (one) => hintOf(this.#store, source.row, one));
      for (const page of decisionPages(this.#store, source.row, since, Number.MAX_SAFE_INTEGER)) {
        for (const one of page) test.take(one);
        if (signal.aborted) break;
        // A long record must not keep the editor's other questions waiting.
        await setImmediate();
      }
      results.push({ source, ...test.result() });
    }
    const unknown: Record<string, number> = {};
    for (const result of results) for (const [why, count] of Object.entries(result.unknown)) unknown[why] = (unknown[why] ?? 0) + count;
    const sum = (of: (result: (typeof results)[number]) => number): number => results.reduce((all, result) => all + of(result), 0);
    const listed = (of: (result: (typeof results)[number]) => readonly BackTested[]): readonly BackTestedRequest[] =>
      results
        .flatMap((result) => of(result).map((tested) => listedRequest(result.source, this.#hub.node(result.source).name, tested)))
        .sort((a, b) => (a.time < b.time ? 1 : -1))
        .slice(0, 500);
    return {
      kind: 'tested',
      days: ruleDays,
      considered: sum(({ considered }) => considered),
      truncated,
      wouldAllow: listed(({ wouldAllow }) => wouldAllow),
      wouldAllowCount: sum(({ wouldAllowCount }) => wouldAllowCount),
      wouldDeny: listed(({ wouldDeny }) => wouldDeny),
      wouldDenyCount: sum(({ wouldDenyCount }) => wouldDenyCount),
      guarded: sum(({ guarded }) => guarded),
      unknown,
    };
  }
}

function listedRequest(
  source: OpenSource,
  sandbox: string,
  { decision: of, request, rule, audited, byChange }: BackTested,
): BackTestedRequest {
  const { host, port, binary, method, path } = request;
  const asked: AskedRequest = { host, port, binary, method, path };
  return {
    sourceId: source.id,
    sandbox,
    policyId: of.id,
    time: new Date(of.time).toISOString(),
    request: asked,
    rule,
    audited,
    byChange,
    callId: of.callId,
    candidates: of.candidates,
  };
}

/** Of what is in a container, as it was found; null: it has no gateway. */
function askedSource({ id, kind, found }: OpenSource): AskedSource | null {
  if (kind !== 'container' || found === null || found.containers.length === 0) return null;
  const workspace = found.reports.find((report) => report.kind === 'engine')?.says['workspace'] ?? 'default';
  return { sourceId: id, id: found.id, name: found.name, workspace, gateway: found.gateway };
}

function sameGateways(a: ReadonlyMap<string, EffectiveLook>, b: ReadonlyMap<string, EffectiveLook>): boolean {
  return a.size === b.size && [...a].every(([id, look]) => b.get(id) === look);
}

function placeOf(
  chosen: ReturnType<typeof choose<PolicyFile>>,
  effective: EffectivePolicy | null,
  agreed: Agreement | null,
  decision: Decision,
  stale: string | null,
): RulePlace | null {
  const told =
    effective === null || agreed === null
      ? null
      : { effective, agreed, document: effective.parsed.document, targets: targetsOf(effective.parsed.document, decision) };
  const prefers = preferred(chosen, told);
  if (prefers.which === 'effective' && told !== null)
    return { uri: told.effective.uri, targets: told.targets, agreement: told.agreed, in: told.effective, differs: null, stale };
  if (prefers.which !== 'file' || chosen === null) return null;
  const differs = prefers.differs && told !== null ? { effective: told.effective, target: told.targets[0] ?? null } : null;
  return { uri: chosen.file.uri, targets: chosen.targets, agreement: chosen.agreement, in: 'file', differs, stale };
}

function withRules(
  placed: PlacedDiagnostic,
  denied: readonly RuledDenial[],
  { looked }: PolicyLook,
  gateway: EffectiveLook | null,
): PlacedDiagnostic {
  const { diagnostic } = placed;
  const links = linksToRules(denied);
  return {
    ...placed,
    diagnostic: {
      ...diagnostic,
      message: `${typeof diagnostic.message === 'string' ? diagnostic.message : diagnostic.message.value}${lookedText(denied, looked, gateway) ?? ''}`,
      relatedInformation: [...links, ...(diagnostic.relatedInformation ?? [])],
    },
  };
}

function parsedOrNull(text: string): ParsedPolicy | null {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (PolicyFileError.is(error)) return null;
    throw error;
  }
}
