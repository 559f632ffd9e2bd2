/**
 * The sidebar panel. It draws; it fetches nothing.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React, { useContext } from 'react';

import { lambdaIcon } from '../icons';
import { EngineModel } from '../services/engineModel';
import { Preferences } from '../services/preferences';
import { PANEL_ID } from '../tokens';
import { Deeds } from './deeds';
import { EngineFooter } from './engineFooter';
import { FirstStep } from './firstStep';
import { FunctionList, Order } from './functionList';
import { IPage, ModelWidget } from './modelView';
import { useModel } from './redraw';
import { PresenceNote } from './presence';
import { useTrans } from './words';

/** How the list was left. */
export interface IListState {
  filter: string;
  order: Order;
}

export interface ILambdaPanelOptions {
  model: EngineModel;
  trans: TranslationBundle;
  page: IPage;
  preferences: Preferences;
  /** Stop the engine, asking first. */
  stopEngine: () => void;
  /** Stop it, asking first, and start it anew. */
  restartEngine: () => void;
  /** Put cells into the notebook that is looked at; null where there is none. */
  insertCells: () => ((sources: readonly string[]) => void) | null;
  /** Restart the kernel of the notebook that is looked at. */
  restartKernel: () => void;
  saveList: (state: IListState) => void;
}

export class LambdaPanel extends ModelWidget {
  constructor(private readonly _options: ILambdaPanelOptions) {
    super(_options.model, _options.trans, _options.page);
    this.id = PANEL_ID;
    this.addClass('jp-Lambda-panel');
    this.title.icon = lambdaIcon;
    this.title.caption = this.trans.__('Lambda');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.trans.__('Lambda'));
  }

  /** The notebook whose functions come first. */
  set notebook(path: string | null) {
    this._notebook = path;
    this.update();
  }

  /** The kernel of that notebook is gone. */
  set hasDeadKernel(isDead: boolean) {
    this._hasDeadKernel = isDead;
    this.update();
  }

  /** How the list was left the last time. */
  set list(state: Partial<IListState> | undefined) {
    this._list = {
      filter: typeof state?.filter === 'string' ? state.filter : '',
      order: state?.order === 'name' ? 'name' : 'active'
    };
    this.update();
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override content(): JSX.Element {
    return (
      <Panel
        {...this._options}
        notebook={this._notebook}
        hasDeadKernel={this._hasDeadKernel}
        list={this._list}
        setList={state => {
          this._list = state;
          this._options.saveList(state);
          this.update();
        }}
      />
    );
  }

  private _notebook: string | null = null;
  private _hasDeadKernel = false;
  private _list: IListState = { filter: '', order: 'active' };
}

function Panel(
  props: ILambdaPanelOptions & {
    notebook: string | null;
    hasDeadKernel: boolean;
    list: IListState;
    setList: (state: IListState) => void;
  }
): JSX.Element {
  const trans = useTrans();
  const { openFunction, openEngine } = useContext(Deeds);
  const { model } = props;
  useModel(model);
  return (
    <>
      <h2 className="jp-Lambda-heading">{trans.__('Lambda')}</h2>
      <PresenceNote model={model} restart={model.mayStart ? props.restartEngine : undefined} />
      {props.hasDeadKernel ? (
        <div className="jp-Lambda-note" role="status">
          <span className="jp-Lambda-grow">
            <strong>{trans.__('Kernel not running.')}</strong>{' '}
            {trans.__('Functions still answer: events and settings work from here.')}
          </span>
          <button className="jp-Lambda-button" onClick={props.restartKernel}>
            {trans.__('Restart kernel')}
          </button>
        </div>
      ) : null}
      {model.functions.size > 0 ? (
        <FunctionList
          model={model}
          notebook={props.notebook}
          state={props.list}
          change={props.setList}
          open={name => openFunction?.(name)}
        />
      ) : (
        <div className="jp-Lambda-body">
          <FirstStep
            known={model.presence === 'live'}
            memory={props.preferences.values.defaultMemory}
            insertCells={props.insertCells()}
          />
        </div>
      )}
      <EngineFooter model={model} stop={props.stopEngine} open={openEngine} />
    </>
  );
}
