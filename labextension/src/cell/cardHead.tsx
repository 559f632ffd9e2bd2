/**
 * A card's one row: what it is, how it stands, and the button that calls it.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IAlias } from '../api/wire';
import { ConditionGlyph, Glyph } from '../panels/glyphs';
import { IMenuItem, MenuButton } from '../panels/menu';
import { useTick } from '../panels/redraw';
import { Quantity } from '../panels/quantity';
import { Sparkline } from '../panels/sparkline';
import { useTrans } from '../panels/words';
import { callAsCommand, callAsPython } from '../services/callText';
import { DetailModel } from '../services/detailModel';
import { FunctionState } from '../services/functionState';
import { cost, count, duration, percent } from '../services/quantities';

/** Seconds that the sparkline shows, and that the figures beside it are counted over. */
const SPARKLINE = 60;
const COUNTED = 300;

export function CardHead(props: {
  state: FunctionState;
  detail: DetailModel;
  isLive: boolean;
  isOpen: boolean;
  toggle: () => void;
  /** Null where there is nothing to open it in. */
  openFunction: (() => void) | null;
  openCell: ((line: number) => void) | null;
  /** The cell is not what is deployed. */
  differs: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { state, detail, isLive } = props;
  useTick(1000, isLive && state.lastActive > 0);
  const lately = state.history.seconds(detail.engine.second, COUNTED);
  const calls = lately.reduce((sum, s) => sum + s.invocations, 0);
  const errors = lately.reduce((sum, s) => sum + s.errors + s.throttles, 0);
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
        {isLive ? (
          <ConditionGlyph condition={state.condition} status={state.records[0]?.status} />
        ) : (
          <Glyph shape="plug" title={trans.__('Not live')} />
        )}
        {props.openFunction ? (
          <button
            className="jp-Lambda-card-name"
            title={trans.__('Open function')}
            onClick={props.openFunction}
          >
            {state.name}
          </button>
        ) : (
          <strong className="jp-Lambda-name">{state.name}</strong>
        )}
        <span className="jp-Lambda-chip">{last ? `v${last.version}` : '$LATEST'}</span>
        {state.detail.unpublished_changes && last ? (
          <span
            className="jp-Lambda-chip"
            title={trans.__('$LATEST differs from version %1', last.version)}
          >
            {trans.__('unpublished')}
          </span>
        ) : null}
        {props.differs ? (
          <span
            className="jp-Lambda-chip jp-mod-cold"
            title={trans.__('Out of date: the cell is not what is deployed. Run it to deploy it.')}
          >
            <Glyph shape="diamond" tone="cold" /> {trans.__('cell differs')}
          </span>
        ) : null}
        {state.detail.aliases.map(alias => (
          <AliasChip key={alias.name} alias={alias} />
        ))}
      </span>
      <Sparkline
        seconds={lately.slice(-SPARKLINE)}
        active={state.alive.length > 0}
      />
      <span className="jp-Lambda-card-figure" title={trans.__('in the last 5 minutes')}>
        {calls > 0 || state.records.length > 0 ? (
          <Quantity of={{ value: count(calls), unit: trans.__('inv') }} />
        ) : (
          <span className="jp-Lambda-quiet">{trans.__('not invoked')}</span>
        )}
      </span>
      <span className="jp-Lambda-card-figure jp-Lambda-card-p50">
        {state.history.percentile(0.5) === null ? null : (
          <>
            <Quantity of={duration(state.history.percentile(0.5))} />{' '}
            <span className="jp-Lambda-unit">p50</span>
          </>
        )}
      </span>
      <span
        className={`jp-Lambda-card-figure jp-Lambda-card-errors${errors ? ' jp-Lambda-tone-bad' : ''}`}
      >
        {calls > 0 || errors > 0 ? (
          <Quantity of={{ value: count(errors), unit: trans.__('err') }} />
        ) : null}
      </span>
      <span className="jp-Lambda-card-figure jp-Lambda-card-env">
        <Quantity of={{ value: count(state.alive.length), unit: trans.__('env') }} />
      </span>
      <span
        className="jp-Lambda-card-figure jp-Lambda-card-cost jp-Lambda-number"
        title={trans.__('What AWS would have charged so far')}
      >
        {detail.metrics && detail.metrics.invocations > 0 ? cost(detail.metrics.cost_usd) : null}
      </span>
      <span className="jp-Lambda-card-deeds">
        <CallButton {...props} />
        <MenuButton label={trans.__('More for %1', state.name)} items={deeds(props, trans)} />
      </span>
    </div>
  );
}

function deeds(
  props: {
    state: FunctionState;
    detail: DetailModel;
    isLive: boolean;
    openFunction: (() => void) | null;
    openCell: ((line: number) => void) | null;
  },
  trans: TranslationBundle
): IMenuItem[] {
  const { state, detail, openFunction, openCell } = props;
  const { versions, unpublished_changes } = state.detail;
  const copy = (text: string): void => void navigator.clipboard.writeText(text);
  const event = detail.draft.text;
  return [
    ...(openFunction ? [{ label: trans.__('Open tab'), run: openFunction }] : []),
    ...(openCell ? [{ label: trans.__('Open cell'), run: () => openCell(1) }] : []),
    {
      label: trans.__('Publish'),
      disabled: !props.isLive || detail.engine.isForeign || (versions.length > 0 && !unpublished_changes),
      run: () => void detail.act(() => detail.engine.api.publish(detail.name))
    },
    { label: trans.__('Copy call as Python'), run: () => copy(callAsPython(state.name, event)) },
    { label: trans.__('Copy call as command'), run: () => copy(callAsCommand(state.name, event)) }
  ];
}

/** Calls with the event in the editor; while its own call runs it stops that, in the same place. */
function CallButton(props: {
  state: FunctionState;
  detail: DetailModel;
  isLive: boolean;
  isOpen: boolean;
  toggle: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { detail, state } = props;
  if (detail.waitingFor) {
    return (
      <button
        className="jp-Lambda-button jp-mod-stop"
        aria-label={trans.__('Stop %1', state.name)}
        onClick={() => void detail.stop()}
      >
        <Glyph shape="square" />
      </button>
    );
  }
  return (
    <button
      className="jp-Lambda-button"
      disabled={!props.isLive || detail.engine.isForeign}
      title={
        props.isOpen
          ? trans.__('Invoke with the event below')
          : trans.__('Open, to invoke with an event')
      }
      aria-label={trans.__('Invoke %1', state.name)}
      onClick={() => {
        if (props.isOpen) {
          void detail.invoke(detail.draft.text, '$LATEST');
        } else {
          props.toggle();
        }
      }}
    >
      <Glyph shape="play" />
    </button>
  );
}

/** An alias: where it points, and how calls are split. */
function AliasChip({ alias }: { alias: IAlias }): JSX.Element {
  const share = alias.additional_version ? alias.additional_weight : 0;
  return (
    <span className="jp-Lambda-chip jp-Lambda-card-alias">
      {alias.name}{' '}
      {share > 0 ? (
        <>
          <i className="jp-Lambda-card-split" aria-hidden="true">
            <i style={{ width: percent(1 - share).replace(' ', '') }} />
          </i>{' '}
          <span className="jp-Lambda-card-weights">
            v{alias.version} {percent(1 - share)} · v{alias.additional_version} {percent(share)}
          </span>
        </>
      ) : (
        `v${alias.version}`
      )}
    </span>
  );
}
