/** Whether a prompt held what a file defines, and how much of it, by what OpenClaw measured of the prompt. Pure. */
import type { PromptReport } from '../decode/openclaw/promptReport';
import type { Definition } from '../locate/defined/definition';

/** Characters of a token, where only their number is known; measured on recordings, see the test of the estimates. */
export const charsPerToken = { prose: 4, skill: 3.5, tool: 4.4 } as const;
export interface Sent {
  readonly chars: number;
  readonly rawChars: number;
  readonly truncated: boolean;
  readonly tools: number;
}
/** null: this prompt did not hold it. */
export function sentIn(report: PromptReport, { kind, name, key }: Definition): Sent | null {
  const sized = (chars: number | undefined, tools = 0): Sent | null =>
    chars === undefined || chars === 0 ? null : { chars, rawChars: chars, truncated: false, tools };
  switch (kind) {
    case 'prompt-file': {
      const file = report.files.find(({ path }) => key === `prompt ${path}`);
      if (file === undefined || file.state === 'missing' || file.injectedChars === 0) return null;
      return { chars: file.injectedChars, rawChars: file.rawChars, truncated: file.state === 'truncated', tools: 0 };
    }
    case 'skill':
      return sized(report.skills.get(name));
    case 'plugin-tool':
    case 'manifest-tool':
      return sized(report.tools.get(name));
    case 'mcp-server': {
      const prefix = key === null ? null : `${key.slice('mcp '.length)}__`;
      const sizes = prefix === null ? [] : [...report.tools].flatMap(([tool, chars]) => (tool.startsWith(prefix) ? [chars] : []));
      return sized(
        sizes.reduce((sum, chars) => sum + chars, 0),
        sizes.length,
      );
    }
  }
}

export function whyNot(report: PromptReport, { kind, key }: Definition): 'missing' | 'tool-search' | 'not-listed' {
  if (kind === 'prompt-file')
    return report.files.some(({ path, state }) => key === `prompt ${path}` && state === 'missing') ? 'missing' : 'not-listed';
  return kind !== 'skill' && report.tools.has('tool_search') ? 'tool-search' : 'not-listed';
}

export function shape({ kind }: Definition): keyof typeof charsPerToken {
  return kind === 'prompt-file' ? 'prose' : kind === 'skill' ? 'skill' : 'tool';
}

/** In UTF-16 units. */
export function lineLength(text: string, line: number): number | null {
  let from = 0;
  for (let at = 0; at < line; at++) {
    const next = text.indexOf('\n', from);
    if (next < 0) return null;
    from = next + 1;
  }
  const end = text.indexOf('\n', from);
  const length = (end < 0 ? text.length : end) - from;
  return text[from + length - 1] === '\r' ? length - 1 : length;
}
