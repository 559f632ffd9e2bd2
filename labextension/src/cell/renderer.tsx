/**
 * Draws a card where an output has one, and the output's HTML form wherever the card has nothing live to show: another engine home,
 * a function that is gone, a format of another version, an engine that was never heard of.
 */
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import React from 'react';

import { ModelWidget } from '../panels/modelView';
import { DetailModel } from '../services/detailModel';
import { EngineModel } from '../services/engineModel';
import { Card } from './card';
import { CARD_TYPE, ICardData, cardData } from './cardData';

export interface ICardOptions {
  model: EngineModel;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  openFunction: (name: string) => void;
}

/** Cards that are open, by function: outputs are drawn anew when a notebook scrolls or a cell runs. */
const open = new Set<string>();

class CardWidget extends ModelWidget {
  constructor(
    private readonly _options: ICardOptions,
    private readonly _data: ICardData,
    private readonly _report: Widget | null
  ) {
    super(_options.model, _options.trans);
    this.addClass('jp-Lambda-cardFrame');
    this._detail = new DetailModel(_options.model, _data.function);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._detail.dispose();
    this._report?.dispose();
    super.dispose();
  }

  protected override content(): JSX.Element {
    const name = this._data.function;
    return (
      <Card
        detail={this._detail}
        isOpen={open.has(name)}
        setOpen={isOpen => {
          if (isOpen) {
            open.add(name);
          } else {
            open.delete(name);
          }
        }}
        openFunction={() => this._options.openFunction(name)}
        report={node => this._place(node)}
      />
    );
  }

  /** Put the report into the card, or take it out before the card's node goes. */
  private _place(node: HTMLElement | null): void {
    const report = this._report;
    if (!report || report.isDisposed) {
      return;
    }
    if (report.isAttached) {
      Widget.detach(report);
    }
    if (node?.isConnected) {
      Widget.attach(report, node);
    }
  }

  private readonly _detail: DetailModel;
}

export class CardRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _options: ICardOptions) {
    super({ node: document.createElement('div') });
    this.addClass('jp-Lambda-output');
    this.layout = new PanelLayout();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._clear();
    this._data = cardData(model.data[CARD_TYPE]);
    this._static = await this._htmlForm(model);
    const layout = this.layout as PanelLayout;
    if (this._static) {
      layout.addWidget(this._static);
    }
    if (this._data) {
      this._card = new CardWidget(
        this._options,
        this._data,
        await this._htmlForm(model)
      );
      layout.addWidget(this._card);
    }
    this._options.model.changed.connect(this._choose, this);
    this._choose();
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._options.model.changed.disconnect(this._choose, this);
    super.dispose();
  }

  /** Show the card where it is about something that is there, else the HTML form. */
  private _choose(): void {
    const { model } = this._options;
    const home = model.identity?.home_id ?? this._home;
    this._home = home;
    const isHere = !this._data?.home || !home || this._data.home === home;
    const isLive =
      this._card !== null &&
      isHere &&
      model.find(this._data?.function ?? '') !== null;
    if (isLive !== this._isLive) {
      this._isLive = isLive;
      this._card?.setHidden(!isLive);
      this._static?.setHidden(isLive);
    }
  }

  private async _htmlForm(
    model: IRenderMime.IMimeModel
  ): Promise<Widget | null> {
    const { rendermime } = this._options;
    const type = ['text/html', 'text/plain'].find(t => t in model.data);
    if (!type) {
      return null;
    }
    const renderer = rendermime.createRenderer(type);
    await renderer.renderModel(model);
    return renderer;
  }

  private _clear(): void {
    this._options.model.changed.disconnect(this._choose, this);
    this._card?.dispose();
    this._static?.dispose();
    this._card = null;
    this._static = null;
    this._isLive = null;
  }

  private _data: ICardData | null = null;
  private _home: string | undefined;
  private _isLive: boolean | null = null;
  private _card: CardWidget | null = null;
  private _static: Widget | null = null;
}
