/**
 * The sidebar panel. It draws; it fetches nothing.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { lambdaIcon } from '../icons';
import { PANEL_ID } from '../tokens';
import { FirstStep } from './firstStep';

export interface ILambdaPanelOptions {
  trans: TranslationBundle;
}

export class LambdaPanel extends ReactWidget {
  constructor(options: ILambdaPanelOptions) {
    super();
    this._trans = options.trans;
    this.id = PANEL_ID;
    this.addClass('jp-Lambda-panel');
    this.title.icon = lambdaIcon;
    this.title.caption = this._trans.__('Lambda');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Lambda'));
  }

  protected override render(): JSX.Element {
    return (
      <>
        <h2 className="jp-Lambda-heading">{this._trans.__('Lambda')}</h2>
        <FirstStep trans={this._trans} />
      </>
    );
  }

  private readonly _trans: TranslationBundle;
}
