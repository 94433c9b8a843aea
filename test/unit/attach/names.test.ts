/** What the name of a file says: a session id may hold any characters, the words OpenClaw marks its archives with among them. */
import { describe, expect, it } from 'vitest';
import { isArchiveOf, transcriptName } from '../../../server/src/attach/reader/names';

const TIME = '2026-11-21T00-44-15.608Z';

describe('the name of a transcript', () => {
  it.each([
    ['a.jsonl', 'a', 'live'],
    [`a.jsonl.reset.${TIME}`, 'a', 'reset'],
    [`a.jsonl.deleted.${TIME}`, 'a', 'deleted'],
    [`a.jsonl.bak.${TIME}`, 'a', 'archived'],
    ['a.jsonl.bak.2026-11-21T00:44:15Z', 'a', 'archived'],
    [`a.reset.${TIME}.jsonl`, `a.reset.${TIME}`, 'reset'],
    [`a.jsonl.deleted.${TIME}.0a1b2c.zst`, 'a', 'deleted'],
    ['a.jsonl.zst', 'a', 'archived'],
    // The first mark is what became of it first, as in the independent count.
    [`a.jsonl.bak.${TIME}.deleted.${TIME}`, 'a', 'archived'],
    [`a.jsonl.deleted.${TIME}.bak.${TIME}`, 'a', 'deleted'],
    // Ids that look like archives.
    ['exp.reset.v2.jsonl', 'exp.reset.v2', 'live'],
    ['exp.deleted.items.jsonl', 'exp.deleted.items', 'live'],
    ['exp.bak.1.jsonl', 'exp.bak.1', 'live'],
    ['exp.jsonl.reset.v2.jsonl', 'exp.jsonl.reset.v2', 'live'],
    [`exp.reset.v2.jsonl.deleted.${TIME}`, 'exp.reset.v2', 'deleted'],
    [`exp.jsonl.bak.v2.jsonl.reset.${TIME}`, 'exp.jsonl.bak.v2', 'reset'],
    [`exp.reset.${TIME}.v2.jsonl`, `exp.reset.${TIME}.v2`, 'live'],
    // Ids that look like what is none.
    ['a.tmpfoo.jsonl', 'a.tmpfoo', 'live'],
    ['my.trajectory.notes.jsonl', 'my.trajectory.notes', 'live'],
    ['exp.compact.v2.jsonl', 'exp.compact.v2', 'live'],
    [`my.tmp.trajectory.x.jsonl.reset.${TIME}`, 'my.tmp.trajectory.x', 'reset'],
    // Put aside by hand: read, not dropped in silence.
    ['a.jsonl.bak.old', 'a', 'archived'],
  ])('%s', (name, stem, state) => expect(transcriptName(name)).toMatchObject({ name, stem, state }));

  it.each([
    'a.trajectory.jsonl',
    `a.trajectory.jsonl.deleted.${TIME}`,
    `a.jsonl.deleted.${TIME}.0a1b.zst.tmp-12`,
    `a.jsonl.bak.${TIME}.12.abc.tmp`,
    `a.jsonl.reset.${TIME}.lock`,
    `a.compact.${TIME}.jsonl`,
    'a.compact.1763683200000.jsonl',
    `a.jsonl.compact.${TIME}`,
    `a.compact.${TIME}.jsonl.deleted.${TIME}`,
    'a.jsonl.lock',
    'a.jsonl.tmp',
    'sessions.json',
    'a.jsonl.',
    'a.jsonl.reset',
    'a.jsonlx',
  ])('not %s', (name) => expect(transcriptName(name)).toBeNull());

  it.each([
    [`a.jsonl.deleted.${TIME}`, false],
    [`a.jsonl.deleted.${TIME}.zst`, true],
    [`a.jsonl.deleted.${TIME}.0a1b2c.zst`, true],
    ['a.jsonl.bak.old.zst', true],
  ])('%s is packed: %s', (name, compressed) => expect(transcriptName(name)).toMatchObject({ stem: 'a', compressed }));

  it('tells the archive of one transcript from another transcript', () => {
    expect(isArchiveOf(`a.jsonl.reset.${TIME}`, 'a.jsonl')).toBe(true);
    expect(isArchiveOf(`b.jsonl.reset.${TIME}`, 'a.jsonl')).toBe(false);
    expect(isArchiveOf('a.jsonl.reset.v2.jsonl', 'a.jsonl')).toBe(false);
  });
});
