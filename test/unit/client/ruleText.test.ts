import { describe, expect, it } from 'vitest';
import {
  backTestNote,
  backTestTitle,
  changeWords,
  copiedText,
  noChangeText,
  testedRow,
  toCopyText,
  writtenText,
} from '../../../client/src/views/ruleText';
import type { BackTestAnswer, BackTestedRequest, NoRuleChange, RuleChangeAnswer } from '../../../server/src/protocol/rules';
import { translate } from './translate';

const allows = { host: 'docs.example.com', port: 80, binary: '/usr/bin/curl', method: 'POST', path: '/guide/prices' };
const change: Extract<RuleChangeAnswer, { kind: 'change' }> = {
  kind: 'change',
  edits: [],
  rule: 'docs_site_curl',
  added: 'rule',
  allows,
  toldBy: 'supervisor',
  sandbox: 'demo',
};
const tested: BackTestedRequest = {
  sourceId: 's',
  sandbox: 'demo',
  policyId: 'p',
  time: '2026-11-21T10:00:00.000Z',
  request: allows,
  rule: 'docs_site_curl',
  audited: false,
  byChange: true,
  callId: 'c',
  candidates: [],
};
const answer: BackTestAnswer = {
  kind: 'tested',
  days: 30,
  considered: 120,
  truncated: false,
  wouldAllow: [tested],
  wouldAllowCount: 4,
  wouldDeny: [],
  wouldDenyCount: 0,
  guarded: 1,
  unknown: { program: 2 },
};

describe('a change of a policy', () => {
  it('says what it allows, and that no sandbox is told', () => {
    const { label, description } = changeWords(change, translate);
    expect(label).toBe('Allow POST docs.example.com:80/guide/prices to curl');
    expect(description).toBe(
      'Adds the rule docs_site_curl. What the program starts may do it too. It changes this file only; no running sandbox is told.',
    );
    expect(writtenText(change, translate)).toContain('The sandbox demo still runs with the policy it has');
  });

  it('says where method and path are from, and when they are not known', () => {
    expect(changeWords({ ...change, toldBy: 'command' }, translate).description).toContain('that the command of the call names');
    const wide = changeWords({ ...change, toldBy: null, allows: { ...allows, method: null, path: null } }, translate);
    expect(wide.label).toBe('Allow docs.example.com:80 to curl');
    expect(wide.description).toContain('any method and path');
  });

  it('of what is no file says so, and what can be done with it', () => {
    const toCopy = { ...change, toCopy: { lines: 'x:\n', file: 'y\n' } };
    expect(toCopyText(toCopy, translate)).toBe(
      'Allow POST docs.example.com:80/guide/prices to curl? Adds the rule docs_site_curl. What the program starts may do it too. ' +
        'This is the policy of the sandbox, as its gateway tells it. It is no file, and Sandglass does not change it. ' +
        'Copy the lines into your policy file, or make a file of it with them.',
    );
    expect(copiedText(toCopy, translate)).toContain('below "network_policies" in the policy file of the sandbox demo');
    expect(copiedText({ ...toCopy, added: 'binary' }, translate)).toContain(
      'into the rule docs_site_curl in the policy file of the sandbox demo',
    );
    expect(copiedText({ ...toCopy, sandbox: 'de\u202emo' }, translate)).not.toContain('\u202e');
  });

  it('says why there is none, for each reason', () => {
    const reasons: readonly NoRuleChange[] = [
      ...(['guard', 'deny-rule', 'private', 'program-unknown', 'request-unknown', 'unsafe-text', 'secret'] as const),
      ...(['allowed-already', 'allowed-now', 'style', 'in-force', 'not-a-policy', 'gone'] as const),
    ];
    expect(new Set(reasons.map((why) => noChangeText(why, translate))).size).toBe(reasons.length);
  });
});

describe('a back-test', () => {
  it('says how many, and what it leaves out', () => {
    expect(backTestTitle(answer, translate)).toBe('Would have allowed 4 more requests in 30 days');
    expect(backTestTitle({ ...answer, wouldAllowCount: 1 }, translate)).toBe('Would have allowed 1 more request in 30 days');
    expect(backTestTitle({ ...answer, wouldAllowCount: 0, wouldDenyCount: 3 }, translate)).toBe(
      'Would have allowed no more requests in 30 days, and stopped 3 that went through',
    );
    expect(backTestNote({ ...answer, truncated: true }, translate)).toBe(
      '120 recorded decisions · older ones left out · 1 stopped by guards that no rule opens · 2 not judged: which program asked, or who started it, was not observed',
    );
  });

  it('has a row for each, without icons or hidden text of theirs', () => {
    expect(testedRow(tested, translate)).toMatchObject({
      label: 'POST docs.example.com:80/guide/prices',
      detail: 'by the rule docs_site_curl · asked for by a call · because of the change',
    });
    const hostile = testedRow(
      { ...tested, rule: null, callId: null, candidates: ['a', 'b'], request: { ...allows, path: '/$(zap)\u202e\u001b[31m' } },
      translate,
    );
    expect(hostile.label).toBe('POST docs.example.com:80/\\$(zap)');
    expect(hostile.detail).toContain('asked for by one of 2 calls');
  });
});
