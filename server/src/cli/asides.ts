/** What is said beside the spans while a source is followed: what could not be read, and what a person should look at. Each once. */
import type { Finding, Skipped } from '../protocol/document';
import { findingLines, notRead } from './tables';

export class Asides {
  readonly #stderr: NodeJS.WritableStream;
  /** Bounded by what the store keeps of each. */
  #notes: ReadonlySet<string> = new Set();
  #findings: ReadonlySet<string> = new Set();

  constructor(stderr: NodeJS.WritableStream) {
    this.#stderr = stderr;
  }

  /** All that holds now: what was taken back meanwhile is said anew when it comes again. */
  notes(skipped: readonly Skipped[]): void {
    this.#notes = this.#say(notRead(skipped), this.#notes);
  }

  findings(findings: readonly Finding[]): void {
    this.#findings = this.#say(findingLines(findings), this.#findings);
  }

  #say(lines: readonly string[], said: ReadonlySet<string>): ReadonlySet<string> {
    for (const line of lines) if (!said.has(line)) this.#stderr.write(line);
    return new Set(lines);
  }
}
