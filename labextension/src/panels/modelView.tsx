/**
 * Draws anew when the model changed, once a frame at most, and not at all while hidden.
 */
import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useReducer } from 'react';

import { EngineModel } from '../services/engineModel';
import { Words } from './words';

/** Draws again in the next frame after each change; changes between two frames are one. */
export function useModel(model: EngineModel): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let frame = 0;
    const onChange = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        redraw();
      });
    };
    model.changed.connect(onChange);
    return () => {
      cancelAnimationFrame(frame);
      model.changed.disconnect(onChange);
    };
  }, [model]);
}

/** Draws again every `ms`, for what moves by itself: sparklines, running times. */
export function useTick(ms: number, active: boolean): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!active) {
      return;
    }
    const timer = window.setInterval(() => {
      if (!document.hidden) {
        redraw();
      }
    }, ms);
    return () => window.clearInterval(timer);
  }, [ms, active]);
}

/** A widget whose content speaks the page's language. */
export abstract class ModelWidget extends ReactWidget {
  constructor(
    protected readonly model: EngineModel,
    protected readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Lambda');
  }

  protected override render(): JSX.Element {
    return (
      <Words.Provider value={this.trans}>{this.content()}</Words.Provider>
    );
  }

  protected abstract content(): JSX.Element;
}
