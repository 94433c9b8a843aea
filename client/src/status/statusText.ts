/** What the status bar says: what the agent in view does now, for how long, and what it has cost. Pure. */
import type { Collector, SandboxNode, StatusView } from '../../../server/src/protocol/messages';
import { clock, costText, dollars, shortCostText, tokenCount } from '../format';
import type { Translate } from '../format';
import { escapedMarkdown, plainText, withoutIcons } from '../plainText';
import { isFollowed } from '../views/attached';
import { collectorLines } from '../views/sandboxText';

/** A model that has not answered for this long turns the item amber. */
export const modelWaitAmberMs = 120_000;
/** A start that lies further back is no clock worth showing: the record is old, or the clocks differ. */
const longestMs = 24 * 3_600_000;
/** A directory is followed whether an agent writes in it or it was copied from elsewhere; only what is young happens now. */
const longestInDirectoryMs = 3_600_000;
const maxToolName = 30;
const maxModelsInTooltip = 12;
const maxTitle = 60;

export interface StatusText {
  readonly text: string;
  /** Waiting for the model for too long. */
  readonly amber: boolean;
  /** It shows a time that goes on. */
  readonly ticking: boolean;
  /** Markdown, every untrusted part escaped. */
  readonly tooltip: string;
  /** What a screen reader says. */
  readonly spoken: string;
}

/** What stands around the agent. */
export interface Around {
  /** null: its sandbox is not read by a collector. */
  readonly collector: Collector | null;
  /** Its sandbox is: whatever it was doing, it does not go on. */
  readonly paused: boolean;
}

/** How long something in this source may run and still be told to run now; 0: what is read or played back is past. */
export function longestOf(source: Pick<SandboxNode, 'kind' | 'attach'> | null): number {
  if (source !== null && source.kind !== 'directory' && isFollowed(source.attach)) return longestMs;
  return source?.kind === 'directory' && source.attach.kind === 'read' ? longestInDirectoryMs : 0;
}

/** `longest`: see longestOf; what has run for longer has no time that is worth showing. */
export function statusText(
  view: StatusView,
  longest: number,
  now: number,
  t: Translate,
  { collector, paused }: Around = { collector: null, paused: false },
): StatusText {
  const { doing, amber, ticking, icon } = doingNow(
    paused ? { ...view, now: { kind: 'paused' } } : view,
    (since) => elapsedMs(since, now, longest),
    t,
  );
  const tokens = view.tokens > 0 ? t('{0} tok', tokenCount(view.tokens)) : null;
  const numbers = [tokens, shortCostText(view.session.totals.cost, t)].filter((part) => part !== null);
  const said = [doing, ...numbers].join(' · ');
  return {
    text: `$(${icon}) ${withoutIcons(said)}`,
    amber,
    ticking,
    tooltip: tooltip(view, collector, t),
    spoken: t('Sandglass: {0}', said),
  };
}

function doingNow(
  view: Omit<StatusView, 'now'> & { readonly now: StatusView['now'] | { readonly kind: 'paused' } },
  elapsedSince: (since: string) => number | null,
  t: Translate,
): { readonly doing: string; readonly amber: boolean; readonly ticking: boolean; readonly icon: string } {
  switch (view.now.kind) {
    case 'paused':
      return {
        doing: t('{0} paused', plainText(view.session.agent, { maxLength: maxToolName })),
        amber: false,
        ticking: false,
        icon: 'debug-pause',
      };
    case 'idle':
      return {
        doing: t('{0} idle', plainText(view.session.agent, { maxLength: maxToolName })),
        amber: false,
        ticking: false,
        icon: 'robot',
      };
    case 'tool': {
      const elapsed = elapsedSince(view.now.since);
      const name = plainText(view.now.name, { maxLength: maxToolName });
      return { doing: elapsed === null ? name : `${name} ${clock(elapsed)}`, amber: false, ticking: elapsed !== null, icon: 'sync~spin' };
    }
    case 'model': {
      const elapsed = elapsedSince(view.now.since);
      const doing = elapsed === null ? t('waiting for the model') : t('waiting for the model {0}', clock(elapsed));
      return { doing, amber: elapsed !== null && elapsed >= modelWaitAmberMs, ticking: elapsed !== null, icon: 'sync~spin' };
    }
  }
}

/** Null when the start is unreadable or too long ago; a start in the future (another clock) counts as now. */
function elapsedMs(since: string, now: number, longest: number): number | null {
  const start = Date.parse(since);
  if (longest === 0 || Number.isNaN(start)) return null;
  const elapsed = Math.max(0, now - start);
  return elapsed > longest ? null : elapsed;
}

/** How the price is known, in words; a basis that is not ours stays as it is. */
function basisText(basis: string, t: Translate): string {
  const words: Readonly<Record<string, string>> = {
    reported: t('reported by the provider'),
    user: t('your prices'),
    overlay: t('list price'),
    priced: t('list price'),
    local: t('local model'),
    unknown: t('no price'),
  };
  return Object.hasOwn(words, basis) ? (words[basis] ?? basis) : basis;
}

function tooltip(view: StatusView, collector: Collector | null, t: Translate): string {
  const title = `**${escapedMarkdown(view.sandbox)}** · ${escapedMarkdown(view.session.title ?? view.session.key ?? view.session.id, maxTitle)}`;
  const price = (usd: number | null, basis: string): string =>
    usd === null ? t('no price') : usd === 0 && basis === 'local' ? t('$0 (local model)') : dollars(usd);
  const rows = view.byModel
    .slice(0, maxModelsInTooltip)
    .map(
      (row) =>
        `| ${escapedMarkdown(row.model)} | ${row.calls} | ${tokenCount(row.tokens)} | ${escapedMarkdown(price(row.usd, row.basis))} | ${escapedMarkdown(basisText(row.basis, t))} |`,
    );
  // One model's row says it all; the sum is for several, or for what has no price.
  const { cost: sum } = view.session.totals;
  const cost = view.byModel.length === 1 && sum.unpricedCalls === 0 ? null : costText(sum, t);
  const more = view.byModel.length > maxModelsInTooltip ? [t('{0} more models', view.byModel.length - maxModelsInTooltip)] : [];
  const table =
    rows.length === 0
      ? []
      : [`| ${t('Model')} | ${t('Calls')} | ${t('Tokens')} | ${t('Cost')} | ${t('Basis')} |`, '|---|---:|---:|---:|---|', ...rows];
  const reader = collectorLines(collector, t).flatMap((line) => [escapedMarkdown(line), '']);
  return [
    title,
    '',
    ...(cost === null ? [] : [escapedMarkdown(cost), '']),
    ...table,
    '',
    ...more,
    ...reader,
    t('Click to open the trace'),
  ].join('\n');
}
