/** The request of the assistant for mappings. */
import type { Connection } from 'vscode-languageserver';
import { mappingsRequest } from './protocol/mappings';
import { mappingAnswer } from './query/mappings';
import { signalOf } from './signalOf';
import type { Live } from './requests';

export function registerMappingRequests(connection: Connection, need: () => Live): void {
  connection.onRequest(mappingsRequest, ({ uri }, token) => {
    const { hub, opened, places } = need();
    return mappingAnswer({ store: opened.store, places, sources: hub.all(), uri }, signalOf(token));
  });
}
