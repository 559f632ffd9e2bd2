/**
 * The main-area widget of one function. Which tab is shown is part of the saved layout.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import React from 'react';

import { lambdaIcon } from '../../icons';
import { DetailModel } from '../../services/detailModel';
import { EngineModel } from '../../services/engineModel';
import { ModelWidget } from '../modelView';
import { DetailView, Tab } from './detailView';

export class DetailWidget extends ModelWidget {
  constructor(
    model: EngineModel,
    trans: TranslationBundle,
    readonly functionName: string,
    tab: Tab
  ) {
    super(model, trans);
    this._detail = new DetailModel(model, functionName);
    this._tab = tab;
    this.addClass('jp-Lambda-detail');
    this.title.icon = lambdaIcon;
    this.title.label = functionName;
    this.title.caption = trans.__('Lambda function %1', functionName);
    this.title.closable = true;
  }

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._tabChanged.emit();
      this.update();
    }
  }

  get tabChanged(): ISignal<this, void> {
    return this._tabChanged;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._detail.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  protected override content(): JSX.Element {
    return (
      <DetailView
        detail={this._detail}
        tab={this._tab}
        show={tab => {
          this.tab = tab;
        }}
      />
    );
  }

  private readonly _detail: DetailModel;
  private _tab: Tab;
  private readonly _tabChanged = new Signal<this, void>(this);
}
