/**
 * The labelled recordings: sessions of the test bed together with the true place of every call, written down when the call was made
 * by a watcher that shares nothing with the product (README.md says how). Unpacked once into a private temporary directory.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

/** Where the lines of a place are in later files. A line that is in no run is changed or gone. */
export interface Followed {
  readonly path: string;
  /** [line at the call, how many lines, line now] */
  readonly runs: readonly (readonly [number, number, number])[];
  /** [line at the call, line now]: changed or gone once, and back with the same text; a claim of it is neither right nor wrong. */
  readonly again?: readonly (readonly [number, number])[];
}
export type Role =
  | 'read'
  | 'write'
  | 'edit'
  | 'add'
  | 'update'
  | 'move'
  | 'delete'
  | 'apply_patch'
  | 'target'
  | 'shell'
  | 'named'
  | 'argument'
  | 'output'
  | 'cwd'
  | 'list'
  | 'outside';
export interface Place {
  readonly role: Role;
  /** Real path below the agent's workspace; none for the roles cwd, list and outside, which have `dir`. */
  readonly path?: string;
  readonly dir?: string;
  /** 1-based, in the file as it was `when`; null when the call has a file and no line of it. */
  readonly first: number | null;
  readonly last: number | null;
  readonly when?: 'before' | 'after';
  /** Of the content that the lines are counted in; see `content`. */
  readonly sha?: string;
  readonly count?: number;
  /** The first and the last line, at most 200 characters of each. */
  readonly text?: readonly [string, string];
  /** Of an edit: first and last line of everything that was put, the unchanged neighbours included. */
  readonly span?: readonly [number, number];
  /** Lines were only taken out: `first` is the line that follows the gap (or the last line of the file). */
  readonly gap?: boolean;
  /** The whole file is meant: its first line stands for it. */
  readonly whole?: boolean;
  readonly created?: boolean;
  /** Of a write over a file: what really changed, [first, last] each. */
  readonly changed?: readonly (readonly [number, number])[];
  /** Which of the edits or hunks. */
  readonly edit?: number;
  readonly hunk?: number;
  /** Where a moved file came from. */
  readonly from_?: string;
  /** True, and need not be found. */
  readonly optional?: boolean;
  /** The output has the line's number and not the file's name beside it. */
  readonly implied?: boolean;
  /** The text of the first line stands in the file more than once. */
  readonly twin?: boolean;
  /** In the files at the end of the recording, and after the human edits; null when nothing is left. */
  readonly final?: Followed | null;
  readonly edited?: Followed | null;
}
export interface Label {
  readonly call: string;
  readonly session: string;
  readonly sessionId: string;
  readonly tool: string;
  /** Made through `tool_call` (Tool Search). */
  readonly wrapped?: boolean;
  readonly what: string;
  readonly lang: string;
  readonly failed: boolean;
  /** `unseen`: the call ended its turn before the watcher looked; it is not judged. */
  readonly outcome: 'planned' | 'unchanged' | 'observed' | 'unseen';
  readonly places: readonly Place[];
  /** Files that the call may be anchored in without being judged; `*` is any. */
  readonly open?: readonly string[];
  /** What the output has that looks like a place and is none. */
  readonly noise?: readonly string[];
}
export type HumanEdit =
  | {
      readonly kind: 'insert' | 'delete' | 'change' | 'reformat';
      readonly path: string;
      readonly at: number;
      readonly del: number;
      readonly put: readonly string[];
    }
  | { readonly kind: 'move'; readonly path: string; readonly at: number; readonly count: number; readonly to: number }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string };
export interface Labelled {
  readonly name: string;
  readonly store: 'jsonl' | 'sqlite';
  /** OpenClaw's state directory after a clean stop; `workspace` in it holds the final files. Shared: never write into it. */
  readonly stateDir: string;
  readonly workspace: string;
  readonly labels: readonly Label[];
  readonly edits: readonly HumanEdit[];
  /** The content of a file at a call, by the hash in the place. */
  content(sha: string): string;
}

const FIXTURES = join(import.meta.dirname, '../fixtures/anchors');
/** The agent's workspace as the sandbox sees it. */
export const WORKSPACE = '/sandbox/.openclaw/workspace';
export const labelledNames: readonly string[] = ['labels-2026.7.1', 'labels-2026.9.5', 'labels-2026.7.1-direct'];

const cache = new Map<string, Labelled>();
export function labelled(name: string): Labelled {
  const known = cache.get(name);
  if (known) return known;
  const folder = join(FIXTURES, name);
  const archive = readFileSync(join(folder, 'sandbox.tar.gz'));
  const root = join(privateDir(), `${name}-${createHash('sha256').update(archive).digest('hex').slice(0, 12)}`);
  if (!existsSync(root)) unpack(join(folder, 'sandbox.tar.gz'), root);
  const stateDir = join(root, 'sandbox', '.openclaw');
  const contents = JSON.parse(brotliDecompressSync(readFileSync(join(folder, 'contents.json.br'))).toString('utf8')) as Record<
    string,
    string
  >;
  const made: Labelled = {
    name,
    store: existsSync(join(stateDir, 'agents/main/sessions/sessions.json')) ? 'jsonl' : 'sqlite',
    stateDir,
    workspace: join(stateDir, 'workspace'),
    labels: gunzipSync(readFileSync(join(folder, 'labels.jsonl.gz')))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Label),
    edits: JSON.parse(readFileSync(join(folder, 'edits.json'), 'utf8')) as HumanEdit[],
    content: (sha) => {
      const text = contents[sha];
      if (text === undefined) throw new Error(`no content ${sha} in ${name}`);
      return text;
    },
  };
  cache.set(name, made);
  return made;
}

/** Lines as the tools count them: split at \n, a newline at the end makes no further line, a \r before it is not part of the text. */
export function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** A copy of the final workspace that may be changed; the caller removes it. */
export function workspaceCopy(recording: Labelled): string {
  const dir = mkdtempSync(join(privateDir(), 'copy-'));
  cpSync(recording.workspace, dir, { recursive: true, verbatimSymlinks: true });
  return dir;
}

/** One edit as a person would make and save it. */
export function applyEdit(workspace: string, edit: HumanEdit): void {
  const file = join(workspace, edit.path);
  if (edit.kind === 'rename') {
    mkdirSync(dirname(join(workspace, edit.to)), { recursive: true });
    renameSync(file, join(workspace, edit.to));
    return;
  }
  const text = readFileSync(file, 'utf8');
  const end = text.endsWith('\n');
  const lines = (end ? text.slice(0, -1) : text).split('\n');
  if (edit.kind === 'move') lines.splice(edit.to, 0, ...lines.splice(edit.at, edit.count));
  else lines.splice(edit.at, edit.del, ...edit.put);
  writeFileSync(file, lines.join('\n') + (end ? '\n' : ''));
}

function privateDir(): string {
  const dir = join(tmpdir(), `sandglass-labels-${userInfo().username}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  return dir;
}
/** Built beside its place and renamed, since test workers run side by side. */
function unpack(archive: string, root: string): void {
  const building = mkdtempSync(join(privateDir(), 'building-'));
  execFileSync('tar', ['-xzf', archive, '-C', building]);
  try {
    renameSync(building, root);
  } catch (error) {
    if (!existsSync(root)) throw error;
    rmSync(building, { recursive: true }); // another worker was first
  }
}
