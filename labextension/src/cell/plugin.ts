/**
 * Draws the cards below `%%lambda` cells, in Lab and in Notebook 7.
 */
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { ILambdaEngine, PACKAGE } from '../tokens';
import { CARD_TYPE } from './cardData';
import { ICardsAtRest, OpenCards } from './openCards';
import { CardRenderer } from './renderer';
import { CardSaver } from './saving';

/** Before widgets (0) and HTML (50), which stand in the same outputs. */
const RANK = -10;

export const cardPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PACKAGE}:card`,
  description: 'The live card below a %%lambda cell.',
  autoStart: true,
  requires: [ILambdaEngine, IRenderMimeRegistry],
  optional: [ITranslator, INotebookTracker, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    model: ILambdaEngine,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    notebooks: INotebookTracker | null,
    states: IStateDB | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    const openCards = new OpenCards(states ? atRest(states) : null);
    if (notebooks) {
      new CardSaver(model, trans, notebooks);
    }
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
            openCards,
            openFunction: name =>
              void app.commands.execute(CommandIDs.openFunction, { name }),
            openCell: notebooks
              ? (name, line) =>
                  void app.commands.execute(CommandIDs.openCell, { name, line })
              : null
          })
      },
      RANK
    );
  }
};

/** Open cards in the workspace's state. */
function atRest(states: IStateDB): ICardsAtRest {
  const key = `${PACKAGE}:open-cards`;
  return {
    load: async () => {
      const kept = await states.fetch(key);
      return Array.isArray(kept) ? kept.map(String) : [];
    },
    save: names => void states.save(key, [...names])
  };
}
