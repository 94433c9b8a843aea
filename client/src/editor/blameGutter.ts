/** The author of each line beside it, in every editor on show, while that is switched on. */
import * as vscode from 'vscode';
import type { FileBlame } from '../../../server/src/protocol/messages';
import { Coalescer } from '../coalescer';
import { DisposableStore } from '../disposables';
import type { BlameData } from './blameData';
import { isBlamed } from './blameData';
import { gutterText, gutterWidth } from './blameText';
import type { GutterKind } from './blameText';

const redrawMs = 250;
/** In longer files only what is on show, and this much around it, has its author beside it. */
const wholeFileLines = 5_000;
const aroundLines = 500;

/** Colours that every theme has, dark, light and high contrast. */
const colours: Readonly<Record<GutterKind, string>> = {
  agent: 'charts.blue',
  person: 'charts.green',
  other: 'editorWhitespace.foreground',
};
const kinds = Object.keys(colours) as readonly GutterKind[];

export class BlameGutter {
  readonly #disposables = new DisposableStore();
  readonly #types: Readonly<Record<GutterKind, vscode.TextEditorDecorationType>>;
  readonly #redraw: Coalescer;
  /** What stands beside the lines of each document, for tests and for those who ask. */
  readonly #drawn = new Map<string, number>();

  constructor(
    private readonly data: BlameData,
    private readonly isOn: () => boolean,
    failed: (error: unknown) => void,
  ) {
    this.#types = { agent: this.#type('agent'), person: this.#type('person'), other: this.#type('other') };
    this.#redraw = this.#disposables.add(new Coalescer(redrawMs, () => this.#draw(), failed));
    const ask = (): void => {
      if (this.isOn()) this.#redraw.ask();
    };
    this.#disposables.add(data.onDidChange(ask));
    this.#disposables.add(vscode.window.onDidChangeVisibleTextEditors(ask));
    this.#disposables.add(vscode.workspace.onDidChangeTextDocument(ask));
    this.#disposables.add(vscode.workspace.onDidSaveTextDocument(ask));
    this.#disposables.add(
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => void (textEditor.document.lineCount > wholeFileLines && ask())),
    );
    ask();
  }

  /** It was switched on or off. */
  refresh(): void {
    this.#redraw.ask();
  }

  /** How many lines of a document have their author beside them. */
  drawnLines(uri: vscode.Uri): number {
    return this.#drawn.get(uri.toString()) ?? 0;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #type(kind: GutterKind): vscode.TextEditorDecorationType {
    const colour = new vscode.ThemeColor(colours[kind]);
    return this.#disposables.add(
      vscode.window.createTextEditorDecorationType({
        isWholeLine: true,
        borderStyle: 'solid',
        borderWidth: '0 0 0 3px',
        borderColor: colour,
        overviewRulerColor: kind === 'other' ? undefined : colour,
        overviewRulerLane: vscode.OverviewRulerLane.Left,
        before: {
          color: new vscode.ThemeColor('descriptionForeground'),
          margin: '0 2ch 0 1ch',
          width: `${gutterWidth}ch`,
        },
      }),
    );
  }

  async #draw(): Promise<void> {
    this.#drawn.clear();
    for (const editor of vscode.window.visibleTextEditors) {
      const blame = this.isOn() && isBlamed(editor.document) ? await this.data.of(editor.document) : null;
      const drawn = blame === null ? null : decorations(blame, editor);
      for (const kind of kinds) editor.setDecorations(this.#types[kind], drawn?.[kind] ?? []);
      if (drawn !== null)
        this.#drawn.set(
          editor.document.uri.toString(),
          kinds.reduce((sum, kind) => sum + drawn[kind].length, 0),
        );
    }
  }
}

type Drawn = Record<GutterKind, vscode.DecorationOptions[]>;

function decorations(blame: FileBlame, editor: vscode.TextEditor): Drawn {
  const drawn: Drawn = { agent: [], person: [], other: [] };
  const [from, to] = shownLines(editor);
  for (const run of blame.lines) {
    if (run.endLine < from || run.startLine > to) continue;
    const { kind, text } = gutterText(blame, run, vscode.l10n.t);
    for (let line = Math.max(run.startLine, from); line <= Math.min(run.endLine, to); line++) {
      const contentText = line === run.startLine ? text.replaceAll(' ', '\u00a0') : '\u00a0';
      drawn[kind].push({ range: new vscode.Range(line, 0, line, 0), renderOptions: { before: { contentText } } });
    }
  }
  return drawn;
}

function shownLines({ document, visibleRanges }: vscode.TextEditor): readonly [number, number] {
  if (document.lineCount <= wholeFileLines) return [0, document.lineCount - 1];
  const first = Math.min(...visibleRanges.map(({ start }) => start.line), document.lineCount - 1);
  const last = Math.max(...visibleRanges.map(({ end }) => end.line), 0);
  return [Math.max(0, first - aroundLines), Math.min(document.lineCount - 1, last + aroundLines)];
}
