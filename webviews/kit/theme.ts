/**
 * The editor's theme as the page sees it: `--vscode-*` variables on the root, kind and wishes as classes of the body. VS
 * Code changes both in place when the user picks another theme.
 */

export type ThemeKind = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

export function themeKind(): ThemeKind {
  const { classList } = document.body;
  if (classList.contains('vscode-high-contrast-light')) return 'high-contrast-light';
  if (classList.contains('vscode-high-contrast')) return 'high-contrast';
  return classList.contains('vscode-light') ? 'light' : 'dark';
}

export function reducedMotion(): boolean {
  return document.body.classList.contains('vscode-reduce-motion') || matchMedia('(prefers-reduced-motion: reduce)').matches;
}

export function usesScreenReader(): boolean {
  return document.body.classList.contains('vscode-using-screen-reader');
}

/** Calls back once for each change, however many attributes it touched. */
export function onThemeChange(changed: () => void): void {
  let waiting = false;
  const observer = new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      changed();
    }, 50);
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-kind', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}

/** Resolves theme variables to plain colours, as libraries that compute with colours need them. */
export class ThemeColors {
  readonly #probe: HTMLElement;
  readonly #canvas = document.createElement('canvas').getContext('2d');

  constructor() {
    this.#probe = document.createElement('span');
    this.#probe.hidden = true;
    document.body.appendChild(this.#probe);
  }

  /** The first of the variables that the theme sets, as `#rrggbb` or `rgba(…)`. */
  color(...names: readonly string[]): string {
    this.#probe.style.color = names.reduceRight((fallback, name) => `var(--vscode-${name}, ${fallback})`, 'currentColor');
    const computed = getComputedStyle(this.#probe).color;
    if (this.#canvas === null) return computed;
    this.#canvas.fillStyle = computed;
    return this.#canvas.fillStyle;
  }

  fontFamily(): string {
    return getComputedStyle(document.body).fontFamily;
  }

  dispose(): void {
    this.#probe.remove();
  }
}
