/**
 * Draws the cards below `%%lambda` cells, in Lab and in Notebook 7.
 */
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { ILambdaEngine, PACKAGE } from '../tokens';
import { CARD_TYPE } from './cardData';
import { CardRenderer } from './renderer';

/** Before widgets (0) and HTML (50), which stand in the same outputs. */
const RANK = -10;

export const cardPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PACKAGE}:card`,
  description: 'The live card below a %%lambda cell.',
  autoStart: true,
  requires: [ILambdaEngine, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: ILambdaEngine,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    rendermime.addFactory(
      {
        // A card's data is a name, which is shown as text: safe also in a notebook that nobody trusts.
        safe: true,
        mimeTypes: [CARD_TYPE],
        createRenderer: () =>
          new CardRenderer({
            model,
            trans,
            rendermime,
            openFunction: name =>
              void app.commands.execute(CommandIDs.openFunction, { name })
          })
      },
      RANK
    );
  }
};
