/** PUBLIC: the documents that `sandglass cost --json` and `sandglass prices --json` print (docs/cli.md, schemas/*.schema.json). */
import type { CostBy, NotObserved, PricedModel, Spend } from './cost';
import type { Skipped, SourceInfo } from './document';
import type { Insight } from './insight';

export interface CostDocument {
  readonly schema: 'sandglass/cost@1';
  readonly source: SourceInfo;
  readonly skipped: readonly Skipped[];
  readonly by: CostBy;
  /** IANA name: where days begin. */
  readonly timeZone: string;
  /** The one session that was asked for; null: all. */
  readonly sessionId: string | null;
  /** When the LLM calls began, as it was asked for: inclusive, and exclusive. */
  readonly from: string | null;
  readonly to: string | null;
  readonly total: Spend;
  /** With `more` they add up to the total. What cost most comes first, of days the latest. */
  readonly rows: readonly CostDocumentRow[];
  /** Rows beyond those that are listed, and what they came to together; null: all are. */
  readonly more: { readonly rows: number; readonly spend: Spend } | null;
  readonly notObserved: readonly NotObserved[];
  /** What is worth a look of that session or all, begun in that time; no part of any sum. */
  readonly insights: readonly CostDocumentInsight[];
}

type Flat<T> = T extends Insight
  ? Omit<T, 'session' | 'span' | 'parent'> & {
      readonly sessionId: string;
      readonly spanId: string | null;
      /** Of `unusedAnswer`: whose sub-agent it was; else null. */
      readonly parentSessionId: string | null;
    }
  : never;
export type CostDocumentInsight = Flat<Insight>;

/** `label` and `detail` are untrusted text. */
export interface CostDocumentRow {
  /** null: what belongs to none, such as LLM calls that asked for no tool. */
  readonly label: string | null;
  readonly detail: string | null;
  readonly sessionId: string | null;
  readonly spanId: string | null;
  readonly spend: Spend;
  /** With all sessions below it, each once; null where there are none, or where it has no meaning. */
  readonly withSubagents: Spend | null;
}

/** A list that prices are taken from. */
export interface PriceListInfo {
  readonly list: PriceListName;
  /** Where it is from; untrusted for `user`: the file's name. */
  readonly source: string;
  /** `YYYY-MM-DD`; null: it has none, or each of its rows has its own. */
  readonly date: string | null;
  readonly rows: number;
}

export type PriceListName = 'user' | 'overlay' | 'priced';

/** What a check of a list found; `row` counts from 1, null: it is of the whole list. `model` and `provider` are untrusted text. */
export interface PriceProblem {
  readonly list: PriceListName;
  readonly row: number | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly field: string | null;
  readonly check:
    /** It is no entry: it is left out, and `detail` says why. */
    | 'invalid'
    | 'negative'
    | 'date-missing'
    /** All prices of it are zero, and no note says why. */
    | 'zero'
    /** A later entry speaks of all that this one speaks of. */
    | 'shadowed'
    /** No LLM call of the source is of a model that it speaks of. */
    | 'matches-nothing';
  readonly detail: string | null;
}

export interface PricesDocument {
  readonly schema: 'sandglass/prices@1';
  /** null: no source was named, and only the lists are checked. */
  readonly source: SourceInfo | null;
  readonly skipped: readonly Skipped[];
  /** Each model that was called in the source, and how its calls are priced. */
  readonly models: readonly PricedModel[];
  readonly lists: readonly PriceListInfo[];
  readonly problems: readonly PriceProblem[];
}
