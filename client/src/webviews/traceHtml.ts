/**
 * The HTML document of our pages. Nothing of a trace is in it: data comes by message. The policy allows our own
 * script by nonce and our own style sheet; `'unsafe-inline'` styles are what Mermaid and the control library need. No
 * picture, font, frame, form or connection is allowed at all.
 */

export interface TraceHtmlOptions {
  readonly cspSource: string;
  readonly nonce: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  readonly language: string;
  readonly title: string;
}

export function contentSecurityPolicy({ cspSource, nonce }: Pick<TraceHtmlOptions, 'cspSource' | 'nonce'>): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'unsafe-inline'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

export function traceHtml(options: TraceHtmlOptions): string {
  return `<!DOCTYPE html>
<html lang="${escape(options.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(contentSecurityPolicy(options))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(options.title)}</title>
<link rel="stylesheet" href="${escape(options.styleUri)}">
</head>
<body>
<div id="app"></div>
<script type="module" nonce="${escape(options.nonce)}" src="${escape(options.scriptUri)}"></script>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
