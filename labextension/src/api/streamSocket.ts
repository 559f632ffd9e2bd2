/**
 * The live stream: one websocket for the whole page, connected again with back-off whenever it ends.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { Message, parseMessage } from './wire';

/** What a socket has that the stream needs; tests give one of their own. */
export interface ISocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

export interface IStreamOptions {
  /** Opens a socket; `query` begins with `?` or is empty. */
  connect: (query: string) => ISocket;
  /** Calls back after a time in ms; returns what cancels it. */
  later: (callback: () => void, ms: number) => () => void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;

export type Link =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'waiting'; ms: number };

export class LiveStream {
  constructor(private readonly _options: IStreamOptions) {}

  /** Each message, in order. */
  get message(): ISignal<this, Message> {
    return this._message;
  }

  /** How the connection to Jupyter's server stands. */
  get link(): ISignal<this, Link> {
    return this._link;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Connect, and stay connected until disposed. */
  start(): void {
    if (!this._socket && !this._isDisposed) {
      this._connect();
    }
  }

  /** What changes within this time shall come as one message; a stream that is open is opened anew. */
  set windowMs(ms: number) {
    if (ms !== this._windowMs) {
      this._windowMs = ms;
      if (this._socket && !this._isDisposed) {
        const before = this._socket;
        before.onmessage = before.onclose = null;
        before.close();
        this._connect();
      }
    }
  }

  /** Don't wait for the next try. */
  retryNow(): void {
    if (this._cancelWait) {
      this._cancelWait();
      this._cancelWait = null;
      this._connect();
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._cancelWait?.();
    this._socket?.close();
    Signal.clearData(this);
  }

  private _connect(): void {
    this._link.emit({ state: 'connecting' });
    const asked = [
      this._engine
        ? `since=${this._number}&engine=${encodeURIComponent(this._engine)}`
        : '',
      this._windowMs === null ? '' : `window_ms=${this._windowMs}`
    ].filter(part => part !== '');
    const query = asked.length ? `?${asked.join('&')}` : '';
    const socket = this._options.connect(query);
    this._socket = socket;
    socket.onopen = () => {
      this._link.emit({ state: 'open' });
    };
    socket.onmessage = event => {
      this._wait = FIRST_WAIT_MS;
      const message = parseMessage(String(event.data));
      if (message && !this._isDisposed) {
        this._note(message);
        this._message.emit(message);
      }
    };
    socket.onclose = () => this._closed(socket);
  }

  /** Remember where to go on from. */
  private _note(message: Message): void {
    if (message.type === 'engine') {
      if (!message.resumed) {
        this._number = 0;
        this._engine = null;
      }
      this._pending = message.engine?.id ?? null;
      if (message.resumed) {
        this._engine = this._pending;
      }
    } else {
      this._number = message.number;
      this._engine = this._pending;
    }
  }

  private _closed(socket: ISocket): void {
    if (this._isDisposed || socket !== this._socket) {
      return;
    }
    this._socket = null;
    const ms = this._wait;
    this._wait = Math.min(this._wait * 2, LONGEST_WAIT_MS);
    this._cancelWait = this._options.later(() => {
      this._cancelWait = null;
      this._connect();
    }, ms);
    this._link.emit({ state: 'waiting', ms });
  }

  private _socket: ISocket | null = null;
  private _isDisposed = false;
  private _cancelWait: (() => void) | null = null;
  private _wait = FIRST_WAIT_MS;
  private _number = 0;
  private _windowMs: number | null = null;
  private _engine: string | null = null;
  private _pending: string | null = null;
  private readonly _message = new Signal<this, Message>(this);
  private readonly _link = new Signal<this, Link>(this);
}
