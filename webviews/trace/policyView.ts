/** What the supervisor decided beside a call: allowed or denied, why, and by which rule. */
import type { PolicySpan, Span } from '../../server/src/protocol/document';
import { element } from '../kit/dom';
import { icon } from '../kit/icons';
import { visibleLine } from '../kit/plainText';
import type { Texts } from './describe';
import { numberAttribute, stringAttribute } from './attributes';
import { policyTarget } from './describe';

/** Policy events shown one by one. */
const policyShown = 20;

export function policyList(t: Texts, policy: readonly PolicySpan[], span: Span): HTMLElement | null {
  const all = span.kind === 'policy' ? [span as PolicySpan] : policy;
  if (all.length === 0) return null;
  const items = all.slice(0, policyShown).map((event) => policyItem(t, event));
  return element(
    'section',
    { class: 'detail-section' },
    element('h3', { text: t('detail.denials') }),
    element('ul', { class: 'policy-list' }, ...items),
  );
}

function policyItem(t: Texts, event: PolicySpan): HTMLElement {
  const list = element('dl', { class: 'detail-facts' });
  const fact = (name: string, value: string | null): void => {
    if (value !== null && value !== '')
      list.append(element('div', {}, element('dt', { text: name }), element('dd', { text: visibleLine(value) })));
  };
  const pid = numberAttribute(event, 'sandglass.process.pid');
  const path = stringAttribute(event, 'sandglass.process.path');
  const method = stringAttribute(event, 'http.request.method');
  const url = stringAttribute(event, 'url.full');
  fact(t('detail.reason'), event.statusMessage);
  fact(t('detail.rule'), stringAttribute(event, 'sandglass.policy.rule'));
  fact(t('detail.engine'), stringAttribute(event, 'sandglass.policy.engine'));
  fact(t('detail.request'), [method, url].filter((part) => part !== null).join(' '));
  fact(t('detail.process'), path === null ? null : pid === null ? path : `${path} (${pid})`);
  const candidates = event.candidates?.length ?? 0;
  return element(
    'li',
    { class: `policy-item status-${event.status}` },
    element(
      'div',
      { class: 'policy-head' },
      icon(event.status === 'denied' ? 'denied' : 'policy', `status-${event.status}`),
      element('span', {
        class: 'policy-verdict',
        text: event.status === 'denied' ? t('detail.denied') : event.status === 'ok' ? t('detail.allowed') : visibleLine(event.name, 60),
      }),
      element('span', { class: 'policy-target', text: policyTarget(event) }),
    ),
    list,
    candidates > 0 ? element('p', { class: 'hint', text: t('detail.candidates', candidates) }) : null,
  );
}
