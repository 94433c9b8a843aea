/** Hover over a line: which session, turn, thought and model wrote it, at what cost, and which commit took it in. */
import * as vscode from 'vscode';
import type { BlamedCall } from '../../../server/src/protocol/messages';
import { paysFlatRate } from '../connection/flatRate';
import type { ServerHost } from '../connection/serverHost';
import type { CommandId } from '../contributions';
import { ownPriceHelps } from '../costWords';
import type { BlameData } from './blameData';
import { commandLink, hoverText, runAt, thoughtChars } from './blameText';
import type { HoverContext } from './blameText';
import type { GitBlame } from './gitBlame';
import { gitText } from './gitBlameText';

const linked: readonly CommandId[] = ['sandglass.openTrace', 'sandglass.openCall', 'sandglass.showPrices'];

export interface BlameShown {
  /** Hovers are wanted. */
  readonly hover: boolean;
  /** The authors stand beside the lines, so that each line's is worth a word. */
  readonly gutter: boolean;
}

export class BlameHover implements vscode.HoverProvider {
  constructor(
    private readonly server: ServerHost,
    private readonly data: BlameData,
    private readonly git: GitBlame,
    private readonly shown: () => BlameShown,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    { line }: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | null> {
    const { hover, gutter } = this.shown();
    if (!hover && !gutter) return null;
    const blame = await this.data.of(document);
    const run = blame === null ? null : runAt(blame, line);
    if (blame === null || run === null || token.isCancellationRequested) return null;
    const call = run.by.kind === 'call' ? (blame.calls[run.by.call] ?? null) : null;
    const [thought, git] = await Promise.all([call === null ? null : this.#thought(call, token), this.git.lineOf(document, line)]);
    if (token.isCancellationRequested) return null;
    const links = call === null ? null : linksTo(call);
    const context = { thought, git: gitText(git, vscode.l10n.t), links, all: gutter, flatRate: paysFlatRate() };
    const text = hoverText(blame, run, context, vscode.l10n.t);
    return text === null ? null : new vscode.Hover(ownMarkdown(text), lineRange(document, line));
  }

  async #thought({ sourceId, spanId }: BlamedCall, token: vscode.CancellationToken): Promise<HoverContext['thought']> {
    const detail = await this.server.request('span', { sourceId, spanId, limit: thoughtChars }, token);
    if (detail?.thinking) return { kind: 'thought', text: detail.thinking };
    return detail?.text ? { kind: 'said', text: detail.text } : null;
  }
}

function lineRange(document: vscode.TextDocument, line: number): vscode.Range {
  return document.lineAt(Math.min(line, document.lineCount - 1)).range;
}

/** The arguments are ids only; what they lead to is looked up anew. */
function linksTo({ sourceId, sessionId, spanId, cost }: BlamedCall): string {
  return [
    commandLink('sandglass.openTrace', { sourceId, sessionId, spanId }, vscode.l10n.t('Show in Trace')),
    commandLink('sandglass.openCall', { sourceId, spanId }, vscode.l10n.t('Open Call')),
    ...(cost !== null && ownPriceHelps(cost) ? [commandLink('sandglass.showPrices', {}, vscode.l10n.t('Set a Price…'))] : []),
  ].join(' · ');
}

/**
 * Only our own commands may be followed in it; every text of a trace is escaped or fenced where it was made. No icons: the editor
 * would draw those that a trace names too, escaped or not.
 */
function ownMarkdown(text: string): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text);
  markdown.isTrusted = { enabledCommands: linked };
  markdown.supportHtml = false;
  return markdown;
}
