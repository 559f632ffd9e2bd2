/**
 * The engine as a process: showing it in the main area, starting, stopping and restarting it.
 */
import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { lambdaIcon } from '../icons';
import { EngineModel } from '../services/engineModel';
import { EngineWidget } from './engine/engineWidget';
import { IPage } from './modelView';

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };

export function addEngineCommands(
  app: JupyterFrontEnd,
  model: EngineModel,
  trans: TranslationBundle,
  page: IPage,
  restorer: ILayoutRestorer | null
): void {
  const { commands } = app;
  const start = async (): Promise<void> => {
    try {
      await model.api.startEngine();
    } catch (reason) {
      await showErrorMessage(trans.__('The engine did not start'), String(reason));
    }
  };
  const stop = async (title: string, deed: string): Promise<boolean> => {
    const isWanted = await page.deeds.confirm(
      title,
      trans.__(
        'What runs gets 5 s, then it ends. Functions, versions and queued events are kept; a call or a click starts it anew.'
      ),
      deed
    );
    if (!isWanted) {
      return false;
    }
    try {
      await model.api.stopEngine();
      return true;
    } catch (reason) {
      await showErrorMessage(trans.__('The engine did not stop'), String(reason));
      return false;
    }
  };
  commands.addCommand(CommandIDs.startEngine, {
    label: trans.__('Start Lambda Engine'),
    caption: trans.__('Start the engine that runs the functions'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.presence === 'engine-down' && model.mayStart,
    execute: start
  });
  commands.addCommand(CommandIDs.stopEngine, {
    label: trans.__('Stop Lambda Engine'),
    caption: trans.__('End the engine and every environment'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.presence === 'live',
    execute: () => stop(trans.__('Stop the engine?'), trans.__('Stop'))
  });
  commands.addCommand(CommandIDs.restartEngine, {
    label: trans.__('Restart Lambda Engine'),
    caption: trans.__('End the engine, and start it anew'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.presence === 'live' && model.mayStart,
    execute: async () => {
      if (await stop(trans.__('Restart the engine?'), trans.__('Restart'))) {
        await isDown(model);
        await start();
      }
    }
  });
  const tracker = new WidgetTracker<MainAreaWidget<EngineWidget>>({
    namespace: 'jupyter-lambda-engine'
  });
  commands.addCommand(CommandIDs.openEngine, {
    label: args => (args['isLauncher'] ? trans.__('Lambda Engine') : trans.__('Show Lambda Engine')),
    caption: trans.__('What runs the functions: sandbox, limits, memory, settings'),
    icon: lambdaIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { isLauncher: { type: 'boolean', description: trans.__('Whether the launcher asks') } }
      }
    },
    execute: () => {
      const open = tracker.currentWidget;
      if (open && !open.isDisposed) {
        app.shell.activateById(open.id);
        return open;
      }
      const content = new EngineWidget({
        model,
        trans,
        page,
        stop: () => void commands.execute(CommandIDs.stopEngine),
        restart: () => void commands.execute(CommandIDs.restartEngine)
      });
      const widget = new MainAreaWidget({ content });
      widget.id = 'jp-Lambda-engine';
      widget.toolbar.hide();
      app.shell.add(widget, 'main');
      app.shell.activateById(widget.id);
      void tracker.add(widget);
      return widget;
    }
  });
  void restorer?.restore(tracker, { command: CommandIDs.openEngine, name: () => 'engine' });
  let lastPresence = model.presence;
  model.changed.connect(() => {
    if (model.presence !== lastPresence) {
      lastPresence = model.presence;
      commands.notifyCommandChanged();
    }
  });
}

/** Resolves once the page was told that no engine runs. */
async function isDown(model: EngineModel): Promise<void> {
  if (model.presence === 'engine-down') {
    return;
  }
  await new Promise<void>(resolve => {
    const look = (): void => {
      if (model.presence === 'engine-down') {
        model.changed.disconnect(look);
        resolve();
      }
    };
    model.changed.connect(look);
  });
}
