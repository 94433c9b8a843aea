/** What the cost page needs of the rest of the client. The requests may reject; the page is told why. */
import type { CancellationToken } from 'vscode';
import type { CostAnswer, CostQuery, PricedModel } from '../../../server/src/protocol/cost';
import type { InsightsQuery } from '../../../server/src/protocol/insight';
import type { SessionRef } from '../../../server/src/protocol/messages';
import type { CostNotes, CostSource, ModelName } from '../../../webviews/contract/cost';

export interface CostBackend {
  costs(query: CostQuery, token: CancellationToken): Promise<CostAnswer>;
  prices(token: CancellationToken): Promise<readonly PricedModel[]>;
  /** What costs can be of. */
  sources(): Promise<readonly CostSource[]>;
  sessionTitle(session: SessionRef): string | null;
  /** What is worth a look in there, in words. */
  notes(query: InsightsQuery, token: CancellationToken): Promise<CostNotes>;
  /** A flat rate is paid. */
  subscription(): boolean;
  /** Whatever stands in the setting of the user's prices. */
  priceSetting(): unknown;
  /** What is counted changed, or how it is priced. */
  onChanged(listener: () => void): { dispose(): unknown };
  open(session: SessionRef, spanId: string | null): void;
  chooseSession(): Promise<SessionRef | null>;
  setPrice(model: ModelName): void;
  removePrice(model: ModelName): void;
  openSettings(): void;
  begin(kind: 'sample' | 'recording' | 'attach'): void;
  copy(text: string): Promise<void>;
  /** What went wrong, for people: what and why, and what to do next. */
  failure(error: unknown): { readonly reason: string; readonly hint: string };
}
