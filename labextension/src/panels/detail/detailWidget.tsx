/**
 * The main-area widget of one function. Which tab is shown, and which invocations it lists, is part of the saved layout.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import React from 'react';

import { lambdaIcon } from '../../icons';
import { DetailModel } from '../../services/detailModel';
import { EngineModel } from '../../services/engineModel';
import { IPage, ModelWidget } from '../modelView';
import { DetailView, Tab } from './detailView';
import { Kind } from './invocations';

export interface IDetailWidgetOptions {
  model: EngineModel;
  trans: TranslationBundle;
  page: IPage;
  name: string;
  tab: Tab;
  kind: Kind;
}

export class DetailWidget extends ModelWidget {
  constructor(options: IDetailWidgetOptions) {
    super(options.model, options.trans, options.page);
    this.functionName = options.name;
    this._detail = new DetailModel(options.model, options.name);
    this._tab = options.tab;
    this._kind = options.kind;
    this.addClass('jp-Lambda-detail');
    this.title.icon = lambdaIcon;
    this.title.label = options.name;
    this.title.caption = this.trans.__('Lambda function %1', options.name);
    this.title.closable = true;
  }

  readonly functionName: string;

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._stateChanged.emit();
      this.update();
    }
  }

  /** Which invocations are listed. */
  get kind(): Kind {
    return this._kind;
  }

  set kind(kind: Kind) {
    if (kind !== this._kind) {
      this._kind = kind;
      this._stateChanged.emit();
      this.update();
    }
  }

  /** Something that is saved with the layout is another one now. */
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
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
        kind={this._kind}
        showKind={kind => {
          this.kind = kind;
        }}
      />
    );
  }

  private readonly _detail: DetailModel;
  private _tab: Tab;
  private _kind: Kind;
  private readonly _stateChanged = new Signal<this, void>(this);
}
