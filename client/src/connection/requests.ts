/** The requests by name. Loaded with the language client, so that starting the extension loads no protocol library. */
import type { RequestType, RequestType0 } from 'vscode-languageserver-protocol';
import {
  actionsRequest,
  actRequest,
  attachRequest,
  blameRequest,
  callAddressRequest,
  callsAtRequest,
  callTextRequest,
  detachRequest,
  flowRequest,
  inventoryRequest,
  locateRequest,
  openRequest,
  playSampleRequest,
  readDirectoryRequest,
  readFileRequest,
  replayRequest,
  resourcesRequest,
  sessionsRequest,
  sessionTextRequest,
  spanRequest,
  statFileRequest,
  statusRequest,
  traceRequest,
} from '../../../server/src/protocol/messages';
import { costsRequest, pricesRequest } from '../../../server/src/protocol/cost';
import { insightsRequest } from '../../../server/src/protocol/insight';
import { mappingsRequest } from '../../../server/src/protocol/mappings';
import { carriersAtRequest } from '../../../server/src/protocol/contextCost';
import { toolDefinitionRequest, usesAtRequest } from '../../../server/src/protocol/definitions';
import { backTestRequest, policyTextRequest, ruleChangeRequest } from '../../../server/src/protocol/rules';
import { suppressRequest } from '../../../server/src/protocol/suppressions';

export const requestTypes = {
  inventory: inventoryRequest,
  open: openRequest,
  playSample: playSampleRequest,
  attach: attachRequest,
  detach: detachRequest,
  sessions: sessionsRequest,
  trace: traceRequest,
  flow: flowRequest,
  span: spanRequest,
  locate: locateRequest,
  toolDefinition: toolDefinitionRequest,
  usesAt: usesAtRequest,
  carriersAt: carriersAtRequest,
  callsAt: callsAtRequest,
  blame: blameRequest,
  mappings: mappingsRequest,
  readFile: readFileRequest,
  statFile: statFileRequest,
  readDirectory: readDirectoryRequest,
  callAddress: callAddressRequest,
  callText: callTextRequest,
  sessionText: sessionTextRequest,
  replay: replayRequest,
  ruleChange: ruleChangeRequest,
  policyText: policyTextRequest,
  backTest: backTestRequest,
  suppress: suppressRequest,
  costs: costsRequest,
  insights: insightsRequest,
  prices: pricesRequest,
  status: statusRequest,
  resources: resourcesRequest,
  act: actRequest,
  actions: actionsRequest,
} as const;

export type RequestName = keyof typeof requestTypes;
/** `undefined` for what takes none. */
export type ParamsOf<N extends RequestName> =
  (typeof requestTypes)[N] extends RequestType0<infer _R, infer _E>
    ? undefined
    : (typeof requestTypes)[N] extends RequestType<infer P, infer _R, infer _E>
      ? P
      : never;
export type ResultOf<N extends RequestName> =
  (typeof requestTypes)[N] extends RequestType0<infer R, infer _E>
    ? R
    : (typeof requestTypes)[N] extends RequestType<infer _P, infer R, infer _E>
      ? R
      : never;

/** Changes something, so it is not simply asked again when the server died over it. */
export type ActingRequest = 'open' | 'playSample' | 'attach' | 'detach' | 'act';
