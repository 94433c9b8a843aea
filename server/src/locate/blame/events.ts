/** What a call did to one file, or saw of it, as its arguments and its result tell. Pure; all of it is text out of a sandbox. */
import type { Span } from '../../protocol/document';
import { asArray, asNumber, asObject, asString } from '../../decode/json';
import { baseDirectory, sandboxPath } from '../sandboxPath';
import { blamedLines, splitLines } from './lines';
import { parseApplyPatch } from './patches';
import type { Chunk } from './patches';

export interface TextEdit {
  readonly oldText: string;
  readonly newText: string;
}

export type FileEvent =
  /** The whole file was written; `patch` as the tool reported it. */
  | { readonly kind: 'write'; readonly lines: readonly string[]; readonly patch: string | null }
  | { readonly kind: 'edit'; readonly edits: readonly TextEdit[]; readonly patch: string | null }
  | { readonly kind: 'update'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'delete' }
  /** It has the lines that another file had. */
  | { readonly kind: 'moved'; readonly from: string }
  /** Lines from `start` on; `end`: they go to the end of the file. */
  | { readonly kind: 'seen'; readonly start: number; readonly lines: readonly string[]; readonly end: boolean }
  /** It may have changed the file, in a way that is not known. */
  | { readonly kind: 'maybe' };

export interface CallText {
  readonly args: unknown;
  readonly result: string | null;
  readonly patch: string | null;
}

const readers: ReadonlySet<string> = new Set(['read']);
const writers: ReadonlySet<string> = new Set(['write', 'edit', 'apply_patch']);

/** Whether the call's texts are needed at all to know what it did to a file. */
export function saysMore(span: Span): boolean {
  const name = toolOf(span);
  return writers.has(name) || readers.has(name);
}

function toolOf(span: Span): string {
  return String(span.attributes['gen_ai.tool.name'] ?? '');
}

/** In the order in which they happened; nothing for a call that says nothing about this file. */
export function eventsOf(span: Span, { args, result, patch }: CallText, path: string, workspaceDir: string | null): readonly FileEvent[] {
  const name = toolOf(span);
  // Of one that failed half way, and one whose end nobody saw, it is not known what it did.
  const certain = span.status === 'ok' || span.status === 'denied';
  const object = asObject(args);
  const base = workspaceDir ?? baseDirectory(span, null);
  const mine = (written: string | null): boolean => written !== null && sandboxPath(written, base) === path;
  const named = asString(object?.['path']) ?? asString(object?.['file_path']) ?? asString(object?.['filePath']);
  switch (name) {
    case 'write': {
      const content = asString(object?.['content']);
      if (!mine(named)) return [];
      // It writes all or nothing; what it says of an error is that it wrote nothing.
      if (span.status === 'error') return [];
      return certain && content !== null ? [{ kind: 'write', lines: splitLines(content), patch }] : [{ kind: 'maybe' }];
    }
    case 'edit': {
      if (!mine(named)) return [];
      if (span.status === 'error') return [];
      const edits = editsOf(object);
      return certain && edits !== null ? [{ kind: 'edit', edits, patch }] : [{ kind: 'maybe' }];
    }
    case 'apply_patch':
      return patchEvents(asString(object?.['input']) ?? asString(object?.['patch']) ?? '', mine, base, certain);
    case 'read':
      return certain && mine(named) && result !== null ? seen(object, result) : [];
    default:
      return [];
  }
}

function editsOf(args: Readonly<Record<string, unknown>> | null): readonly TextEdit[] | null {
  if (args === null) return null;
  const edits: TextEdit[] = [];
  for (const value of asArray(args['edits']) ?? [args]) {
    const edit = asObject(value);
    const oldText = asString(edit?.['oldText']) ?? asString(edit?.['old_string']);
    const newText = asString(edit?.['newText']) ?? asString(edit?.['new_string']);
    if (oldText === null || newText === null || oldText === '') return null;
    edits.push({ oldText: unified(oldText), newText: unified(newText) });
  }
  return edits;
}

function unified(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function patchEvents(input: string, mine: (path: string | null) => boolean, base: string | null, certain: boolean): readonly FileEvent[] {
  const files = parseApplyPatch(input);
  if (files === null) return [{ kind: 'maybe' }];
  const events: FileEvent[] = [];
  for (const file of files) {
    const target = file.kind === 'update' ? file.moveTo : null;
    if (!mine(file.path) && !mine(target)) continue;
    if (!certain) events.push({ kind: 'maybe' });
    else if (file.kind === 'add') events.push({ kind: 'write', lines: file.lines, patch: null });
    else if (file.kind === 'delete') events.push({ kind: 'delete' });
    else {
      const from = sandboxPath(file.path, base);
      if (target !== null && !mine(target)) events.push({ kind: 'delete' });
      else {
        if (target !== null && !mine(file.path) && from !== null) events.push({ kind: 'moved', from });
        events.push({ kind: 'update', chunks: file.chunks });
      }
    }
  }
  return events;
}

const more = /more lines|offset=|limit|truncated/i;
const notice = /exceeds|limit|omitted/i;

/** Where the lines end and what the tool puts below those that are not the last begins. Looked for by hand: the text is anybody's. */
function moreAt(text: string): number | null {
  const at = text.lastIndexOf('\n\n[');
  const last = at < 0 ? '' : text.slice(at + 3);
  return last.indexOf(']') === last.length - 1 && !last.includes('\n') && more.test(last) ? at : null;
}

function isNotice(text: string): boolean {
  return text.startsWith('[') && text.endsWith(']') && !text.includes('\n') && notice.test(text);
}

function seen(args: Readonly<Record<string, unknown>> | null, result: string): readonly FileEvent[] {
  const text = result.trimEnd();
  if (args?.['cursor'] !== undefined || isNotice(text) || result.startsWith('Read image file')) return [];
  const cut = moreAt(text);
  const lines = splitLines(cut === null ? result : result.slice(0, cut));
  const start = Math.max(1, asNumber(args?.['offset']) ?? 1) - 1;
  // Lines are laid out up to where it began: a number out of a trace must not say how many.
  if (!Number.isInteger(start) || start >= blamedLines) return [];
  // Asked for so many lines, it need not have said that there are more.
  const limited = asNumber(args?.['limit']) !== null;
  return [{ kind: 'seen', start, lines, end: cut === null && !limited }];
}
