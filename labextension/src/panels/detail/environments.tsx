/**
 * Each execution environment: what it does, holds and has served; those that ended stay a while with the reason.
 */
import React from 'react';

import { EnvironmentState, IEnvironment } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { clockTime, count, duration, memory } from '../../services/quantities';
import { Glyph } from '../glyphs';
import { Quantity } from '../quantity';
import { useTrans } from '../words';

const SIGNS: { [state in EnvironmentState]: [string, string] } = {
  starting: ['diamond', 'cold'],
  initialising: ['diamond', 'cold'],
  busy: ['arc', 'accent'],
  idle: ['dot', 'accent'],
  frozen: ['dashed', ''],
  ended: ['square', '']
};

export function Environments(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  const state = detail.state;
  if (!state) {
    return null;
  }
  if (state.environments.length === 0) {
    return (
      <p className="jp-Lambda-quiet">
        {trans.__('No environment exists until the first call (scale from zero), and idle ones end after a while.')}
      </p>
    );
  }
  const newestFirst = [...state.environments].sort(
    (a, b) => Number(a.ended !== null) - Number(b.ended !== null) || b.started - a.started
  );
  return (
    <table className="jp-Lambda-table">
      <thead>
        <tr>
          <th>{trans.__('state')}</th>
          <th>{trans.__('env')}</th>
          <th>{trans.__('version')}</th>
          <th>{trans.__('started')}</th>
          <th className="jp-mod-right">{trans.__('init')}</th>
          <th className="jp-mod-right">{trans.__('served')}</th>
          <th className="jp-mod-right">{trans.__('held / limit')}</th>
          <th className="jp-mod-right">{trans.__('process')}</th>
          <th />
        </tr>
      </thead>
      <tbody>
        {newestFirst.map(e => (
          <Row key={e.environment_id} environment={e} {...props} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: {
  environment: IEnvironment;
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { environment: e, detail } = props;
  const [shape, tone] = SIGNS[e.state] ?? ['ring', ''];
  return (
    <tr className={e.ended === null ? '' : 'jp-mod-stale'}>
      <td>
        <Glyph shape={shape} tone={tone} /> {e.state}
      </td>
      <td className="jp-Lambda-number">{e.environment_id.slice(0, 8)}</td>
      <td className="jp-Lambda-number">{e.version}</td>
      <td className="jp-Lambda-number">{clockTime(e.started)}</td>
      <td className="jp-mod-right">
        <Quantity of={duration(e.init_ms)} />
      </td>
      <td className="jp-Lambda-number jp-mod-right">{count(e.invocations)}</td>
      <td className="jp-mod-right">
        <span className="jp-Lambda-number">{e.held_mib} / </span>
        <Quantity of={memory(e.memory_mib)} />
      </td>
      <td className="jp-Lambda-number jp-mod-right">{e.pid ?? '–'}</td>
      <td>
        {e.ended === null ? (
          <button
            className="jp-Lambda-button"
            disabled={props.readOnly}
            onClick={() =>
              void detail.act(() => detail.engine.api.endEnvironment(e.environment_id))
            }
          >
            {trans.__('End')}
          </button>
        ) : (
          e.reason
        )}
      </td>
    </tr>
  );
}
