/**
 * Runs of a function's test events: one after the other, each compared with the run before.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { EngineError, IEngineApi } from '../api/engineApi';
import { IInvocationRecord, ISavedTestEvent } from '../api/wire';

export interface ITestRun {
  record: IInvocationRecord;
  payload: string;
}

export interface ITestState {
  isRunning: boolean;
  last: ITestRun | null;
  before: ITestRun | null;
  fault: EngineError | null;
}

const NEVER: ITestState = { isRunning: false, last: null, before: null, fault: null };

export class TestRuns {
  constructor(
    private readonly _api: Pick<IEngineApi, 'invoke'>,
    private readonly _name: string
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isRunning(): boolean {
    return [...this._states.values()].some(s => s.isRunning);
  }

  of(event: ISavedTestEvent): ITestState {
    return this._states.get(event.name) ?? NEVER;
  }

  /** Run the events in order; one that is refused keeps the others from nothing. */
  async run(events: readonly ISavedTestEvent[], requestId: () => string): Promise<void> {
    for (const event of events) {
      const state = this.of(event);
      if (state.isRunning) {
        continue;
      }
      this._set(event, { ...state, isRunning: true, fault: null });
      try {
        const { record, payload } = await this._api.invoke(this._name, event.event, '$LATEST', requestId());
        this._set(event, { isRunning: false, last: { record, payload }, before: state.last, fault: null });
      } catch (reason) {
        if (!(reason instanceof EngineError)) {
          this._set(event, { ...state, isRunning: false });
          throw reason;
        }
        this._set(event, { ...state, isRunning: false, fault: reason });
      }
    }
  }

  private _set(event: ISavedTestEvent, state: ITestState): void {
    this._states.set(event.name, state);
    this._changed.emit();
  }

  private readonly _states = new Map<string, ITestState>();
  private readonly _changed = new Signal<this, void>(this);
}
