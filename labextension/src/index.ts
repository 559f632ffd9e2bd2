/**
 * What JupyterLab loads: the list of this extension's plugins, and nothing else.
 */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { cardPlugin } from './cell/plugin';
import { badgesPlugin } from './cell/badges';
import { openCellPlugin } from './cell/openCell';
import { panelPlugin } from './panels/plugin';
import { enginePlugin } from './services/plugin';
import { preferencesPlugin } from './services/preferencesPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  enginePlugin,
  preferencesPlugin,
  panelPlugin,
  cardPlugin,
  openCellPlugin,
  badgesPlugin
];

export default plugins;
