/** Stands until the trace editor does: shows the text of the call that was asked for. */
import type { TraceView } from './commands/traceView';
import type { CallDocuments } from './editor/callDocuments';

export function interimTrace(documents: CallDocuments): TraceView {
  return {
    async open(session, options) {
      if (options?.spanId) await documents.showCall({ sourceId: session.sourceId, spanId: options.spanId }, 'call');
    },
    follow() {},
  };
}
