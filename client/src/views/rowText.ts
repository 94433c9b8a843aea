/** What a row says beside its label, and its icon by state. Words only; what came out of a sandbox is made plain here. */
import type { CostTotals, SessionInfo, SessionStatus } from '../../../server/src/protocol/document';
import type { Collector } from '../../../server/src/protocol/messages';
import { assertNever } from '../assertNever';
import { rowWords } from '../contributions';
import { costParts, knownCostText } from '../costWords';
import { costText, tokenCount, totalTokens } from '../format';
import type { Translate } from '../format';
import { plainText } from '../plainText';
import { placeLines, readLines, resourceLines, sandboxContext, sandboxIcon, sandboxState } from './sandboxText';
import type { RowIcon } from './sandboxText';
import type { NoteRow, Row, Sum } from './treeModel';

export function description(row: Row, t: Translate): string {
  switch (row.kind) {
    case 'sandbox':
      return row.earlier
        ? join([
            t('earlier build'),
            row.node.state === 'removed' ? null : sandboxState(row.node, t),
            lastUsed(row.sum, t),
            ...sumParts(row.sum, t),
          ])
        : join([
            sandboxState(row.node, t),
            row.shared && row.node.gateway !== null ? plainText(row.node.gateway, { maxLength: 30 }) : null,
            row.node.model === null ? null : plainText(row.node.model, { maxLength: 40 }),
            ...sumParts(row.sum, t),
          ]);
    case 'agent':
      return join([row.sum.sessions === 1 ? t('1 session') : t('{0} sessions', row.sum.sessions), ...sumParts(row.sum, t)]);
    case 'session':
      return join([
        // Most are done, and the sign says so; the room is for what differs.
        row.session.status === 'done' && row.session.state === 'live' ? null : sessionState(row.session, t),
        ...sumParts(
          {
            sessions: 1,
            running: 0,
            lastStart: null,
            failedToolCalls: row.session.totals.failedToolCalls,
            usage: row.session.totals.usage,
            cost: row.session.totals.cost,
          },
          t,
        ),
      ]);
    case 'note':
      return row.note.kind === 'failed' ? row.note.hint : '';
    default:
      return assertNever(row);
  }
}

export function noteLabel(note: NoteRow['note'], t: Translate): string {
  switch (note.kind) {
    case 'not-attached':
      return t('Not attached. Click to attach (it only reads).');
    case 'attaching':
      return t('Attaching…');
    case 'lost':
      return note.retrying ? t('Connection lost, trying again: {0}', note.reason) : t('Connection lost: {0}', note.reason);
    case 'waiting':
      return note.state === 'paused' ? t('Paused. Read again as soon as it goes on.') : t('Stopped. Read again as soon as it runs.');
    case 'failed':
      return note.reason;
    case 'loading':
      return t('Reading…');
    case 'no-sessions':
      return t('No session yet: no agent has run here.');
    case 'removed':
      return t('Nothing was recorded of it before it was removed.');
    case 'more':
      return note.hidden === 1 ? t('1 more session') : t('{0} more sessions', note.hidden);
    default:
      return assertNever(note);
  }
}

function named(label: string, value: string | null): string | null {
  return value === null ? null : `${label}: ${plainText(value)}`;
}

/** Lines of the tooltip, shown as plain text. */
export function tooltip(row: Row, t: Translate, collector: Collector | null = null, flatRate = false): string {
  const known: CostText = (cost) => knownCostText(cost, flatRate, t);
  switch (row.kind) {
    case 'sandbox': {
      const { node } = row;
      return lines([
        row.label,
        join([row.earlier ? t('earlier build') : null, sandboxState(node, t)]),
        ...readLines(node, collector, t),
        ...resourceLines(node.resources, t),
        named(t('Runtime'), node.runtime === null ? null : [node.runtime, node.runtimeVersion].filter(Boolean).join(' ')),
        named(t('Model'), node.model),
        named(t('Provider'), node.provider),
        named(t('Gateway'), node.gateway),
        join(sumParts(row.sum, t, known)),
        ...(row.sum === null ? [] : costLines(row.sum.cost, t)),
        ...placeLines(node, t),
        ...node.findings
          .filter(({ preview }) => !preview)
          .slice(0, 5)
          .map((finding) => `${severityWord(finding.severity, t)}: ${plainText(finding.message)}`),
        ...node.skipped.slice(0, 5).map((skipped) => t('Not read: {0} ({1})', plainText(skipped.where), plainText(skipped.reason))),
      ]);
    }
    case 'agent':
      return lines([t('Agent {0}', row.label), ...sumParts(row.sum, t, known), ...costLines(row.sum.cost, t)]);
    case 'session': {
      const { session } = row;
      const { totals } = session;
      return lines([
        session.title === null ? row.label : plainText(session.title, { maxLength: 500 }),
        sessionState(session, t),
        t('Trigger: {0}', triggerWord(session.trigger, t)),
        session.startTime === null ? null : t('Start: {0}', localTime(session.startTime)),
        session.endTime === null ? null : t('End: {0}', localTime(session.endTime)),
        t(
          'Turns: {0} · LLM calls: {1} · tool calls: {2} · failed: {3}',
          totals.turns,
          totals.llmCalls,
          totals.toolCalls,
          totals.failedToolCalls,
        ),
        t(
          'Tokens: {0} in, {1} out, {2} cache read, {3} cache write',
          ...[totals.usage.input, totals.usage.output, totals.usage.cacheRead, totals.usage.cacheWrite].map((count) =>
            count.toLocaleString(),
          ),
        ),
        named(t('Cost'), known(totals.cost, t)),
        ...costLines(totals.cost, t),
        named(t('Session key'), session.key),
        named(t('Session ID'), session.id),
      ]);
    }
    case 'note':
      return lines([noteLabel(row.note, t), row.note.kind === 'failed' ? row.note.hint : null]);
    default:
      return assertNever(row);
  }
}

export function icon(row: Row): RowIcon {
  switch (row.kind) {
    case 'sandbox':
      return sandboxIcon(row.node);
    case 'agent':
      return { icon: 'robot' };
    case 'session':
      return sessionIcon(row.session);
    case 'note':
      return noteIcon(row.note);
    default:
      return assertNever(row);
  }
}

/** What the menus match on. */
export function contextValue(row: Row): string {
  switch (row.kind) {
    case 'sandbox':
      return sandboxContext(row.node);
    case 'agent':
      return rowWords.agent;
    case 'session':
      return rowWords.session;
    case 'note':
      return `${rowWords.note} ${row.note.kind}`;
    default:
      return assertNever(row);
  }
}

function sessionState(session: SessionInfo, t: Translate): string {
  const status: Record<SessionStatus, string> = {
    running: t('running'),
    done: t('done'),
    failed: t('failed'),
    killed: t('killed'),
    timeout: t('timed out'),
    unknown: t('state unknown'),
  };
  const archived: Record<SessionInfo['state'], string | null> = {
    live: null,
    reset: t('reset'),
    deleted: t('deleted'),
    archived: t('archived'),
  };
  return join([status[session.status], archived[session.state]]);
}

type CostText = (cost: CostTotals, t: Translate) => string | null;

/** Of a tooltip: what a sum is made of, below it. */
function costLines(cost: CostTotals, t: Translate): readonly string[] {
  return costParts(cost, t).map((part) => `  ${part}`);
}

/** What matters most comes first, since a narrow view cuts the rest: running, failures, cost, tokens. A part that is not known says so or is left out, and none is ever a made-up zero. */
function sumParts(sum: Sum | null, t: Translate, cost: CostText = costText): readonly (string | null)[] {
  if (sum === null) return [];
  const tokens = totalTokens(sum.usage);
  return [
    sum.running > 0 ? t('{0} running', sum.running) : null,
    sum.failedToolCalls > 0 ? t('{0} failed', sum.failedToolCalls) : null,
    cost(sum.cost, t),
    tokens > 0 ? t('{0} tok', tokenCount(tokens)) : null,
  ];
}

/** What tells earlier builds of one name apart. */
function lastUsed(sum: Sum | null, t: Translate): string | null {
  const time = new Date(sum?.lastStart ?? '');
  return Number.isNaN(time.getTime()) ? null : t('last used {0}', time.toLocaleDateString());
}

function sessionIcon(session: SessionInfo): RowIcon {
  switch (session.status) {
    case 'running':
      return { icon: 'play-circle', color: 'charts.blue' };
    case 'done':
      return session.totals.failedToolCalls > 0
        ? { icon: 'warning', color: 'list.warningForeground' }
        : { icon: 'pass', color: 'charts.green' };
    case 'failed':
      return { icon: 'error', color: 'list.errorForeground' };
    case 'killed':
      return { icon: 'circle-slash' };
    case 'timeout':
      return { icon: 'watch' };
    case 'unknown':
      return { icon: 'circle-outline' };
    default:
      return assertNever(session.status);
  }
}

function noteIcon(note: NoteRow['note']): RowIcon {
  switch (note.kind) {
    case 'not-attached':
      return { icon: 'plug' };
    case 'attaching':
    case 'loading':
      return { icon: 'loading~spin' };
    case 'lost':
      return { icon: 'debug-disconnect', color: 'list.warningForeground' };
    case 'failed':
      return { icon: 'error', color: 'list.errorForeground' };
    case 'no-sessions':
    case 'removed':
    case 'waiting':
      return { icon: 'info' };
    case 'more':
      return { icon: 'ellipsis' };
    default:
      return assertNever(note);
  }
}

function triggerWord(trigger: SessionInfo['trigger'], t: Translate): string {
  const words: Record<SessionInfo['trigger'], string> = {
    user: t('user'),
    cron: t('cron'),
    heartbeat: t('heartbeat'),
    subagent: t('sub-agent task'),
    exec: t('background command'),
    unknown: t('unknown'),
  };
  return words[trigger];
}

function severityWord(severity: 'error' | 'warning' | 'information', t: Translate): string {
  return { error: t('Error'), warning: t('Warning'), information: t('Note') }[severity];
}

/** As the machine shows times; what is no time is shown as it stands. */
function localTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? plainText(iso) : time.toLocaleString();
}

function join(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}

function lines(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n');
}
