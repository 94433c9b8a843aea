/** What the parts of the hub share. */
import type { Store } from '../store/store';
import type { HubChange } from './change';
import type { Lookout } from './lookout';
import type { Roster } from './roster';
import type { Shared } from './sharing';
import type { Wishes, Word } from './wishes';

export interface Parts {
  readonly store: Store;
  readonly shared: Shared;
  readonly roster: Roster;
  readonly wishes: Wishes;
  readonly lookout: Lookout;
  /** Whatever starts or stops a source does so in its turn. Throws AttachError once the hub ends. */
  readonly inTurn: <T>(id: string, body: () => Promise<T> | T) => Promise<T>;
  /** Within the source's turn: tells what is wished, and does it where that is for this process to do. */
  readonly settle: (id: string, word: Word | null) => Promise<void>;
  /** Closes what is open beyond the bound. */
  readonly bound: () => void;
  readonly tell: (change: HubChange) => void;
  readonly onError: (error: unknown) => void;
}
