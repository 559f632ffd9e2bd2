/**
 * Everything the page knows of the engine. It listens to the stream, keeps the state, and says when it changed; it draws nothing.
 */
import { ISignal, Signal } from '@lumino/signaling';

import { IEngineApi } from '../api/engineApi';
import { Link, LiveStream } from '../api/streamSocket';
import {
  IChange,
  IChanges,
  ICounts,
  IEngineIdentity,
  IEngineMessage,
  IEngineStatus,
  IEnvironment,
  IFunctionDetail,
  IInvocationRecord,
  IRunning,
  ISnapshot,
  Message
} from '../api/wire';
import { FunctionState, isFailure } from './functionState';
import { MachineHistory } from './machineHistory';

/** This extension's own number; engines one apart work, others are shown and not touched. */
export const PROTOCOL = 1;

/** How the page stands to the engine. */
export type Presence =
  /** Nothing was heard yet. */
  | 'unknown'
  | 'live'
  | 'engine-down'
  /** Jupyter's server does not answer. */
  | 'reconnecting';

export interface IModelOptions {
  stream: LiveStream;
  api: IEngineApi;
  /** Epoch milliseconds. */
  now: () => number;
}

export class EngineModel {
  constructor(options: IModelOptions) {
    this._stream = options.stream;
    this.api = options.api;
    this._now = options.now;
    this._stream.message.connect(this._onMessage, this);
    this._stream.link.connect(this._onLink, this);
  }

  readonly api: IEngineApi;
  readonly machine = new MachineHistory();

  /** Something that a view may show is another one now. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A function's invocation ended: where a log grows. */
  get ended(): ISignal<this, IInvocationRecord> {
    return this._ended;
  }

  /** A function's saved test events are others now; its name. */
  get testEventsChanged(): ISignal<this, string> {
    return this._testEventsChanged;
  }

  get presence(): Presence {
    return this._presence;
  }

  /** Epoch ms of the last message; what is older is shown as old. */
  get lastHeard(): number | null {
    return this._lastHeard;
  }

  /** Ms until the next try while reconnecting. */
  get retryMs(): number {
    return this._retryMs;
  }

  get status(): IEngineStatus | null {
    return this._status;
  }

  get identity(): IEngineIdentity | null {
    return this._identity;
  }

  get mayStart(): boolean {
    return this._mayStart;
  }

  /** The engine speaks a protocol that this page should not write in. */
  get isForeign(): boolean {
    return (
      this._identity !== null &&
      Math.abs(this._identity.protocol - PROTOCOL) > 1
    );
  }

  /** By name. */
  get functions(): ReadonlyMap<string, FunctionState> {
    return this._functions;
  }

  find(name: string): FunctionState | null {
    return this._functions.get(name) ?? null;
  }

  /** Epoch seconds. */
  get seconds(): number {
    return this._now() / 1000;
  }

  /** The second that histories are counted in now. */
  get second(): number {
    return Math.floor(this.seconds);
  }

  /** Ms between two redraws of a view, and what the stream merges into one message. */
  get refreshMs(): number {
    return this._refreshMs;
  }

  set refreshMs(ms: number) {
    this._refreshMs = ms;
    this._stream.windowMs = ms;
  }

  retryNow(): void {
    this._stream.retryNow();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stream.dispose();
    Signal.clearData(this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  private _onLink(_: LiveStream, link: Link): void {
    if (link.state === 'waiting') {
      this._presence = 'reconnecting';
      this._retryMs = link.ms;
      this._changed.emit();
    }
  }

  private _onMessage(_: LiveStream, message: Message): void {
    this._lastHeard = this._now();
    if (message.type === 'engine') {
      this._engineMessage(message);
    } else if (message.type === 'snapshot') {
      this._snapshot(message);
    } else {
      this._changes(message);
    }
    this._changed.emit();
  }

  private _engineMessage(message: IEngineMessage): void {
    this._identity = message.engine ?? null;
    if (message.state === 'down') {
      this._presence = 'engine-down';
      this._mayStart = message.may_start ?? true;
      this._status = null;
      for (const state of this._functions.values()) {
        state.running = [];
        state.environments = [];
        this._note(state);
      }
    } else if (message.resumed) {
      this._presence = 'live';
    }
  }

  private _snapshot(message: ISnapshot): void {
    this._presence = 'live';
    this._status = message.status;
    const names = new Set(message.functions.map(f => f.function.name));
    for (const name of [...this._functions.keys()]) {
      if (!names.has(name)) {
        this._functions.delete(name);
      }
    }
    message.functions.forEach(detail => this._detail(detail));
    this._environments(message.environments);
    for (const record of [...message.invocations].reverse()) {
      this._record(record, true);
    }
  }

  private _changes(message: IChanges): void {
    this._presence = 'live';
    const counted = new Set(message.counts?.map(c => c.function_name));
    for (const change of message.changes ?? []) {
      if (change.kind === 'invocation') {
        const record = change.body as IInvocationRecord;
        this._record(record, !counted.has(record.function_name));
        this._ended.emit(record);
      } else if (change.kind === 'function') {
        this._detail(change.body as IFunctionDetail);
      } else if (change.kind === 'function-deleted') {
        this._functions.delete(String(change.body));
      } else if (change.kind === 'test-events') {
        this._testEventsChanged.emit(String(change.body));
      }
    }
    for (const counts of message.counts ?? []) {
      this._count(counts, message.changes ?? []);
    }
    if (message.running) {
      this._running(message.running);
    }
    if (message.environments) {
      this._environments(message.environments);
    }
    this._status = message.status ?? this._status;
    if (message.machine) {
      const { budget_used_mib = 0, budget_mib = 0 } = this._status ?? {};
      this.machine.note(message.machine, budget_used_mib, budget_mib);
    }
  }

  private _count(counts: ICounts, changes: IChange[]): void {
    const state = this.find(counts.function_name);
    if (!state) {
      return;
    }
    const { invocations, errors, throttles, cold_starts } = counts;
    state.history.count(
      this.second,
      invocations,
      errors,
      throttles,
      cold_starts
    );
    const told = changes.filter(
      c =>
        c.kind === 'invocation' &&
        (c.body as IInvocationRecord).function_name === state.name
    ).length;
    state.leftOut += invocations + throttles - told;
  }

  private _detail(detail: IFunctionDetail): void {
    const known = this._functions.get(detail.function.name);
    if (known) {
      known.detail = detail;
    } else {
      this._functions.set(detail.function.name, new FunctionState(detail));
    }
  }

  /** Take in a record; `count` where no counts say how many there were. */
  private _record(record: IInvocationRecord, count: boolean): void {
    const state = this.find(record.function_name);
    if (!state || !state.add(record)) {
      return;
    }
    const ended =
      (record.arrived ?? 0) +
      ((record.queued_ms ?? 0) + (record.duration_ms ?? 0)) / 1000;
    const second = Math.min(Math.floor(ended), this.second);
    if (second <= this.second - 300) {
      return;
    }
    state.history.sample(second, record);
    if (count) {
      const throttled = record.status === 'throttled';
      const failed = !throttled && isFailure(record.status);
      state.history.count(
        second,
        throttled ? 0 : 1,
        failed ? 1 : 0,
        throttled ? 1 : 0,
        record.cold ? 1 : 0
      );
    }
  }

  private _running(running: IRunning[]): void {
    const byName = grouped(running);
    for (const state of this._functions.values()) {
      state.running = byName.get(state.name) ?? NOBODY;
      this._note(state);
    }
  }

  private _environments(environments: IEnvironment[]): void {
    const byName = grouped(environments);
    for (const state of this._functions.values()) {
      const own = byName.get(state.name);
      if (own || state.environments.length > 0) {
        state.environments = own ?? [];
      }
      this._note(state);
    }
  }

  private _note(state: FunctionState): void {
    const waiting = state.running.filter(r => r.waiting).length;
    state.levels.note(this.seconds, state.environments, waiting);
  }

  private readonly _stream: LiveStream;
  private readonly _now: () => number;
  private _isDisposed = false;
  private _presence: Presence = 'unknown';
  private _lastHeard: number | null = null;
  private _retryMs = 0;
  private _refreshMs = 100;
  private _status: IEngineStatus | null = null;
  private _identity: IEngineIdentity | null = null;
  private _mayStart = true;
  private readonly _functions = new Map<string, FunctionState>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _testEventsChanged = new Signal<this, string>(this);
  private readonly _ended = new Signal<this, IInvocationRecord>(this);
}

/** The same for all functions that have none: nothing is made for them. */
const NOBODY: IRunning[] = [];

/** By function. */
function grouped<T extends { function_name: string }>(all: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const own = found.get(one.function_name);
    if (own) {
      own.push(one);
    } else {
      found.set(one.function_name, [one]);
    }
  }
  return found;
}
