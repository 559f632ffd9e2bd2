/**
 * Sockets and timers of the page, for the live stream.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ISocket, IStreamOptions } from './streamSocket';

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
