/**
 * What other extensions may ask for, and the names this one is known by.
 */
import { Token } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { EngineModel } from './services/engineModel';
import { Preferences } from './services/preferences';

/** The sidebar panel, for extensions that want to show it. */
export interface ILambdaPanel {
  /** The widget in the sidebar. */
  readonly widget: Widget;
}

export const ILambdaPanel = new Token<ILambdaPanel>(
  'jupyter-lambda:ILambdaPanel',
  'The Lambda panel in the sidebar.'
);

/** What the page knows of the engine; one for all views. */
export type ILambdaEngine = EngineModel;

export const ILambdaEngine = new Token<ILambdaEngine>(
  'jupyter-lambda:ILambdaEngine',
  'The live state of the engine that runs the functions.'
);

/** What the reader set in JupyterLab's settings. */
export type ILambdaPreferences = Preferences;

export const ILambdaPreferences = new Token<ILambdaPreferences>(
  'jupyter-lambda:ILambdaPreferences',
  'The settings of the Lambda panel.'
);

/** The prefix of plugin ids; JupyterLab wants it to be the package's name. */
export const PACKAGE = 'jupyter-lambda';

/** The panel's id in the page and in the saved layout: changing it loses users' layouts. */
export const PANEL_ID = 'jp-Lambda-panel';
