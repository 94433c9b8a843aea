/** What a tool call was about: two calls with the same target tried the same thing. */
import type { Span } from '../protocol/document';

/** Same tool on the same file, or the same command. */
export function targetOf(span: Span): string {
  const { attributes } = span;
  const paths = attributes['sandglass.paths'];
  const target = Array.isArray(paths) && paths.length > 0 ? paths.join('\n') : attributes['sandglass.preview'];
  return `${String(attributes['gen_ai.tool.name'])}\n${String(target)}`;
}
