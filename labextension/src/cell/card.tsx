/**
 * The card under a `%%lambda` cell: one row; a second while something runs or is wrong; everything else on a click.
 */
import React, { useState } from 'react';

import { IInvocationRecord } from '../api/wire';
import { useDetail } from '../panels/detail/detailView';
import { EnvironmentChart, LatencyChart } from '../panels/charts';
import { ConditionGlyph, Glyph } from '../panels/glyphs';
import { InvocationTable } from '../panels/invocationTable';
import { InvokeBox } from '../panels/invokeBox';
import { LogView } from '../panels/logView';
import { useTick } from '../panels/modelView';
import { Notices } from '../panels/notices';
import { PresenceNote } from '../panels/presence';
import { Quantity } from '../panels/quantity';
import { SettingsStrip } from '../panels/settingsStrip';
import { Sparkline } from '../panels/sparkline';
import { statusWord, useTrans } from '../panels/words';
import { DetailModel } from '../services/detailModel';
import { FunctionState, isFailure } from '../services/functionState';
import { cost, count, duration } from '../services/quantities';

const ROWS = 7;
const SPAN = 60;

export interface ICardProps {
  detail: DetailModel;
  /** Open cards stay open while the page lives. */
  isOpen: boolean;
  setOpen: (isOpen: boolean) => void;
  openFunction: () => void;
  /** Where the capture report is put. */
  report: (node: HTMLElement | null) => void;
}

export function Card(props: ICardProps): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  useDetail(detail);
  const [isOpen, setOpen] = useState(props.isOpen);
  const state = detail.state;
  if (!state) {
    return null;
  }
  const isLive = detail.engine.presence === 'live';
  const toggle = (): void => {
    props.setOpen(!isOpen);
    setOpen(!isOpen);
  };
  return (
    <section
      className={`jp-Lambda-card ${edge(state, isLive)}`}
      aria-label={trans.__('Lambda function %1', state.name)}
    >
      <Head state={state} detail={detail} isLive={isLive} isOpen={isOpen} toggle={toggle} />
      <News state={state} isOpen={isOpen} />
      {isOpen || detail.engine.presence !== 'live' ? (
        <PresenceNote model={detail.engine} />
      ) : null}
      {isOpen ? <Body {...props} state={state} isLive={isLive} /> : null}
    </section>
  );
}

function edge(state: FunctionState, isLive: boolean): string {
  if (!isLive) {
    return 'jp-mod-gone';
  }
  return state.condition === 'running'
    ? 'jp-mod-live'
    : state.condition === 'failing'
      ? 'jp-mod-failing'
      : '';
}

function Head(props: {
  state: FunctionState;
  detail: DetailModel;
  isLive: boolean;
  isOpen: boolean;
  toggle: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { state, detail, isLive } = props;
  useTick(1000, isLive && state.lastActive > 0);
  const seconds = state.history.seconds(detail.engine.second, SPAN);
  const full = state.history.seconds(detail.engine.second, 300);
  const calls = full.reduce((sum, s) => sum + s.invocations, 0);
  const errors = full.reduce((sum, s) => sum + s.errors, 0);
  const last = state.detail.versions[state.detail.versions.length - 1];
  return (
    <div className={`jp-Lambda-card-head${isLive ? '' : ' jp-mod-stale'}`}>
      <button
        className="jp-Lambda-twisty"
        aria-expanded={props.isOpen}
        aria-label={trans.__('Details of %1', state.name)}
        onClick={props.toggle}
      >
        <Glyph shape={props.isOpen ? 'down' : 'right'} />
      </button>
      <span className="jp-Lambda-card-id">
        <ConditionGlyph condition={state.condition} status={state.records[0]?.status} />
        <strong className="jp-Lambda-name">{state.name}</strong>
        <span className="jp-Lambda-chip">{last ? `v${last.version}` : '$LATEST'}</span>
        {state.detail.aliases.map(alias => (
          <span key={alias.name} className="jp-Lambda-chip jp-Lambda-card-alias">
            {alias.name} v{alias.version}
            {alias.additional_version
              ? ` · v${alias.additional_version} ${Math.round(alias.additional_weight * 100)} %`
              : ''}
          </span>
        ))}
      </span>
      <Sparkline seconds={seconds} active={state.alive.length > 0} />
      <span className="jp-Lambda-card-figure" title={trans.__('in the last 5 minutes')}>
        {calls > 0 || state.records.length > 0 ? (
          <Quantity of={{ value: count(calls), unit: trans.__('inv') }} />
        ) : (
          <span className="jp-Lambda-quiet">{trans.__('not invoked')}</span>
        )}
      </span>
      <span className="jp-Lambda-card-figure jp-Lambda-card-p50">
        <Quantity of={duration(state.history.percentile(0.5))} />{' '}
        <span className="jp-Lambda-unit">p50</span>
      </span>
      <span
        className={`jp-Lambda-card-figure jp-Lambda-card-errors${errors ? ' jp-Lambda-tone-bad' : ''}`}
      >
        {errors ? <Quantity of={{ value: count(errors), unit: trans.__('err') }} /> : null}
      </span>
      <span className="jp-Lambda-card-figure jp-Lambda-card-env">
        <Quantity of={{ value: count(state.alive.length), unit: trans.__('env') }} />
      </span>
      <button
        className="jp-Lambda-button"
        disabled={!isLive || detail.waitingFor !== null}
        title={props.isOpen ? trans.__('Invoke with an empty event') : trans.__('Open, to invoke with an event')}
        aria-label={trans.__('Invoke %1', state.name)}
        onClick={() => {
          if (props.isOpen) {
            void detail.invoke('{}', '$LATEST');
          } else {
            props.toggle();
          }
        }}
      >
        <Glyph shape="play" />
      </button>
    </div>
  );
}

/** The second row: only while something runs or went wrong. */
function News(props: { state: FunctionState; isOpen: boolean }): JSX.Element | null {
  const trans = useTrans();
  const { state } = props;
  useTick(200, state.running.length > 0);
  const oldest = state.running[0];
  const last: IInvocationRecord | undefined = state.records[0];
  if (oldest) {
    const elapsed = Math.max(0, Date.now() - oldest.arrived * 1000);
    return (
      <div className="jp-Lambda-card-news">
        <span className="jp-Lambda-tone-accent">
          {trans._n('%1 running', '%1 running', state.running.length)}
        </span>
        <span className="jp-Lambda-quiet">
          {trans.__('the oldest for')} <Quantity of={duration(elapsed)} />
        </span>
      </div>
    );
  }
  if (last && isFailure(last.status)) {
    return (
      <div className="jp-Lambda-card-news jp-mod-bad" role="status">
        <Glyph shape="cross" tone="bad" />
        <span className="jp-Lambda-grow jp-Lambda-card-reason">
          <strong>{last.error_type ?? statusWord(last.status, trans)}</strong>{' '}
          {last.error_message}
        </span>
      </div>
    );
  }
  return null;
}

function Body(
  props: ICardProps & { state: FunctionState; isLive: boolean }
): JSX.Element {
  const trans = useTrans();
  const { detail, state, isLive } = props;
  React.useEffect(() => {
    if (!isLive) {
      return undefined;
    }
    detail.need('logs', true);
    detail.need('metrics', true);
    return () => {
      detail.need('logs', false);
      detail.need('metrics', false);
    };
  }, [detail, isLive]);
  const readOnly = !isLive || detail.engine.isForeign;
  const charted = {
    group: `jp-Lambda-card-${state.name}`,
    history: state.history,
    now: detail.engine.seconds,
    span: SPAN
  };
  return (
    <div className="jp-Lambda-card-body">
      <div className="jp-Lambda-card-settings">
        <SettingsStrip detail={detail} disabled={readOnly} />
      </div>
      <Notices detail={detail} />
      <div className="jp-Lambda-card-two">
        <section>
          <h4>{trans.__('Event')}</h4>
          <InvokeBox detail={detail} disabled={readOnly} />
        </section>
        <section>
          <h4>
            {trans.__('Invocations')}
            <button className="jp-Lambda-link" onClick={props.openFunction}>
              {trans.__('Open all')}
            </button>
          </h4>
          <InvocationTable
            short
            records={state.records.slice(0, ROWS)}
            running={state.running.slice(0, ROWS)}
            cancel={id => void detail.act(() => detail.engine.api.cancel(id))}
          />
        </section>
      </div>
      <div className="jp-Lambda-card-two jp-mod-even">
        <section>
          <EnvironmentChart
            title={trans.__('Environments')}
            {...charted}
            levels={state.levels}
            reserved={state.detail.function.reserved_concurrency}
          />
        </section>
        <section>
          <LatencyChart title={trans.__('Latency')} {...charted} />
        </section>
      </div>
      <div className="jp-Lambda-card-logs">
        <LogView events={detail.logs} />
      </div>
      <details className="jp-Lambda-card-report">
        <summary>{trans.__('Capture report')}</summary>
        <div ref={props.report} />
      </details>
      <footer className="jp-Lambda-card-foot">
        {detail.metrics ? (
          <span className="jp-Lambda-quiet">
            {trans.__('Cost so far')}{' '}
            <span className="jp-Lambda-number">{cost(detail.metrics.cost_usd)}</span>{' '}
            {trans.__(
              '%1 GB-s and %2 requests; nothing is charged here',
              detail.metrics.gb_seconds.toFixed(2),
              count(detail.metrics.invocations)
            )}
          </span>
        ) : (
          <span />
        )}
        <button className="jp-Lambda-link" onClick={props.openFunction}>
          {trans.__('Open function')}
        </button>
      </footer>
    </div>
  );
}
