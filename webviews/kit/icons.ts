/** The page's own few icons, 16 × 16, drawn in the current colour. Decoration: a text always says the same. */

const namespace = 'http://www.w3.org/2000/svg';

const outlines = {
  ok: ['M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7Z', 'M5.2 8.2l2 2 3.7-4.3'],
  error: ['M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7Z', 'M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4'],
  denied: ['M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7Z', 'M3.6 3.6l8.8 8.8'],
  aborted: ['M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7Z', 'M6 6h4v4H6Z'],
  running: ['M8 1.7a6.3 6.3 0 1 1-6.3 6.3'],
  unknown: ['M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7Z', 'M6.3 6.4a1.7 1.7 0 1 1 2.4 1.6c-.5.2-.7.5-.7 1M8 11.1v.1'],
  turn: ['M2.5 3.5h11v7.4H7.6L4.7 13.3v-2.4H2.5Z'],
  chat: ['M8 1.8c.5 3.6 2.6 5.7 6.2 6.2-3.6.5-5.7 2.6-6.2 6.2C7.5 10.6 5.4 8.5 1.8 8 5.4 7.5 7.5 5.4 8 1.8Z'],
  compaction: ['M3 2.5h10M3 13.5h10M8 4.5v2.8M6.5 6l1.5 1.5L9.5 6M8 11.5V8.7M6.5 10 8 8.5 9.5 10'],
  event: ['M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7Z', 'M8 7.3v3.6M8 5v.1'],
  policy: ['M8 1.7l5 1.8v4.2c0 3-2 5.3-5 6.6-3-1.3-5-3.6-5-6.6V3.5Z'],
  replay: ['M3 4.2A6 6 0 1 1 2 8M3 1.7v2.7h2.7', 'M6.7 5.8l3.6 2.2-3.6 2.2Z'],
  file: ['M4 1.7h5l3 3v9.6H4Z', 'M9 1.7v3h3M6 9h4M8.5 7.5 10 9l-1.5 1.5'],
  open: ['M6.5 3H3v10h10V9.5M9 2.7h4.3V7M13 3 7.7 8.3'],
  definition: ['M5.5 3.5 2 8l3.5 4.5M10.5 3.5 14 8l-3.5 4.5'],
  zoomIn: ['M8 3.5v9M3.5 8h9'],
  zoomOut: ['M3.5 8h9'],
  fit: ['M2.5 5.5v-3h3M13.5 5.5v-3h-3M2.5 10.5v3h3M13.5 10.5v3h-3'],
  list: ['M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1'],
  flow: ['M5.5 2h5v3.5h-5ZM2 10.5h5V14H2ZM9 10.5h5V14H9ZM8 5.5V8M4.5 10.5V8h7v2.5'],
  previous: ['M4 10l4-4 4 4'],
  next: ['M4 6l4 4 4-4'],
  child: ['M3 2.5v6.5h9M9.5 6.5 12 9l-2.5 2.5'],
  warning: ['M8 2.2 14.3 13.5H1.7Z', 'M8 6.5v3.5M8 11.7v.1'],
} as const;

export type IconName = keyof typeof outlines;

export function icon(name: IconName, className = ''): SVGSVGElement {
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('width', '16');
  svg.setAttribute('height', '16');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon icon-${name}${className === '' ? '' : ` ${className}`}`);
  for (const outline of outlines[name]) {
    const path = document.createElementNS(namespace, 'path');
    path.setAttribute('d', outline);
    svg.appendChild(path);
  }
  return svg;
}
