/** What OpenClaw measured of the prompt of a session's last run, out of the session's row of the index; see reduce.ts of the reader. */
import { asArray, asNumber, asObject, asString, parseObject } from '../json';

export interface PromptReport {
  /** Epoch milliseconds. */
  readonly at: number | null;
  readonly model: string | null;
  readonly files: readonly InjectedFile[];
  readonly skills: ReadonlyMap<string, number>;
  /** Characters of a tool's description and schema, by its name: of the tools that the model gets directly. */
  readonly tools: ReadonlyMap<string, number>;
}

/** Characters are as JavaScript counts them; `raw`: of the file without the blanks at its end. */
export interface InjectedFile {
  readonly path: string;
  readonly rawChars: number;
  readonly injectedChars: number;
  readonly state: 'whole' | 'truncated' | 'missing';
}

/** null: the row does not tell. */
export function decodePromptReport(indexText: string): PromptReport | null {
  const prompt = asObject(parseObject(indexText)?.['prompt']);
  if (prompt === null) return null;
  const lines = (name: string): readonly string[] => (asArray(prompt[name]) ?? []).flatMap((line) => asString(line) ?? []);
  const at = asNumber(prompt['at']);
  return {
    at: at !== null && at > 0 ? at : null,
    model: asString(prompt['model']) || null,
    files: lines('files').flatMap((line) => {
      const [, raw, injected, state, path] = /^(\d+) (\d+) (whole|truncated|missing) (.+)$/s.exec(line) ?? [];
      if (path === undefined || state === undefined) return [];
      return [{ path, rawChars: Number(raw), injectedChars: Number(injected), state: state as InjectedFile['state'] }];
    }),
    skills: named(lines('skills'), /^(\d+)() (.+)$/s),
    tools: named(lines('tools'), /^(\d+) (\d+) (.+)$/s),
  };
}

function named(lines: readonly string[], form: RegExp): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of lines) {
    const [, one, two, name] = form.exec(line) ?? [];
    if (name !== undefined) found.set(name, Number(one) + Number(two));
  }
  return found;
}
