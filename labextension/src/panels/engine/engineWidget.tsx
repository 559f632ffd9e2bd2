/**
 * The main-area widget of the engine.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { lambdaIcon } from '../../icons';
import { EngineModel } from '../../services/engineModel';
import { IPage, ModelWidget } from '../modelView';
import { EngineView } from './engineView';

export interface IEngineWidgetOptions {
  model: EngineModel;
  trans: TranslationBundle;
  page: IPage;
  stop: () => void;
  restart: () => void;
}

export class EngineWidget extends ModelWidget {
  constructor(private readonly _options: IEngineWidgetOptions) {
    super(_options.model, _options.trans, _options.page);
    this.addClass('jp-Lambda-detail');
    this.title.icon = lambdaIcon;
    this.title.label = this.trans.__('Lambda engine');
    this.title.closable = true;
  }

  protected override content(): JSX.Element {
    const { model, stop, restart } = this._options;
    return <EngineView model={model} stop={stop} restart={restart} />;
  }
}
