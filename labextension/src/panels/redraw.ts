/**
 * When a component draws anew: as often as eyes can follow, and not at all while hidden. Nothing here needs JupyterLab, so that the
 * card can be bundled without it.
 */
import React, { useContext, useEffect, useReducer } from 'react';

import { DetailModel } from '../services/detailModel';
import { EngineModel } from '../services/engineModel';

/** False while the widget around can't be seen. */
export const Shown = React.createContext(true);

/**
 * Draws again after changes: once a frame at most, and at most as often as the reader set, or every `slowMs`. The first change after a
 * rest is drawn in the next frame.
 */
export function useModel(model: EngineModel, slowMs = 0): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const isShown = useContext(Shown);
  useEffect(() => {
    if (!isShown) {
      return undefined;
    }
    let frame = 0;
    let timer = 0;
    let drawn = performance.now();
    const draw = (): void => {
      timer = 0;
      frame = requestAnimationFrame(() => {
        frame = 0;
        drawn = performance.now();
        redraw();
      });
    };
    const onChange = (): void => {
      if (frame === 0 && timer === 0) {
        const wait = drawn + Math.max(model.refreshMs, slowMs) - performance.now();
        if (wait > 0) {
          timer = window.setTimeout(draw, wait);
        } else {
          draw();
        }
      }
    };
    redraw(); // what changed while nobody looked
    model.changed.connect(onChange);
    return () => {
      cancelAnimationFrame(frame);
      window.clearTimeout(timer);
      model.changed.disconnect(onChange);
    };
  }, [model, slowMs, isShown]);
}

/** Draws again every `ms`, for what moves by itself: sparklines, running times. */
export function useTick(ms: number, active: boolean): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const isShown = useContext(Shown);
  useEffect(() => {
    if (!active || !isShown) {
      return undefined;
    }
    const timer = window.setInterval(() => {
      if (!document.hidden) {
        redraw();
      }
    }, ms);
    return () => window.clearInterval(timer);
  }, [ms, active, isShown]);
}

/** Draws again when the model, or what is known of the function, changed. */
export function useDetail(detail: DetailModel, slowMs = 0): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useModel(detail.engine, slowMs);
  useEffect(() => {
    detail.changed.connect(redraw);
    return () => {
      detail.changed.disconnect(redraw);
    };
  }, [detail]);
}
