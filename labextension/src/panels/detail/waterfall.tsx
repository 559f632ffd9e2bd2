/**
 * One invocation's time: queue, environment start, imports, cell body, handler, and below them what the REPORT line calls it.
 */
import React from 'react';

import { IInvocationRecord } from '../../api/wire';
import { duration, quantityText, size } from '../../services/quantities';
import { IStep, StepKind, marks, waterfall } from '../../services/waterfall';
import { useTrans } from '../words';

const FILLS: { [kind in StepKind]: string } = {
  queue: 'jp-Lambda-fill-engine',
  start: 'jp-Lambda-fill-engine',
  runtime: 'jp-Lambda-hatch-cold',
  init: 'jp-Lambda-hatch-cold',
  import: 'jp-Lambda-hatch-cold',
  preloaded: 'jp-Lambda-hatch-cold',
  body: 'jp-Lambda-hatch-cold',
  handler: 'jp-Lambda-fill-busy'
};

export function Waterfall({ record }: { record: IInvocationRecord }): JSX.Element {
  const trans = useTrans();
  const { steps, total, init, duration: own } = waterfall(record);
  const share = (ms: number): string => `${Math.min(100, (ms / total) * 100)}%`;
  const word = (step: IStep): string => {
    switch (step.kind) {
      case 'queue':
        return trans.__('Queue');
      case 'start':
        return trans.__('Environment start');
      case 'runtime':
        return trans.__('Runtime');
      case 'init':
        return trans.__('Init');
      case 'preloaded':
        return trans.__('%1, preloaded', step.module ?? '');
      case 'body':
        return trans.__('Cell body');
      case 'handler':
        return trans.__('Handler');
      default:
        return step.module ?? '';
    }
  };
  return (
    <div className="jp-Lambda-waterfall">
      <div className="jp-Lambda-legend">
        <span>
          <i className="jp-Lambda-sign jp-Lambda-fill-engine" aria-hidden="true" />
          {trans.__('the engine')}
        </span>
        <span>
          <i className="jp-Lambda-sign jp-mod-cold" aria-hidden="true" />
          {trans.__('before your handler')}
        </span>
        <span>
          <i className="jp-Lambda-sign jp-mod-accent" aria-hidden="true" />
          {trans.__('your handler')}
        </span>
      </div>
      <table className="jp-Lambda-falls">
        <thead>
          <tr>
            <th>
              <span className="jp-Lambda-hidden">{trans.__('part')}</span>
            </th>
            <th aria-hidden="true">
              <span className="jp-Lambda-scale">
                {marks(total).map(ms => (
                  <span key={ms} style={{ left: share(ms) }}>
                    {ms === 0 ? `0 ms` : ms}
                  </span>
                ))}
              </span>
            </th>
            <th>
              <span className="jp-Lambda-hidden">{trans.__('time')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, index) => (
            <tr key={index} data-step={step.kind} className={step.depth > 0 ? 'jp-mod-within' : ''}>
              <th scope="row" style={{ paddingLeft: `calc(${step.depth * 12} * var(--u))` }} title={word(step)}>
                {word(step)}
              </th>
              <td aria-hidden="true">
                <span className="jp-Lambda-track">
                  {step.kind === 'preloaded' ? null : (
                    <i className={FILLS[step.kind]} style={{ left: share(step.at), width: share(step.ms) }} />
                  )}
                </span>
              </td>
              <td className="jp-Lambda-number jp-mod-right">
                {step.kind === 'preloaded' ? '–' : quantityText(duration(step.ms))}
              </td>
            </tr>
          ))}
          <tr className="jp-Lambda-reportRow">
            <th scope="row">{trans.__('In the REPORT line')}</th>
            <td aria-hidden="true">
              <span className="jp-Lambda-track">
                {init ? (
                  <b style={{ left: share(init.at), width: share(init.ms) }}>{trans.__('Init Duration')}</b>
                ) : null}
                <b style={{ left: share(own.at), width: share(own.ms) }}>{trans.__('Duration')}</b>
              </span>
            </td>
            <td className="jp-Lambda-number jp-mod-right">{quantityText(duration((init?.ms ?? 0) + own.ms))}</td>
          </tr>
        </tbody>
      </table>
      <p className="jp-Lambda-quiet">
        {record.cold && init
          ? trans.__(
              'Billed %1 ms: Init Duration %2 ms and Duration %3 ms, rounded up. Queue and environment start are in no REPORT line.',
              record.billed_ms ?? 0,
              init.ms.toFixed(1),
              own.ms.toFixed(1)
            )
          : trans.__(
              'Billed %1 ms: Duration %2 ms, rounded up. The queue is in no REPORT line.',
              record.billed_ms ?? 0,
              own.ms.toFixed(1)
            )}{' '}
        {trans.__(
          'The event has %1, the response %2: reading, writing and sending them is part of Duration.',
          quantityText(size(record.request_bytes ?? 0)),
          quantityText(size(record.response_bytes ?? 0))
        )}
      </p>
    </div>
  );
}
