/**
 * Puts the panel into the left sidebar, and the command that shows it into the palette.
 */
import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { lambdaIcon } from '../icons';
import { ILambdaPanel, PACKAGE } from '../tokens';
import { LambdaPanel } from './panel';

/** After the file browser (100), the running sessions (200) and the table of contents (400). */
const RANK = 450;

export const panelPlugin: JupyterFrontEndPlugin<ILambdaPanel> = {
  id: `${PACKAGE}:panel`,
  description: 'The Lambda panel in the left sidebar.',
  autoStart: true,
  provides: ILambdaPanel,
  // Notebook 7 has no layout to restore: nothing here is needed, everything is welcome.
  optional: [ITranslator, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ): ILambdaPanel => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    const widget = new LambdaPanel({ trans });
    app.shell.add(widget, 'left', { rank: RANK, type: 'Lambda' });
    restorer?.add(widget, widget.id);

    app.commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show Lambda Panel'),
      caption: trans.__('Show the Lambda panel in the sidebar'),
      icon: lambdaIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(widget.id)
    });
    palette?.addItem({ command: CommandIDs.showPanel, category: trans.__('Lambda') });
    return { widget };
  }
};
