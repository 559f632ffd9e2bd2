/**
 * How many environments a function had, as steps over time: one entry per change, five minutes of them.
 */
import { IEnvironment } from '../api/wire';

export interface ILevel {
  /** Epoch seconds from which on this was so. */
  from: number;
  busy: number;
  idle: number;
  starting: number;
  /** Calls that wait for an environment. */
  waiting: number;
}

const KEPT_SECONDS = 300;
const KEPT_ENTRIES = 600;

export class Levels {
  get steps(): readonly ILevel[] {
    return this._steps;
  }

  /** Note how it stands now; nothing new is no entry. */
  note(now: number, environments: readonly IEnvironment[], waiting = 0): void {
    const level = { from: now, busy: 0, idle: 0, starting: 0, waiting };
    for (const environment of environments) {
      if (environment.state === 'busy') {
        level.busy += 1;
      } else if (
        environment.state === 'idle' ||
        environment.state === 'frozen'
      ) {
        level.idle += 1;
      } else if (environment.state !== 'ended') {
        level.starting += 1;
      }
    }
    const last = this._steps[this._steps.length - 1];
    const isSame =
      last &&
      last.busy === level.busy &&
      last.idle === level.idle &&
      last.starting === level.starting &&
      last.waiting === waiting;
    if (isSame || (!last && level.busy + level.idle + level.starting + waiting === 0)) {
      return;
    }
    this._steps.push(level);
    while (
      this._steps.length > KEPT_ENTRIES ||
      (this._steps.length > 1 && this._steps[1].from < now - KEPT_SECONDS)
    ) {
      this._steps.shift();
    }
  }

  private readonly _steps: ILevel[] = [];
}
