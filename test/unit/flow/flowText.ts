/** The whole language our diagrams may be written in. A line outside it means that a text got out of its label. */
const label = String.raw`((?:[\p{L}\p{N} .,/_]|#\d{2,7};|<br/>)*)`;
const nodeLine = new RegExp(
  String.raw`^  n\d+(?:\(\["${label}"\]\)|\("${label}"\)|\{\{"${label}"\}\}|\["${label}"\]|\[\["${label}"\]\])$`,
  'u',
);
const edgeLine = /^ {2}n\d+ (?:-->|~~~|-\.-|-\. retried \.->) n\d+$/;
const classLine =
  /^ {2}class n\d+(?:,n\d+)* (?:kind-(?:prompt|thought|text|choice|call|group|reply|denial|subagent|compaction|event)|status-(?:ok|error|denied|aborted|running|unknown))$/;

export interface ParsedFlow {
  readonly labels: readonly string[];
  readonly edges: readonly string[];
  readonly foreign: readonly string[];
}

export function parseFlow(mermaid: string): ParsedFlow {
  const lines = mermaid.split('\n');
  const labels: string[] = [];
  const edges: string[] = [];
  const foreign: string[] = [];
  if (lines[0] !== 'flowchart TD') foreign.push(lines[0] ?? '');
  if (lines.at(-1) !== '') foreign.push(lines.at(-1) ?? '');
  for (const line of lines.slice(1, -1)) {
    const node = nodeLine.exec(line);
    if (node !== null) labels.push(decode(node.slice(1).find((part) => part !== undefined) ?? ''));
    else if (edgeLine.test(line)) edges.push(line.trim());
    else if (!classLine.test(line)) foreign.push(line);
  }
  return { labels, edges, foreign };
}

function decode(text: string): string {
  return text.replaceAll('<br/>', '\n').replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}
