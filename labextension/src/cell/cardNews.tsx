/**
 * A card's second row: only while there is news, one piece of it, the most pressing one, with the way out as a button.
 */
import React, { useState } from 'react';

import { IInvocationRecord, IRunning } from '../api/wire';
import { failingFrame, sourceOf } from '../panels/failure';
import { Glyph } from '../panels/glyphs';
import { useTick } from '../panels/redraw';
import { Quantity } from '../panels/quantity';
import { statusWord, useTrans } from '../panels/words';
import { DetailModel } from '../services/detailModel';
import { FunctionState, isFailure } from '../services/functionState';
import { MEMORY_MAX, clampMemory } from '../services/memoryScale';
import { clockTime, count, duration, memory } from '../services/quantities';

/** Throttled calls stay news for so long. */
const THROTTLED_SECONDS = 10;

const TIMEOUT_MAX = 900;

interface INewsProps {
  state: FunctionState;
  detail: DetailModel;
  /** An open card says in its body what can be done. */
  isOpen: boolean;
  openCell: ((line: number) => void) | null;
  /** The kernel of the card's notebook is gone. */
  isKernelDead: boolean;
}

export function CardNews(props: INewsProps): JSX.Element | null {
  const { state, detail, isOpen } = props;
  const { presence } = detail.engine;
  const last: IInvocationRecord | undefined = state.records[0];
  const throttles = state.history
    .seconds(detail.engine.second, THROTTLED_SECONDS)
    .reduce((sum, s) => sum + s.throttles, 0);
  useTick(1000, throttles > 0);
  if (presence !== 'live') {
    return isOpen ? null : <NotLive detail={detail} />;
  }
  if (state.running.length > 0) {
    return <Running {...props} />;
  }
  if (detail.lastError && !isOpen) {
    return <Refused detail={detail} />; // the answer to a click
  }
  if (last && isFailure(last.status) && last.status !== 'throttled') {
    return <Failed {...props} record={last} />;
  }
  if (last && (last.status === 'throttled' || throttles > 0)) {
    return <Throttled {...props} throttles={throttles} />; // also when a call succeeded since: most bursts end with one
  }
  if (state.older.length > 0 && !isOpen) {
    return <Older {...props} />;
  }
  return props.isKernelDead ? <KernelDead /> : null;
}

function Row(props: {
  kind?: 'bad' | 'cold';
  children: React.ReactNode;
}): JSX.Element {
  return (
    <div className={`jp-Lambda-card-news${props.kind ? ` jp-mod-${props.kind}` : ''}`}>
      {props.children}
    </div>
  );
}

function NotLive({ detail }: { detail: DetailModel }): JSX.Element | null {
  const trans = useTrans();
  const [isBusy, setBusy] = useState(false);
  const { engine } = detail;
  const since = engine.lastHeard ? clockTime(engine.lastHeard / 1000).slice(0, 8) : '–';
  if (engine.presence === 'reconnecting') {
    return (
      <Row kind="cold">
        <span className="jp-Lambda-grow">
          <strong>{trans.__('Reconnecting')}</strong>, {trans.__('last update %1', since)}
        </span>
        <button className="jp-Lambda-button" onClick={() => engine.retryNow()}>
          {trans.__('Now')}
        </button>
      </Row>
    );
  }
  if (engine.presence !== 'engine-down') {
    return null;
  }
  const start = async (): Promise<void> => {
    setBusy(true);
    await detail.act(() => engine.api.startEngine());
    setBusy(false);
  };
  return (
    <Row>
      <span className="jp-Lambda-grow jp-Lambda-card-reason">
        {detail.lastError ? (
          <span className="jp-Lambda-tone-bad">
            {detail.lastError.message}. {detail.lastError.suggestion}
          </span>
        ) : (
          <>
            <strong>{trans.__('Engine not running.')}</strong>{' '}
            {trans.__('Numbers are the last known, of %1.', since)}
          </>
        )}
      </span>
      {engine.mayStart ? (
        <button
          className="jp-Lambda-button jp-mod-primary"
          disabled={isBusy}
          onClick={() => void start()}
        >
          {isBusy ? trans.__('Starting…') : trans.__('Start engine')}
        </button>
      ) : null}
    </Row>
  );
}

function Running({ state, detail }: INewsProps): JSX.Element | null {
  const trans = useTrans();
  useTick(200, true);
  const waiting = state.running.filter(r => r.waiting).length;
  const [oldest] = state.running as (IRunning | undefined)[];
  if (!oldest) {
    return null; // its own tick came before the card heard that the last one had ended
  }
  const elapsed = Math.max(0, Date.now() - oldest.arrived * 1000);
  const rate = state.history
    .seconds(detail.engine.second - 1, 5)
    .reduce((sum, s) => sum + s.invocations, 0);
  const stop = (): Promise<boolean> =>
    detail.act(async () => {
      await Promise.all(state.running.map(r => detail.engine.api.cancel(r.request_id)));
    });
  return (
    <Row>
      <strong className="jp-Lambda-tone-accent">
        {trans._n('%1 running', '%1 running', state.running.length - waiting)}
      </strong>
      {waiting > 0 ? (
        <span className="jp-Lambda-quiet">{trans.__('%1 waiting for an environment', waiting)}</span>
      ) : null}
      <span className="jp-Lambda-quiet jp-Lambda-grow">
        {trans.__('the oldest for')} <Quantity of={duration(elapsed)} />
      </span>
      {rate >= 5 ? (
        <span className="jp-Lambda-number">
          <Quantity of={{ value: count(Math.round(rate / 5)), unit: '/s' }} />
        </span>
      ) : null}
      <button className="jp-Lambda-button jp-mod-stop" onClick={() => void stop()}>
        <Glyph shape="square" />{' '}
        {state.running.length > 1 ? trans.__('Stop all') : trans.__('Stop')}
      </button>
    </Row>
  );
}

function Throttled({ state, detail, throttles }: INewsProps & { throttles: number }): JSX.Element {
  const trans = useTrans();
  const reserved = state.detail.function.reserved_concurrency;
  return (
    <Row kind="bad">
      <span className="jp-Lambda-grow jp-Lambda-card-reason">
        <strong>
          {throttles > 0
            ? trans.__('%1 throttled in the last %2 s:', throttles, THROTTLED_SECONDS)
            : trans.__('Throttled:')}
        </strong>{' '}
        {reserved !== null
          ? trans.__('reserved concurrency %1 is in use', reserved)
          : state.records.find(r => r.status === 'throttled')?.error_message}
      </span>
      {reserved !== null && !detail.engine.isForeign ? (
        <button
          className="jp-Lambda-button"
          onClick={() => void detail.act(() => detail.engine.api.reserve(detail.name, raised(reserved)))}
        >
          {trans.__('Raise reserved to %1', raised(reserved))}
        </button>
      ) : null}
    </Row>
  );
}

function raised(reserved: number): number {
  return Math.max(1, 2 * reserved);
}

function KernelDead(): JSX.Element {
  const trans = useTrans();
  return (
    <Row>
      <Glyph shape="plug" />
      <span className="jp-Lambda-grow jp-Lambda-card-reason">
        <strong>{trans.__('Kernel not running.')}</strong>{' '}
        {trans.__('The function still answers; event and settings work from here.')}
      </span>
    </Row>
  );
}

function Failed(props: INewsProps & { record: IInvocationRecord }): JSX.Element {
  const trans = useTrans();
  const { state, detail, record, openCell } = props;
  React.useEffect(() => detail.look('failure'), [detail, record.request_id]);
  const failure =
    detail.failure?.record.request_id === record.request_id ? detail.failure : null;
  const frame = failure ? failingFrame(state, failure) : null;
  const code = frame ? sourceOf(state, record).split(/\r?\n/)[frame.line - 2]?.trim() : null;
  const isWord = record.status !== 'failed';
  return (
    <Row kind="bad">
      <span className="jp-Lambda-grow jp-Lambda-card-reason" title={record.error_message ?? undefined}>
        <strong>
          {isWord ? statusWord(record.status, trans) : (record.error_type ?? statusWord(record.status, trans))}
        </strong>{' '}
        {record.status === 'failed' ? record.error_message : null}{' '}
        {frame ? (
          <>
            {trans.__('at cell line %1:', frame.line)} <code>{code}</code>
          </>
        ) : null}
      </span>
      {record.status === 'out-of-memory' ? (
        <span className="jp-Lambda-number">
          {record.max_memory_mib ?? '–'} / <Quantity of={memory(record.memory_mib)} />
        </span>
      ) : null}
      <Remedy {...props} />
      {openCell ? (
        <button className="jp-Lambda-button" onClick={() => openCell(frame?.line ?? 1)}>
          {trans.__('Open cell')}
        </button>
      ) : null}
    </Row>
  );
}

/** A larger limit for what ran into one. */
function Remedy(props: INewsProps & { record: IInvocationRecord }): JSX.Element | null {
  const trans = useTrans();
  const { state, detail, record } = props;
  const { memory_mib, timeout_seconds } = state.detail.function.latest.configuration;
  const set = (options: { [member: string]: number }): void =>
    void detail.act(() => detail.engine.api.configure(detail.name, options));
  if (record.status === 'out-of-memory' && memory_mib < MEMORY_MAX && memory_mib <= (record.memory_mib ?? 0)) {
    const more = clampMemory(memory_mib * 2);
    return (
      <button className="jp-Lambda-button" onClick={() => set({ memory_mib: more })}>
        {trans.__('Set memory to %1 MB', more)}
      </button>
    );
  }
  if (record.status === 'timed-out' && timeout_seconds < TIMEOUT_MAX && timeout_seconds <= (record.timeout_seconds ?? 0)) {
    const more = Math.min(TIMEOUT_MAX, timeout_seconds * 2);
    return (
      <button className="jp-Lambda-button" onClick={() => set({ timeout_seconds: more })}>
        {trans.__('Timeout %1 s', more)}
      </button>
    );
  }
  return null;
}

function Older({ state, detail }: INewsProps): JSX.Element {
  const trans = useTrans();
  const { older } = state;
  const replace = (): Promise<boolean> =>
    detail.act(async () => {
      await Promise.all(older.map(e => detail.engine.api.endEnvironment(e.environment_id)));
    });
  return (
    <Row kind="cold">
      <Glyph shape="warning" tone="cold" />
      <span className="jp-Lambda-grow jp-Lambda-card-reason">
        <strong>{trans.__('%1 of %2 environments', older.length, state.alive.length)}</strong>{' '}
        {trans.__(
          'still run with %1 MB, set to %2 MB',
          older[0].memory_mib,
          state.detail.function.latest.configuration.memory_mib
        )}
      </span>
      <button className="jp-Lambda-button" onClick={() => void replace()}>
        {trans.__('Replace now')}
      </button>
    </Row>
  );
}

function Refused({ detail }: { detail: DetailModel }): JSX.Element {
  const trans = useTrans();
  return (
    <Row kind="bad">
      <span className="jp-Lambda-grow jp-Lambda-card-reason" role="alert">
        {detail.lastError?.message}. {detail.lastError?.suggestion}
      </span>
      <button className="jp-Lambda-button" onClick={() => detail.forgetError()}>
        {trans.__('Close')}
      </button>
    </Row>
  );
}
