/**
 * The sidebar panel. It draws; it fetches nothing.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { lambdaIcon } from '../icons';
import { EngineModel } from '../services/engineModel';
import { PANEL_ID } from '../tokens';
import { EngineFooter } from './engineFooter';
import { FirstStep } from './firstStep';
import { FunctionList } from './functionList';
import { ModelWidget, useModel } from './modelView';
import { PresenceNote } from './presence';
import { useTrans } from './words';

export interface ILambdaPanelOptions {
  model: EngineModel;
  trans: TranslationBundle;
  /** Show a function in the main area. */
  open: (name: string) => void;
  /** Stop the engine, asking first. */
  stopEngine: () => void;
  /** Put cells into the notebook that is looked at; null where there is none. */
  insertCells: () => ((sources: readonly string[]) => void) | null;
}

export class LambdaPanel extends ModelWidget {
  constructor(private readonly _options: ILambdaPanelOptions) {
    super(_options.model, _options.trans);
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

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override content(): JSX.Element {
    return <Panel {...this._options} notebook={this._notebook} />;
  }

  private _notebook: string | null = null;
}

function Panel(
  props: ILambdaPanelOptions & { notebook: string | null }
): JSX.Element {
  const trans = useTrans();
  const { model } = props;
  useModel(model);
  return (
    <>
      <h2 className="jp-Lambda-heading">{trans.__('Lambda')}</h2>
      <PresenceNote model={model} />
      <div className="jp-Lambda-body">
        {model.functions.size > 0 ? (
          <FunctionList model={model} notebook={props.notebook} open={props.open} />
        ) : (
          <FirstStep
            known={model.presence === 'live'}
            insertCells={props.insertCells()}
          />
        )}
      </div>
      <EngineFooter model={model} stop={props.stopEngine} />
    </>
  );
}
