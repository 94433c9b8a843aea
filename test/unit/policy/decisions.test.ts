import { describe, expect, it } from 'vitest';
import { decodeLogLine } from '../../../server/src/decode/ocsf/logLine';
import { joinPolicy, policySpan } from '../../../server/src/model/joinPolicy';
import type { PolicySpan } from '../../../server/src/protocol/document';
import { decision, denials } from '../../../server/src/query/decisions';
import type { Store } from '../../../server/src/store/store';
import { lines } from './made';

const t0 = Date.UTC(2026, 10, 21);

/** One line a second each, and how many of them were read. */
function storeOf(log: readonly string[]): { readonly store: Store; readonly spans: readonly PolicySpan[]; readonly read: () => number } {
  const events = log.map((line, i) => {
    const decoded = decodeLogLine(`${new Date(t0 + i * 1000).toISOString()} OCSF ${line}`);
    if (decoded?.kind !== 'event') throw new Error(`no event: ${line}`);
    return decoded.event;
  });
  const spans = joinPolicy(events, []).map(policySpan);
  const timeOf = ({ startTime }: PolicySpan): number => Date.parse(startTime ?? '');
  let read = 0;
  const policies = {
    denied: (_source: number, _from: number, limit: number) =>
      spans
        .filter(({ attributes }) => attributes['sandglass.policy.action'] === 'denied')
        .reverse()
        .slice(0, limit),
    span: (_source: number, id: string) => spans.find((span) => span.id === id) ?? null,
    decided: (_source: number, from: number, to: number, limit: number) => {
      const found = spans.filter((span) => timeOf(span) >= from && timeOf(span) <= to).slice(-limit);
      read += found.length;
      return found;
    },
  };
  return { store: { policies } as unknown as Store, spans, read: () => read };
}

describe('denials out of the store', () => {
  it('have the programs of their connections, and each event is read once for all of them', () => {
    const log = Array.from({ length: 300 }, () => [lines.opened, lines.get, lines.post]).flat();
    const { store, spans, read } = storeOf(log);
    const found = denials(store, 1, 0);
    expect(found).toHaveLength(300);
    expect(found.map(({ request }) => request.binary)).toEqual(found.map(() => '/usr/bin/curl'));
    expect(found.map(({ time }) => time)).toEqual(found.map(({ time }) => time).sort((a, b) => b - a));
    expect(read()).toBeLessThanOrEqual(log.length);
    expect(decision(store, 1, spans.at(-1)?.id ?? '')).toEqual(found[0]);
  });

  it('have none where another program may still have its connection open', () => {
    const other = lines.opened.replace('/usr/bin/curl', '/usr/bin/git');
    const { store } = storeOf([other, ...Array.from({ length: 60 }, () => lines.unlisted), lines.opened, lines.post]);
    expect(denials(store, 1, 0)[0]?.request).toMatchObject({ method: 'POST', binary: null });
  });

  it('have none where more was decided before them than is looked at', () => {
    const many = storeOf([lines.opened, lines.post]);
    const decided = many.store.policies.decided.bind(many.store.policies);
    // As a store does that has more than was asked for.
    const full = (source: number, from: number, to: number, limit: number): readonly PolicySpan[] => {
      const found = decided(source, from, to, limit);
      const [first] = found;
      return first === undefined ? [] : [...Array.from({ length: limit - found.length }, () => first), ...found];
    };
    expect(denials({ policies: { ...many.store.policies, decided: full } } as unknown as Store, 1, 0)[0]?.request.binary).toBeNull();
  });
});
