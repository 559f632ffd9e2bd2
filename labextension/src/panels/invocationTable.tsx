/**
 * Invocations as rows: what runs first, then the newest. Each duration stands against its timeout, memory against its limit.
 */
import React, { useCallback, useRef } from 'react';

import { IInvocationRecord, IRunning } from '../api/wire';
import { isFailure } from '../services/functionState';
import { clockTime, duration, memory } from '../services/quantities';
import { Glyph, StatusGlyph } from './glyphs';
import { useTick } from './redraw';
import { Quantity } from './quantity';
import { Gap, useWindow } from './windowed';
import { statusWord, useTrans } from './words';

export interface IInvocationTableProps {
  records: readonly IInvocationRecord[];
  running: readonly IRunning[];
  selected?: string;
  select?: (record: IInvocationRecord) => void;
  cancel?: (requestId: string) => void;
  /** A card's table is narrower, and has all its rows in the page. */
  short?: boolean;
  /** The last row came into view. */
  nearEnd?: () => void;
}

/** A row's height in grid pixels, as detail.css has it. */
const ROW = 26;

export function InvocationTable(props: IInvocationTableProps): JSX.Element {
  const trans = useTrans();
  useTick(200, props.running.length > 0);
  const { records, running, select, cancel } = props;
  const count = running.length + records.length;
  const shown = useWindow(props.short ? 0 : count, ROW, props.nearEnd);
  const [from, to] = props.short ? [0, count] : [shown.from, shown.to];
  const latest = useRef({ select, cancel });
  latest.current = { select, cancel };
  // The same for every redraw, so that rows that are as they were are not made again.
  const choose = useCallback((record: IInvocationRecord) => latest.current.select?.(record), []);
  const stop = useCallback((id: string) => latest.current.cancel?.(id), []);
  if (count === 0) {
    return (
      <p className="jp-Lambda-quiet">
        {trans.__(
          'Nothing has run yet: no environment exists until the first call (scale from zero).'
        )}
      </p>
    );
  }
  const inPage = records.slice(Math.max(0, from - running.length), Math.max(0, to - running.length));
  const scale = scaleOf(inPage);
  const columns = props.short ? 7 : 8;
  const table = (
    <table className="jp-Lambda-table jp-Lambda-invocations" aria-rowcount={count + 1}>
      <thead>
        <tr>
          <th className="jp-Lambda-glyphColumn">
            <span className="jp-Lambda-hidden">{trans.__('outcome')}</span>
          </th>
          <th className="jp-Lambda-timeColumn">{trans.__('start')}</th>
          <th className="jp-Lambda-initColumn">{trans.__('init')}</th>
          <th className="jp-mod-right jp-Lambda-figureColumn">{trans.__('duration')}</th>
          <th className="jp-Lambda-barColumn" aria-hidden="true" />
          <th className="jp-mod-right jp-Lambda-memoryColumn">{trans.__('peak / limit')}</th>
          <th className="jp-Lambda-versionColumn">{trans.__('version')}</th>
          {props.short ? null : <th className="jp-Lambda-envColumn">{trans.__('env')}</th>}
        </tr>
      </thead>
      <tbody>
        {props.short ? null : <Gap height={shown.above} columns={columns} />}
        {running.slice(from, to).map(call => (
          <RunningRow key={call.request_id} call={call} short={props.short} cancel={cancel ? stop : undefined} />
        ))}
        {inPage.map(record => (
          <RecordRow
            key={`${record.request_id}-${record.attempt ?? 1}`}
            record={record}
            scale={scale}
            short={props.short}
            isSelected={props.selected === record.request_id}
            select={select ? choose : undefined}
          />
        ))}
        {props.short ? null : <Gap height={shown.below} columns={columns} />}
      </tbody>
    </table>
  );
  return props.short ? (
    table
  ) : (
    <div className="jp-Lambda-window" ref={shown.ref}>
      {table}
    </div>
  );
}

function RunningRow(props: {
  call: IRunning;
  short?: boolean;
  cancel?: (requestId: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const running = props.call;
  const elapsed = Math.max(0, Date.now() - running.arrived * 1000);
  return (
    <tr data-request={running.request_id}>
      <td>
        <StatusGlyph status="running" />
      </td>
      <td className="jp-Lambda-number">{clockTime(running.arrived)}</td>
      <td className="jp-Lambda-quiet">
        {running.waiting ? trans.__('waiting') : ''}
      </td>
      <td className="jp-mod-right">
        <Quantity of={duration(elapsed)} />
      </td>
      <td className="jp-Lambda-barColumn">
        {props.cancel ? (
          <button
            className="jp-Lambda-link"
            onClick={() => props.cancel?.(running.request_id)}
          >
            {trans.__('Stop')}
          </button>
        ) : (
          trans.__('running')
        )}
      </td>
      <td />
      <td className="jp-Lambda-number">{running.version}</td>
      {props.short ? null : <td />}
    </tr>
  );
}

const RecordRow = React.memo(function RecordRow(props: {
  record: IInvocationRecord;
  scale: number;
  short?: boolean;
  isSelected: boolean;
  select?: (record: IInvocationRecord) => void;
}): JSX.Element {
  const trans = useTrans();
  const { record, select, isSelected } = props;
  const failed = isFailure(record.status);
  const open = select ? () => select(record) : undefined;
  const classes = [
    failed ? 'jp-mod-bad' : '',
    isSelected ? 'jp-mod-selected' : '',
    open ? 'jp-mod-clickable' : ''
  ];
  return (
    <tr
      className={classes.join(' ').trim()}
      data-request={record.request_id}
      aria-selected={open ? isSelected : undefined}
      tabIndex={open ? 0 : undefined}
      onClick={open}
      onKeyDown={event => {
        if (open && event.key === 'Enter') {
          open();
        } else {
          moveFocus(event);
        }
      }}
    >
      <td>
        <StatusGlyph status={record.status} />
      </td>
      <td className="jp-Lambda-number">{clockTime(record.arrived ?? 0)}</td>
      <td>
        {record.cold ? (
          <span className="jp-Lambda-chip jp-mod-cold">
            <Glyph shape="diamond" tone="cold" /> {trans.__('cold')}
          </span>
        ) : (
          <span className="jp-Lambda-quiet">
            {record.status === 'throttled' ? '' : trans.__('warm')}
          </span>
        )}
      </td>
      <td className="jp-mod-right">
        {record.status === 'throttled' ? (
          '–'
        ) : (
          <Quantity of={duration(record.duration_ms ?? 0)} />
        )}
      </td>
      <td className="jp-Lambda-barColumn">
        {failed ? (
          <span
            className="jp-Lambda-reason"
            title={record.error_message ?? undefined}
          >
            {reasonOf(record, statusWord(record.status, trans))}
          </span>
        ) : (
          <DurationBar record={record} scale={props.scale} />
        )}
      </td>
      <td className="jp-mod-right">
        <MemoryFigure record={record} />
      </td>
      <td className="jp-Lambda-number">{record.version}</td>
      {props.short ? null : (
        <td className="jp-Lambda-number">
          {(record.environment_id ?? '').slice(0, 4)}
        </td>
      )}
    </tr>
  );
});

function DurationBar(props: {
  record: IInvocationRecord;
  scale: number;
}): JSX.Element {
  const { record, scale } = props;
  const init = record.cold ? (record.init_ms ?? 0) : 0;
  const part = (ms: number): string => `${Math.min(100, (ms / scale) * 100)}%`;
  return (
    <span className="jp-Lambda-bar" aria-hidden="true">
      {init > 0 ? (
        <i className="jp-Lambda-hatch-cold" style={{ width: part(init) }} />
      ) : null}
      <i
        className="jp-Lambda-fill-busy"
        style={{ width: part(record.duration_ms ?? 0) }}
      />
    </span>
  );
}

function MemoryFigure({ record }: { record: IInvocationRecord }): JSX.Element {
  const { max_memory_mib, memory_mib } = record;
  if (!max_memory_mib || !memory_mib) {
    return <>–</>;
  }
  const near = max_memory_mib >= 0.8 * memory_mib;
  return (
    <span className={near ? 'jp-Lambda-tone-cold' : ''}>
      <span className="jp-Lambda-number">{max_memory_mib} / </span>
      <Quantity of={memory(memory_mib)} />
    </span>
  );
}

/** One scale for the list: the longest of init and handler together. */
function scaleOf(records: readonly IInvocationRecord[]): number {
  return Math.max(
    1,
    ...records
      .filter(r => !isFailure(r.status))
      .map(r => (r.duration_ms ?? 0) + (r.cold ? (r.init_ms ?? 0) : 0))
  );
}

function reasonOf(record: IInvocationRecord, word: string): string {
  return record.status === 'failed' && record.error_type
    ? `${record.error_type}: ${record.error_message ?? ''}`
    : word;
}

function moveFocus(event: React.KeyboardEvent<HTMLTableRowElement>): void {
  const row = event.currentTarget;
  const next =
    event.key === 'ArrowDown'
      ? row.nextElementSibling
      : event.key === 'ArrowUp'
        ? row.previousElementSibling
        : null;
  if (next instanceof HTMLElement) {
    event.preventDefault();
    next.focus();
  }
}
