/** Days as bars, for the eye: the rows beneath say the same, so screen readers and the keyboard are led there. */
import type { CostRow } from '../../server/src/protocol/cost';
import { element } from '../kit/dom';
import { dayBars } from './parts';
import { labelOf, moneyOf, tokensOf } from './words';
import type { Texts } from './words';

/** What has a number at all is seen. */
const leastPercent = 2;
const widestBarPx = 50;

/** null: fewer than two days. */
export function dayChart(t: Texts, rows: readonly CostRow[], measure: 'usd' | 'tokens', open: (day: string) => void): HTMLElement | null {
  const bars = dayBars(rows, measure);
  if (bars.length === 0) return null;
  const name = (day: string): string => labelOf(t, 'day', { label: day });
  const made = bars.map(({ day, row, height }) => {
    if (row === null) return element('span', { class: 'bar bar-none', title: name(day) });
    const number = measure === 'usd' ? moneyOf(t, row.spend).text : `${tokensOf(t, row.spend).text} ${t('total.tokens')}`;
    const fill = element('span', { class: height === null ? 'bar-fill bar-unknown' : 'bar-fill' });
    fill.style.blockSize = `${height === null ? 100 : Math.max(leastPercent, 100 * height).toFixed(1)}%`;
    return element('span', { class: 'bar', title: `${name(day)}: ${number}`, on: { click: () => open(day) } }, fill);
  });
  const [first, last] = [bars[0]?.day ?? '', bars.at(-1)?.day ?? ''];
  const chart = element(
    'div',
    { class: 'chart-days' },
    element('div', { class: 'bars' }, ...made),
    element('div', { class: 'bars-axis' }, element('span', { text: name(first) }), element('span', { text: name(last) })),
  );
  // Few days are no wider than bars should be.
  chart.style.maxInlineSize = `max(220px, ${bars.length * widestBarPx}px)`;
  return chart;
}
