/**
 * The list of invocations beside the one that is looked at: where its time went, and its log.
 */
import React, { useRef, useState } from 'react';

import { IInvocationRecord } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { isFailure } from '../../services/functionState';
import { InvocationTable } from '../invocationTable';
import { InvokeBox } from '../invokeBox';
import { LIST_RANGES, Range, RangeSwitch } from '../rangeSwitch';
import { useTick } from '../redraw';
import { useTrans } from '../words';
import { Selected } from './invocation';
import { Pane } from './overview';

/** Which invocations are listed. */
export type Kind = 'all' | 'failed' | 'cold' | 'throttled';

export function isKind(value: unknown): value is Kind {
  return value === 'all' || value === 'failed' || value === 'cold' || value === 'throttled';
}

export function Invocations(props: {
  detail: DetailModel;
  readOnly: boolean;
  kind: Kind;
  showKind: (kind: Kind) => void;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail, kind } = props;
  const [range, setRange] = useState<Range>(null);
  const isLoading = useRef(false);
  useTick(1000, range !== null && detail.engine.presence === 'live');
  const state = detail.state;
  if (!state) {
    return null;
  }
  const since = range === null ? 0 : detail.engine.seconds - range;
  const all = detail.records.filter(r => (r.arrived ?? 0) >= since);
  const found = all.filter(r => isOfKind(r, kind));
  const more = async (): Promise<void> => {
    // Once the oldest is before the range there is nothing to ask for.
    const oldest = detail.records[detail.records.length - 1]?.arrived ?? Infinity;
    if (detail.hasOlder && !isLoading.current && oldest >= since) {
      isLoading.current = true;
      await detail.loadOlder();
      isLoading.current = false;
    }
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
              <button key={value} aria-pressed={kind === value} onClick={() => props.showKind(value)}>
                {label}{' '}
                {value === 'all' ? '' : all.filter(r => isOfKind(r, value)).length}
              </button>
            ))}
          </span>
          <RangeSwitch ranges={LIST_RANGES} range={range} choose={setRange} />
        </div>
        <InvocationTable
          records={found}
          running={kind === 'all' ? state.running : []}
          selected={detail.selected?.record.request_id}
          select={record => void detail.select(record)}
          cancel={id => void detail.act(() => detail.engine.api.cancel(id))}
          nearEnd={() => void more()}
        />
      </section>
      <section>
        <Pane title={trans.__('Event')}>
          <InvokeBox detail={detail} disabled={props.readOnly} />
        </Pane>
        {detail.selected ? (
          <Selected detail={detail} record={detail.selected.record} log={detail.selected.log} />
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
