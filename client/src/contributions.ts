/**
 * Every id that package.json and the code must agree on, in one typed table. test/unit/client/contributions.test.ts holds
 * package.json against it, so that neither can drift.
 */
import type { UsesAt } from '../../server/src/protocol/definitions';
import type { SessionRef, ShowCallsArguments, SpanRef } from '../../server/src/protocol/messages';

export const viewContainer = 'sandglass';
export const sandboxesView = 'sandglass.sandboxes';
export const tracePanelType = 'sandglass.trace';
export const costPanelType = 'sandglass.costs';
export const replayType = 'sandglass-replay';
export const walkthroughId = 'firstLight';

/** Read-only files of a sandbox, and read-only plain text about a call. */
export const fileScheme = 'sandglass-file';
export const callScheme = 'sandglass-call';
/** The policy that a sandbox runs with, as its gateway tells it; read-only. */
export const policyScheme = 'sandglass-policy';
/** What a file would be like with a change; of the preview alone. */
export const previewScheme = 'sandglass-preview';

export const contextKeys = {
  /** EmptyReason of the last inventory; unset until there was one. */
  empty: 'sandglass.empty',
  /** ServerState['kind']. */
  server: 'sandglass.server',
} as const;

export interface OpenTraceArguments extends SessionRef {
  readonly spanId?: string;
}

/** Arguments of each command; a command that may also come from a menu or the palette takes its argument as optional. */
export interface CommandArguments {
  'sandglass.playSample': readonly [];
  'sandglass.openRecording': readonly [];
  'sandglass.refresh': readonly [];
  'sandglass.whereWeLooked': readonly [];
  'sandglass.attach': readonly [unknown?];
  'sandglass.detach': readonly [unknown?];
  'sandglass.cancelAttach': readonly [unknown?];
  'sandglass.pauseSandbox': readonly [unknown?];
  'sandglass.resumeSandbox': readonly [unknown?];
  'sandglass.stopSandbox': readonly [unknown?];
  'sandglass.showActions': readonly [];
  'sandglass.openTrace': readonly [unknown?];
  'sandglass.replaySession': readonly [unknown?];
  'sandglass.copySessionId': readonly [unknown?];
  'sandglass.jumpToLine': readonly [(SpanRef & { readonly beside?: boolean })?];
  'sandglass.jumpToCall': readonly [];
  'sandglass.openCall': readonly [SpanRef?];
  'sandglass.showCalls': readonly [ShowCallsArguments?];
  'sandglass.showUses': readonly [UsesAt?];
  'sandglass.showCarriers': readonly [UsesAt?];
  'sandglass.goToToolDefinition': readonly [unknown?];
  'sandglass.toggleBlame': readonly [];
  'sandglass.mapPaths': readonly [unknown?];
  'sandglass.previewRule': readonly [unknown?];
  'sandglass.backTest': readonly [unknown?];
  'sandglass.suppressFinding': readonly [unknown?];
  'sandglass.costMenu': readonly [];
  'sandglass.openSpan': readonly [SpanRef?];
  'sandglass.showCosts': readonly [unknown?];
  'sandglass.showPrices': readonly [];
  'sandglass.setPrice': readonly [unknown?];
  'sandglass.restartServer': readonly [];
  'sandglass.showLogs': readonly [];
  'sandglass.getStarted': readonly [];
}
export type CommandId = keyof CommandArguments;

/** `internal` commands need an argument that only a menu, a lens or a page can give, and are not in the palette. */
export const commands: Readonly<Record<CommandId, 'shown' | 'internal'>> = {
  'sandglass.playSample': 'shown',
  'sandglass.openRecording': 'shown',
  'sandglass.refresh': 'shown',
  'sandglass.whereWeLooked': 'shown',
  'sandglass.attach': 'shown',
  'sandglass.detach': 'shown',
  'sandglass.cancelAttach': 'internal',
  'sandglass.pauseSandbox': 'shown',
  'sandglass.resumeSandbox': 'shown',
  'sandglass.stopSandbox': 'shown',
  'sandglass.showActions': 'shown',
  'sandglass.openTrace': 'shown',
  'sandglass.replaySession': 'shown',
  'sandglass.copySessionId': 'internal',
  'sandglass.jumpToLine': 'internal',
  'sandglass.jumpToCall': 'shown',
  'sandglass.openCall': 'internal',
  'sandglass.showCalls': 'internal',
  'sandglass.showUses': 'internal',
  'sandglass.showCarriers': 'internal',
  'sandglass.goToToolDefinition': 'shown',
  'sandglass.toggleBlame': 'shown',
  'sandglass.mapPaths': 'shown',
  'sandglass.previewRule': 'internal',
  'sandglass.backTest': 'shown',
  'sandglass.suppressFinding': 'internal',
  'sandglass.costMenu': 'shown',
  'sandglass.openSpan': 'internal',
  'sandglass.showCosts': 'shown',
  'sandglass.showPrices': 'shown',
  'sandglass.setPrice': 'shown',
  'sandglass.restartServer': 'shown',
  'sandglass.showLogs': 'shown',
  'sandglass.getStarted': 'shown',
};

/** Scope of each setting. Sockets, paths and commands are the machine's; all are ignored in an untrusted workspace. */
export const settings = {
  'sandglass.autoAttach': { scope: 'machine-overridable', restricted: true },
  'sandglass.blame.gutter': { scope: 'window', restricted: false },
  'sandglass.blame.hover': { scope: 'window', restricted: false },
  'sandglass.budgets.atLimit': { scope: 'window', restricted: false },
  'sandglass.budgets.limits': { scope: 'window', restricted: true },
  'sandglass.contextCost': { scope: 'window', restricted: false },
  'sandglass.cost.prices': { scope: 'application', restricted: false },
  'sandglass.cost.subscription': { scope: 'window', restricted: false },
  'sandglass.definitions.lenses': { scope: 'window', restricted: false },
  'sandglass.directories': { scope: 'machine', restricted: true },
  'sandglass.docker.host': { scope: 'machine', restricted: true },
  'sandglass.findings.repeatedCalls': { scope: 'window', restricted: false },
  'sandglass.findings.noProgressCalls': { scope: 'window', restricted: false },
  'sandglass.findings.failuresInARow': { scope: 'window', restricted: false },
  'sandglass.pathMappings': { scope: 'window', restricted: true },
  'sandglass.policy.askGateway': { scope: 'machine', restricted: true },
  'sandglass.problems.perFile': { scope: 'window', restricted: false },
  'sandglass.problems.severity': { scope: 'window', restricted: true },
  'sandglass.server.nodePath': { scope: 'machine', restricted: true },
} as const;
export type SettingId = keyof typeof settings;

/** Words in the context value of a row, which the menus match: `sandbox container idle attachable`, `session`. */
export const rowWords = { sandbox: 'sandbox', agent: 'agent', session: 'session', note: 'note' } as const;
export const attachWords = { attachable: 'attachable', detachable: 'detachable', attaching: 'attaching' } as const;
/** What can be done to the sandbox itself, as it stands. */
export const actionWords = { pause: 'pausable', resume: 'resumable', stop: 'stoppable' } as const;
/** Commands that act on a sandbox: never in an untrusted workspace, and confirmed each time. */
export const actionCommands = {
  pause: 'sandglass.pauseSandbox',
  resume: 'sandglass.resumeSandbox',
  stop: 'sandglass.stopSandbox',
} as const satisfies Readonly<Record<keyof typeof actionWords, CommandId>>;
