// A gateway is asked once for a sandbox, and again only when more was denied and not too soon; what changed is told, what did not is not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  effectivePolicy,
  effectiveUri,
  ownText,
  parseEffectiveUri,
  policyWords,
  revisionText,
} from '../../../server/src/gateway/effectiveDocument';
import { EffectivePolicies, freshMs } from '../../../server/src/gateway/effectivePolicies';
import type { AskedSource, EffectiveLook } from '../../../server/src/gateway/effectivePolicies';
import type { ToldPolicy } from '../../../server/src/gateway/askGateway';
import type { EffectivePolicy } from '../../../server/src/gateway/effectiveDocument';
import type { PolicyPart, SandboxPolicy } from '../../../server/src/gateway/policyMessages';
import { FakeGateway } from '../../gateway/fakeGateway';
import { bedPolicyText } from '../policy/made';

const source: AskedSource = { sourceId: '0123456789abcdef', id: 'an-id', name: 'demo', workspace: 'default', gateway: 'nemoclaw' };
const patience = { timeout: 20_000 };

let home: string;
let gateway: FakeGateway;
let now = 1_000_000;
let changes = 0;
let allowed: 'yes' | 'untrusted' | 'switched-off' = 'yes';
let policies: EffectivePolicies;
const errors: unknown[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'sandglass-effective-'));
  gateway = await FakeGateway.start();
  gateway.sandboxes.push({ id: 'an-id', name: 'demo', policy: bedPolicyText });
  gateway.register(join(home, '.config'), 'nemoclaw');
  [now, changes, allowed] = [1_000_000, 0, 'yes'];
  errors.length = 0;
  policies = new EffectivePolicies({
    home,
    env: { OPENSHELL_SYSTEM_GATEWAY_DIR: join(home, 'none') },
    allowed: () => allowed,
    onChange: () => (changes += 1),
    onError: (error) => errors.push(error),
    now: () => now,
  });
});
afterEach(async () => {
  await policies[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
  expect(errors).toEqual([]);
});

/** As it is when the question that this asks, if any, is answered. */
async function settled(mark: string): Promise<EffectiveLook> {
  const before = changes;
  const questions = policies.questions;
  const look = policies.look(source, mark);
  await Promise.resolve();
  if (policies.questions === questions && !look.asking) return look;
  await vi.waitUntil(() => changes > before, patience);
  return policies.look(source, mark);
}

describe('policies in force', () => {
  it('are asked for once, however often they are looked at, and told of when they are there', async () => {
    expect(policies.look(source, 'one')).toMatchObject({ effective: null, asking: true });
    const first = await settled('one');
    expect(first).toMatchObject({
      asking: false,
      tried: [],
      effective: { uri: effectiveUri(source.sourceId, 'demo'), gateway: 'nemoclaw' },
    });
    for (let i = 0; i < 10; i++) expect(policies.look(source, 'one')).toBe(first);
    now += 100 * freshMs;
    expect(policies.look(source, 'one')).toBe(first);
    expect(policies.questions).toBe(1);
  });

  it('are asked for again when more was denied, but not at once; the same answer is the same thing', async () => {
    const first = await settled('one');
    expect(policies.look(source, 'two')).toBe(first);
    expect(policies.look(source, 'three')).toBe(first);
    expect(policies.questions).toBe(1);
    now += freshMs;
    expect(await settled('three')).toBe(first);
    expect(policies.questions).toBe(2);
    gateway.sandboxes.splice(0, 1, { id: 'an-id', name: 'demo', policy: bedPolicyText, revision: 5 });
    now += freshMs;
    const other = await settled('four');
    expect(other).not.toBe(first);
    expect(other.effective?.text).toContain('# Revision 5');
  });

  it('hold when they can not be asked for anew, and that is said; what could not be asked is asked again later', async () => {
    const first = await settled('one');
    gateway.fault = 'unauthenticated';
    now += freshMs;
    const failed = await settled('two');
    expect(failed.effective).toBe(first.effective);
    expect(failed.tried).toMatchObject([{ reason: 'it does not know who asks: missing bearer token' }]);
    expect(policies.look(source, 'two')).toBe(failed);
    gateway.fault = null;
    now += 60_000;
    expect(await settled('two')).toMatchObject({ tried: [], asking: false });
    expect(policies.questions).toBe(3);
  });

  it('are asked for anew by who looks at them, unless that was just done', async () => {
    await settled('one');
    expect(await policies.refreshed(source)).not.toBeNull();
    expect(policies.questions).toBe(1);
    now += freshMs;
    gateway.sandboxes.splice(0, 1, { id: 'an-id', name: 'demo', policy: bedPolicyText, revision: 6 });
    const before = changes;
    expect((await policies.refreshed(source))?.told.revision).toBe(4);
    await vi.waitUntil(() => changes > before, patience);
    expect(policies.known(source.sourceId)?.told.revision).toBe(6);
  });

  it('are asked of all gateways in turn where none is named, till one knows the sandbox', async () => {
    await using other = await FakeGateway.start();
    other.register(join(home, '.config'), 'another');
    const look = await settledOf({ ...source, gateway: null });
    expect(look.effective?.gateway).toBe('nemoclaw');
    expect(other.asked).toEqual(['Health', 'GetSandboxPolicyStatus']);
  });

  it('are not asked for where that is not allowed, and not told', async () => {
    await settled('one');
    const asked = gateway.asked.length;
    now += freshMs;
    allowed = 'untrusted';
    expect(policies.look(source, 'two')).toEqual({ effective: null, tried: [], asking: false });
    expect(policies.known(source.sourceId)).toBeNull();
    expect(await policies.refreshed(source)).toBeNull();
    allowed = 'switched-off';
    expect(policies.look(source, 'two').tried[0]?.hint).toContain('sandglass.policy.askGateway');
    expect(policies.look(source, 'two')).toBe(policies.look(source, 'three'));
    expect(gateway.asked.length).toBe(asked);
  });

  it('of many sandboxes are kept for the last ones looked at', async () => {
    await settled('one');
    allowed = 'yes';
    for (let i = 0; i < 64; i++) policies.look({ ...source, sourceId: i.toString(16).padStart(16, '0'), gateway: 'absent' }, 'x');
    expect(policies.known(source.sourceId)).toBeNull();
    await vi.waitUntil(() => policies.questions === 65, patience);
  });

  it('are given up with the window: nobody is waited for', async () => {
    gateway.fault = 'hangs';
    policies.look(source, 'one');
    await vi.waitUntil(() => gateway.asked.length > 0, patience);
    await policies[Symbol.asyncDispose]();
    expect(changes).toBe(0);
  });

  async function settledOf(of: AskedSource): Promise<EffectiveLook> {
    policies.look(of, 'one');
    await vi.waitUntil(() => changes > 0, patience);
    return policies.look(of, 'one');
  }
});

describe('the document of a policy in force', () => {
  it('has an address that no name can break', () => {
    const uri = effectiveUri('0123456789abcdef', '../a b?c#d\u202e');
    expect(uri).toBe('sandglass-policy://0123456789abcdef/policy-in-force-of-..-a-b-c-d-.yaml');
    expect(parseEffectiveUri(uri)).toBe('0123456789abcdef');
    for (const other of [
      'sandglass-policy://0123/x.yaml',
      'sandglass-file://0123456789abcdef/x.yaml',
      'sandglass-policy://0123456789abcdef/a/b',
      'x',
    ])
      expect(parseEffectiveUri(other)).toBeNull();
  });

  it('as a file of the user says where it is not whole', () => {
    const gatewayOf = { name: 'nemoclaw', address: 'https://127.0.0.1:1', host: '127.0.0.1', port: 1, certificates: null };
    const policy: SandboxPolicy = {
      ...{ version: 1, filesystem: null, landlock: null, process: null, networkPolicies: new Map([['_provider_x', {}]]) },
      ...{ middlewares: new Map<string, PolicyPart>([['guard', { middleware: 'guard' }]]), unknown: ['endpoint field 31'] },
    };
    const told: ToldPolicy = {
      ...{
        version: '0.0.111',
        policy,
        revision: 4,
        hash: 'h',
        source: 'sandbox',
        globalRevision: 0,
        load: 'loaded',
        loadError: '',
        active: 4,
      },
    };
    const whole = { ...told, policy: { ...policy, middlewares: new Map<string, PolicyPart>(), unknown: [] } };
    const of = (one: ToldPolicy): EffectivePolicy => effectivePolicy(source.sourceId, 'demo', gatewayOf, one);
    expect(ownText(of(told))).toMatch(/^# Not whole: fill in what the middlewares are configured with, and endpoint field 31 before /);
    expect(ownText(of(whole))).toBe('version: 1\nnetwork_policies: {}\n');
    expect(of(told).text).toContain('# It says more than is known here, and than is shown: endpoint field 31.');
    expect(of(told).text).toContain('# Rules named _provider_');
    expect(of(whole).text).not.toContain('middlewares');
    expect(of(whole).text).toMatch(/^# The policy in force of the sandbox demo/);
    for (const load of ['pending', 'failed', 'superseded'] as const) {
      const waiting = of({ ...whole, load, active: 3 });
      expect(waiting.text).toMatch(/^# The newest policy of the sandbox demo, as its gateway tells it; the sandbox does not run with it/);
      expect(waiting.text).toContain('it runs with revision 3');
      expect(policyWords(waiting)).toBe('the newest policy of the sandbox');
    }
  });

  it('says whether the sandbox took the revision', () => {
    const told = {
      version: '',
      policy: null as never,
      hash: '',
      source: 'sandbox' as const,
      globalRevision: 0,
      loadError: '',
      active: 0,
      revision: 5,
    };
    expect(revisionText({ ...told, load: 'loaded' })).toBe('Revision 5, taken by the sandbox');
    expect(revisionText({ ...told, load: 'pending', active: 4 })).toBe('Revision 5, not yet taken by the sandbox; it runs with revision 4');
    expect(revisionText({ ...told, load: 'failed', loadError: 'no\nsuch user', active: 4 })).toBe(
      'Revision 5, which the sandbox could not take (no such user); it runs with revision 4',
    );
    expect(revisionText({ ...told, load: 'unknown' })).toBe('Revision 5; whether the sandbox took it was not told');
    expect(revisionText({ ...told, load: 'unknown', source: 'global', globalRevision: 7 })).toBe(
      'Revision 7 of the policy of the whole gateway',
    );
  });
});
