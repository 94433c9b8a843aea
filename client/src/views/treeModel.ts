/**
 * The rows of the view Sandboxes: sandbox → agent → session, a spawned session beneath the one that spawned it. Pure; the
 * labels it makes hold no control characters, since what they are made of came out of a sandbox.
 */
import type { CostBasis, CostTotals, SessionInfo, UsageTotals } from '../../../server/src/protocol/document';
import type { Inventory, SandboxNode } from '../../../server/src/protocol/messages';
import { plainText } from '../plainText';
import { buildsOf } from './builds';

export type SessionsState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly sessions: readonly SessionInfo[] }
  | { readonly kind: 'failed'; readonly reason: string };

export interface TreeState {
  readonly inventory: Inventory | null;
  readonly sessions: ReadonlyMap<string, SessionsState>;
  /** How many sessions are shown per row that was asked for more; `sessionsAtOnce` where absent. */
  readonly shown: ReadonlyMap<string, number>;
}

/** What rows of several sessions add up to. */
export interface Sum {
  readonly sessions: number;
  readonly running: number;
  /** When the last of them began; null: none has a time. */
  readonly lastStart: string | null;
  readonly failedToolCalls: number;
  readonly usage: UsageTotals;
  readonly cost: CostTotals;
}

export interface SandboxRow {
  readonly kind: 'sandbox';
  readonly id: string;
  readonly label: string;
  readonly node: SandboxNode;
  /** Null: its sessions are not known. */
  readonly sum: Sum | null;
  /** Another sandbox has its name: what tells them apart is said. */
  readonly shared: boolean;
  /** It stands beneath the one that was built under its name later. */
  readonly earlier: boolean;
}
export interface AgentRow {
  readonly kind: 'agent';
  readonly id: string;
  readonly label: string;
  readonly sourceId: string;
  readonly agent: string;
  readonly sum: Sum;
}
export interface SessionRow {
  readonly kind: 'session';
  readonly id: string;
  readonly label: string;
  readonly sourceId: string;
  readonly session: SessionInfo;
  readonly children: number;
}
/** Stands where rows would be, and says why there are none, or what can be done. */
export interface NoteRow {
  readonly kind: 'note';
  readonly id: string;
  readonly sourceId: string;
  readonly note:
    | { readonly kind: 'not-attached' }
    | { readonly kind: 'attaching' }
    | { readonly kind: 'lost'; readonly reason: string; readonly retrying: boolean }
    | { readonly kind: 'failed'; readonly reason: string; readonly hint: string }
    | { readonly kind: 'loading' }
    | { readonly kind: 'no-sessions' }
    | { readonly kind: 'removed' }
    /** What read it goes on by itself. */
    | { readonly kind: 'waiting'; readonly state: 'paused' | 'stopped' }
    | { readonly kind: 'more'; readonly parent: string; readonly hidden: number };
}
export type Row = SandboxRow | AgentRow | SessionRow | NoteRow;

export const sessionsAtOnce = 200;
/** Short, so that state and cost beside it are seen; the tooltip has all of it. */
const maxLabel = 44;

/** What stands in place of the rows when none could be asked for. */
export function failureRow(reason: string): NoteRow {
  return { kind: 'note', id: 'note', sourceId: '', note: { kind: 'failed', reason: plainText(reason), hint: '' } };
}

export function rootRows(state: TreeState): readonly SandboxRow[] {
  const { heirs } = buildsOf(state.inventory);
  return nodesOf(state)
    .filter(({ id }) => !heirs.has(id))
    .map((node) => sandboxRow(node, state));
}

/** The row of a sandbox, wherever it stands. */
export function findSandboxRow(sourceId: string, state: TreeState): SandboxRow | null {
  const node = nodesOf(state).find(({ id }) => id === sourceId);
  return node === undefined ? null : sandboxRow(node, state);
}

function nodesOf(state: TreeState): readonly SandboxNode[] {
  return state.inventory?.sandboxes ?? [];
}

function sandboxRow(node: SandboxNode, state: TreeState): SandboxRow {
  const sessions = state.sessions.get(node.id);
  const { heirs } = buildsOf(state.inventory);
  const earlier = heirs.has(node.id);
  return {
    kind: 'sandbox',
    id: `sandbox ${node.id}`,
    label: labelOf(node.name, node.id),
    node,
    sum: sessions?.kind === 'loaded' ? sumOf(sessions.sessions) : null,
    shared: !earlier && nodesOf(state).some(({ id, name }) => id !== node.id && name === node.name && !heirs.has(id)),
    earlier,
  };
}

export function childRows(row: Row, state: TreeState): readonly Row[] {
  switch (row.kind) {
    case 'sandbox':
      return sandboxChildren(row, state);
    case 'agent': {
      const known = sessionsOf(row.sourceId, state);
      const inTree = placeSessions(known);
      return sessionRows(
        row.id,
        row.sourceId,
        known.filter((session) => session.agent === row.agent && inTree.roots.has(session.id)),
        inTree,
        state,
      );
    }
    case 'session': {
      const inTree = placeSessions(sessionsOf(row.sourceId, state));
      return sessionRows(row.id, row.sourceId, inTree.children.get(row.session.id) ?? [], inTree, state);
    }
    case 'note':
      return [];
  }
}

/** The row that holds this session's row: its agent's, or the session's that spawned it. */
export function parentOf(row: Row, state: TreeState): Row | null {
  switch (row.kind) {
    case 'sandbox': {
      const heir = buildsOf(state.inventory).heirs.get(row.node.id);
      return heir === undefined ? null : findSandboxRow(heir, state);
    }
    case 'agent':
      return findSandboxRow(row.sourceId, state);
    case 'session': {
      const known = sessionsOf(row.sourceId, state);
      const inTree = placeSessions(known);
      if (inTree.roots.has(row.session.id)) return agentRow(row.sourceId, row.session.agent, known);
      const parent = known.find((session) => session.id === row.session.parentSessionId);
      return parent === undefined ? null : sessionRow(row.sourceId, parent, inTree);
    }
    case 'note':
      return null;
  }
}

export function findSessionRow(sourceId: string, sessionId: string, state: TreeState): SessionRow | null {
  const known = sessionsOf(sourceId, state);
  const session = known.find((each) => each.id === sessionId);
  return session === undefined ? null : sessionRow(sourceId, session, placeSessions(known));
}

function sandboxChildren(row: SandboxRow, state: TreeState): readonly Row[] {
  const sourceId = row.node.id;
  const sessions = state.sessions.get(sourceId);
  const known = sessions?.kind === 'loaded' ? sessions.sessions : [];
  const agents = [...new Set(known.map((session) => session.agent))].sort();
  const rows: Row[] = agents.map((agent) => agentRow(sourceId, agent, known));
  const note = noteFor(row.node, sessions, rows.length > 0);
  if (note !== null) rows.unshift({ kind: 'note', id: `note ${sourceId}`, sourceId, note });
  const earlier = buildsOf(state.inventory).earlier.get(sourceId) ?? [];
  return [...rows, ...earlier.map((node) => sandboxRow(node, state))];
}

function noteFor(
  { attach, state }: Pick<SandboxNode, 'attach' | 'state'>,
  sessions: SessionsState | undefined,
  hasRows: boolean,
): NoteRow['note'] | null {
  if (sessions?.kind === 'failed') return { kind: 'failed', reason: plainText(sessions.reason), hint: '' };
  if (state === 'removed') {
    if (hasRows) return null;
    return sessions?.kind === 'loaded' ? { kind: 'removed' } : { kind: 'loading' };
  }
  switch (attach.kind) {
    case 'idle':
      return hasRows ? null : { kind: 'not-attached' };
    case 'attaching':
      return hasRows ? null : { kind: 'attaching' };
    case 'lost':
      if (attach.retrying && (state === 'paused' || state === 'stopped')) return { kind: 'waiting', state };
      return { kind: 'lost', reason: plainText(attach.reason), retrying: attach.retrying };
    case 'failed':
      return { kind: 'failed', reason: plainText(attach.reason), hint: plainText(attach.hint) };
    case 'live':
    case 'read':
      if (hasRows) return null;
      return sessions?.kind === 'loaded' ? { kind: 'no-sessions' } : { kind: 'loading' };
  }
}

function sessionsOf(sourceId: string, state: TreeState): readonly SessionInfo[] {
  const sessions = state.sessions.get(sourceId);
  return sessions?.kind === 'loaded' ? sessions.sessions : [];
}

interface Placed {
  /** Sessions that hang under no other: nobody spawned them, or their parent is not here. */
  readonly roots: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, readonly SessionInfo[]>;
}

/** Every session once, whatever the records claim: where parents form a ring, its newest session counts as a root. */
function placeSessions(sessions: readonly SessionInfo[]): Placed {
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const children = new Map<string, SessionInfo[]>();
  const roots = new Set<string>();
  for (const session of sessions) {
    const parent = session.parentSessionId;
    const siblings = parent === null ? undefined : children.get(parent);
    if (parent === null || !byId.has(parent)) roots.add(session.id);
    else if (siblings === undefined) children.set(parent, [session]);
    else siblings.push(session);
  }
  const reached = new Set<string>();
  const reach = (start: string): void => {
    const open = [start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      for (const child of children.get(id) ?? []) open.push(child.id);
    }
  };
  for (const root of roots) reach(root);
  for (const session of [...sessions].sort(newestFirst)) {
    if (reached.has(session.id)) continue;
    roots.add(session.id);
    const parent = session.parentSessionId ?? '';
    children.set(
      parent,
      (children.get(parent) ?? []).filter((child) => child.id !== session.id),
    );
    reach(session.id);
  }
  return { roots, children };
}

function sessionRows(parent: string, sourceId: string, sessions: readonly SessionInfo[], placed: Placed, state: TreeState): readonly Row[] {
  const shown = state.shown.get(parent) ?? sessionsAtOnce;
  const sorted = [...sessions].sort(newestFirst);
  const rows: Row[] = sorted.slice(0, shown).map((session) => sessionRow(sourceId, session, placed));
  const hidden = sorted.length - rows.length;
  if (hidden > 0) rows.push({ kind: 'note', id: `more ${parent}`, sourceId, note: { kind: 'more', parent, hidden } });
  return rows;
}

function sessionRow(sourceId: string, session: SessionInfo, placed: Placed): SessionRow {
  return {
    kind: 'session',
    id: `session ${sourceId} ${session.id}`,
    label: labelOf(session.title ?? session.key, session.id.slice(0, 8)),
    sourceId,
    session,
    children: placed.children.get(session.id)?.length ?? 0,
  };
}

function agentRow(sourceId: string, agent: string, known: readonly SessionInfo[]): AgentRow {
  return {
    kind: 'agent',
    id: `agent ${sourceId} ${agent}`,
    label: labelOf(agent, '?'),
    sourceId,
    agent,
    sum: sumOf(known.filter((session) => session.agent === agent)),
  };
}

function newestFirst(a: SessionInfo, b: SessionInfo): number {
  return (b.startTime ?? '').localeCompare(a.startTime ?? '') || a.id.localeCompare(b.id);
}

function labelOf(text: string | null, fallback: string): string {
  const label = plainText(text ?? '', { maxLength: maxLabel });
  return label === '' ? plainText(fallback, { maxLength: maxLabel }) : label;
}

/** Each session counts what it did itself, so adding them counts nothing twice. */
export function sumOf(sessions: readonly SessionInfo[]): Sum {
  const add = (pick: (session: SessionInfo) => number): number => sessions.reduce((sum, session) => sum + pick(session), 0);
  const priced = sessions.filter((session) => session.totals.cost.usd !== null);
  const byBasis: Partial<Record<CostBasis, number>> = {};
  for (const { totals } of sessions)
    for (const [basis, usd] of Object.entries(totals.cost.byBasis) as [CostBasis, number][]) byBasis[basis] = (byBasis[basis] ?? 0) + usd;
  return {
    sessions: sessions.length,
    running: sessions.filter((session) => session.status === 'running').length,
    lastStart: sessions.reduce<string | null>((last, { startTime }) => ((startTime ?? '') > (last ?? '') ? startTime : last), null),
    failedToolCalls: add((session) => session.totals.failedToolCalls),
    usage: {
      input: add((session) => session.totals.usage.input),
      output: add((session) => session.totals.usage.output),
      cacheRead: add((session) => session.totals.usage.cacheRead),
      cacheWrite: add((session) => session.totals.usage.cacheWrite),
      reasoning: sessions.some((session) => session.totals.usage.reasoning !== null)
        ? add((session) => session.totals.usage.reasoning ?? 0)
        : null,
    },
    cost: {
      usd: priced.length === 0 ? null : add((session) => session.totals.cost.usd ?? 0),
      byBasis,
      unpricedCalls: add((session) => session.totals.cost.unpricedCalls),
    },
  };
}
