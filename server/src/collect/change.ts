/** What whoever shows a source is told of it, whichever window read it. */
import type { Span } from '../protocol/document';
import type { OpenSource } from './roster';

export interface SourceChange {
  readonly sessions: readonly {
    readonly session: string;
    readonly row: number;
    readonly revision: number;
    /** Spans that are new or other than before, of another window's reading only the calls; null: it is not known which. */
    readonly spans: readonly Span[] | null;
  }[];
  readonly policyChanged: boolean;
  readonly skippedChanged: boolean;
}

export interface HubChange {
  readonly inventory: boolean;
  readonly source: OpenSource | null;
  readonly result: SourceChange | null;
}
