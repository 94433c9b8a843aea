/** The editor's requests, each answered from the hub, the store or the places. */
import type { CodeLens, Connection } from 'vscode-languageserver';
import { ErrorCodes, ResponseError } from 'vscode-languageserver';
import type { ActAndSample } from './actAndSample';
import type { Budgeting } from './budgeting';
import { realSources } from './costRequests';
import { ActionError } from './actions/errors';
import { AttachError, SandboxFileError } from './attach/errors';
import type { Hub } from './collect/hub';
import type { OpenSource } from './collect/roster';
import type { ContextCosting } from './contextCosting';
import { lensesOfContext } from './contextRequests';
import { hoverOfDefinitions, lensesOfDefinitions } from './definitionRequests';
import { blameLenses } from './editor/blameLenses';
import { codeLenses } from './editor/codeLenses';
import { hover } from './editor/hovers';
import { callUri, parseSessionUri } from './editor/labels';
import { mappingLenses } from './editor/mappingLens';
import { sectionsOf } from './editor/outline';
import { epochOf } from './epoch';
import { parseSandboxUri } from './locate/sandboxUri';
import type { OpenedStore } from './openStore';
import type { Problems } from './problems';
import type { SessionInfo } from './protocol/document';
import * as messages from './protocol/messages';
import type { Blames } from './query/blame';
import { callText, eventText } from './query/callText';
import { findSpan, spanDetail } from './query/detail';
import type { Definitions } from './query/definitions';
import { findingsOf } from './query/findings';
import { Insights } from './query/insight';
import { callAt, tracePage } from './query/pages';
import { signalOf } from './signalOf';
import type { CallsIn } from './query/callsIn';
import type { CostsNow } from './query/costNow';
import type { Costs } from './query/costs';
import { writtenFiles } from './query/written';
import type { Places } from './query/places';
import { statusOf } from './query/status';
import { turnFlow } from './query/turnFlow';
import { replaySteps } from './replay/steps';
import type { Rules } from './rules';
import type { Suppressing } from './suppressing';
import type { SessionView } from './store/sessions';
import { localDay } from './usage/localDay';

const callTextChars = 2 * 1024 * 1024;
const detailCharsLimit = 1024 * 1024;
const replayAnchors = 2000;

/** What lives as long as the editor is connected. */
export interface Live extends AsyncDisposable {
  readonly opened: OpenedStore;
  readonly hub: Hub;
  readonly beside: ActAndSample;
  readonly places: Places;
  readonly calls: CallsIn;
  readonly costs: Costs;
  readonly costsNow: CostsNow;
  readonly budgeting: Budgeting;
  readonly blames: Blames;
  readonly rules: Rules;
  readonly definitions: Definitions;
  readonly context: ContextCosting;
  readonly suppressing: Suppressing;
  readonly problems: Problems;
  /** The editor shows why an action can't be taken. */
  readonly showsReasons: boolean;
  /** The files of sandboxes may lie elsewhere in the workspace now. */
  placesMoved(): void;
  /** Policy files came, went or changed. */
  policiesChanged(): void;
  /** A file of the editor has other lines now. */
  fileSaved(uri: string): void;
  /** What lenses say, or whether there are any, is another now. */
  lensesChanged(): void;
}

function failed(error: AttachError | ActionError): ResponseError<messages.OpenFailure> {
  return new ResponseError(ErrorCodes.InternalError, error.message, { reason: error.message, hint: error.hint });
}

/** Errors a user can do something about go out with their hint; all others are ours. */
async function answered<T>(body: () => Promise<T> | T): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (AttachError.is(error) || ActionError.is(error)) throw failed(error);
    if (SandboxFileError.is(error)) {
      const data: messages.FileFailure = { reason: error.reason };
      throw new ResponseError(ErrorCodes.InvalidRequest, `${error.reason}: ${error.message}`, data);
    }
    throw error;
  }
}

export function registerRequests(connection: Connection, need: () => Live): void {
  const source = (sourceId: string): OpenSource => {
    const open = need().hub.get(sourceId);
    if (open === null) throw new ResponseError(ErrorCodes.InvalidParams, 'this source is not open any more');
    return open;
  };

  connection.onRequest(messages.inventoryRequest, ({ refresh }) =>
    answered(async () => {
      const { hub, opened, beside } = need();
      await (refresh ? hub.refresh() : hub.lookedOnce());
      return { ...hub.inventory(), storeLifetime: opened.lifetime, storeNote: sentences(opened.note, beside.actions.note) };
    }),
  );
  connection.onRequest(messages.openRequest, ({ path, remembered }) =>
    answered(async () => ({ sourceId: (await need().hub.open(path, remembered === true)).id })),
  );
  connection.onRequest(messages.playSampleRequest, ({ speed, remembered }) =>
    answered(async () => ({ sourceId: (await need().hub.playSample(speed, remembered === true)).id })),
  );
  connection.onRequest(messages.attachRequest, ({ sourceId, remembered }) =>
    answered(async () => void (await need().hub.attach(sourceId, remembered === true))),
  );
  connection.onRequest(messages.detachRequest, ({ sourceId, remembered }) =>
    answered(() => need().hub.detach(sourceId, remembered === true)),
  );
  connection.onRequest(messages.actRequest, ({ sourceId, action }) =>
    answered(async () => {
      const { hub, beside } = need();
      await hub.lookedOnce();
      await beside.actions.act(hub.found(sourceId), action);
    }),
  );
  connection.onRequest(messages.actionsRequest, () => need().beside.actions.list());
  connection.onRequest(messages.resourcesRequest, ({ sourceId, from, to, limit }) => need().beside.samples(sourceId, from, to, limit));
  connection.onRequest(messages.sessionsRequest, ({ sourceId, only }) => {
    const open = need().hub.get(sourceId);
    return open === null ? [] : listedSessions(need().opened.store, open.row, only);
  });

  connection.onRequest(messages.traceRequest, ({ sourceId, ...params }) => {
    const { opened, hub } = need();
    const open = source(sourceId);
    // Another window may write meanwhile: what belongs together is of one moment.
    return opened.store.snapshot(() => {
      const page = tracePage(opened.store, open.row, params);
      if (page === null) throw new ResponseError(ErrorCodes.InvalidParams, 'this session is not there any more');
      return {
        epoch: epochOf(opened.store, open.row),
        revision: page.view.revision,
        source: hub.node(open),
        session: page.view.info,
        turns: page.turns,
        offset: page.offset,
        total: page.total,
        rows: page.rows,
        findings: findingsOf(opened.store, open.row, page.view.row, hub.findingWishes),
        badge: open.badge,
        maySuppress: hub.trusted,
      };
    });
  });
  connection.onRequest(messages.flowRequest, ({ sourceId, sessionId, turnId }) => {
    const { store } = need().opened;
    return store.snapshot(() => turnFlow(store, source(sourceId).row, sessionId, turnId));
  });
  connection.onRequest(messages.spanRequest, async ({ sourceId, spanId, limit }, token) => {
    const { opened, places } = need();
    const open = source(sourceId);
    const detail = spanDetail(opened.store, open.row, spanId, Math.min(detailCharsLimit, Math.max(0, limit)));
    const found = detail === null ? null : findSpan(opened.store, open.row, spanId);
    if (detail === null || found === null) return null;
    const signal = signalOf(token);
    const [anchors, written] = await Promise.all([
      places.round(signal).anchorsOf(open, found.view, found.span),
      writtenFiles(open.source, found.span, found.view.workspaceDir, signal),
    ]);
    return { ...detail, anchors, written };
  });
  connection.onRequest(messages.locateRequest, async ({ sourceId, spanId }, token) => {
    const { opened, places } = need();
    const open = source(sourceId);
    const found = findSpan(opened.store, open.row, spanId);
    return found === null ? [] : places.round(signalOf(token)).anchorsOf(open, found.view, found.span);
  });
  connection.onRequest(messages.callsAtRequest, async ({ uri, line }, token) => {
    if (parseSessionUri(uri) !== null) return callsOf(need(), await need().problems.callsAt(uri, line, signalOf(token)));
    const { calls, places } = need();
    const { placed } = await calls.of(places.round(signalOf(token)), uri);
    const here = placed.filter(({ anchor }) => anchor.wholeFile || (anchor.startLine <= line && line <= anchor.endLine));
    // Calls on the line itself stand before those that meant the whole file.
    here.sort((a, b) => Number(a.anchor.wholeFile) - Number(b.anchor.wholeFile));
    return here.slice(0, 50).map((call) => callAt(call.source.id, call.view.info, call.span));
  });

  connection.onRequest(messages.blameRequest, ({ uri, text }, token) => {
    const { blames, places } = need();
    const signal = signalOf(token);
    return blames.of(places.round(signal), uri, text, signal);
  });

  const sandboxFile = (uri: string): { readonly open: OpenSource; readonly path: string } => {
    const parsed = parseSandboxUri(uri);
    if (parsed === null) throw new SandboxFileError('not-found', 'this is no address of a file in a sandbox');
    const open = need().hub.get(parsed.sourceId);
    if (open === null) throw new SandboxFileError('not-found', 'the sandbox or recording of this file is not open any more');
    return { open, path: parsed.path };
  };
  connection.onRequest(messages.readFileRequest, ({ uri }, token) =>
    answered(async () => {
      const { open, path } = sandboxFile(uri);
      const file = await need().places.read(open, path, signalOf(token));
      return { base64: Buffer.from(file.bytes).toString('base64'), mtime: file.mtime };
    }),
  );
  connection.onRequest(messages.statFileRequest, ({ uri }, token) =>
    answered(() => {
      const { open, path } = sandboxFile(uri);
      return open.source.files.stat(path, signalOf(token));
    }),
  );
  connection.onRequest(messages.readDirectoryRequest, ({ uri }, token) =>
    answered(() => {
      const { open, path } = sandboxFile(uri);
      return open.source.files.list(path, signalOf(token));
    }),
  );
  connection.onRequest(messages.callAddressRequest, ({ sourceId, spanId }) => {
    const open = need().hub.get(sourceId);
    const found = open === null ? null : findSpan(need().opened.store, open.row, spanId);
    // Of what is not known there is a document too: it says so.
    const event = open === null || found !== null ? null : need().opened.store.policies.span(open.row, spanId);
    return callUri(sourceId, found?.span ?? event ?? { id: spanId, name: 'call', attributes: {} });
  });
  connection.onRequest(messages.callTextRequest, ({ sourceId, spanId }) => {
    const open = need().hub.get(sourceId);
    const detail = open === null ? null : spanDetail(need().opened.store, open.row, spanId, callTextChars);
    if (detail !== null) return { text: callText(detail) };
    const event = open === null ? null : need().opened.store.policies.span(open.row, spanId);
    return event === null ? null : { text: eventText(event) };
  });
  connection.onRequest(messages.sessionTextRequest, async ({ sourceId, sessionId }, token) => {
    const text = await need().problems.documentOf(sourceId, sessionId, signalOf(token));
    return text === null ? null : { text };
  });
  connection.onRequest(messages.replayRequest, async ({ sourceId, sessionId }, token) => {
    const { opened, places } = need();
    const open = source(sourceId);
    const view = opened.store.sessions.bySession(open.row, sessionId);
    if (view === null) return [];
    const round = places.round(signalOf(token));
    const denied = opened.store.policies.deniedCallsOf(open.row, view.row);
    const steps = replaySteps(
      opened.store.spans
        .page(view.row, 0, -1)
        .map(({ span }) => (denied.has(span.id) ? (findSpan(opened.store, open.row, span.id)?.span ?? span) : span)),
    );
    const answer: messages.ReplayStep[] = [];
    for (const { span, ...step } of steps) {
      const [anchor] = step.kind === 'call' && answer.length < replayAnchors ? await round.anchorsOf(open, view, span) : [];
      answer.push({ ...step, anchor: anchor ?? null, address: callUri(sourceId, span) });
    }
    return answer;
  });
  connection.onRequest(messages.statusRequest, ({ sourceId, sessionId }) => {
    const { budgeting, costsNow, opened, hub } = need();
    const asked = sourceId === undefined ? null : hub.get(sourceId);
    const view =
      asked !== null && sessionId !== undefined ? opened.store.sessions.bySession(asked.row, sessionId) : newestOpen(hub, opened, asked);
    const open = view === null ? null : hub.ofRow(view.source);
    if (view === null || open === null) return null;
    const now = costsNow.of(view, open.id, realSources({ hub }), localDay(Date.now(), budgeting.timeZone));
    const forecast = Insights.of(opened.store).forecast({ id: open.id, row: open.row, name: hub.node(open).name }, view);
    const cost = { ...now, budgets: budgeting.statesFor(view, open.id), forecast };
    return statusOf(opened.store, open.id, hub.node(open).name, view, cost);
  });
  connection.onRequest(messages.probeRequest, () => ({ version: '1', pid: process.pid, nodeVersion: process.versions.node }));
  connection.onNotification(messages.configureNotification, ({ trusted, settings }) => {
    const { budgeting, hub, lensesChanged, placesMoved, problems } = need();
    const lenses = lensSettings(hub.settings);
    const mappings = JSON.stringify(hub.settings.pathMappings);
    const shown = JSON.stringify([hub.settings.problems, hub.settings.findings]);
    hub.configure(trusted, settings);
    if (lensSettings(hub.settings) !== lenses) lensesChanged();
    if (JSON.stringify([hub.settings.problems, hub.settings.findings]) !== shown) {
      for (const open of hub.all()) problems.touchAll(open);
      problems.refresh();
    }
    budgeting.refresh();
    if (JSON.stringify(hub.settings.pathMappings) !== mappings) placesMoved();
    hub.refresh().catch((error: unknown) => connection.console.error(String(error)));
  });

  connection.onDidSaveTextDocument(({ textDocument }) => {
    need().fileSaved(textDocument.uri);
  });
  connection.onCodeLens(async ({ textDocument }, token) => {
    const { blames, calls, hub, opened, places } = need();
    const { flatRate } = hub.settings;
    const signal = signalOf(token);
    const { uri } = textDocument;
    const round = places.round(signal);
    const ofCalls = async (): Promise<readonly CodeLens[]> => {
      const lenses = [...codeLenses(opened.store, uri, await calls.of(round, uri), flatRate), ...(await mappingLenses(need(), round, uri))];
      const blamed = await blames.withLines(round, uri, signal);
      return blamed === null ? lenses : [...lenses, ...blameLenses(uri, blamed.blame, sectionsOf(uri, blamed.lines), flatRate)];
    };
    // Either may have to ask sandboxes: neither waits for the other.
    return (await Promise.all([lensesOfDefinitions(need(), uri, signal), lensesOfContext(need(), uri, signal), ofCalls()])).flat();
  });
  connection.onHover(async ({ textDocument, position }, token) => {
    const { calls, hub, opened, places } = need();
    const signal = signalOf(token);
    const defined = await hoverOfDefinitions(need(), textDocument.uri, position, signal);
    if (defined !== null) return defined;
    const { placed } = await calls.of(places.round(signal), textDocument.uri);
    return hover(opened.store, placed, position.line, hub.settings.flatRate);
  });
}

/** What changes what lenses say. */
function lensSettings({ contextCost, definitionLenses, flatRate }: messages.Settings): string {
  return JSON.stringify([contextCost, definitionLenses, flatRate]);
}

/** Those that are known. */
export function callsOf({ hub, opened }: Pick<Live, 'hub' | 'opened'>, refs: readonly messages.SpanRef[]): readonly messages.CallAt[] {
  return refs.flatMap(({ sourceId, spanId }) => {
    const open = hub.get(sourceId);
    const found = open === null ? null : findSpan(opened.store, open.row, spanId);
    return found === null ? [] : [callAt(sourceId, found.view.info, found.span)];
  });
}

function sentences(...notes: readonly (string | null)[]): string | null {
  return notes.filter((note) => note !== null).join(' ') || null;
}

/** More than that are asked for by no one who does not want them all. */
const sessionsAskedFor = 200;

/** Sessions with a transcript, and those the index says are at work and will have one. */
function listedSessions(store: OpenedStore['store'], source: number, only?: readonly string[]): readonly SessionInfo[] {
  const known = only?.slice(0, sessionsAskedFor).flatMap((session) => store.sessions.named(source, session));
  return (known ?? store.sessions.list(source)).filter((view) => view.recorded || view.info.status === 'running').map((view) => view.info);
}

function newestOpen(hub: Hub, opened: OpenedStore, asked: OpenSource | null): SessionView | null {
  let newest: SessionView | null = null;
  const time = (view: SessionView): string => view.info.endTime ?? '~';
  for (const open of asked === null ? hub.all() : [asked]) {
    const view = opened.store.sessions.latest(open.row);
    if (view !== null && (newest === null || time(view) > time(newest))) newest = view;
  }
  return newest;
}
