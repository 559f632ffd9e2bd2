/**
 * What the reader set for this extension in JupyterLab's settings: schema/plugin.json.
 */
import { ISignal, Signal } from '@lumino/signaling';

export interface IPreferences {
  /** What changed within so many ms comes and is drawn as one. */
  refreshMs: number;
  side: 'left' | 'right';
  /** MB that the first cells ask for. */
  defaultMemory: number;
  /** Ask before something ends that runs. */
  confirm: boolean;
}

export const DEFAULTS: IPreferences = {
  refreshMs: 100,
  side: 'left',
  defaultMemory: 128,
  confirm: true
};

export class Preferences {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get values(): IPreferences {
    return this._values;
  }

  /** Take what Lab's settings say; what is missing or no fit is the default. */
  take(composite: { readonly [name: string]: unknown }): void {
    const { refreshMilliseconds, panelSide, defaultMemory, confirmations } = composite;
    this._values = {
      refreshMs: within(refreshMilliseconds, 20, 2000, DEFAULTS.refreshMs),
      side: panelSide === 'right' ? 'right' : 'left',
      defaultMemory: within(defaultMemory, 128, 10_240, DEFAULTS.defaultMemory),
      confirm: confirmations !== false
    };
    this._changed.emit();
  }

  private _values: IPreferences = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
}

function within(value: unknown, low: number, high: number, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(high, Math.max(low, Math.round(value)))
    : otherwise;
}
