/** The commands: the same engine as in the editor, without one. Exit codes: 0, 1 a source that can't be read or price lists that are wrong, 2 bad usage. */
import { homedir } from 'node:os';
import { AttachError } from '../attach/errors';
import { sweepPrivateCopies } from '../attach/reader/privateCopy';
import { collect } from '../collect/collector';
import { tellingWay } from '../collect/keepCollecting';
import { openSource } from '../collect/openSource';
import { Pricing } from '../collect/pricing';
import { assertNever } from '../model/assertNever';
import type { PricesDocument } from '../protocol/costDocuments';
import type { SandboxesDocument, Span } from '../protocol/document';
import { plainLine } from '../decode/preview';
import { traceDocument, sessionsDocument } from '../query/document';
import { withDenial } from '../query/denials';
import { findingsOf } from '../query/findings';
import type { FindingWishes } from '../query/findings';
import { findSandboxes } from '../sandboxes/findSandboxes';
import { StoreError } from '../store/errors';
import type { BookProblem } from '../usage/book';
import { Asides } from './asides';
import { CommandError } from './commandError';
import { problemText, readPriceFile } from './commandPrices';
import type { PriceFile } from './commandPrices';
import { openCommandStore } from './commandStore';
import { commandSuppressions } from './commandSuppressions';
import { costDocument, pricesDocument } from './costCommand';
import { costCsv, costText } from './costText';
import { pricesCsv, pricesText } from './pricesText';
import { sandboxesText, sessionsText, spanLine, table, traceText } from './tables';
import { parseCommand, usageText, UsageError } from './usage';
import type { Command } from './usage';

export interface Io {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
}

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const complain = (message: string): void => void io.stderr.write(`sandglass: ${plainLine(message, 1000)}\n`);
  try {
    const command = parseCommand(argv);
    if (command === 'help') {
      io.stdout.write(usageText);
      return 0;
    }
    return await execute(command, io);
  } catch (error) {
    if (error instanceof UsageError) {
      complain(`${error.message}; see sandglass --help`);
      return 2;
    }
    if (AttachError.is(error)) complain(`${error.message}. ${error.hint}`);
    else if (StoreError.is(error)) complain(`the store can't be used: ${error.message}`);
    else if (error instanceof CommandError) complain(error.message);
    else {
      complain(`this should not happen: ${error instanceof Error ? error.message : String(error)} (SANDGLASS_DEBUG=1 shows where)`);
      if (io.env['SANDGLASS_DEBUG'] === '1' && error instanceof Error) io.stderr.write(`${error.stack ?? ''}\n`);
    }
    return 1;
  }
}

async function execute(command: Command, io: Io): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    if (command.name === 'sandboxes') {
      await sandboxes(command, io, controller.signal);
      return 0;
    }
    const prices = command.prices === null ? null : await readPriceFile(command.prices, controller.signal);
    if (command.source === null) return printPrices(command, io, pricesDocument(null, prices));
    return await readSource(command, command.source, prices, io, controller.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

async function sandboxes(command: Command, io: Io, signal: AbortSignal): Promise<void> {
  const found = await findSandboxes({ home: homedir(), env: io.env, dockerHost: command.dockerHost, signal });
  const document: SandboxesDocument = {
    schema: 'sandglass/sandboxes@1',
    looked: found.looked.map(({ place, outcome, reason, ms, found: count }) => ({ place, outcome, reason, ms, found: count })),
    sandboxes: found.sandboxes.map(({ id, name, layout, runtime, runtimeVersion, provider, model, state, gateway, seenBy, reports }) => ({
      id,
      name,
      layout,
      runtime,
      runtimeVersion,
      provider,
      model,
      state,
      gateway,
      seenBy,
      reports,
    })),
  };
  io.stdout.write(command.form === 'json' ? jsonText(document) : sandboxesText(document));
}

/** Reads a source and prints what was asked of it; answers the exit code. */
async function readSource(command: Command, name: string, prices: PriceFile | null, io: Io, signal: AbortSignal): Promise<number> {
  sweepPrivateCopies();
  const wishes = await findingWishes(command, io, signal);
  const ways = command.way === null ? undefined : [command.way];
  const opened = await openSource(name, { home: homedir(), env: io.env, dockerHost: command.dockerHost, signal }, { ways });
  using kept = openCommandStore(command.store);
  const { store } = kept;
  Pricing.of(store).set(prices?.entries);
  const row = store.transaction(() => {
    const known = store.sources.ensure(opened.id, { info: opened.info, registryProvider: opened.provider });
    // Kept under the words of another time; it is called what it was called now.
    store.sources.update(known, {
      info: opened.info,
      registryProvider: opened.provider ?? store.sources.get(known)?.registryProvider ?? null,
    });
    return known;
  });
  const follow = command.name === 'follow';
  const printed = new Map<string, string>();
  const asides = new Asides(io.stderr);
  // Of the sessions that changed: a batch costs what is new in it, however many others there are.
  const sayFindings = (sessions: readonly { readonly row: number }[]): void => {
    for (const session of sessions) asides.findings(session.row, findingsOf(store, row, session.row, wishes));
  };
  let caughtUp = false;
  await collect(
    store,
    row,
    tellingWay(opened.source, ({ way, tried }) => asides.way(way, tried)),
    {
      follow,
      signal: AbortSignal.any([signal, kept.lost]),
      onChange: (result) => {
        if (!follow) return;
        if (result.skippedChanged) asides.notes(store.sources.skipped(row));
        if (caughtUp) sayFindings(result.sessions);
        for (const session of result.sessions) {
          const denied = store.policies.deniedCallsOf(row, session.row);
          for (const span of session.spans) printSpan(io, command.form === 'json', session.session, withDenial(span, denied), printed);
        }
      },
      onCaughtUp: () => {
        caughtUp = true;
        if (follow) sayFindings(store.sources.revisions(row));
      },
    },
  );
  if (kept.lost.aborted) throw kept.lost.reason;
  if (follow) return 0;
  // Half of it would look like all of it.
  if (signal.aborted) throw new CommandError('interrupted before everything was read');
  if (command.session !== null && store.sessions.bySession(row, command.session) === null) {
    throw new CommandError(`there is no session "${command.session}" in ${name}; "sandglass sessions" lists them`);
  }
  switch (command.name) {
    case 'sessions': {
      const document = sessionsDocument(store, row, wishes);
      io.stdout.write(command.form === 'json' ? jsonText(document) : sessionsText(document));
      return 0;
    }
    case 'trace': {
      const document = traceDocument(store, row, command.session, wishes);
      io.stdout.write(command.form === 'json' ? jsonText(document) : traceText(document));
      return 0;
    }
    case 'cost': {
      sayPriceProblems(Pricing.of(store).problems, prices, io);
      const document = await costDocument(store, row, command, signal);
      io.stdout.write(command.form === 'json' ? jsonText(document) : command.form === 'csv' ? costCsv(document) : costText(document));
      return 0;
    }
    case 'prices':
      return printPrices(command, io, pricesDocument({ store, row }, prices));
    case 'sandboxes':
      return 0;
    default:
      return assertNever(command.name);
  }
}

/** Suppressed findings are marked in the documents that have findings. */
async function findingWishes(command: Command, io: Io, signal: AbortSignal): Promise<FindingWishes> {
  if (command.name === 'cost' || command.name === 'prices') return {};
  const { suppress, problems } = await commandSuppressions(command.suppressions, signal);
  for (const problem of problems) io.stderr.write(`sandglass: ${plainLine(problem, 1000)}\n`);
  return { suppress };
}

/** Entries that are left out would make a sum other than it was meant. */
function sayPriceProblems(problems: readonly BookProblem[], prices: PriceFile | null, io: Io): void {
  for (const problem of problems) {
    const at = problem.index === null ? '' : `entry ${problem.index + 1}: `;
    io.stderr.write(`sandglass: ${plainLine(`${prices?.name ?? ''}: ${at}${problemText(problem)}; it is left out`, 1000)}\n`);
  }
}

/** A list that is wrong is told by the exit code too, so that a script can check it. */
function printPrices(command: Command, io: Io, document: PricesDocument): number {
  io.stdout.write(command.form === 'json' ? jsonText(document) : command.form === 'csv' ? pricesCsv(document) : pricesText(document));
  return document.problems.length === 0 ? 0 : 1;
}

function jsonText(document: object): string {
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** Spans printed last, so that a span which only moved is not printed again; the oldest are forgotten. */
const printedLimit = 50_000;

function printSpan(io: Io, json: boolean, sessionId: string, span: Span, printed: Map<string, string>): void {
  const text = JSON.stringify({ sessionId, ...span });
  const key = `${sessionId} ${span.id}`;
  if (printed.get(key) === text) return;
  printed.delete(key);
  printed.set(key, text);
  if (printed.size > printedLimit) for (const oldest of printed.keys()) if (printed.size > printedLimit) printed.delete(oldest);
  io.stdout.write(json ? `${text}\n` : table([sessionId.slice(0, 8), ...spanLine(span, 0)], []));
}
