/**
 * Draws anew when the model changed, as often as eyes can follow, and not at all while hidden.
 */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useContext, useEffect, useReducer } from 'react';

import { EngineModel } from '../services/engineModel';
import { Deeds, IDeeds, NO_DEEDS } from './deeds';
import { Languages } from './editors';
import { Words } from './words';

/** False while the widget around can't be seen. */
const Shown = React.createContext(true);

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

/** What views ask of the page around them. */
export interface IPage {
  deeds: IDeeds;
  languages: IEditorLanguageRegistry | null;
}

/** A widget whose content speaks the page's language. */
export abstract class ModelWidget extends ReactWidget {
  constructor(
    protected readonly model: EngineModel,
    protected readonly trans: TranslationBundle,
    private readonly _page: IPage = { deeds: NO_DEEDS, languages: null }
  ) {
    super();
    this.addClass('jp-Lambda');
  }

  protected override render(): JSX.Element {
    return (
      <Shown.Provider value={this.isVisible}>
        <Words.Provider value={this.trans}>
          <Deeds.Provider value={this._page.deeds}>
            <Languages.Provider value={this._page.languages}>{this.content()}</Languages.Provider>
          </Deeds.Provider>
        </Words.Provider>
      </Shown.Provider>
    );
  }

  protected override onAfterShow(): void {
    this.update();
  }

  protected override onAfterHide(): void {
    this.update();
  }

  protected abstract content(): JSX.Element;
}
