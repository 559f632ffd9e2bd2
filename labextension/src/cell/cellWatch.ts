/**
 * What a card's cell says beyond the engine: whether it is what is deployed, and whether its notebook's kernel is gone.
 */
import { ISessionContext } from '@jupyterlab/apputils';
import { CodeCell } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { isKernelDead } from '../panels/notebookWatch';
import { ICellText, cellText } from '../services/cellText';
import { CARD_TYPE, cardData } from './cardData';

/** A cell is looked at once its writer rests for so long. */
const REST_MS = 250;

/** CRC-32 of the first line that a cell was run with last; null where its outputs do not say. */
export function lineSumOf(cell: CodeCell): number | null {
  const { outputs } = cell.model;
  for (let index = 0; index < outputs.length; index++) {
    const data = cardData(outputs.get(index).data[CARD_TYPE]);
    if (data) {
      return data.lineSum;
    }
  }
  return null;
}

export class CellWatch {
  /** Of the cell that a widget stands below; an output that was moved out of its notebook has none. */
  constructor(output: Widget) {
    let above: Widget | null = output;
    while (above && !(above instanceof NotebookPanel)) {
      if (above instanceof CodeCell) {
        this._cell = above;
      }
      above = above.parent;
    }
    this._cell?.model.sharedModel.changed.connect(this._onText, this);
    this._cell?.model.outputs.changed.connect(this._onChange, this);
    this._context = above instanceof NotebookPanel ? above.sessionContext : null;
    this._context?.statusChanged.connect(this._onChange, this);
    this._context?.kernelChanged.connect(this._onChange, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What the cell says now; null where there is none, or where it defines no function. */
  get text(): ICellText | null {
    const cell = this._cell;
    return cell && !cell.isDisposed ? cellText(cell.model.sharedModel.getSource()) : null;
  }

  get lineSum(): number | null {
    return this._cell && !this._cell.isDisposed ? lineSumOf(this._cell) : null;
  }

  get isKernelDead(): boolean {
    return isKernelDead(this._context);
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onText(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._changed.emit(), REST_MS);
  }

  private _onChange(): void {
    this._changed.emit();
  }

  private _timer = 0;
  private _cell: CodeCell | null = null;
  private readonly _context: ISessionContext | null;
  private readonly _changed = new Signal<this, void>(this);
}
