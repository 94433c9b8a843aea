// What an older version kept of the supervisor's log is shown as this version reads it, though the log itself may be gone.
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import type { PolicySpan } from '../../../server/src/protocol/document';
import { SealedBox } from '../../../server/src/store/sealedBox';
import { Store } from '../../../server/src/store/store';
import { info } from '../support/traces';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const denial = (n: number): string =>
  `NET:OPEN [MED] DENIED /usr/bin/curl(${n}) -> evil.example.com:443 [policy:- engine:opa] [reason:not allowed]`;
const line = (n: number, origin: 'console' | 'file' = 'console'): SourceRecord => ({
  kind: 'log',
  origin,
  text: `2026-11-21T10:00:0${n}.000Z OCSF ${denial(n)}`,
});

interface Body {
  readonly seen: readonly { readonly event: object }[];
  readonly span: PolicySpan;
}

/** As a version kept it that knew neither the process nor the reason, nor keys. */
function makeOld(path: string, key: Uint8Array): void {
  const box = new SealedBox(key);
  const db = new DatabaseSync(path);
  for (const { policy_id: id, body } of db.prepare('SELECT policy_id, body FROM policy').all() as {
    policy_id: string;
    body: Uint8Array;
  }[]) {
    const { seen, span } = JSON.parse(box.open(body)) as Body;
    const event = { ...seen[0]?.event, process: null, target: null, reason: null, action: null };
    const old = { ...span, status: 'unknown', statusMessage: null, attributes: {} };
    db.prepare('UPDATE policy SET key_blind = NULL, ways = 0, pid = NULL, action = NULL, body = ? WHERE policy_id = ?').run(
      box.seal(JSON.stringify({ event, span: old })),
      id,
    );
  }
  db.close();
}

describe("the supervisor's events in a store of an older version", () => {
  it.each([
    ['when nothing new comes', []],
    ['when they come by another way too', [line(1, 'file'), line(2, 'file')]],
    ['when another line comes', [line(3)]],
  ])('are decoded anew, and each is there once, %s', (_, records) => {
    const folder = mkdtempSync(join(tmpdir(), 'sandglass-older-'));
    folders.push(folder);
    const path = join(folder, 'traces.sqlite');
    const key = randomBytes(32);
    const open = (): Store => Store.open({ path, key, replaceUnreadable: false });
    const applied = (
      store: Store,
      batch: readonly SourceRecord[],
    ): { readonly spans: readonly PolicySpan[]; readonly changed: boolean } => {
      const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
      using ingest = new Ingest(store, row);
      const { policyChanged: changed } = ingest.apply(batch);
      expect(ingest.apply([]).policyChanged).toBe(false);
      return { spans: store.policies.all(row), changed };
    };
    const first = open();
    const known = applied(first, [line(1), line(2)]).spans;
    first[Symbol.dispose]();
    expect(known.map(({ status }) => status)).toEqual(['denied', 'denied']);
    makeOld(path, key);
    const second = open();
    const { spans, changed } = applied(second, records);
    expect(spans.slice(0, 2)).toEqual(known);
    expect(changed).toBe(true);
    expect(spans).toHaveLength(records.length === 1 ? 3 : 2);
    second[Symbol.dispose]();
    const third = open();
    expect(applied(third, [])).toEqual({ spans, changed: false });
    third[Symbol.dispose]();
  });
});
