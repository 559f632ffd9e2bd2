/**
 * What JupyterLab loads: the list of this extension's plugins, and nothing else.
 */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { panelPlugin } from './panels/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [panelPlugin];

export default plugins;
