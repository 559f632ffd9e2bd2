/**
 * Functions in the main area: the command that opens one, and that they are there again after a reload, as they were.
 */
import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { lambdaIcon } from '../icons';
import { EngineModel } from '../services/engineModel';
import { isTab } from './detail/detailView';
import { DetailWidget } from './detail/detailWidget';
import { isKind } from './detail/invocations';
import { IPage } from './modelView';

export function addFunctionTabs(
  app: JupyterFrontEnd,
  model: EngineModel,
  trans: TranslationBundle,
  page: IPage,
  restorer: ILayoutRestorer | null
): void {
  const tracker = new WidgetTracker<MainAreaWidget<DetailWidget>>({
    namespace: 'jupyter-lambda'
  });
  app.commands.addCommand(CommandIDs.openFunction, {
    label: args =>
      args['name']
        ? trans.__('Open Lambda Function %1', String(args['name']))
        : trans.__('Open Lambda Function…'),
    caption: trans.__('Show a function in the main area'),
    icon: lambdaIcon,
    isEnabled: args => Boolean(args['name']) || model.functions.size > 0,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          name: { type: 'string', description: trans.__('The function; without it, you are asked') },
          tab: { type: 'string', description: trans.__('Which of its tabs') },
          kind: { type: 'string', description: trans.__('Which invocations are listed') }
        }
      }
    },
    execute: async args => {
      const name = args['name'] ? String(args['name']) : await chosen(model, trans);
      if (!name) {
        return null;
      }
      const tab = isTab(args['tab']) ? args['tab'] : null;
      const kind = isKind(args['kind']) ? args['kind'] : 'all';
      const open = tracker.find(w => w.content.functionName === name);
      if (open) {
        open.content.tab = tab ?? open.content.tab;
        app.shell.activateById(open.id);
        return open;
      }
      const content = new DetailWidget({ model, trans, page, name, tab: tab ?? 'overview', kind });
      const widget = new MainAreaWidget({ content });
      widget.id = `jp-Lambda-detail-${name}`;
      widget.toolbar.hide();
      app.shell.add(widget, 'main');
      app.shell.activateById(widget.id);
      content.stateChanged.connect(() => void tracker.save(widget));
      void tracker.add(widget);
      return widget;
    }
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openFunction,
    args: w => ({ name: w.content.functionName, tab: w.content.tab, kind: w.content.kind }),
    name: w => w.content.functionName
  });
}

async function chosen(model: EngineModel, trans: TranslationBundle): Promise<string | null> {
  const answer = await InputDialog.getItem({
    title: trans.__('Open a Lambda function'),
    label: trans.__('Function'),
    items: [...model.functions.keys()].sort()
  });
  return answer.button.accept ? answer.value : null;
}
