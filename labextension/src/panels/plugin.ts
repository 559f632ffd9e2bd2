/**
 * Puts the panel into a sidebar, functions and the engine into the main area, and their commands into palette and launcher.
 */
import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ILauncher } from '@jupyterlab/launcher';
import { IStateDB } from '@jupyterlab/statedb';
import {
  ITranslator,
  TranslationBundle,
  nullTranslator
} from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { lambdaIcon } from '../icons';
import { Preferences } from '../services/preferences';
import { ILambdaEngine, ILambdaPanel, ILambdaPreferences, PACKAGE } from '../tokens';
import { addEngineCommands } from './engineCommands';
import { addFunctionTabs } from './functionTabs';
import { IPage } from './modelView';
import { NotebookWatch } from './notebookWatch';
import { IListState, LambdaPanel } from './panel';

/** After the file browser (100), the running sessions (200) and the table of contents (400). */
const RANK = 450;

const LIST_STATE = `${PACKAGE}:list`;

export const panelPlugin: JupyterFrontEndPlugin<ILambdaPanel> = {
  id: `${PACKAGE}:panel`,
  description: 'The Lambda panel in a sidebar, functions and their engine in the main area.',
  autoStart: true,
  provides: ILambdaPanel,
  requires: [ILambdaEngine, ILambdaPreferences],
  // Notebook 7 has no layout to restore and no tabs beside its document: nothing else is needed, everything is welcome.
  optional: [
    ITranslator,
    ILayoutRestorer,
    ICommandPalette,
    ILabShell,
    ILauncher,
    IStateDB,
    IEditorLanguageRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    model: ILambdaEngine,
    preferences: ILambdaPreferences,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    shell: ILabShell | null,
    launcher: ILauncher | null,
    states: IStateDB | null,
    languages: IEditorLanguageRegistry | null
  ): ILambdaPanel => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    const { commands } = app;
    const page = pageOf(app, preferences, trans, languages);
    const widget = new LambdaPanel({
      model,
      trans,
      page,
      preferences,
      stopEngine: () => void commands.execute(CommandIDs.stopEngine),
      restartEngine: () => void commands.execute(CommandIDs.restartEngine),
      insertCells: () =>
        canInsert(app) ? sources => void insertCells(app, sources) : null,
      restartKernel: () => void commands.execute('notebook:restart-kernel'),
      saveList: state => void states?.save(LIST_STATE, { ...state })
    });
    void states?.fetch(LIST_STATE).then(kept => {
      widget.list = kept as Partial<IListState> | undefined;
    });
    let side = preferences.values.side;
    app.shell.add(widget, side, { rank: RANK, type: 'Lambda' });
    preferences.changed.connect(() => {
      if (preferences.values.side !== side) {
        side = preferences.values.side;
        app.shell.add(widget, side, { rank: RANK, type: 'Lambda' });
        app.shell.activateById(widget.id);
      }
      widget.update();
    });
    restorer?.add(widget, widget.id);
    if (shell) {
      const watch = new NotebookWatch(shell);
      watch.changed.connect(() => {
        widget.notebook = watch.path;
        widget.hasDeadKernel = watch.hasDeadKernel;
      });
    }

    addFunctionTabs(app, model, trans, page, restorer);
    addEngineCommands(app, model, trans, page, restorer);
    commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show Lambda Panel'),
      caption: trans.__('Show the Lambda panel in the sidebar'),
      icon: lambdaIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(widget.id)
    });
    const category = trans.__('Lambda');
    for (const command of [
      CommandIDs.showPanel,
      CommandIDs.openFunction,
      CommandIDs.openEngine,
      CommandIDs.startEngine,
      CommandIDs.restartEngine,
      CommandIDs.stopEngine
    ]) {
      palette?.addItem({ command, category });
    }
    launcher?.add({
      command: CommandIDs.openEngine,
      args: { isLauncher: true },
      category: trans.__('Other'),
      rank: RANK
    });
    return { widget };
  }
};

function pageOf(
  app: JupyterFrontEnd,
  preferences: Preferences,
  trans: TranslationBundle,
  languages: IEditorLanguageRegistry | null
): IPage {
  const { commands } = app;
  return {
    languages,
    deeds: {
      get openCell() {
        return commands.hasCommand(CommandIDs.openCell)
          ? (name: string, line?: number) =>
              void commands.execute(CommandIDs.openCell, line === undefined ? { name } : { name, line })
          : null;
      },
      openFunction: (name, tab) =>
        void commands.execute(CommandIDs.openFunction, tab === undefined ? { name } : { name, tab }),
      openEngine: () => void commands.execute(CommandIDs.openEngine),
      confirm: async (title, body, deed) => {
        if (!preferences.values.confirm) {
          return true;
        }
        const answer = await showDialog({
          title,
          body,
          buttons: [
            Dialog.cancelButton({ label: trans.__('Cancel') }),
            Dialog.warnButton({ label: deed })
          ]
        });
        return answer.button.accept;
      }
    }
  };
}

/** A notebook is open, and this Lab has the commands. */
function canInsert(app: JupyterFrontEnd): boolean {
  return (
    app.commands.hasCommand('notebook:insert-cell-below') &&
    app.commands.isEnabled('notebook:insert-cell-below')
  );
}

/** Put cells below the active one of the notebook that the user looks at. */
async function insertCells(
  app: JupyterFrontEnd,
  sources: readonly string[]
): Promise<void> {
  for (const text of sources) {
    await app.commands.execute('notebook:insert-cell-below');
    await app.commands.execute('notebook:replace-selection', { text });
  }
}
