/**
 * The page's one model of the engine, on one websocket.
 */
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { pageStream, pageTransport } from '../api/connect';
import { EngineApi } from '../api/engineApi';
import { LiveStream } from '../api/streamSocket';
import { ILambdaEngine, PACKAGE } from '../tokens';
import { EngineModel } from './engineModel';

export const enginePlugin: JupyterFrontEndPlugin<ILambdaEngine> = {
  id: `${PACKAGE}:engine`,
  description: 'Keeps the live state of the Lambda engine.',
  autoStart: true,
  provides: ILambdaEngine,
  activate: (app: JupyterFrontEnd): ILambdaEngine => {
    const settings = app.serviceManager.serverSettings;
    const stream = new LiveStream(pageStream(settings));
    const model = new EngineModel({
      stream,
      api: new EngineApi(pageTransport(settings)),
      now: () => Date.now()
    });
    void app.started.then(() => stream.start());
    return model;
  }
};
