/**
 * Which cards are open: kept while the page lives, and where there is a place for it also from one page to the next.
 */
import { ISignal, Signal } from '@lumino/signaling';

/** Where names are kept. */
export interface ICardsAtRest {
  load(): Promise<readonly string[]>;
  save(names: readonly string[]): void;
}

/** More than these are forgotten, the oldest first. */
const KEPT = 200;

export class OpenCards {
  constructor(private readonly _atRest: ICardsAtRest | null = null) {
    void this._load();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  has(name: string): boolean {
    return this._names.has(name);
  }

  set(name: string, isOpen: boolean): void {
    this._touched.add(name);
    this._names.delete(name);
    if (isOpen) {
      this._names.add(name);
    }
    this._atRest?.save([...this._names].slice(-KEPT));
    this._changed.emit();
  }

  private async _load(): Promise<void> {
    const names = (await this._atRest?.load()) ?? [];
    // What was opened or closed meanwhile holds.
    names.filter(name => !this._touched.has(name)).forEach(name => this._names.add(name));
    if (names.length > 0) {
      this._changed.emit();
    }
  }

  private readonly _names = new Set<string>();
  private readonly _touched = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
}
