/**
 * What stands out in the latest calls, and their failures by kind; each leads to a call.
 */
import React from 'react';

import { IInvocationRecord } from '../../api/wire';
import { clockTime, count, duration, percent, quantityText } from '../../services/quantities';
import { Standing, failureGroups, standingOut } from '../../services/standingOut';
import { StatusGlyph } from '../glyphs';
import { useTrans } from '../words';
import { Pane } from './overview';

interface IStandingProps {
  records: readonly IInvocationRecord[];
  open: (record: IInvocationRecord) => void;
}

export function StandingOut(props: IStandingProps): JSX.Element {
  const trans = useTrans();
  const found = standingOut(props.records);
  return (
    <Pane title={trans.__('What stands out')} note={trans.__('in the latest calls')}>
      {found.length === 0 ? (
        <p className="jp-Lambda-quiet">{trans.__('Nothing.')}</p>
      ) : (
        found.map(one => (
          <div
            key={one.kind}
            className={`jp-Lambda-note${one.kind === 'ample-memory' || one.kind === 'import' ? '' : ' jp-mod-cold'}`}
          >
            <span className="jp-Lambda-grow">
              <Words of={one} />
            </span>
            {'record' in one ? (
              <button className="jp-Lambda-button" onClick={() => props.open(one.record)}>
                {trans.__('Open call')}
              </button>
            ) : null}
          </div>
        ))
      )}
    </Pane>
  );
}

function Words({ of }: { of: Standing }): JSX.Element {
  const trans = useTrans();
  const time = (ms: number): string => quantityText(duration(ms));
  switch (of.kind) {
    case 'import':
      return (
        <>
          <strong>{trans.__('%1 of init is one import', percent(of.ms / of.initMs))}</strong>
          {trans.__(': %1, %2 of %3.', of.module, time(of.ms), time(of.initMs))}
        </>
      );
    case 'near-memory':
      return (
        <>
          <strong>{trans.__('Memory is nearly used up.')}</strong>{' '}
          {trans.__('A call held %1 of %2 MB.', count(of.peak), count(of.limit))}
        </>
      );
    case 'ample-memory':
      return (
        <>
          <strong>{trans.__('Memory is ample.')}</strong>{' '}
          {trans.__('At most %1 of %2 MB were held; less costs less, and gives less CPU.', count(of.peak), count(of.limit))}
        </>
      );
    default:
      return (
        <>
          <strong>{trans.__('Calls come near the timeout.')}</strong>{' '}
          {trans.__('One in a hundred takes %1 of %2 s.', time(of.ms), of.timeoutSeconds)}
        </>
      );
  }
}

export function Failures(props: IStandingProps): JSX.Element {
  const trans = useTrans();
  const groups = failureGroups(props.records);
  return (
    <Pane title={trans.__('Failures')} note={trans.__('by kind, in the latest calls')}>
      {groups.length === 0 ? (
        <p className="jp-Lambda-quiet">{trans.__('None.')}</p>
      ) : (
        <table className="jp-Lambda-table">
          <thead>
            <tr>
              <th>{trans.__('kind')}</th>
              <th>{trans.__('message')}</th>
              <th className="jp-mod-right">{trans.__('calls')}</th>
              <th>{trans.__('latest')}</th>
            </tr>
          </thead>
          <tbody>
            {groups.map(group => (
              <tr key={group.type}>
                <td>
                  <StatusGlyph status={group.latest.status} /> <strong className="jp-Lambda-tone-bad">{group.type}</strong>
                </td>
                <td className="jp-Lambda-cutCell" title={group.message}>
                  {group.message}
                </td>
                <td className="jp-Lambda-number jp-mod-right">{count(group.calls)}</td>
                <td>
                  <button
                    className="jp-Lambda-link jp-Lambda-number"
                    aria-label={trans.__('Open the latest call that failed with %1', group.type)}
                    onClick={() => props.open(group.latest)}
                  >
                    {clockTime(group.latest.arrived ?? 0).slice(0, 8)}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Pane>
  );
}
