/**
 * Reads what the reader set in JupyterLab's settings, and follows it.
 */
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { ILambdaEngine, ILambdaPreferences, PACKAGE } from '../tokens';
import { Preferences } from './preferences';

export const preferencesPlugin: JupyterFrontEndPlugin<ILambdaPreferences> = {
  // The name of the schema: schema/plugin.json.
  id: `${PACKAGE}:plugin`,
  description: 'The settings of the Lambda panel.',
  autoStart: true,
  provides: ILambdaPreferences,
  requires: [ILambdaEngine],
  optional: [ISettingRegistry],
  activate: async (
    _: JupyterFrontEnd,
    model: ILambdaEngine,
    registry: ISettingRegistry | null
  ): Promise<ILambdaPreferences> => {
    const preferences = new Preferences();
    const take = (settings: ISettingRegistry.ISettings): void => {
      preferences.take(settings.composite);
      model.refreshMs = preferences.values.refreshMs;
    };
    try {
      const settings = await registry?.load(`${PACKAGE}:plugin`);
      if (settings) {
        take(settings);
        settings.changed.connect(take);
      }
    } catch (reason) {
      console.warn('jupyter-lambda: its settings could not be read; the defaults hold.', reason);
    }
    return preferences;
  }
};
