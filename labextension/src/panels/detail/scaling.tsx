/**
 * How the number of environments followed the calls: environments over arrivals over what waited, and what happened in words.
 */
import React from 'react';

import { DetailModel } from '../../services/detailModel';
import { clockTime, count } from '../../services/quantities';
import { Happening, scalingStory } from '../../services/scalingStory';
import { ArrivalChart, EnvironmentChart, WaitingChart } from '../charts';
import { useDraft } from '../draft';
import { useTick } from '../redraw';
import { useTrans } from '../words';
import { ChartRange, Pane } from './overview';

/** Seconds that the story tells of. */
const STORY = 300;

export function Scaling(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  useTick(1000, detail.engine.presence === 'live');
  const state = detail.state;
  if (!state) {
    return null;
  }
  const now = detail.engine.seconds;
  const charted = { group: `jp-Lambda-${detail.name}`, history: state.history, now, span: detail.chartSpan };
  const { reserved_concurrency: reserved, latest } = state.detail.function;
  const status = detail.engine.status;
  const memory = latest.configuration.memory_mib;
  const story = scalingStory(state.levels.steps, state.history.seconds(Math.floor(now), STORY), now);
  return (
    <div className="jp-Lambda-scaling">
      <Pane>
        <ChartRange detail={detail} />
        <EnvironmentChart
          title={trans.__('Environments')}
          height={220}
          {...charted}
          levels={state.levels}
          reserved={reserved}
        />
        <ArrivalChart title={trans.__('Arrivals')} height={88} {...charted} />
        <WaitingChart title={trans.__('Waiting')} height={88} {...charted} levels={state.levels} />
      </Pane>
      <div>
        <Pane title={trans.__('Concurrency')}>
          <Reserved detail={detail} reserved={reserved} readOnly={props.readOnly} most={status?.concurrency ?? 1000} />
          <p className="jp-Lambda-quiet">
            {trans.__('Reserved caps this function and keeps room for it among the others.')}
          </p>
        </Pane>
        <Pane title={trans.__('What happened')} note={trans.__('5 min')}>
          {story.length === 0 ? (
            <p className="jp-Lambda-quiet">{trans.__('Nothing: no environment came or went.')}</p>
          ) : (
            <ol className="jp-Lambda-story">
              {story.map(told => (
                <li key={`${told.kind}-${told.at}`}>
                  <span className="jp-Lambda-number jp-Lambda-quiet">{clockTime(told.at).slice(0, 8)}</span>{' '}
                  <Told of={told} />
                </li>
              ))}
            </ol>
          )}
        </Pane>
        <Pane title={trans.__('Limits')}>
          <dl className="jp-Lambda-facts">
            <dt>{trans.__('This function')}</dt>
            <dd className="jp-Lambda-number">{reserved === null ? trans.__('not reserved') : count(reserved)}</dd>
            <dt>{trans.__('All functions')}</dt>
            <dd className="jp-Lambda-number">{status ? count(status.concurrency) : '–'}</dd>
            <dt>{trans.__('This machine at %1 MB', memory)}</dt>
            <dd className="jp-Lambda-number">
              {status ? trans.__('%1 at once, all busy', count(Math.max(1, Math.floor(status.budget_mib / memory)))) : '–'}
            </dd>
          </dl>
        </Pane>
      </div>
    </div>
  );
}

function Told({ of }: { of: Happening }): JSX.Element {
  const trans = useTrans();
  switch (of.kind) {
    case 'from-zero':
      return <>{trans.__('from zero to %1', of.to)}</>;
    case 'grew':
    case 'shrank':
      return <>{trans.__('%1 to %2', of.from, of.to)}</>;
    case 'to-zero':
      return <>{trans.__('back to zero')}</>;
    case 'throttled':
      return <strong className="jp-Lambda-tone-bad">{trans.__('%1 throttled', count(of.calls))}</strong>;
    default:
      return <>{trans.__('last call, %1 idle', of.idle)}</>;
  }
}

const SLIDER_MOST = 100;

function Reserved(props: {
  detail: DetailModel;
  reserved: number | null;
  readOnly: boolean;
  most: number;
}): JSX.Element {
  const trans = useTrans();
  const { detail, reserved } = props;
  const { shown, show, commit } = useDraft(reserved ?? 0, value =>
    detail.act(() => detail.engine.api.reserve(detail.name, value))
  );
  if (reserved === null) {
    return (
      <div className="jp-Lambda-row">
        <span className="jp-Lambda-quiet">{trans.__('Not reserved.')}</span>
        <button
          className="jp-Lambda-button"
          disabled={props.readOnly}
          onClick={() => void detail.act(() => detail.engine.api.reserve(detail.name, 4))}
        >
          {trans.__('Reserve 4')}
        </button>
      </div>
    );
  }
  const most = Math.max(Math.min(SLIDER_MOST, props.most), reserved);
  return (
    <div className="jp-Lambda-row">
      <label className="jp-Lambda-setting jp-Lambda-grow">
        <span className="jp-Lambda-label">{trans.__('Reserved')}</span>
        <input
          type="range"
          className="jp-Lambda-slider"
          min={0}
          max={most}
          value={shown}
          disabled={props.readOnly}
          aria-valuetext={trans.__('%1 at once', shown)}
          style={{ '--jla-filled': `${(shown / most) * 100}%` } as React.CSSProperties}
          onChange={event => show(Number(event.target.value))}
          onPointerUp={() => commit(shown)}
          onKeyUp={() => commit(shown)}
        />
        <span className="jp-Lambda-number">{shown}</span>
      </label>
      <button
        className="jp-Lambda-button"
        disabled={props.readOnly}
        onClick={() => void detail.act(() => detail.engine.api.reserve(detail.name, null))}
      >
        {trans.__('Lift')}
      </button>
    </div>
  );
}
