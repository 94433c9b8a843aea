/**
 * Draws a flowchart with Mermaid, which is loaded only when the first diagram is asked for. Strict security level, plain
 * SVG labels, colours of the editor's theme. What comes out is parsed as XML and filtered once more before it is shown.
 */
import type { Mermaid } from 'mermaid';
import type { ThemeColors } from './theme';

/** Longer texts are not drawn; a diagram of ours stays below by construction. */
export const maxTextSize = 200_000;
export const maxEdges = 500;

let loading: Promise<Mermaid> | undefined;
let lastId = 0;

async function load(): Promise<Mermaid> {
  loading ??= import('mermaid').then((module) => module.default);
  try {
    return await loading;
  } catch (error) {
    // A chunk that did not arrive may arrive next time.
    loading = undefined;
    throw error;
  }
}

export class DiagramError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'DiagramError';
  }
  static is(value: unknown): value is DiagramError {
    return value instanceof DiagramError;
  }
}

export async function drawDiagram(source: string, colors: ThemeColors, dark: boolean): Promise<SVGSVGElement> {
  if (source.length > maxTextSize) throw new DiagramError(`the diagram's text is longer than ${maxTextSize} characters`);
  const mermaid = await load();
  const text = colors.color('editor-foreground', 'foreground');
  const line = colors.color('descriptionForeground', 'foreground');
  const background = colors.color('editor-background');
  const box = colors.color('editorWidget-background', 'editor-background');
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: 'strict',
    suppressErrorRendering: true,
    htmlLabels: false,
    maxTextSize,
    maxEdges,
    layout: 'dagre',
    look: 'classic',
    theme: 'base',
    fontFamily: colors.fontFamily(),
    fontSize: 13,
    flowchart: {
      htmlLabels: false,
      useMaxWidth: false,
      curve: 'basis',
      nodeSpacing: 24,
      rankSpacing: 30,
      padding: 10,
      wrappingWidth: 250,
      diagramPadding: 8,
    },
    themeVariables: {
      darkMode: dark,
      fontFamily: colors.fontFamily(),
      fontSize: '13px',
      background,
      primaryColor: box,
      primaryTextColor: text,
      primaryBorderColor: line,
      secondaryColor: box,
      tertiaryColor: box,
      lineColor: line,
      textColor: text,
      mainBkg: box,
      nodeBorder: line,
      edgeLabelBackground: background,
    },
  });
  let svg: string;
  try {
    ({ svg } = await mermaid.render(`diagram-${++lastId}`, source));
  } catch (error) {
    throw new DiagramError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return parseSvg(svg);
}

/** Parses what Mermaid accepts as a flowchart, without drawing it. */
export async function parseDiagram(source: string): Promise<string> {
  const mermaid = await load();
  const parsed = await mermaid.parse(source);
  return parsed.diagramType;
}

const elements = new Set(
  'svg g path rect circle ellipse polygon polyline line text tspan style marker defs title desc linearGradient stop filter feDropShadow feFlood feComposite feMerge feMergeNode'.split(
    ' ',
  ),
);

function parseSvg(source: string): SVGSVGElement {
  const parsed = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
  if (parsed.nodeName !== 'svg') throw new DiagramError('Mermaid made no SVG');
  for (const node of [...parsed.querySelectorAll('*')]) {
    if (!elements.has(node.nodeName)) node.remove();
    else for (const { name } of [...node.attributes]) if (/^on|^(?:xlink:)?href$/i.test(name)) node.removeAttribute(name);
  }
  return document.importNode(parsed, true) as unknown as SVGSVGElement;
}
