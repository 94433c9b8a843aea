// Which files a call is known to have touched: by all of its command, however long, and not by what stands in a here-document.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { commandChars } from '../../../server/src/locate/shellWords';
import { mayLeadTo } from '../../../server/src/locate/touches';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const t0 = Date.UTC(2026, 10, 21);
const w = '/sandbox/w';

/** One call of a session, with its result in the next record, and the files that it is known to have touched. */
function touchedBy(store: Store, command: string, details: object = { cwd: w, exitCode: 0, status: 'completed' }): readonly string[] {
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  const ingest = new Ingest(store, row);
  const record = (ordinal: number, json: object): SourceRecord => ({
    kind: 'transcript',
    agent: 'main',
    session: 's',
    state: 'live',
    file: 's.jsonl',
    ordinal,
    text: JSON.stringify(json),
  });
  const at = (ms: number): string => new Date(t0 + ms).toISOString();
  const content = [{ type: 'toolCall', id: 'c', name: 'exec', arguments: { command } }];
  const result = {
    role: 'toolResult',
    toolCallId: 'c',
    toolName: 'exec',
    content: [{ type: 'text', text: 'done' }],
    details,
    isError: false,
  };
  ingest.apply([
    record(0, {
      type: 'message',
      id: 'a',
      timestamp: at(0),
      message: { role: 'assistant', timestamp: t0, provider: 'p', model: 'm', content },
    }),
    record(1, { type: 'message', id: 'r', timestamp: at(5), message: { ...result, timestamp: t0 + 5 } }),
  ]);
  ingest.settle();
  const [session] = store.sessions.newest(row, 1);
  return session === undefined ? [] : [...store.touches.pathsOfSession(session, 100)].sort();
}

describe('a call that ran a command touched', () => {
  it('what the command names at its end, however long it is', () => {
    // Longer than a line that is shown of it, than what is kept of it beside the call, and than anything is looked at.
    for (const length of [300, 3_000, 60_000]) {
      using store = memoryStore();
      const command = `cat first.py\n${'true\n'.repeat(length / 5)}grep -n total sub/last.py`;
      expect(touchedBy(store, command), String(length)).toEqual([`${w}/first.py`, `${w}/sub/last.py`]);
    }
    using store = memoryStore();
    expect(touchedBy(store, `cat first.py\n${'true\n'.repeat(commandChars)}cat last.py`)).toEqual([`${w}/first.py`]);
  });

  it('the file that a here-document goes to, and none that its text names', () => {
    using store = memoryStore();
    const command = `cd sub && cat > made.py <<'EOF'\nimport other.py\ncat third.py\n${'x = 1\n'.repeat(900)}EOF\npython3 run.py && cat <<-END | tee log.txt\n\tcat fourth.py\n\tEND\ncat last.py`;
    expect(touchedBy(store, command)).toEqual([`${w}/sub/last.py`, `${w}/sub/log.txt`, `${w}/sub/made.py`, `${w}/sub/run.py`]);
  });
});

describe('a path that an output writes by its package', () => {
  it.each<[string, string, boolean]>([
    [`${w}/com/shop/Totals.java`, `${w}/src/main/java/com/shop/Totals.java`, true],
    [`${w}/cart_test.go`, `${w}/gate/cart/cart_test.go`, true],
    [`${w}/a/b.py`, `${w}/a/b.py`, false],
    [`${w}/src/com/shop/Totals.java`, `${w}/com/shop/Totals.java`, false],
    [`${w}/other/Totals.java`, `${w}/src/com/shop/Totals.java`, false],
    [`${w}/com/shop/Other.java`, `${w}/src/com/shop/Totals.java`, false],
  ])('%s may be %s: %s', (written, path, may) => {
    expect(mayLeadTo(written, path)).toBe(may);
  });
});
