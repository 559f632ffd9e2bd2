/**
 * Puts the panel into the left sidebar, functions into the main area, and their commands into the palette.
 */
import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import {
  ITranslator,
  TranslationBundle,
  nullTranslator
} from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { lambdaIcon } from '../icons';
import { EngineModel } from '../services/engineModel';
import { ILambdaEngine, ILambdaPanel, PACKAGE } from '../tokens';
import { isTab } from './detail/detailView';
import { DetailWidget } from './detail/detailWidget';
import { LambdaPanel } from './panel';

/** After the file browser (100), the running sessions (200) and the table of contents (400). */
const RANK = 450;

export const panelPlugin: JupyterFrontEndPlugin<ILambdaPanel> = {
  id: `${PACKAGE}:panel`,
  description: 'The Lambda panel in the left sidebar, and functions in the main area.',
  autoStart: true,
  provides: ILambdaPanel,
  requires: [ILambdaEngine],
  // Notebook 7 has no layout to restore and no tabs beside its document: nothing else is needed, everything is welcome.
  optional: [ITranslator, ILayoutRestorer, ICommandPalette, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    model: ILambdaEngine,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    shell: ILabShell | null
  ): ILambdaPanel => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    const { commands } = app;
    const widget = new LambdaPanel({
      model,
      trans,
      open: name => void commands.execute(CommandIDs.openFunction, { name }),
      stopEngine: () => void commands.execute(CommandIDs.stopEngine),
      insertCells: () =>
        canInsert(app) ? sources => void insertCells(app, sources) : null
    });
    app.shell.add(widget, 'left', { rank: RANK, type: 'Lambda' });
    restorer?.add(widget, widget.id);
    shell?.currentChanged.connect((_, args) => {
      const current = args.newValue;
      if (current instanceof DocumentWidget) {
        widget.notebook = current.context.path;
      }
    });

    addFunctionCommand(app, model, trans, restorer);
    addEngineCommands(app, model, trans);
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
      CommandIDs.startEngine,
      CommandIDs.stopEngine
    ]) {
      palette?.addItem({ command, category });
    }
    return { widget };
  }
};

function addFunctionCommand(
  app: JupyterFrontEnd,
  model: EngineModel,
  trans: TranslationBundle,
  restorer: ILayoutRestorer | null
): void {
  const tracker = new WidgetTracker<MainAreaWidget<DetailWidget>>({
    namespace: 'jupyter-lambda'
  });
  app.commands.addCommand(CommandIDs.openFunction, {
    label: args => trans.__('Open Lambda Function %1', String(args['name'])),
    describedBy: {
      args: {
        type: 'object',
        properties: { name: { type: 'string' }, tab: { type: 'string' } },
        required: ['name']
      }
    },
    execute: args => {
      const name = String(args['name']);
      const tab = isTab(args['tab']) ? args['tab'] : null;
      const open = tracker.find(w => w.content.functionName === name);
      if (open) {
        open.content.tab = tab ?? open.content.tab;
        app.shell.activateById(open.id);
        return open;
      }
      const content = new DetailWidget(model, trans, name, tab ?? 'overview');
      const widget = new MainAreaWidget({ content });
      widget.id = `jp-Lambda-detail-${name}`;
      widget.toolbar.hide();
      app.shell.add(widget, 'main');
      app.shell.activateById(widget.id);
      content.tabChanged.connect(() => void tracker.save(widget));
      void tracker.add(widget);
      return widget;
    }
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openFunction,
    args: w => ({ name: w.content.functionName, tab: w.content.tab }),
    name: w => w.content.functionName
  });
}

function addEngineCommands(
  app: JupyterFrontEnd,
  model: EngineModel,
  trans: TranslationBundle
): void {
  const noArguments = { args: { type: 'object', properties: {} } };
  app.commands.addCommand(CommandIDs.startEngine, {
    label: trans.__('Start Lambda Engine'),
    describedBy: noArguments,
    isEnabled: () => model.presence === 'engine-down' && model.mayStart,
    execute: async () => {
      try {
        await model.api.startEngine();
      } catch (reason) {
        await showErrorMessage(trans.__('The engine did not start'), String(reason));
      }
    }
  });
  app.commands.addCommand(CommandIDs.stopEngine, {
    label: trans.__('Stop Lambda Engine'),
    describedBy: noArguments,
    isEnabled: () => model.presence === 'live',
    execute: async () => {
      const answer = await showDialog({
        title: trans.__('Stop the engine?'),
        body: trans.__(
          'What runs gets 5 s, then it ends. Functions, versions and queued events are kept; a call or a click starts it anew.'
        ),
        buttons: [
          Dialog.cancelButton(),
          Dialog.warnButton({ label: trans.__('Stop') })
        ]
      });
      if (answer.button.accept) {
        await model.api.stopEngine();
      }
    }
  });
  model.changed.connect(() => {
    const presence = model.presence;
    if (presence !== lastPresence) {
      lastPresence = presence;
      app.commands.notifyCommandChanged();
    }
  });
  let lastPresence = model.presence;
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
