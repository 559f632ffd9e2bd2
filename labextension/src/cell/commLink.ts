/**
 * A widget's comm as the way to the engine: requests with numbers, and the stream's messages, through the kernel.
 *
 * To the kernel: `{kind: "request", id, method, target, body}`, `{kind: "stream", open, query}`.
 * From it: `{kind: "answer", id, status, text}`, `{kind: "stream", stream, event: "open" | "message" | "close", text}`.
 */
import { Transport } from '../api/engineApi';
import { ISocket, IStreamOptions } from '../api/streamSocket';

/** What anywidget gives of a model. */
export interface IWidgetModel {
  get(name: string): unknown;
  send(content: object): void;
  on(event: 'msg:custom', callback: (content: unknown) => void): void;
  off(event: 'msg:custom', callback: (content: unknown) => void): void;
}

interface IFromKernel {
  kind: 'answer' | 'stream';
  id: string;
  status?: number;
  text?: string;
  event?: 'open' | 'message' | 'close';
}

interface IWaiting {
  resolve: (answer: { status: number; text: string }) => void;
  reject: (reason: Error) => void;
}

export class CommLink {
  constructor(private readonly _model: IWidgetModel) {
    this._model.on('msg:custom', this._onMessage);
  }

  readonly transport: Transport = (method, target, body) =>
    new Promise((resolve, reject) => {
      const id = this._nextId();
      this._waiting.set(id, { resolve, reject });
      this._model.send({ kind: 'request', id, method, target, body: body ?? null });
    });

  readonly streamOptions: IStreamOptions = {
    connect: query => this._connect(query),
    later: (callback, ms) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    }
  };

  dispose(): void {
    this._model.off('msg:custom', this._onMessage);
    this._waiting.forEach(w => w.reject(new Error('the card is gone')));
    this._waiting.clear();
    this._sockets.clear();
  }

  private _connect(query: string): ISocket {
    const id = this._nextId();
    const socket: ISocket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      close: () => {
        if (this._sockets.delete(id)) {
          this._model.send({ kind: 'stream', id, open: false, query: '' });
        }
      }
    };
    this._sockets.set(id, socket);
    this._model.send({ kind: 'stream', id, open: true, query });
    return socket;
  }

  /** Several views of one model share its messages: ids tell whose they are. */
  private _nextId(): string {
    this._count += 1;
    return `${this._prefix}-${this._count}`;
  }

  private readonly _onMessage = (content: unknown): void => {
    const message = content as IFromKernel;
    if (message.kind === 'answer') {
      const waiting = this._waiting.get(message.id);
      this._waiting.delete(message.id);
      waiting?.resolve({ status: message.status ?? 502, text: message.text ?? '' });
      return;
    }
    const socket = this._sockets.get(message.id);
    if (!socket) {
      return;
    }
    if (message.event === 'open') {
      socket.onopen?.();
    } else if (message.event === 'message') {
      socket.onmessage?.({ data: message.text ?? '' });
    } else {
      this._sockets.delete(message.id);
      socket.onclose?.();
    }
  };

  private readonly _prefix = Math.random().toString(36).slice(2, 10);
  private _count = 0;
  private readonly _waiting = new Map<string, IWaiting>();
  private readonly _sockets = new Map<string, ISocket>();
}
