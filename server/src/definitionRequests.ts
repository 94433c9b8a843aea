/** What the editor asks about definitions: their uses, and from a call's document where its tool comes from. */
import type { CodeLens, Connection, Definition as DefinitionAnswer, Hover, Location, Position } from 'vscode-languageserver';
import { definingFile } from './locate/defined/findDefinitions';
import { pathOfFileUri } from './locate/fileUri';
import { definitionHover, toolHover } from './editor/definitionHover';
import type { PricesOf } from './editor/definitionHover';
import { definitionLenses, toolLens } from './editor/definitionLenses';
import { callUri } from './editor/labels';
import { spanCost } from './model/spanCost';
import { toolDefinitionRequest, usesAtRequest } from './protocol/definitions';
import type { ToolDefinition } from './protocol/definitions';
import type { SpanRef } from './protocol/messages';
import { findSpan } from './query/detail';
import { listedUses } from './query/definitions';
import type { UsedDefinition } from './query/definitions';
import { callAt } from './query/pages';
import { signalOf } from './signalOf';
import type { Live } from './requests';

const shownCalls = 50;
/** Of a call's document: what is told of each call in a list of them. */
const outcomeLine = { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } };
/** What may hold definitions or bring some with it: a plugin's manifest makes its sources count. */
export const definingGlobs = ['**/*.{js,jsx,mjs,cjs,ts,tsx,mts,cts}', '**/{SKILL.md,openclaw.plugin.json,openclaw.json}'];

export function registerDefinitionRequests(connection: Connection, need: () => Live): void {
  connection.onRequest(usesAtRequest, async ({ uri, line, character }, token) =>
    (await definitionsAt(need(), uri, { line, character }, signalOf(token)))
      .flatMap((used) => need().definitions.uses(used, shownCalls))
      .slice(0, shownCalls)
      .map(({ source, view, span }) => callAt(source.id, view.info, span)),
  );
  connection.onRequest(toolDefinitionRequest, (call, token) => definitionOf(need(), call, signalOf(token)));
  connection.onReferences(async ({ textDocument, position }, token) => {
    const found: Location[] = [];
    const seen = new Set<string>();
    for (const used of await definitionsAt(need(), textDocument.uri, position, signalOf(token)))
      for (const { source, span } of need().definitions.uses(used, listedUses)) {
        const uri = callUri(source.id, span);
        if (!seen.has(uri)) found.push({ uri, range: outcomeLine });
        seen.add(uri);
      }
    return found;
  });
  connection.onDefinition(async ({ textDocument, position }, token): Promise<DefinitionAnswer | null> => {
    const call = position.line === 0 ? parseCallUri(textDocument.uri) : null;
    const definition = call === null ? null : await definitionOf(need(), call, signalOf(token));
    return definition === null ? null : definition.places.map(({ uri, range }) => ({ uri, range }));
  });
}

/** At the name, or anywhere in the first line where that names no part of it. */
async function definitionsAt(
  { definitions }: Live,
  uri: string,
  { line, character }: Position,
  signal: AbortSignal,
): Promise<readonly UsedDefinition[]> {
  return (await definitions.inFile(uri, signal, line)).filter(({ definition: { range } }) => {
    if (range.start.line !== line) return false;
    const whole = range.start.line === range.end.line && range.start.character === range.end.character;
    return whole || (range.start.character <= character && character <= range.end.character);
  });
}

async function definitionOf(
  { hub, definitions }: Live,
  { sourceId, spanId }: SpanRef,
  signal: AbortSignal,
): Promise<ToolDefinition | null> {
  const source = hub.get(sourceId);
  return source === null ? null : definitions.ofCall(source, spanId, signal);
}

/** Lenses of definitions in a file, and of a call's document the way to that of its tool. */
export async function lensesOfDefinitions(
  { hub, opened, definitions }: Live,
  uri: string,
  signal: AbortSignal,
): Promise<readonly CodeLens[]> {
  const call = parseCallUri(uri);
  if (call !== null) {
    const source = hub.get(call.sourceId);
    const span = source === null ? null : (findSpan(opened.store, source.row, call.spanId)?.span ?? null);
    return span?.kind === 'execute_tool' ? [toolLens(call)] : [];
  }
  if (hub.settings.definitionLenses === false) return [];
  return definitionLenses(uri, await definitions.inFile(uri, signal), hub.settings.flatRate);
}

export async function hoverOfDefinitions(live: Live, uri: string, position: Position, signal: AbortSignal): Promise<Hover | null> {
  const call = parseCallUri(uri);
  if (call === null) {
    const { hub, opened } = live;
    const costOf: PricesOf = ({ session, spanId }) => {
      const span = opened.store.spans.ofSession(session, spanId)?.span;
      return span?.kind === 'chat' ? spanCost(span) : null;
    };
    return definitionHover(await definitionsAt(live, uri, position, signal), costOf, hub.settings.flatRate === true);
  }
  const definition = position.line === 0 ? await definitionOf(live, call, signal) : null;
  return definition === null ? null : toolHover(definition);
}

/** Judged by its name. */
export function mayDefine(uri: string): boolean {
  return definingFile(uri) !== null;
}

/** The editor tells that files came, went or changed. */
export async function filesChanged({ definitions }: Live, uris: readonly string[]): Promise<void> {
  const paths = uris.filter(mayDefine).flatMap((uri) => pathOfFileUri(uri) ?? []);
  await definitions.files.changed(paths, new AbortController().signal);
}

/** Of the address that `callUri` made, as the editor gives it back: with other escapes. */
export function parseCallUri(uri: string): SpanRef | null {
  const query = /^sandglass-call:[^?#]*\?([^#]*)$/.exec(uri)?.[1];
  if (query === undefined) return null;
  const plain = new URLSearchParams(query);
  const parts = plain.has('source') ? plain : new URLSearchParams(unescaped(query));
  const [sourceId, spanId] = [parts.get('source'), parts.get('span')];
  return sourceId === null || spanId === null ? null : { sourceId, spanId };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return '';
    throw error;
  }
}
