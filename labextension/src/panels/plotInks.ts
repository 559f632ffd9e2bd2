/**
 * The page's colours for canvases: read from the theme where a chart stands, and read again when the theme changes.
 * What is hatched or cross-hatched can be told apart without colour.
 */
export interface IInks {
  text: string;
  line: string;
  accent: string;
  idle: string;
  second: string;
  load: string;
  ground: string;
  cold: string;
  bad: string;
  font: string;
  /** Diagonal hatch: cold, initialising. */
  coldHatch: CanvasPattern | string;
  /** Cross-hatch: failed, throttled. */
  badHatch: CanvasPattern | string;
}

const VARIABLES = {
  text: '--jla-fg2',
  line: '--jla-line',
  accent: '--jla-accent',
  idle: '--jla-idle',
  second: '--jla-fg2',
  load: '--jla-load',
  ground: '--jla-bg',
  cold: '--jla-cold',
  bad: '--jla-bad'
} as const;

/** Read the inks as they hold inside `host`, which is in the page. */
export function readInks(host: HTMLElement): IInks {
  // Custom properties come unresolved; a colour that an element has comes computed.
  const probe = document.createElement('span');
  host.appendChild(probe);
  const computed = getComputedStyle(probe);
  const ink = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return computed.color;
  };
  const colours = Object.fromEntries(
    Object.entries(VARIABLES).map(([name, variable]) => [name, ink(variable)])
  ) as { [name in keyof typeof VARIABLES]: string };
  const coldTint = ink('--jla-cold-tint');
  const badTint = ink('--jla-bad-tint');
  probe.style.fontFamily = 'var(--jla-mono)';
  const size = parseFloat(getComputedStyle(host).fontSize) || 13;
  const font = `${Math.max(10.5, size * 0.81)}px ${computed.fontFamily}`;
  probe.remove();
  return {
    ...colours,
    font,
    coldHatch: hatch(coldTint, colours.cold, ['M-1 5L5-1M1 7L7 1', 2]) ?? colours.cold,
    badHatch: hatch(badTint, colours.bad, ['M-1 5L5-1M1 7L7 1M-1 1L5 7M1-1L7 5', 1]) ?? colours.bad
  };
}

function hatch(
  ground: string,
  ink: string,
  [strokes, width]: [string, number]
): CanvasPattern | null {
  const ratio = window.devicePixelRatio || 1;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(6 * ratio);
  const context = tile.getContext('2d');
  if (!context) {
    return null;
  }
  context.fillStyle = ground;
  context.fillRect(0, 0, tile.width, tile.height);
  context.scale(tile.width / 6, tile.height / 6);
  context.strokeStyle = ink;
  context.lineWidth = width;
  context.stroke(new Path2D(strokes));
  return context.createPattern(tile, 'repeat');
}

/** Calls back after the page's theme or text size changed; returns what ends that. */
export function onThemeChange(callback: () => void): () => void {
  const observer = new MutationObserver(callback);
  const options = {
    attributes: true,
    attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light', 'style']
  };
  observer.observe(document.body, options);
  observer.observe(document.documentElement, options);
  return () => observer.disconnect();
}
