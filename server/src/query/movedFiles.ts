/** Which call moved a file away, by a patch or by a plain command, as far as that is certain. */
import { asObject, asString } from '../decode/json';
import { placesOfCommand } from '../locate/command';
import { parseApplyPatch } from '../locate/blame/patches';
import { baseDirectory, sandboxPath } from '../locate/sandboxPath';
import { ranCommand } from '../locate/touches';
import type { Store } from '../store/store';
import { spanArguments } from './payload';

/** A file may be moved again. */
export const movesFollowed = 4;
/** Calls of a file looked at for one that moved it, the last of them. */
const callsLooked = 64;

export interface MovedAway {
  /** Epoch milliseconds. */
  readonly start: number;
  /** One of these. */
  readonly into: readonly string[];
  readonly end: number;
}

/** The last of them first. */
export function movesOf(store: Store, source: number, path: string): readonly MovedAway[] {
  const moves: MovedAway[] = [];
  for (const call of [...store.touches.callsOf(source, path, callsLooked).calls].reverse()) {
    const { start } = call;
    if (start === null) continue;
    const span = store.spans.ofSession(call.session, call.spanId)?.span;
    if (span === undefined || (span.status !== 'ok' && span.status !== 'denied')) continue;
    const workspaceDir = store.sessions.byRow(call.session)?.workspaceDir ?? null;
    const end = span.endTime === null ? start : Date.parse(span.endTime);
    const args = (): unknown => spanArguments(store, call.session, span);
    if (span.attributes['gen_ai.tool.name'] === 'apply_patch') {
      const object = asObject(args());
      const base = workspaceDir ?? baseDirectory(span, null);
      for (const file of parseApplyPatch(asString(object?.['input']) ?? asString(object?.['patch']) ?? '') ?? []) {
        const to =
          file.kind === 'update' && file.moveTo !== null && sandboxPath(file.path, base) === path ? sandboxPath(file.moveTo, base) : null;
        if (to !== null) moves.push({ into: [to], start, end });
      }
    } else if (ranCommand(span) && span.attributes['sandglass.exit_code'] === 0) {
      const move = placesOfCommand(span, args(), workspaceDir)?.moves.findLast(({ from }) => from === path);
      if (move !== undefined) moves.push({ into: move.into, start, end });
    }
  }
  return moves;
}
