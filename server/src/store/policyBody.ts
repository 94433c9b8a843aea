/** What is sealed of an event of the supervisor. */
import type { PolicySpan } from '../protocol/document';
import type { PolicyEvent } from '../model/events';
import type { Sightings } from '../model/sightings';
import type { Database } from './database';

export interface PolicyBody {
  readonly seen: Sightings;
  readonly span: PolicySpan;
}
/** As an older version kept it. */
interface OldBody {
  readonly event: PolicyEvent;
  readonly span: PolicySpan;
}

export function openPolicy(db: Database, body: Uint8Array): PolicyBody {
  const found = JSON.parse(db.box.open(body)) as PolicyBody | OldBody;
  return 'seen' in found ? found : { seen: [{ way: 'console', event: found.event }], span: found.span };
}
