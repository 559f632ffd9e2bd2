/**
 * The last failure in the cell's own lines: what was raised, where, and what stands around it.
 */
import React from 'react';

import { IInvocationRecord } from '../api/wire';
import { ICellFrame, cellFrames, linesAround } from '../services/errorLines';
import { FunctionState } from '../services/functionState';
import { clockTime } from '../services/quantities';
import { statusWord, useTrans } from './words';

export interface IFailure {
  record: IInvocationRecord;
  log: string;
}

/** What the version that ran was made from. */
export function sourceOf(state: FunctionState, record: IInvocationRecord): string {
  const { function: owner, versions } = state.detail;
  const found = versions.find(v => v.version === record.version);
  return (found ?? owner.latest).source;
}

/** The innermost line of the cell in a failure's traceback; null where the traceback has none. */
export function failingFrame(state: FunctionState, failure: IFailure): ICellFrame | null {
  const frames = cellFrames(failure.log, sourceOf(state, failure.record));
  return frames[frames.length - 1] ?? null;
}

export function FailureView(props: {
  state: FunctionState;
  failure: IFailure;
  /** Left out where there is no cell to go to. */
  openCell?: (line: number) => void;
}): JSX.Element {
  const trans = useTrans();
  const { state, failure, openCell } = props;
  const { record } = failure;
  const source = sourceOf(state, record);
  const frames = cellFrames(failure.log, source);
  const last = frames[frames.length - 1];
  return (
    <section className="jp-Lambda-failure" aria-label={trans.__('Last failure')}>
      <h4>
        {trans.__('Last failure')}
        <small>
          <span className="jp-Lambda-number">{clockTime(record.arrived ?? 0)}</span>
          {' · '}
          {trans.__('request %1', record.request_id.slice(0, 8))}
          {' · '}
          {record.version === '$LATEST' ? record.version : `v${record.version}`}
        </small>
      </h4>
      <div className="jp-Lambda-failureBox" tabIndex={0}>
        <p>
          <strong>{record.error_type ?? statusWord(record.status, trans)}</strong>{' '}
          {record.error_message}
        </p>
        {last ? (
          <>
            <p className="jp-Lambda-quiet">
              {frames.map(f => trans.__('line %1 in %2', f.line, f.inFunction)).join(' → ')}
            </p>
            <ol>
              {linesAround(source, last.line).map(l => (
                <li key={l.line} className={l.isFailing ? 'jp-mod-bad' : ''} aria-current={l.isFailing || undefined}>
                  <span className="jp-Lambda-quiet">{l.line}</span>
                  <code>{l.text}</code>
                </li>
              ))}
            </ol>
          </>
        ) : null}
      </div>
      {last && openCell ? (
        <button className="jp-Lambda-button" onClick={() => openCell(last.line)}>
          {trans.__('Open cell at line %1', last.line)}
        </button>
      ) : null}
    </section>
  );
}
