/**
 * A function at a glance: eight figures, four charts, what stands out and what failed.
 */
import React from 'react';

import { IInvocationRecord } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import {
  IQuantity,
  UNKNOWN,
  cost,
  count,
  duration,
  memory,
  percent,
  quantityText
} from '../../services/quantities';
import { EnvironmentChart, InvocationChart, LatencyChart, MemoryChart } from '../charts';
import { CHART_RANGES, RangeSwitch } from '../rangeSwitch';
import { useTick } from '../redraw';
import { useTrans } from '../words';
import { Failures, StandingOut } from './standing';

/** What the figures beside the charts call lately. */
const LATELY = 300;

export function Overview(props: {
  detail: DetailModel;
  /** Show a call. */
  open: (record: IInvocationRecord) => void;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  useTick(1000, detail.engine.presence === 'live');
  const state = detail.state;
  if (!state) {
    return null;
  }
  const { metrics } = detail;
  const now = detail.engine.seconds;
  const seconds = state.history.seconds(Math.floor(now), LATELY);
  const charted = { group: `jp-Lambda-${detail.name}`, history: state.history, now, span: detail.chartSpan };
  const recent = seconds.reduce((sum, s) => sum + s.invocations, 0);
  const busy = state.alive.filter(e => e.state === 'busy').length;
  const { memory_mib } = state.detail.function.latest.configuration;
  const share = (part: number): string =>
    metrics && metrics.invocations > 0 ? percent(part / metrics.invocations) : '';
  return (
    <div className="jp-Lambda-overview">
      <dl className="jp-Lambda-kpis">
        <Figure
          label={trans.__('Invocations')}
          value={plain(metrics?.invocations)}
          aside={trans.__('%1 in 5 min', count(recent))}
        />
        <Figure
          label={trans.__('Errors')}
          value={plain(metrics?.errors)}
          aside={share(metrics?.errors ?? 0)}
          bad={(metrics?.errors ?? 0) > 0}
        />
        <Figure
          label="p50"
          value={duration(metrics?.duration_p50_ms)}
          aside={`p99 ${quantityText(duration(metrics?.duration_p99_ms))}`}
        />
        <Figure
          label={trans.__('Cold starts')}
          value={plain(metrics?.cold_starts)}
          aside={trans.__('init %1 median', quantityText(duration(metrics?.init_p50_ms)))}
        />
        <Figure label={trans.__('Throttles')} value={plain(metrics?.throttles)} aside={reservedText(detail, trans.__('no reserved concurrency'))} />
        <Figure
          label={trans.__('Environments')}
          value={plain(state.alive.length)}
          aside={trans.__('%1 busy', busy)}
        />
        <Figure
          label={trans.__('Peak memory')}
          value={memory(metrics && metrics.invocations > 0 ? metrics.max_memory_mib : null)}
          aside={trans.__('of %1 MB', memory_mib)}
        />
        <Figure
          label={trans.__('Cost so far')}
          value={{ value: metrics ? cost(metrics.cost_usd) : UNKNOWN, unit: '' }}
          aside={metrics ? trans.__('%1 GB-s; nothing is charged here', metrics.gb_seconds.toFixed(2)) : ''}
        />
      </dl>
      <ChartRange detail={detail} />
      <div className="jp-Lambda-panes">
        <Pane>
          <InvocationChart title={trans.__('Invocations')} {...charted} />
        </Pane>
        <Pane>
          <LatencyChart title={trans.__('Latency')} {...charted} />
        </Pane>
        <Pane>
          <EnvironmentChart
            title={trans.__('Environments')}
            {...charted}
            levels={state.levels}
            reserved={state.detail.function.reserved_concurrency}
          />
        </Pane>
        <Pane>
          <MemoryChart title={trans.__('Memory')} {...charted} records={state.records} />
        </Pane>
        <StandingOut records={state.records} open={props.open} />
        <Failures records={state.records} open={props.open} />
      </div>
    </div>
  );
}

/** One choice for all charts of a function. */
export function ChartRange({ detail }: { detail: DetailModel }): JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-Lambda-row jp-Lambda-chartRange">
      <span className="jp-Lambda-quiet">{trans.__('Charts show the last')}</span>
      <RangeSwitch
        ranges={CHART_RANGES}
        range={detail.chartSpan}
        choose={range => detail.setChartSpan(range ?? detail.chartSpan)}
      />
    </div>
  );
}

function Figure(props: {
  label: string;
  value: IQuantity;
  aside: string;
  bad?: boolean;
}): JSX.Element {
  return (
    <div className="jp-Lambda-kpi">
      <dt>{props.label}</dt>
      <dd>
        <span className={`jp-Lambda-kpi-value${props.bad ? ' jp-Lambda-tone-bad' : ''}`}>
          {props.value.value}
          <small>{props.value.unit}</small>
        </span>
        <span className="jp-Lambda-kpi-aside">{props.aside}</span>
      </dd>
    </div>
  );
}

export function Pane(props: {
  title?: string;
  note?: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <section className="jp-Lambda-pane">
      {props.title ? (
        <h3>
          {props.title} {props.note ? <small>{props.note}</small> : null}
        </h3>
      ) : null}
      {props.children}
    </section>
  );
}

function plain(value: number | undefined): IQuantity {
  return { value: value === undefined ? UNKNOWN : count(value), unit: '' };
}

function reservedText(detail: DetailModel, none: string): string {
  const reserved = detail.state?.detail.function.reserved_concurrency;
  return reserved === null || reserved === undefined ? none : `reserved ${reserved}`;
}
