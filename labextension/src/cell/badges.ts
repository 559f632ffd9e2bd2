/**
 * Keeps a badge on each `%%lambda` cell of each open notebook, and tells it what the cell says while it is written.
 */
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { CommandIDs } from '../commands';
import { cellText } from '../services/cellText';
import { ILambdaEngine, PACKAGE } from '../tokens';
import { BadgeWidget } from './badge';
import { lineSumOf } from './cellWatch';

/** A cell is looked at once its writer rests for so long. */
const REST_MS = 250;

export const badgesPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PACKAGE}:badges`,
  description: 'Marks %%lambda cells with what is deployed of them.',
  autoStart: true,
  requires: [ILambdaEngine, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: ILambdaEngine,
    notebooks: INotebookTracker,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    const make = (): BadgeWidget =>
      new BadgeWidget(model, trans, name =>
        void app.commands.execute(CommandIDs.openFunction, { name })
      );
    const watch = (panel: NotebookPanel): void => {
      const known = new WeakSet<CodeCell>();
      const look = (): void => {
        for (const cell of panel.content.widgets) {
          if (cell instanceof CodeCell && !known.has(cell)) {
            known.add(cell);
            new CellBadge(cell, make);
          }
        }
      };
      void panel.context.ready.then(() => {
        look();
        panel.content.model?.cells.changed.connect(look);
        panel.content.modelContentChanged.connect(look);
      });
    };
    notebooks.widgetAdded.connect((_, panel) => watch(panel));
    notebooks.forEach(watch);
  }
};

class CellBadge {
  constructor(
    private readonly _cell: CodeCell,
    private readonly _make: () => BadgeWidget
  ) {
    const { model } = _cell;
    model.sharedModel.changed.connect(this._onChange, this);
    model.stateChanged.connect(this._onState, this);
    model.outputs.changed.connect(this._look, this);
    _cell.disposed.connect(this._end, this);
    void _cell.ready.then(() => this._look());
  }

  private _onChange(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._look(), REST_MS);
  }

  private _onState(_: unknown, change: { name: string }): void {
    if (change.name === 'executionState' || change.name === 'executionCount') {
      this._look();
    }
  }

  private _look(): void {
    const cell = this._cell;
    if (cell.isDisposed || !cell.inputArea) {
      return;
    }
    const text = cellText(cell.model.sharedModel.getSource());
    if (!text) {
      this._badge?.dispose();
      this._badge = null;
      return;
    }
    if (!this._badge) {
      this._badge = this._make();
      Widget.attach(this._badge, cell.inputArea.node);
    }
    this._badge.facts = {
      cell: text,
      isExecuting: cell.model.executionState === 'running',
      lineSum: lineSumOf(cell)
    };
  }

  private _end(): void {
    window.clearTimeout(this._timer);
    this._badge?.dispose();
  }

  private _timer = 0;
  private _badge: BadgeWidget | null = null;
}
