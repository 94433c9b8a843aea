/** PUBLIC: which LLM calls carried what stands in a file. Types and method names only. */
import { RequestType } from 'vscode-languageserver-protocol';
import type { UsesAt } from './definitions';
import type { CallAt } from './messages';

/** Of an inlay, a lens and a code action: `{ command: showCarriersCommand, arguments: [UsesAt] }`. */
export const showCarriersCommand = 'sandglass.showCarriers';

/** The LLM calls in whose prompt this was, newest first; at most 50. */
export const carriersAtRequest = new RequestType<UsesAt, readonly CallAt[], void>('sandglass/carriersAt');
