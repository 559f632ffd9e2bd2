/**
 * The invocation that is looked at: how it ended with the cell's own lines, where its time went, its log.
 */
import React, { useContext, useMemo } from 'react';

import { IInvocationRecord } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { ICellFrame, cellFrames, linesAround } from '../../services/errorLines';
import { isFailure } from '../../services/functionState';
import { Deeds } from '../deeds';
import { Glyph, StatusGlyph } from '../glyphs';
import { PlainLog } from '../logView';
import { statusWord, useTrans } from '../words';
import { Pane } from './overview';
import { Waterfall } from './waterfall';

export function Selected(props: {
  detail: DetailModel;
  record: IInvocationRecord;
  log: string;
}): JSX.Element {
  const trans = useTrans();
  const { detail, record, log } = props;
  return (
    <div className="jp-Lambda-selected">
      <div className="jp-Lambda-row" role="status">
        <h3>
          <StatusGlyph status={record.status} /> {statusWord(record.status, trans)}
        </h3>
        {record.cold ? (
          <span className="jp-Lambda-chip jp-mod-cold">
            <Glyph shape="diamond" tone="cold" /> {trans.__('cold start')}
          </span>
        ) : null}
        <code>{record.request_id}</code>
        <button
          className="jp-Lambda-link"
          aria-label={trans.__('Copy the request id')}
          onClick={() => void navigator.clipboard.writeText(record.request_id)}
        >
          {trans.__('Copy')}
        </button>
        <span className="jp-Lambda-grow" />
        <span className="jp-Lambda-quiet">
          {[
            record.qualifier && record.qualifier !== record.version
              ? `${record.qualifier} → ${record.version}`
              : record.version,
            trans.__('env %1', (record.environment_id ?? '').slice(0, 8)),
            `${record.memory_mib ?? 0} MB`
          ].join(' · ')}
        </span>
      </div>
      {isFailure(record.status) ? <Failure detail={detail} record={record} log={log} /> : null}
      {record.status === 'throttled' ? null : (
        <Pane title={trans.__('Where the time went')}>
          <Waterfall record={record} />
        </Pane>
      )}
      {record.status === 'throttled' ? null : (
        <Pane title={trans.__('Log of this invocation')}>
          <PlainLog text={log} />
        </Pane>
      )}
    </div>
  );
}

/** What failed, at which line of the cell, and the way there. */
function Failure(props: {
  detail: DetailModel;
  record: IInvocationRecord;
  log: string;
}): JSX.Element {
  const trans = useTrans();
  const { openCell } = useContext(Deeds);
  const { detail, record, log } = props;
  const { source, frame } = useMemo(() => placeOf(detail, record.version, log), [detail, record, log]);
  return (
    <div className="jp-Lambda-note jp-mod-bad jp-Lambda-failure">
      <div>
        <strong>{record.error_type ?? statusWord(record.status, trans)}</strong>{' '}
        {record.error_message}
        {frame ? (
          <>
            {' '}
            {trans.__('at cell line %1, in %2', frame.line, frame.inFunction)}
            <pre className="jp-Lambda-cellLines" tabIndex={0} aria-label={trans.__('The cell around line %1', frame.line)}>
              {linesAround(source, frame.line).map(line => (
                <span key={line.line} className={line.isFailing ? 'jp-mod-failing' : ''}>
                  <i>{line.line}</i>
                  {line.text || ' '}
                  {'\n'}
                </span>
              ))}
            </pre>
          </>
        ) : null}
      </div>
      {openCell ? (
        <button className="jp-Lambda-button" onClick={() => openCell(detail.name, frame?.line)}>
          {trans.__('Open cell')}
        </button>
      ) : null}
    </div>
  );
}

/**
 * The line that raised, in the source it stands in: `$LATEST` may be another one by now, and what ran then a published version.
 */
function placeOf(detail: DetailModel, version: string, log: string): { source: string; frame?: ICellFrame } {
  const known = detail.state?.detail;
  const versions = [...(known?.versions ?? [])].reverse();
  const own = versions.find(v => v.version === version);
  for (const one of own ? [own] : [known?.function.latest, ...versions]) {
    const source = one?.source ?? '';
    const frames = cellFrames(log, source);
    if (frames.length > 0) {
      return { source, frame: frames[frames.length - 1] };
    }
  }
  return { source: '' };
}
