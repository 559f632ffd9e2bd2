/**
 * What a page has to reach the engine with: requests through Jupyter's server, which puts its own identity and XSRF token on them;
 * sockets and timers for the live stream.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Transport } from './engineApi';
import { ISocket, IStreamOptions } from './streamSocket';

export function pageTransport(settings: ServerConnection.ISettings): Transport {
  const url = URLExt.join(settings.baseUrl, 'jupyter-lambda') + '/';
  return async (method, target, body) => {
    const response = await ServerConnection.makeRequest(
      url + target,
      { method, body },
      settings
    );
    return { status: response.status, text: await response.text() };
  };
}

export function pageStream(
  settings: ServerConnection.ISettings
): IStreamOptions {
  return {
    connect: query => {
      const url = URLExt.join(settings.wsUrl, 'jupyter-lambda', 'stream');
      const token =
        settings.appendToken && settings.token
          ? `${query ? '&' : '?'}token=${encodeURIComponent(settings.token)}`
          : '';
      return adapted(new settings.WebSocket(url + query + token));
    },
    later: (callback, ms) => {
      const timer = window.setTimeout(callback, ms);
      return () => window.clearTimeout(timer);
    }
  };
}

/** A browser's socket as the stream knows sockets. */
function adapted(socket: WebSocket): ISocket {
  const own: ISocket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    close: () => socket.close()
  };
  socket.onopen = () => own.onopen?.();
  socket.onmessage = event => own.onmessage?.({ data: event.data });
  socket.onclose = () => own.onclose?.();
  return own;
}
