import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { Hub } from '../../../server/src/collect/hub';
import { decodeLogLine } from '../../../server/src/decode/ocsf/logLine';
import { joinPolicy, policySpan } from '../../../server/src/model/joinPolicy';
import { PolicyFiles } from '../../../server/src/policy/policyFiles';
import { Rules } from '../../../server/src/rules';
import type { Store } from '../../../server/src/store/store';
import { bedPolicyText, lines } from './made';

it('no change is offered for the file that a sandbox runs with, though it lies in the workspace by another path', async () => {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-in-force-'));
  try {
    mkdirSync(join(root, 'work'));
    mkdirSync(join(root, 'etc'));
    const path = join(root, 'work/policy.yaml');
    writeFileSync(path, bedPolicyText);
    linkSync(path, join(root, 'etc/policy.yaml'));
    const decoded = decodeLogLine(`2026-11-21T10:00:00.000Z OCSF ${lines.unlisted}`);
    const [joined] = decoded?.kind === 'event' ? joinPolicy([decoded.event], []) : [];
    if (joined === undefined) throw new Error('no event');
    const store = { policies: { span: () => policySpan(joined) } } as unknown as Store;
    const hub = { get: () => ({ id: 's', row: 1 }), node: () => ({ name: 'demo' }) } as unknown as Hub;
    const answer = async (mounted: boolean): Promise<string> => {
      const mounts = mounted ? [{ sandbox: '/etc/openshell', host: join(root, 'etc') }] : [];
      // What is not trusted is not looked at beside the workspace, so there the workspace's own path is all that is known.
      const files = new PolicyFiles(() => ({ home: root, folders: [join(root, 'work')], mounts, trusted: false }));
      const ref = { sourceId: 's', policyId: policySpan(joined).id, uri: pathToFileURL(path).href };
      const found = await new Rules(store, hub, files).change(ref, null, new AbortController().signal);
      return found.kind === 'none' ? found.why : found.kind;
    };
    expect(await answer(false)).toBe('change');
    expect(await answer(true)).toBe('in-force');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
