/**
 * A Lumino widget around a component that shows the engine.
 */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { EngineModel } from '../services/engineModel';
import { Deeds, IDeeds, NO_DEEDS } from './deeds';
import { Languages } from './editors';
import { Shown } from './redraw';
import { Words } from './words';

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
