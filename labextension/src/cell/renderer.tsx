/**
 * Draws a card where an output has one, and the output's HTML form wherever the card has nothing live to show: another engine home,
 * a function that is gone, a format of another version, an engine that was never heard of.
 */
import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import React from 'react';

import { ModelWidget } from '../panels/modelView';
import { DetailModel } from '../services/detailModel';
import { cellDiffers } from '../services/badgeState';
import { EngineModel } from '../services/engineModel';
import { Card } from './card';
import { CARD_TYPE, ICardData, cardData } from './cardData';
import { CellWatch } from './cellWatch';
import { OpenCards } from './openCards';
import { withoutState } from './staticForm';

export interface ICardOptions {
  model: EngineModel;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  openCards: OpenCards;
  openFunction: (name: string) => void;
  openCell: ((name: string, line: number) => void) | null;
}

class CardWidget extends ModelWidget {
  constructor(
    private readonly _options: ICardOptions,
    private readonly _data: ICardData,
    private _report: Widget | null
  ) {
    super(_options.model, _options.trans);
    this.addClass('jp-Lambda-cardFrame');
    // Enter on a button presses it, and does not edit the cell; X in a field is a letter, and does not cut the cell.
    this.node.dataset.lmSuppressShortcuts = 'true';
    this._detail = new DetailModel(_options.model, _data.function);
    _options.openCards.changed.connect(this._onOpenCards, this);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._options.openCards.changed.disconnect(this._onOpenCards, this);
    this._watch?.dispose();
    this._detail.dispose();
    this._report?.dispose();
    super.dispose();
  }

  /** The capture report of another run of the cell. */
  replaceReport(report: Widget | null): void {
    this._report?.dispose();
    this._report = report;
    this._putReport();
  }

  protected override content(): JSX.Element {
    const { openCards, openFunction, openCell } = this._options;
    const name = this._data.function;
    return (
      <Card
        detail={this._detail}
        isOpen={openCards.has(name)}
        setOpen={isOpen => openCards.set(name, isOpen)}
        openFunction={() => openFunction(name)}
        openCell={openCell ? line => openCell(name, line) : null}
        differs={this._differs}
        isKernelDead={this._watch?.isKernelDead}
        report={this._setPlace}
      />
    );
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._watch?.dispose(); // it may have been moved to another cell
    this._watch = new CellWatch(this);
    this._watch.changed.connect(() => this.update());
    this.update();
  }

  private get _differs(): boolean {
    const state = this._detail.state;
    const text = this._watch?.text;
    return !!state && text?.name === state.name && cellDiffers(text, state, this._watch?.lineSum ?? null);
  }

  private _onOpenCards(): void {
    this.update();
  }

  private readonly _setPlace = (node: HTMLElement | null): void => {
    this._place = node;
    this._putReport();
  };

  /** Put the report into the card, or take it out before the card's node goes. */
  private _putReport(): void {
    const report = this._report;
    if (!report || report.isDisposed) {
      return;
    }
    if (report.isAttached) {
      Widget.detach(report);
    }
    if (this._place?.isConnected) {
      Widget.attach(report, this._place);
    }
  }

  private _place: HTMLElement | null = null;
  private _watch: CellWatch | null = null;
  private readonly _detail: DetailModel;
}

export class CardRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _options: ICardOptions) {
    super({ node: document.createElement('div') });
    this.addClass('jp-Lambda-output');
    this.layout = new PanelLayout();
    _options.model.changed.connect(this._choose, this);
  }

  /** Called again when the output's data are others: by a run of the cell, or by a save, which writes the HTML form anew. */
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const turn = ++this._turn;
    const data = cardData(model.data[CARD_TYPE]);
    const isSame =
      data !== null &&
      data.function === this._data?.function &&
      data.home === this._data.home;
    const html = await this._htmlForm(model.data, model);
    const report = data ? await this._htmlForm(reportOf(model), model) : null;
    if (turn !== this._turn || this.isDisposed) {
      html?.dispose(); // there are newer data, or nobody to show them
      report?.dispose();
      return;
    }
    const layout = this.layout as PanelLayout;
    this._static?.dispose();
    this._static = html;
    if (html) {
      layout.insertWidget(0, html);
    }
    if (isSame && this._card) {
      this._card.replaceReport(report);
    } else {
      this._card?.dispose();
      this._card = data ? new CardWidget(this._options, data, report) : null;
      if (this._card) {
        layout.addWidget(this._card);
      }
    }
    this._data = data;
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
    this._card?.setHidden(!isLive);
    this._static?.setHidden(isLive);
  }

  private async _htmlForm(
    data: IRenderMime.IMimeModel['data'],
    model: IRenderMime.IMimeModel
  ): Promise<Widget | null> {
    const { rendermime } = this._options;
    const type = ['text/html', 'text/plain'].find(t => t in data);
    if (!type) {
      return null;
    }
    const renderer = rendermime.createRenderer(type);
    await renderer.renderModel(
      new MimeModel({ trusted: model.trusted, data, metadata: model.metadata })
    );
    return renderer;
  }

  private _turn = 0;
  private _data: ICardData | null = null;
  private _home: string | undefined;
  private _card: CardWidget | null = null;
  private _static: Widget | null = null;
}

/** An output's HTML without the figures that a save put there: the card has them live. */
function reportOf(model: IRenderMime.IMimeModel): IRenderMime.IMimeModel['data'] {
  const html = model.data['text/html'];
  return typeof html === 'string'
    ? { ...model.data, 'text/html': withoutState(html) }
    : model.data;
}
