/**
 * PUBLIC: messages between the extension host and the cost page. As with the trace page every payload is a whole snapshot, the page
 * asks by id, and the host answers by the same id. Labels are untrusted.
 */
import type { CostAnswer, CostBy, PricedModel } from '../../server/src/protocol/cost';
import type { SessionRef } from '../../server/src/protocol/messages';

/** Rows that are asked for first, and at most. */
export const rowsAtFirst = 50;
export const mostRows = 500;

export type CostSide = 'costs' | 'prices';

/** Days as `YYYY-MM-DD` in the page's time zone, both inclusive; null: open. */
export type CostPeriod =
  | { readonly kind: 'today' | 'week' | 'month' | 'all' }
  | { readonly kind: 'days'; readonly from: string | null; readonly to: string | null };

export interface CostPlace {
  readonly sourceId: string | null;
  readonly sessionId: string | null;
  /** Of a session: with all that are below it. */
  readonly withSubagents: boolean;
}

export type CostColumn = 'label' | 'usd' | 'tokens' | 'calls' | 'withSubagents';
export interface CostSort {
  readonly column: CostColumn;
  readonly descending: boolean;
}

/** What the page keeps across reloads. */
export interface CostViewState {
  readonly side: CostSide;
  readonly place: CostPlace;
  readonly period: CostPeriod;
  readonly by: CostBy;
  /** null: as the server has them. */
  readonly sort: CostSort | null;
  readonly limit: number;
}

/** What is asked of the server; the page says when a day begins. */
export interface CostAsk {
  readonly place: CostPlace;
  readonly from: string | null;
  readonly to: string | null;
  readonly by: CostBy;
  readonly limit: number;
  readonly timeZone: string;
}

/** A place that can be chosen. `name` is untrusted. */
export interface CostSource {
  readonly sourceId: string;
  readonly name: string;
  /** The bundled one, which counts by itself only, unless it is all there is. */
  readonly sample: boolean;
}

/** Something worth a look: what it is, why, and where. Texts are the host's, and may hold untrusted names. */
export interface CostNote {
  readonly title: string;
  readonly why: string;
  readonly severity: 'warning' | 'information';
  readonly session: SessionRef | null;
  readonly spanId: string | null;
}

export interface CostNotes {
  readonly notes: readonly CostNote[];
  /** Not all was looked through: the oldest was left out. */
  readonly cut: boolean;
}

/** All that the page shows of costs. */
export interface CostPage {
  readonly answer: CostAnswer;
  readonly sources: readonly CostSource[];
  /** Untrusted title of the session, when it is of one. */
  readonly sessionTitle: string | null;
  /** A flat rate is paid. */
  readonly subscription: boolean;
}

/** A model with what the user set for it. */
export interface PriceRow extends PricedModel {
  /** The user's price book has an entry of exactly this model. */
  readonly own: boolean;
  /** A price can be set from here: it has a name, and one that no entry would take for a pattern. */
  readonly settable: boolean;
}

export type CostPageRequest =
  | { readonly kind: 'costs'; readonly ask: CostAsk }
  /** Asked after the costs, which need not wait for it; of the same place and time. */
  | { readonly kind: 'notes'; readonly ask: CostAsk }
  | { readonly kind: 'prices' }
  /** Answered when the clipboard holds them. */
  | { readonly kind: 'copy'; readonly ask: CostAsk };

export type CostPageResponse =
  | { readonly kind: 'costs'; readonly page: CostPage }
  | { readonly kind: 'prices'; readonly models: readonly PriceRow[] }
  | { readonly kind: 'notes'; readonly notes: CostNotes }
  | { readonly kind: 'copied'; readonly rows: number };

/** A model by what the server calls it. */
export interface ModelName {
  readonly provider: string | null;
  readonly vendor: string | null;
  readonly model: string;
}

export type CostToHost =
  | { readonly kind: 'ready' }
  | { readonly kind: 'request'; readonly id: number; readonly request: CostPageRequest }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'state'; readonly state: CostViewState }
  | { readonly kind: 'open'; readonly session: SessionRef; readonly spanId: string | null }
  /** The host asks which, and answers with `show`. */
  | { readonly kind: 'chooseSession' }
  | { readonly kind: 'setPrice'; readonly model: ModelName }
  | { readonly kind: 'removePrice'; readonly model: ModelName }
  | { readonly kind: 'openSettings' }
  /** Where to begin when nothing is attached. */
  | { readonly kind: 'begin'; readonly with: 'sample' | 'recording' | 'attach' };

export type CostToPage =
  | { readonly kind: 'init'; readonly state: CostViewState; readonly strings: Readonly<Record<string, string>> }
  | { readonly kind: 'response'; readonly id: number; readonly response: CostPageResponse }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string; readonly hint: string }
  /** Something that is counted changed, or how it is priced: ask again. */
  | { readonly kind: 'changed' }
  /** Turn to another side or place. */
  | { readonly kind: 'show'; readonly state: CostViewState };
