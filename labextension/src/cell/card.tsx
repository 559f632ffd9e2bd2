/**
 * The card under a `%%lambda` cell: one row; a second while something runs or is wrong; everything else on a click.
 */
import React, { useEffect, useState } from 'react';

import { EnvironmentChart, LatencyChart } from '../panels/charts';
import { useDetail } from '../panels/redraw';
import { FailureView } from '../panels/failure';
import { InvocationTable } from '../panels/invocationTable';
import { InvokeBox } from '../panels/invokeBox';
import { LogView } from '../panels/logView';
import { Notices } from '../panels/notices';
import { PresenceNote } from '../panels/presence';
import { SettingsStrip } from '../panels/settingsStrip';
import { useTrans } from '../panels/words';
import { DetailModel, Need } from '../services/detailModel';
import { FunctionState } from '../services/functionState';
import { cost, count } from '../services/quantities';
import { Announcer } from './announcer';
import { CardHead } from './cardHead';
import { CardNews } from './cardNews';

/** Invocations in the list. */
const ROWS = 7;

/** Seconds that the charts show. */
const SPAN = 60;

/** A card that is closed asks for its cost once it has been quiet for so long. */
const QUIET_MS = 500;

const NEEDS: readonly Need[] = ['logs', 'metrics', 'failure'];

export interface ICardProps {
  detail: DetailModel;
  isOpen: boolean;
  setOpen: (isOpen: boolean) => void;
  /** What there is to open them in; null where there is nothing. */
  openFunction: (() => void) | null;
  openCell: ((line: number) => void) | null;
  /** What its place says of the cell; nothing where there is no cell. */
  differs?: boolean;
  isKernelDead?: boolean;
  /** Where the capture report is put; null where it stands elsewhere. */
  report: ((node: HTMLElement | null) => void) | null;
}

export function Card(props: ICardProps): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  useDetail(detail);
  const [isOpen, setOpen] = useState(props.isOpen);
  useEffect(() => setOpen(props.isOpen), [props.isOpen]);
  const { state } = detail;
  const isLive = detail.engine.presence === 'live';
  const newest = state?.records[0]?.request_id;
  useEffect(() => {
    if (!isLive || isOpen || newest === undefined) {
      return undefined;
    }
    const timer = window.setTimeout(() => detail.look('metrics'), QUIET_MS);
    return () => window.clearTimeout(timer);
  }, [detail, isLive, isOpen, newest]);
  if (!state) {
    return null;
  }
  const toggle = (): void => {
    props.setOpen(!isOpen);
    setOpen(!isOpen);
  };
  return (
    <section
      className={`jp-Lambda-card ${edge(state, isLive)}`}
      aria-label={trans.__('Lambda function %1', state.name)}
    >
      <CardHead
        state={state}
        detail={detail}
        isLive={isLive}
        isOpen={isOpen}
        toggle={toggle}
        openFunction={props.openFunction}
        openCell={props.openCell}
        differs={props.differs === true}
      />
      <CardNews
        state={state}
        detail={detail}
        isOpen={isOpen}
        openCell={props.openCell}
        isKernelDead={props.isKernelDead === true}
      />
      {isOpen ? (
        <>
          <PresenceNote model={detail.engine} />
          <Body {...props} state={state} isLive={isLive} />
        </>
      ) : null}
      <Announcer state={state} presence={detail.engine.presence} />
    </section>
  );
}

function edge(state: FunctionState, isLive: boolean): string {
  if (!isLive) {
    return 'jp-mod-gone';
  }
  const { condition } = state;
  return condition === 'running'
    ? 'jp-mod-live'
    : condition === 'failing' || condition === 'throttled'
      ? 'jp-mod-failing'
      : '';
}

function Body(props: ICardProps & { state: FunctionState; isLive: boolean }): JSX.Element {
  const trans = useTrans();
  const { detail, state, isLive, openCell, openFunction } = props;
  useEffect(() => {
    if (!isLive) {
      return undefined;
    }
    NEEDS.forEach(need => detail.need(need, true));
    return () => NEEDS.forEach(need => detail.need(need, false));
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
      {detail.failure && detail.failure.record.status !== 'throttled' ? (
        <FailureView
          state={state}
          failure={detail.failure}
          openCell={openCell ?? undefined}
        />
      ) : null}
      <div className="jp-Lambda-card-two">
        <section>
          <h4>{trans.__('Event')}</h4>
          <InvokeBox detail={detail} disabled={readOnly} />
        </section>
        <section>
          <h4>
            {trans.__('Invocations')}
            {openFunction ? (
              <button className="jp-Lambda-link" onClick={openFunction}>
                {trans.__('Open all')}
              </button>
            ) : null}
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
      {props.report ? (
        <details className="jp-Lambda-card-report">
          <summary>{trans.__('Capture report')}</summary>
          <div ref={props.report} />
        </details>
      ) : null}
      <footer className="jp-Lambda-card-foot">
        <Cost detail={detail} />
        {openFunction ? (
          <button className="jp-Lambda-link" onClick={openFunction}>
            {trans.__('Open function')}
          </button>
        ) : null}
      </footer>
    </div>
  );
}

function Cost({ detail }: { detail: DetailModel }): JSX.Element {
  const trans = useTrans();
  const { metrics } = detail;
  return metrics ? (
    <span className="jp-Lambda-quiet">
      {trans.__('Cost so far')}{' '}
      <span className="jp-Lambda-number">{cost(metrics.cost_usd)}</span>{' '}
      {trans.__(
        '%1 GB-s and %2 requests; nothing is charged here',
        metrics.gb_seconds.toFixed(2),
        count(metrics.invocations)
      )}
    </span>
  ) : (
    <span />
  );
}
