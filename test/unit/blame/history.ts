/** A made-up history of one file in which it is known of every line who wrote it: by recorded calls, and by somebody unrecorded. */
import fc from 'fast-check';
import { createTwoFilesPatch } from 'diff';
import type { FileEvent } from '../../../server/src/locate/blame/events';

export interface TrueLine {
  readonly text: string;
  /** The call, or null: nobody recorded. */
  readonly who: number | null;
}

export interface Step {
  readonly kind: 'write' | 'edit' | 'patch' | 'read' | 'readPart' | 'someone';
  readonly at: number;
  readonly remove: number;
  readonly add: readonly ('own' | 'brace' | 'empty' | 'return')[];
  /** Whether the tool reports what it changed. */
  readonly reports: boolean;
}

const addedLine = fc.constantFrom('own' as const, 'own' as const, 'brace' as const, 'empty' as const, 'return' as const);

export const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'write' as const,
      'edit' as const,
      'edit' as const,
      'patch' as const,
      'read' as const,
      'readPart' as const,
      'someone' as const,
    ),
    at: fc.nat(30),
    remove: fc.nat(4),
    add: fc.array(addedLine, { maxLength: 5 }),
    reports: fc.boolean(),
  }),
  { minLength: 1, maxLength: 14 },
);

const texts = { brace: '}', empty: '', return: '  return result;' };

export interface Played {
  readonly events: readonly { readonly call: number; readonly event: FileEvent }[];
  readonly lines: readonly TrueLine[];
  /** How often a call wrote a line of this text. */
  wrote(call: number, text: string): number;
}

/** `first`: lines that stood there before all calls. */
export function play(first: number, made: readonly Step[]): Played {
  let lines: TrueLine[] = Array.from({ length: first }, (_, i) => ({ text: i % 4 === 3 ? '}' : `first ${i}`, who: null }));
  const events: { call: number; event: FileEvent }[] = [];
  const text = (of: readonly TrueLine[]): string => of.map((line) => `${line.text}\n`).join('');
  made.forEach((step, call) => {
    const who = step.kind === 'someone' ? null : call;
    const added = step.add.map((kind, i): TrueLine => ({ text: kind === 'own' ? `line ${call}.${i}` : texts[kind], who }));
    const at = Math.min(step.at, lines.length);
    const end = Math.min(lines.length, at + step.remove);
    const before = lines;
    const after = replaced(before, at, end, added);
    const patch = step.reports ? createTwoFilesPatch('a', 'a', text(before), text(after), undefined, undefined, { context: 4 }) : null;
    switch (step.kind) {
      case 'read':
        events.push({ call, event: { kind: 'seen', start: 0, lines: [...before.map((line) => line.text), ''], end: true } });
        return;
      case 'readPart':
        events.push({ call, event: { kind: 'seen', start: at, lines: before.slice(at, at + 6).map((line) => line.text), end: false } });
        return;
      case 'someone':
        lines = after;
        return;
      case 'write':
        events.push({ call, event: { kind: 'write', lines: [...after.map((line) => line.text), ''], patch } });
        lines = after;
        return;
      case 'edit': {
        const oldText = text(before.slice(at, end));
        // The tool takes only what stands there once.
        if (oldText === '' || text(before).split(oldText).length !== 2) return;
        if (text(before).indexOf(oldText) !== text(before.slice(0, at)).length) return;
        events.push({ call, event: { kind: 'edit', edits: [{ oldText, newText: text(added) }], patch } });
        lines = after;
        return;
      }
      case 'patch': {
        const above = before.slice(Math.max(0, at - 2), at).map((line) => line.text);
        const oldLines = [...above, ...before.slice(at, end).map((line) => line.text)];
        const all = before.map((line) => line.text);
        const firstAt = all.findIndex((_, i) => oldLines.every((line, n) => all[i + n] === line)) + above.length;
        // An empty last line is not kept by the tool.
        if (oldLines.length === 0 || firstAt !== at || oldLines.at(-1) === '' || after.at(-1)?.text === '') return;
        const newLines = [
          ...above.map((line) => ({ text: line, added: false })),
          ...added.map((line) => ({ text: line.text, added: true })),
        ];
        events.push({ call, event: { kind: 'update', chunks: [{ context: null, oldLines, newLines, atEnd: false }] } });
        lines = after;
        return;
      }
    }
  });
  return {
    events,
    lines,
    wrote: (call, text) =>
      (made[call]?.add ?? []).filter((kind, i) => (kind === 'own' ? `line ${call}.${i}` : texts[kind]) === text).length,
  };
}

/** What is the same at both ends of what was replaced was not touched. */
function replaced(before: readonly TrueLine[], from: number, to: number, added: readonly TrueLine[]): TrueLine[] {
  let head = 0;
  while (from + head < to && head < added.length && before[from + head]?.text === added[head]?.text) head += 1;
  let tail = 0;
  while (to - tail > from + head && added.length - tail > head && before[to - 1 - tail]?.text === added[added.length - 1 - tail]?.text)
    tail += 1;
  return [...before.slice(0, from + head), ...added.slice(head, added.length - tail), ...before.slice(to - tail)];
}
