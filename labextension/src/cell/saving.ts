/**
 * Writes the HTML form of each card into the notebook when it is saved, where something happened since. Needs no kernel.
 */
import { CodeCellModel } from '@jupyterlab/cells';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';

import { IMetrics } from '../api/wire';
import { EngineModel } from '../services/engineModel';
import { CARD_TYPE, cardData } from './cardData';
import { isSameState, stateIn, staticForm, withState } from './staticForm';

/**
 * A save serialises the notebook at once, so that the figures must be there before: they are asked for when an invocation of a
 * function with a card ended and the engine was quiet for a moment.
 */
const QUIET_MS = 1_000;

export class CardSaver {
  constructor(
    private readonly _model: EngineModel,
    private readonly _trans: TranslationBundle,
    notebooks: INotebookTracker
  ) {
    _model.ended.connect((_, record) => this._note(record.function_name));
    notebooks.widgetAdded.connect((_, panel) => this._watch(panel));
    notebooks.forEach(panel => this._watch(panel));
  }

  private _watch(panel: NotebookPanel): void {
    panel.context.saveState.connect(this._onSave, this);
    void panel.context.ready.then(() => {
      cardsOf(panel.context).forEach(name => this._note(name));
    });
  }

  private _onSave(
    context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
    state: DocumentRegistry.SaveState
  ): void {
    if (state === 'started' && this._model.presence === 'live') {
      this._write(context);
    }
  }

  /** Figures of a function are to be asked for, soon. */
  private _note(name: string): void {
    this._stale.add(name);
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._ask(), QUIET_MS);
  }

  private async _ask(): Promise<void> {
    if (this._model.presence !== 'live') {
      return;
    }
    const names = [...this._stale];
    this._stale.clear();
    for (const name of names) {
      try {
        this._metrics.set(name, await this._model.api.metrics(name, 0));
      } catch {
        // The function is gone, or the engine: what the notebook has stays as it is.
      }
    }
  }

  private _write(context: DocumentRegistry.IContext<DocumentRegistry.IModel>): void {
    for (const { outputs, index, name } of cardOutputs(context)) {
      const state = this._model.find(name);
      const metrics = this._metrics.get(name);
      const output = outputs.get(index);
      const html = output.data['text/html'];
      const home = cardData(output.data[CARD_TYPE])?.home;
      const here = this._model.identity?.home_id;
      const isHere = !home || !here || home === here;
      const text = Array.isArray(html) ? html.join('') : html;
      if (!state || !metrics || metrics.invocations + metrics.throttles === 0 || !isHere || typeof text !== 'string') {
        continue;
      }
      const form = staticForm(state, metrics, Date.now(), this._trans);
      if (!isSameState(stateIn(text), form)) {
        output.setData({ data: { ...output.data, 'text/html': withState(text, form) } });
      }
    }
  }

  private readonly _stale = new Set<string>();
  private readonly _metrics = new Map<string, IMetrics>();
  private _timer = 0;
}

interface ICardOutput {
  outputs: CodeCellModel['outputs'];
  index: number;
  name: string;
}

function cardsOf(context: DocumentRegistry.IContext<DocumentRegistry.IModel>): string[] {
  return cardOutputs(context).map(o => o.name);
}

function cardOutputs(context: DocumentRegistry.IContext<DocumentRegistry.IModel>): ICardOutput[] {
  const found: ICardOutput[] = [];
  const { cells } = context.model as NotebookPanel['context']['model'];
  for (const cell of cells) {
    if (!(cell instanceof CodeCellModel)) {
      continue;
    }
    for (let index = 0; index < cell.outputs.length; index++) {
      const data = cardData(cell.outputs.get(index).data[CARD_TYPE]);
      if (data) {
        found.push({ outputs: cell.outputs, index, name: data.function });
      }
    }
  }
  return found;
}
