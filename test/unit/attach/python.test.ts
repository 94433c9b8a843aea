/** The reader in Python against the one on Node: the same records, the same cursors, of everything that was ever recorded. */
import { describe, expect, it } from 'vitest';
import { recording, recordingNames } from '../../fixtures/recordings';
import { cursorsOf, readAll } from './reading';
import { nodeReader, pythonReader } from './readers';

describe.each(recordingNames)('recording %s', (name) => {
  const { stateDir } = recording(name);

  it('gives the same records in the same order, and the same cursors', async () => {
    const node = await readAll(nodeReader.open(stateDir));
    const python = await readAll(pythonReader.open(stateDir));
    expect(python.length).toBeGreaterThan(2);
    expect(python).toEqual(node);
  });

  it.each([
    [nodeReader, pythonReader],
    [pythonReader, nodeReader],
  ])('read by one and gone on with by the other, gives nothing again (%#)', async (first, second) => {
    const cursors = cursorsOf(await readAll(first.open(stateDir)));
    const again = await readAll(second.open(stateDir), cursors);
    const same = await readAll(first.open(stateDir), cursors);
    expect(again).toEqual(same);
    expect(again.filter((record) => ['transcript', 'trajectory', 'reread', 'gone'].includes(record.kind))).toEqual([]);
  });
});
