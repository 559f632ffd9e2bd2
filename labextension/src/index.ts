/**
 * What JupyterLab loads: the list of this extension's plugins, and nothing else.
 */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { cardPlugin } from './cell/plugin';
import { openCellPlugin } from './cell/openCell';
import { panelPlugin } from './panels/plugin';
import { enginePlugin } from './services/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  enginePlugin,
  panelPlugin,
  cardPlugin,
  openCellPlugin
];

export default plugins;
