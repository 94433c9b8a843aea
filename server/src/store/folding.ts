/**
 * Which sessions are to be folded: those that grew, and those that were last folded by a version that does not keep all that this one
 * does. A mark that a step of the schema leaves is not enough: a window of an older version may clear it (see `folded_as`).
 */
import { migrations } from './schema';

/** What a fold of this version is marked with. */
export const foldedBy = migrations.length;

/** Whoever knew fewer steps of the schema than these did not keep all: the last of them has sessions folded again. */
export const foldsWanted = migrations.findLastIndex((step) => step.includes('UPDATE session SET dirty = 1')) + 1;
