/**
 * What an open function's tab knows beyond the stream: figures over all time, logs, older invocations, one invocation's log.
 * It asks when something was shown or ended, never by the clock; while an answer is on its way, further needs become one.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { EngineError } from '../api/engineApi';
import {
  IDifference,
  IInvocationRecord,
  IInvokeAnswer,
  ILogEvent,
  IMetrics,
  ISavedTestEvent
} from '../api/wire';
import { EngineModel } from './engineModel';
import { FunctionState, isFailure } from './functionState';

/** What a tab shows now, hence what is kept fresh. */
export type Need = 'metrics' | 'logs' | 'records' | 'failure' | 'test-events';

const LOG_EVENTS = 500;

const PAUSE_MS = 500;

const NO_RECORDS: IInvocationRecord[] = [];

export class DetailModel {
  constructor(
    readonly engine: EngineModel,
    readonly name: string,
    /** Between two questions while more and more ends: figures are read, not followed. */
    private readonly _pause: () => Promise<void> = () =>
      new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  ) {
    engine.ended.connect(this._onEnded, this);
    engine.testEventsChanged.connect(this._onTestEvents, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get state(): FunctionState | null {
    return this.engine.find(this.name);
  }

  metrics: IMetrics | null = null;
  logs: ILogEvent[] = [];
  selected: { record: IInvocationRecord; log: string } | null = null;
  difference: IDifference | null = null;
  lastError: EngineError | null = null;

  /** The last invocation with its log, while it is one that failed. */
  failure: { record: IInvocationRecord; log: string } | null = null;

  /** By name; null before they were asked for. */
  testEvents: ISavedTestEvent[] | null = null;

  /** What stands in the event editor, and the saved event or template that it was taken from. */
  draft = { text: '{}', from: '' };
  answer: IInvokeAnswer | null = null;

  /** Seconds that the charts look back. */
  chartSpan = 300;

  /** The request that this page sent and waits for. */
  waitingFor: { requestId: string; since: number } | null = null;

  /** Newest first: what the stream told, then what was asked for. */
  get records(): IInvocationRecord[] {
    const recent = this.state?.records ?? NO_RECORDS;
    const merged = this._merged;
    if (merged.recent !== recent || merged.older !== this._older) {
      const known = new Set(recent.map(r => r.request_id));
      merged.records = [
        ...recent,
        ...this._older.filter(r => !known.has(r.request_id))
      ].sort((a, b) => (b.arrived ?? 0) - (a.arrived ?? 0));
      merged.recent = recent;
      merged.older = this._older;
    }
    return merged.records;
  }

  get hasOlder(): boolean {
    return this._hasOlder;
  }

  /** Keep something fresh from now on, or no longer. */
  need(what: Need, wanted: boolean): void {
    if (wanted) {
      this._needs.add(what);
      void this._refresh();
    } else {
      this._needs.delete(what);
    }
  }

  /** Ask for something once, now. */
  look(what: Need): void {
    if (!this._needs.has(what)) {
      this._once.add(what);
      void this._refresh();
    }
  }

  setDraft(text: string, from: string): void {
    this.draft = { text, from };
    this._changed.emit();
  }

  setChartSpan(seconds: number): void {
    this.chartSpan = seconds;
    this._changed.emit();
  }

  async loadOlder(): Promise<void> {
    const all = this.records;
    const before = all.length ? all[all.length - 1].arrived : undefined;
    await this._try(async () => {
      const page = await this.engine.api.invocations(this.name, before);
      this._take(page);
      this._hasOlder = page.length > 0;
    });
  }

  private _take(page: IInvocationRecord[]): void {
    const known = new Set(this.records.map(r => r.request_id));
    this._older = [
      ...this._older,
      ...page.filter(r => !known.has(r.request_id))
    ];
  }

  async select(record: IInvocationRecord): Promise<void> {
    this.selected = { record, log: '' };
    this._changed.emit();
    if (record.status === 'throttled') {
      return; // it has no log
    }
    await this._try(async () => {
      const found = await this.engine.api.invocation(record.request_id);
      if (this.selected?.record.request_id === record.request_id) {
        this.selected = found;
      }
    });
  }

  async compare(before: string, after: string): Promise<void> {
    await this._try(async () => {
      this.difference = await this.engine.api.difference(
        this.name,
        before,
        after
      );
    });
  }

  /** Call the function and keep its answer; the error says why there is none. */
  async invoke(event: string, qualifier: string): Promise<void> {
    const requestId = crypto.randomUUID();
    this.waitingFor = { requestId, since: Date.now() };
    this.answer = null;
    await this._try(async () => {
      this.answer = await this.engine.api.invoke(
        this.name,
        event,
        qualifier,
        requestId
      );
    });
    this.waitingFor = null;
    this._changed.emit();
  }

  /** Stop what `invoke` waits for. */
  async stop(): Promise<void> {
    const waiting = this.waitingFor;
    if (waiting) {
      await this._try(() => this.engine.api.cancel(waiting.requestId));
    }
  }

  /** Do something to the engine; true if it was done, else the error is kept for the view. */
  async act(deed: () => Promise<void>): Promise<boolean> {
    return this._try(deed);
  }

  forgetError(): void {
    this.lastError = null;
    this._changed.emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._needs.clear();
    this.engine.ended.disconnect(this._onEnded, this);
    this.engine.testEventsChanged.disconnect(this._onTestEvents, this);
    Signal.clearData(this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  private _onEnded(_: EngineModel, record: IInvocationRecord): void {
    if (record.function_name === this.name && this._needs.size > 0) {
      void this._refresh();
    }
  }

  private async _refresh(): Promise<void> {
    this._isStale = true;
    if (this._isRefreshing) {
      return;
    }
    this._isRefreshing = true;
    while (this._isStale && !this._isDisposed) {
      this._isStale = false;
      const done = await this._try(() => this._ask());
      if (!done) {
        break;
      }
      if (this._isStale) {
        await this._pause();
      }
    }
    this._isRefreshing = false;
  }

  private async _ask(): Promise<void> {
    const needs = new Set([...this._needs, ...this._once]);
    this._once.clear();
    if (needs.has('metrics')) {
      this.metrics = await this.engine.api.metrics(this.name, 0);
    }
    const leftOut = this.state?.leftOut ?? 0;
    if (needs.has('failure')) {
      await this._askForFailure();
    }
    if (needs.has('test-events') && this._areTestEventsStale) {
      this._areTestEventsStale = false;
      this.testEvents = await this.engine.api.testEvents(this.name);
    }
    if (needs.has('records') && this._filledUpTo !== leftOut) {
      this._take(await this.engine.api.invocations(this.name));
      this._filledUpTo = leftOut;
    }
    if (needs.has('logs')) {
      const last = this.logs[this.logs.length - 1]?.sequence ?? 0;
      const news = await this.engine.api.logs(this.name, last);
      this.logs = [...this.logs, ...news.filter(e => e.sequence > last)].slice(
        -LOG_EVENTS
      );
    }
  }

  private async _askForFailure(): Promise<void> {
    const last = this.state?.records[0];
    if (!last || !isFailure(last.status)) {
      this.failure = null;
    } else if (this.failure?.record.request_id !== last.request_id) {
      this.failure =
        last.status === 'throttled'
          ? { record: last, log: '' } // it has no log
          : await this.engine.api.invocation(last.request_id);
    }
  }

  private _onTestEvents(_: EngineModel, name: string): void {
    if (name === this.name) {
      this._areTestEventsStale = true;
      void this._refresh();
    }
  }

  private async _try(deed: () => Promise<void>): Promise<boolean> {
    try {
      await deed();
      this.lastError = null;
      return true;
    } catch (reason) {
      if (!(reason instanceof EngineError)) {
        throw reason;
      }
      this.lastError = reason;
      return false;
    } finally {
      if (!this._isDisposed) {
        this._changed.emit();
      }
    }
  }

  private _isDisposed = false;
  private _isRefreshing = false;
  private _isStale = false;
  /** What the stream had left out when the list was last filled up. */
  private _filledUpTo = -1;
  private _hasOlder = true;
  private _older: IInvocationRecord[] = [];
  private _areTestEventsStale = true;
  /** What `records` was made of the last time: several views ask with every redraw. */
  private readonly _merged = {
    recent: NO_RECORDS,
    older: NO_RECORDS,
    records: NO_RECORDS
  };
  private readonly _once = new Set<Need>();
  private readonly _needs = new Set<Need>();
  private readonly _changed = new Signal<this, void>(this);
}
