/**
 * How busy the machine was while this page looked: a reading every two seconds, ten minutes of them.
 */
import { IMachine } from '../api/wire';

const KEPT = 300;

export interface IMachinePoint extends IMachine {
  /** What environments held together then, and may hold. */
  budget_used_mib: number;
  budget_mib: number;
}

export class MachineHistory {
  get points(): readonly IMachinePoint[] {
    return this._points;
  }

  get latest(): IMachinePoint | null {
    return this._points[this._points.length - 1] ?? null;
  }

  note(machine: IMachine, used: number, budget: number): void {
    this._points.push({ ...machine, budget_used_mib: used, budget_mib: budget });
    if (this._points.length > KEPT) {
      this._points.shift();
    }
  }

  private readonly _points: IMachinePoint[] = [];
}
