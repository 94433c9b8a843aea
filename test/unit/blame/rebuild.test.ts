// Versions of a file rebuilt from calls: every line that is said to be a call's is that call's.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileEvent } from '../../../server/src/locate/blame/events';
import type { Origin } from '../../../server/src/locate/blame/lines';
import { layersKept, Rebuild } from '../../../server/src/locate/blame/rebuild';
import { play, steps } from './history';

const nowhere = (): null => null;

function rebuilt(...events: readonly FileEvent[]): Rebuild {
  const rebuild = new Rebuild();
  events.forEach((event, call) => rebuild.apply(call, event, nowhere));
  return rebuild;
}

function told(origins: readonly Origin[]): readonly string[] {
  return origins.map((origin) => ('call' in origin ? `${origin.kind} ${origin.call}` : origin.kind));
}

const write = (text: string, patch: string | null = null): FileEvent => ({ kind: 'write', lines: text.split('\n'), patch });
const edit = (oldText: string, newText: string, patch: string | null = null): FileEvent => ({
  kind: 'edit',
  edits: [{ oldText, newText }],
  patch,
});
const seen = (text: string): FileEvent => ({ kind: 'seen', start: 0, lines: text.split('\n'), end: true });
const blamed = (rebuild: Rebuild, text: string): readonly string[] => told(rebuild.blame(text.split('\n')));

describe('a file whose every version is known', () => {
  it('gives each line to the call that wrote it last', () => {
    const rebuild = rebuilt(write('a\nb\nc\n'), edit('b', 'B'), edit('c\n', 'c\nd\n'));
    expect(blamed(rebuild, 'a\nB\nc\nd\n').slice(0, 4)).toEqual(['call 0', 'call 1', 'call 0', 'call 2']);
    expect(rebuild.isCurrent('a\nB\nc\nd\n'.split('\n'))).toBe(true);
  });

  it('follows several edits of one call, two of them in one line', () => {
    const edits = [
      { oldText: 'one', newText: '1' },
      { oldText: 'two', newText: '2\n2b' },
      { oldText: 'last', newText: 'LAST' },
    ];
    const rebuild = rebuilt(write('zero\none two\nthree\nlast'), { kind: 'edit', edits, patch: null });
    expect(blamed(rebuild, 'zero\n1 2\n2b\nthree\nLAST')).toEqual(['call 0', 'call 1', 'call 1', 'call 0', 'call 1']);
  });

  it('leaves what a whole write did not change to whom it was', () => {
    const rebuild = rebuilt(write('a\nb\nc\n'), write('a\nx\nc\n'));
    expect(blamed(rebuild, 'a\nx\nc\n').slice(0, 3)).toEqual(['call 0', 'call 1', 'call 0']);
  });

  it('knows a file that was deleted and made anew', () => {
    const rebuild = rebuilt(write('a\nb\n'), { kind: 'delete' }, write('a\nb\n'));
    expect(blamed(rebuild, 'a\nb\n').slice(0, 2)).toEqual(['call 2', 'call 2']);
  });

  it('says of a whole write that nobody saw what it replaced', () => {
    const unseen = { kind: 'call', call: 0, over: 'unseen' };
    expect(rebuilt(write('a\nb\n')).blame(['a', 'b', ''])[1]).toEqual(unseen);
    expect(rebuilt(write('a\nb\n', '--- a\n+++ a\n@@ -0,0 +1,2 @@\n+a\n+b\n')).blame(['a', 'b', ''])[1]).toEqual({
      ...unseen,
      over: 'seen',
    });
  });

  it('takes a moved file with it', () => {
    const old = rebuilt(write('a\nb\n'));
    const moved = new Rebuild();
    moved.apply(1, { kind: 'moved', from: '/old' }, (path) => (path === '/old' ? old : null));
    const newLines = [
      { text: 'B', added: true },
      { text: 'c', added: true },
    ];
    moved.apply(1, { kind: 'update', chunks: [{ context: null, oldLines: ['b'], newLines, atEnd: false }] }, nowhere);
    expect(blamed(moved, 'a\nB\nc\n').slice(0, 3)).toEqual(['call 0', 'call 1', 'call 1']);
  });

  it('is not misled by a missing last line break', () => {
    expect(blamed(rebuilt(write('a\nb')), 'a\nb\n').slice(0, 2)).toEqual(['call 0', 'call 0']);
    expect(blamed(rebuilt(write('a\nb\n')), 'a\nb')).toEqual(['call 0', 'call 0']);
  });
});

describe('a file that stood there before', () => {
  const base = 'def a():\n    return 1\n\ndef b():\n    return 2\n';
  it('leaves the lines that a call first saw to nobody', () => {
    const rebuild = rebuilt(seen(base), edit('return 2', 'return 3'));
    expect(blamed(rebuild, base.replace('return 2', 'return 3')).slice(0, 5)).toEqual([
      'found 0',
      'found 0',
      'found 0',
      'found 0',
      'call 1',
    ]);
  });

  it('knows an edit by what the tool reported, though nobody read the file', () => {
    const patch = '--- a\n+++ a\n@@ -2,4 +2,4 @@\n     return 1\n \n def b():\n-    return 2\n+    return 3\n';
    const rebuild = rebuilt(edit('return 2', 'return 3', patch));
    const told = blamed(rebuild, base.replace('return 2', 'return 3')).slice(0, 5);
    expect(told).toEqual(['unknown', 'unknown', 'unknown', 'unknown', 'call 0']);
  });

  it('says nothing of an edit that nothing proves', () => {
    expect(blamed(rebuilt(edit('return 2', 'return 3')), base.replace('return 2', 'return 3')).slice(0, 5)).toEqual(
      Array.from({ length: 5 }, () => 'unknown'),
    );
  });

  it('knows what a whole write replaced by what the tool reported', () => {
    const patch = '--- a\n+++ a\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n';
    expect(blamed(rebuilt(write('a\nB\nc\n', patch)), 'a\nB\nc\n').slice(0, 3)).toEqual(['found 0', 'call 0', 'found 0']);
  });

  it('finds a patched place again by all of its lines', () => {
    const newLines = [
      { text: 'def b():', added: false },
      { text: '    return 3', added: true },
    ];
    const update: FileEvent = {
      kind: 'update',
      chunks: [{ context: null, oldLines: ['def b():', '    return 2'], newLines, atEnd: false }],
    };
    const now = base.replace('return 2', 'return 3');
    expect(blamed(rebuilt(update), now)[4]).toBe('call 0');
    // Twice there: it is not known which of the two.
    expect(blamed(rebuilt(update), `${now}${now}`)).not.toContain('call 0');
  });
});

describe('changes that nobody recorded', () => {
  it("are not the call's, and the rest stays so", () => {
    const rebuild = rebuilt(write('alpha\nbeta\ngamma\n'));
    expect(blamed(rebuild, 'alpha\nmine\nbeta\ngamma\n').slice(0, 4)).toEqual(['call 0', 'changed', 'call 0', 'call 0']);
    expect(blamed(rebuild, 'alpha\ngamma\n').slice(0, 2)).toEqual(['call 0', 'call 0']);
    expect(blamed(rebuild, 'alpha\nBETA\ngamma\n').slice(0, 3)).toEqual(['call 0', 'changed', 'call 0']);
  });

  it("make what could be either's nobody's", () => {
    const rebuild = rebuilt(write('first {\n}\nsecond {\n}\n'));
    // Which of the two closing braces is the new one can't be told.
    const now = 'first {\n}\nmine {\n}\nsecond {\n}\n';
    const told = blamed(rebuild, now);
    expect(told[0]).toBe('call 0');
    expect(told[2]).toBe('changed');
    expect(told[4]).toBe('call 0');
    expect([told[1], told[3]]).toEqual(['unsure', 'unsure']);
  });

  it('leave no brace of a rewritten file to the call', () => {
    const rebuild = rebuilt(write('a {\n  x\n}\nb {\n  y\n}\nc\n'));
    expect(blamed(rebuild, 'k {\n  p\n}\nl {\n  q\n}\nm\n')).not.toContain('call 0');
  });

  it("between two calls are neither's", () => {
    const rebuild = rebuilt(write('alpha\nbeta\n'), seen('alpha\nnew\nbeta\n'), edit('alpha', 'ALPHA'));
    expect(blamed(rebuild, 'ALPHA\nnew\nbeta\n').slice(0, 3)).toEqual(['call 2', 'changed', 'call 0']);
  });

  it('are seen by an edit that finds other lines than it should, and older lines are found again', () => {
    const patch = '--- a\n+++ a\n@@ -2,3 +2,3 @@\n inserted\n alpha\n-beta\n+BETA\n';
    const rebuild = rebuilt(write('alpha\nbeta\ngamma\n'), edit('beta', 'BETA', patch));
    expect(blamed(rebuild, 'top\ninserted\nalpha\nBETA\ngamma\n').slice(0, 5)).toEqual([
      'unknown',
      'unknown',
      'call 0',
      'call 1',
      'call 0',
    ]);
  });
});

describe('any history', () => {
  it("never gives a call a line that is another's", () => {
    let calls = 0;
    let own = 0;
    fc.assert(
      fc.property(fc.nat(12), steps, (first, made) => {
        const { events, lines, wrote } = play(first, made);
        const rebuild = new Rebuild();
        for (const { call, event } of events) rebuild.apply(call, event, nowhere);
        const origins = rebuild.blame([...lines.map(({ text }) => text), '']);
        const given = new Map<string, number>();
        lines.forEach(({ text, who }, at) => {
          const origin = origins[at];
          const overUnseen = origin?.kind === 'call' && origin.over === 'unseen';
          if (who !== null && text.startsWith('line') && !overUnseen) own += 1;
          if (origin?.kind !== 'call' || overUnseen) return;
          if (text.startsWith('line')) calls += 1;
          if (text.startsWith('line')) expect(origin.call).toBe(who);
          // Which of several lines that are all alike is the call's, not even its own report may tell.
          else given.set(`${origin.call} ${text}`, (given.get(`${origin.call} ${text}`) ?? 0) + 1);
        });
        for (const [key, count] of given) {
          const [call = '', ...text] = key.split(' ');
          expect(count, key).toBeLessThanOrEqual(wrote(Number(call), text.join(' ')));
        }
      }),
      { numRuns: 1500 },
    );
    // It would hold for one that says nothing, too.
    expect(calls / own).toBeGreaterThan(0.75);
  });

  it('is found whole where every change is recorded', () => {
    fc.assert(
      fc.property(steps, (made) => {
        const { events, lines } = play(0, [
          { kind: 'write', at: 0, remove: 0, add: ['own', 'own'], reports: false },
          ...made.filter(({ kind }) => kind !== 'someone'),
        ]);
        const rebuild = new Rebuild();
        for (const { call, event } of events) rebuild.apply(call, event, nowhere);
        const texts = [...lines.map(({ text }) => text), ''];
        expect(rebuild.isCurrent(texts)).toBe(true);
        const origins = rebuild.blame(texts);
        lines.forEach(({ text, who }, at) => {
          if (text.startsWith('line')) expect(origins[at]).toMatchObject({ kind: 'call', call: who });
        });
      }),
      { numRuns: 500 },
    );
  });

  it('keeps a bounded number of layers', () => {
    const events: FileEvent[] = [];
    for (let i = 0; i < layersKept * 3; i++) {
      events.push(write(`mine ${i}\nother\n`), edit('absent', 'x'));
    }
    expect(blamed(rebuilt(...events), 'mine 0\nother\n')[0]).toBe('unknown');
  });
});
