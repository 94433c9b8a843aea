/** What is said beside the spans: what could not be read, what a person should look at, and by which way it was read. Each once. */
import type { Finding, Skipped } from '../protocol/document';
import type { WayIn, WayTried } from '../protocol/messages';
import { findingLines, notRead, wayLine } from './tables';

export class Asides {
  readonly #stderr: NodeJS.WritableStream;
  /** Bounded by what the store keeps of each. */
  #notes: ReadonlySet<string> = new Set();
  /** By the session's row; of those that have any. */
  readonly #findings = new Map<number, ReadonlySet<string>>();
  #way: ReadonlySet<string> = new Set();

  constructor(stderr: NodeJS.WritableStream) {
    this.#stderr = stderr;
  }

  /** All that holds now: what was taken back meanwhile is said anew when it comes again. */
  notes(skipped: readonly Skipped[]): void {
    this.#notes = this.#say(notRead(skipped), this.#notes);
  }

  /** The same, of one session. */
  findings(session: number, findings: readonly Finding[]): void {
    const said = this.#say(findingLines(findings), this.#findings.get(session) ?? new Set());
    if (said.size > 0) this.#findings.set(session, said);
    else this.#findings.delete(session);
  }

  /** The first way needs no word, unless another was taken before it. */
  way(way: WayIn, tried: readonly WayTried[]): void {
    const first = tried.length === 0 && (way === 'node' || way === 'host');
    if (!first || this.#way.size > 0) this.#way = this.#say([wayLine(way, tried)], this.#way);
  }

  #say(lines: readonly string[], said: ReadonlySet<string>): ReadonlySet<string> {
    for (const line of lines) if (!said.has(line)) this.#stderr.write(line);
    return new Set(lines);
  }
}
