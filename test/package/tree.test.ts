// What the repository itself must not hold: the address of a package registry, pinned download places, secrets.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const maxTextBytes = 4 * 1024 * 1024;
// Recordings of real runs: what a sandbox said stays as it was said; the keys in them were made for the recording.
const recordings = /^(test\/fixtures|sample)\//;

function tracked(): string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && !recordings.test(file));
}

/** Every `file:line` outside of the recordings that holds one of the patterns. */
function offenders(patterns: readonly RegExp[]): string[] {
  const found: string[] = [];
  for (const file of tracked()) {
    const path = resolve(root, file);
    const info = statSync(path, { throwIfNoEntry: false });
    if (!info?.isFile() || info.size > maxTextBytes) continue;
    const text = readFileSync(path, 'utf8');
    if (text.includes('\0')) continue;
    text.split('\n').forEach((line, index) => {
      if (patterns.some((pattern) => pattern.test(line))) found.push(`${file}:${index + 1}`);
    });
  }
  return found;
}

describe('the repository', () => {
  it('sees the files it is about', () => {
    expect(tracked()).toContain('package.json');
    expect(offenders([/"name": "sandglass"/])).toContain('package.json:2');
  });

  it('pins no download places in package-lock.json', () => {
    const lock = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string; link?: boolean }>;
    };
    const pinned = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
    expect(Object.keys(lock.packages).length).toBeGreaterThan(10);
    expect(pinned.map(([name]) => name)).toEqual([]);
  });

  it('names no package registry', () => {
    expect(
      offenders([/\bregistry\.(npm|yarn|node)[a-z]*\./, /\bpypi\.(org|python)/, /\bopen-vsx\.org/, /\b(deb|archive)\.(debian|ubuntu)\./]),
    ).toEqual([]);
  });

  it('has every picture and page that its README points to', () => {
    const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
    const targets = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target ?? '').filter((target) => !/^https?:/.test(target));
    expect(targets.length).toBeGreaterThan(3);
    expect(targets.filter((target) => !tracked().includes(target))).toEqual([]);
  });

  it('holds no secrets', () => {
    expect(
      offenders([
        /-----BEGIN [A-Z ]*PRIVATE KEY-----\\?[rn]?[A-Za-z0-9+/=\\n]*$/,
        /\bAKIA[0-9A-Z]{16}\b/,
        /\bgh[pousr]_[A-Za-z0-9]{36}/,
        /\bnpm_[A-Za-z0-9]{36}/,
        /\bnvapi-[A-Za-z0-9_-]{40}/,
        /\bsk-(ant-|proj-)?[A-Za-z0-9_-]{32}/,
        /\bxox[abpr]-[0-9A-Za-z-]{20}/,
      ]),
    ).toEqual([]);
  });
});
