/**
 * The list of invocations beside the one that is looked at: where its time went, and its log.
 */
import React, { useState } from 'react';

import { IInvocationRecord } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { isFailure } from '../../services/functionState';
import { duration, quantityText, size } from '../../services/quantities';
import { StatusGlyph } from '../glyphs';
import { InvocationTable } from '../invocationTable';
import { InvokeBox } from '../invokeBox';
import { PlainLog } from '../logView';
import { statusWord, useTrans } from '../words';
import { Pane } from './overview';

/** Rows in the page at once; the rest is one click away. */
const ROWS = 100;

type Kind = 'all' | 'failed' | 'cold' | 'throttled';

export function Invocations(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  const [kind, setKind] = useState<Kind>('all');
  const [rows, setRows] = useState(ROWS);
  const state = detail.state;
  if (!state) {
    return null;
  }
  const all = detail.records;
  const found = all.filter(r => isOfKind(r, kind));
  const more = async (): Promise<void> => {
    if (found.length <= rows) {
      await detail.loadOlder();
    }
    setRows(rows + ROWS);
  };
  return (
    <div className="jp-Lambda-two">
      <section>
        <div className="jp-Lambda-row">
          <span className="jp-Lambda-segments" role="group" aria-label={trans.__('Show')}>
            {(
              [
                ['all', trans.__('All')],
                ['failed', trans.__('Failed')],
                ['cold', trans.__('Cold')],
                ['throttled', trans.__('Throttled')]
              ] as const
            ).map(([value, label]) => (
              <button key={value} aria-pressed={kind === value} onClick={() => setKind(value)}>
                {label}{' '}
                {value === 'all' ? '' : all.filter(r => isOfKind(r, value)).length}
              </button>
            ))}
          </span>
        </div>
        <InvocationTable
          records={found.slice(0, rows)}
          running={kind === 'all' ? state.running : []}
          selected={detail.selected?.record.request_id}
          select={record => void detail.select(record)}
          cancel={id => void detail.act(() => detail.engine.api.cancel(id))}
        />
        {detail.hasOlder || found.length > rows ? (
          <button className="jp-Lambda-button" onClick={() => void more()}>
            {trans.__('Show older')}
          </button>
        ) : null}
      </section>
      <section>
        <Pane title={trans.__('Event')}>
          <InvokeBox detail={detail} disabled={props.readOnly} />
        </Pane>
        {detail.selected ? (
          <Selected record={detail.selected.record} log={detail.selected.log} />
        ) : (
          <p className="jp-Lambda-quiet">
            {trans.__('Choose an invocation to see where its time went.')}
          </p>
        )}
      </section>
    </div>
  );
}

function isOfKind(record: IInvocationRecord, kind: Kind): boolean {
  switch (kind) {
    case 'failed':
      return isFailure(record.status) && record.status !== 'throttled';
    case 'cold':
      return record.cold === true;
    case 'throttled':
      return record.status === 'throttled';
    default:
      return true;
  }
}

function Selected(props: { record: IInvocationRecord; log: string }): JSX.Element {
  const trans = useTrans();
  const { record } = props;
  return (
    <div className="jp-Lambda-selected" aria-live="polite">
      <h3>
        <StatusGlyph status={record.status} /> {statusWord(record.status, trans)}{' '}
        <code>{record.request_id}</code>
      </h3>
      {record.error_message ? (
        <p className="jp-Lambda-note jp-mod-bad">
          <strong>{record.error_type}</strong> {record.error_message}
        </p>
      ) : null}
      <Pane title={trans.__('Where the time went')}>
        <Waterfall record={record} />
      </Pane>
      <p className="jp-Lambda-quiet">
        {trans.__('Event %1, response %2', quantityText(size(record.request_bytes ?? 0)), quantityText(size(record.response_bytes ?? 0)))}
      </p>
      <Pane title={trans.__('Log of this invocation')}>
        <PlainLog text={props.log} />
      </Pane>
    </div>
  );
}

interface IStep {
  label: string;
  ms: number;
  fill: string;
}

/** Queue, environment start, init, handler, one below the other on one scale. */
function Waterfall({ record }: { record: IInvocationRecord }): JSX.Element {
  const trans = useTrans();
  const start = record.cold ? (record.start_ms ?? 0) : 0;
  const init = record.cold ? (record.init_ms ?? 0) : 0;
  const handler = record.duration_ms ?? 0;
  // `queued_ms` lasts until the handler begins: what start and init leave of it was waiting.
  const queue = Math.max(0, (record.queued_ms ?? 0) - start - init);
  const steps: IStep[] = [
    { label: trans.__('Queue'), ms: queue, fill: 'jp-Lambda-fill-engine' },
    ...(record.cold
      ? [
          { label: trans.__('Environment start'), ms: start, fill: 'jp-Lambda-hatch-cold' },
          { label: trans.__('Init'), ms: init, fill: 'jp-Lambda-hatch-cold' }
        ]
      : []),
    { label: trans.__('Handler'), ms: handler, fill: 'jp-Lambda-fill-busy' }
  ];
  const total = Math.max(0.001, queue + start + init + handler);
  let before = 0;
  return (
    <div className="jp-Lambda-waterfall">
      {steps.map(step => {
        const left = (before / total) * 100;
        before += step.ms;
        return (
          <div key={step.label} className="jp-Lambda-waterfall-row">
            <span>{step.label}</span>
            <span className="jp-Lambda-track" aria-hidden="true">
              <i
                className={step.fill}
                style={{ left: `${left}%`, width: `${(step.ms / total) * 100}%` }}
              />
            </span>
            <span className="jp-Lambda-number jp-mod-right">{quantityText(duration(step.ms))}</span>
          </div>
        );
      })}
      <p className="jp-Lambda-quiet">
        {record.cold
          ? trans.__(
              'Billed %1 ms: Init Duration %2 ms and Duration %3 ms, rounded up. Queue and environment start are in no REPORT line.',
              record.billed_ms ?? 0,
              init.toFixed(1),
              handler.toFixed(1)
            )
          : trans.__(
              'Billed %1 ms: Duration %2 ms, rounded up. The queue is in no REPORT line.',
              record.billed_ms ?? 0,
              handler.toFixed(1)
            )}
      </p>
    </div>
  );
}
