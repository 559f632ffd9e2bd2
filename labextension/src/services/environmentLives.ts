/**
 * What a function's environments did when, kept fresh while somebody looks: it asks after the stream told of environments, never by
 * the clock, and at most once a second.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { EngineError } from '../api/engineApi';
import { IEnvironmentLife } from '../api/wire';
import { EngineModel } from './engineModel';

/** How far back is asked for: environments that ended stay that long. */
export const LIVES_SECONDS = 600;

const LEAST_MS = 1000;

export interface ILivesOptions {
  engine: EngineModel;
  name: string;
  /** Calls back after a time in ms; returns what cancels it. */
  later: (callback: () => void, ms: number) => () => void;
}

export class EnvironmentLives {
  constructor(private readonly _options: ILivesOptions) {
    _options.engine.changed.connect(this._onChanged, this);
    void this._ask();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Those that live first, then the latest to end; null before the first answer. */
  lives: IEnvironmentLife[] | null = null;

  /** Why the last question had no answer. */
  fault: EngineError | null = null;

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._cancel?.();
    this._options.engine.changed.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  private _onChanged(): void {
    const { engine, name } = this._options;
    // They come whole whenever one changed: another list is news.
    const environments = engine.find(name)?.environments;
    if (environments !== this._seen && engine.presence === 'live') {
      this._isStale = true;
      this._soon();
    }
  }

  private _soon(): void {
    if (this._isStale && !this._isAsking && !this._cancel && !this._isDisposed) {
      this._cancel = this._options.later(() => {
        this._cancel = null;
        void this._ask();
      }, LEAST_MS);
    }
  }

  private async _ask(): Promise<void> {
    const { engine, name } = this._options;
    this._isStale = false;
    this._isAsking = true;
    this._seen = engine.find(name)?.environments;
    try {
      const lives = await engine.api.lives(name, engine.seconds - LIVES_SECONDS);
      this.lives = [...lives].sort(
        (a, b) =>
          Number(a.environment.ended !== null) - Number(b.environment.ended !== null) ||
          (b.environment.ended ?? b.environment.started) - (a.environment.ended ?? a.environment.started)
      );
      this.fault = null;
    } catch (reason) {
      if (!(reason instanceof EngineError)) {
        throw reason;
      }
      this.fault = reason;
    }
    this._isAsking = false;
    if (!this._isDisposed) {
      this._changed.emit();
      this._soon();
    }
  }

  private _seen: unknown;
  private _isStale = false;
  private _isAsking = false;
  private _isDisposed = false;
  private _cancel: (() => void) | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
