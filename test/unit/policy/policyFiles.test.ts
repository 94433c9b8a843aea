import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PolicyFiles } from '../../../server/src/policy/policyFiles';
import type { PolicyLook, PolicyPlaces } from '../../../server/src/policy/policyFiles';
import { bedPolicyText } from './made';

const signal = new AbortController().signal;

describe('policy files', () => {
  let root: string;
  let now: number;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sandglass-policies-'));
    now = 0;
    mkdirSync(join(root, 'home'));
    mkdirSync(join(root, 'work'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const put = (path: string, text = bedPolicyText): string => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const filesOf = (places: Partial<PolicyPlaces> = {}): PolicyFiles =>
    new PolicyFiles(
      () => ({ home: join(root, 'home'), folders: [join(root, 'work')], mounts: [], trusted: true, ...places }),
      () => now,
    );
  const short = ({ files }: PolicyLook): readonly string[] => files.map(({ path, place }) => `${place} ${path.slice(root.length + 1)}`);

  it('are found in the workspace and under ~/.nemoclaw, and each place tells what it gave', async () => {
    put('work/a/policy.yaml');
    put('work/compose.yml', 'services: {}\n');
    put('work/broken.yaml', 'network_policies: [\n');
    put('work/node_modules/x/policy.yaml');
    put('home/.nemoclaw/source/nemoclaw-blueprint/policies/openclaw-sandbox.yaml');
    put('home/.nemoclaw/backups/policy.yaml');
    const look = await filesOf().look(signal);
    expect(short(look)).toEqual([
      'workspace work/a/policy.yaml',
      'nemoclaw home/.nemoclaw/source/nemoclaw-blueprint/policies/openclaw-sandbox.yaml',
    ]);
    expect(look.looked).toEqual([
      { place: join(root, 'work'), files: 3, policies: 1, reason: null },
      { place: join(root, 'home/.nemoclaw'), files: 1, policies: 1, reason: null },
    ]);
  });

  it('that are secret, or lie behind a link, are not opened', async () => {
    put('home/.nemoclaw/credentials.yaml');
    put('home/.nemoclaw/secrets/policy.yaml');
    put('work/.env.yaml');
    put('elsewhere/policy.yaml');
    symlinkSync(join(root, 'elsewhere/policy.yaml'), join(root, 'work/linked.yaml'));
    symlinkSync(join(root, 'elsewhere'), join(root, 'work/linked'));
    const files = filesOf();
    expect(short(await files.look(signal))).toEqual([]);
    expect(files.reads).toBe(0);
  });

  it('outside of an untrusted workspace are not looked at', async () => {
    put('home/.nemoclaw/policy.yaml');
    const look = await filesOf({ trusted: false }).look(signal);
    expect(look.files).toEqual([]);
    expect(look.looked.map(({ place }) => place)).toEqual([join(root, 'work')]);
  });

  it('say where there is nothing', async () => {
    const look = await filesOf({ folders: [join(root, 'gone')] }).look(signal);
    expect(look.looked).toEqual([
      { place: join(root, 'gone'), files: 0, policies: 0, reason: 'there is none' },
      { place: join(root, 'home/.nemoclaw'), files: 0, policies: 0, reason: 'there is none' },
    ]);
  });

  it('are parsed once per change, and the answer is the same as long as nothing changed', async () => {
    const file = put('work/policy.yaml');
    put('work/other.yaml', 'services: {}\n');
    const files = filesOf();
    const first = await files.look(signal);
    expect(files.reads).toBe(2);
    for (let i = 0; i < 5; i++) {
      now += 10_000;
      expect(await files.look(signal)).toBe(first);
    }
    files.invalidate();
    expect(await files.look(signal)).toBe(first);
    expect(files.reads).toBe(2);
    writeFileSync(file, `# more\n${bedPolicyText}`);
    utimesSync(file, 1000, 1000);
    files.invalidate();
    const second = await files.look(signal);
    expect(second).not.toBe(first);
    expect(files.reads).toBe(3);
    put('work/new.yaml');
    files.invalidate();
    expect(short(await files.look(signal))).toEqual(['workspace work/new.yaml', 'workspace work/policy.yaml']);
  });

  it('that a container runs with are known as such, wherever else they are found', async () => {
    put('work/etc/policy.yaml');
    put('work/etc/auth/sandbox.jwt', 'canary');
    const asFile = filesOf({ mounts: [{ sandbox: '/etc/openshell/policy.yaml', host: join(root, 'work/etc/policy.yaml') }] });
    expect(short(await asFile.look(signal))).toEqual(['container work/etc/policy.yaml']);
    const asDirectory = filesOf({
      mounts: [
        { sandbox: '/etc/openshell', host: join(root, 'work/etc') },
        { sandbox: '/etc/openshell-tls', host: root },
      ],
    });
    expect(short(await asDirectory.look(signal))).toEqual(['container work/etc/policy.yaml']);
  });

  it('too deep or too large are left out, and the place says so', async () => {
    put(`work/${'d/'.repeat(12)}policy.yaml`);
    put('work/large.yaml', `${bedPolicyText}\n#${'x'.repeat(1024 * 1024)}`);
    const look = await filesOf().look(signal);
    expect(look.files).toEqual([]);
    expect(look.looked[0]?.reason).toMatch(/deeper than 8/);
  });

  it('of empty lines alone are passed over, however many', async () => {
    put('work/empty.yaml', '\n'.repeat(1024 * 1024));
    put('work/spaces.yaml', `${' '.repeat(1000)}\n`.repeat(1000));
    put('work/keys.yaml', `network_policies${' '.repeat(1000)}\n`.repeat(1000));
    const files = filesOf();
    expect((await files.look(signal)).files).toEqual([]);
    expect(files.reads).toBe(3);
  });

  it('that a container runs with are known by whatever path they are found', async () => {
    const real = put('real/etc/policy.yaml');
    symlinkSync(join(root, 'real'), join(root, 'linked'));
    linkSync(real, join(root, 'work/again.yaml'));
    const other = put('work/other.yaml');
    const mounts = [{ sandbox: '/etc/openshell', host: join(root, 'real/etc') }];
    const folders = [join(root, 'linked'), join(root, 'work')];
    const files = filesOf({ mounts, folders });
    expect(short(await files.look(signal))).toEqual(['workspace work/other.yaml', 'container real/etc/policy.yaml']);
    const untrusted = filesOf({ mounts, folders, trusted: false });
    for (const { path } of (await untrusted.look(signal)).files) expect(await untrusted.inForce(path), path).toBe(path !== other);
    expect((await untrusted.look(signal)).files).toHaveLength(3);
  });

  it('of a container are read again when what a link of theirs leads to changed', async () => {
    const real = put('elsewhere/policy.yaml');
    const link = join(root, 'etc.yaml');
    symlinkSync(real, link);
    const files = filesOf({ mounts: [{ sandbox: '/etc/openshell/policy.yaml', host: link }] });
    const before = await files.look(signal);
    writeFileSync(real, `# more\n${bedPolicyText}`);
    files.invalidate();
    const after = await files.look(signal);
    expect(after.files[0]?.parsed.text).not.toBe(before.files[0]?.parsed.text);
  });
});
