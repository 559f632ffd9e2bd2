/**
 * An event and the button that sends it. While its own call runs, the button is *Stop* in the same place.
 */
import React, { useState } from 'react';

import { DetailModel } from '../services/detailModel';
import { jsonFault } from '../services/jsonFault';
import { duration, memory, quantityText } from '../services/quantities';
import { EventEditor } from './eventEditor';
import { Glyph, StatusGlyph } from './glyphs';
import { useTick } from './redraw';
import { statusWord, useTrans } from './words';

export function InvokeBox(props: {
  detail: DetailModel;
  disabled: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  const state = detail.state;
  const [qualifier, setQualifier] = useState('$LATEST');
  useTick(100, detail.waitingFor !== null);
  if (!state) {
    return null;
  }
  const { text } = detail.draft;
  const fault = jsonFault(text);
  const send = (): void => {
    if (!fault && !props.disabled && !detail.waitingFor) {
      void detail.invoke(text, qualifier);
    }
  };
  return (
    <div className="jp-Lambda-invokeBox">
      <EventEditor detail={detail} disabled={props.disabled} send={send} />
      <div className="jp-Lambda-row">
        {detail.waitingFor ? (
          <button
            className="jp-Lambda-button jp-mod-stop"
            onClick={() => void detail.stop()}
          >
            <Glyph shape="square" /> {trans.__('Stop')}{' '}
            <span className="jp-Lambda-number">
              {((Date.now() - detail.waitingFor.since) / 1000).toFixed(1)} s
            </span>
          </button>
        ) : (
          <button
            className="jp-Lambda-button jp-mod-primary"
            disabled={fault !== null || props.disabled}
            onClick={send}
          >
            <Glyph shape="play" /> {trans.__('Invoke')}
          </button>
        )}
        <label className="jp-Lambda-quiet">
          {trans.__('on')}{' '}
          <select
            className="jp-Lambda-select"
            value={qualifier}
            onChange={event => setQualifier(event.target.value)}
          >
            {qualifiers(detail).map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <span className="jp-Lambda-grow" />
        <span className="jp-Lambda-quiet">{trans.__('Ctrl + Enter')}</span>
      </div>
      <Answer detail={detail} />
    </div>
  );
}

function Answer({ detail }: { detail: DetailModel }): JSX.Element | null {
  const trans = useTrans();
  const { answer } = detail;
  if (!answer) {
    return null;
  }
  const { record } = answer;
  return (
    <div className="jp-Lambda-answer" aria-live="polite">
      <p>
        <StatusGlyph status={record.status} /> {statusWord(record.status, trans)}{' '}
        {record.cold ? (
          <span className="jp-Lambda-chip jp-mod-cold">{trans.__('cold')}</span>
        ) : null}{' '}
        <span className="jp-Lambda-number">
          {quantityText(duration(record.duration_ms ?? 0))},{' '}
          {quantityText(memory(record.max_memory_mib ?? 0))}
        </span>
      </p>
      <pre className="jp-Lambda-payload" tabIndex={0}>
        {shortened(answer.payload)}
      </pre>
    </div>
  );
}

function qualifiers(detail: DetailModel): string[] {
  const state = detail.state;
  return [
    '$LATEST',
    ...(state?.detail.aliases.map(a => a.name) ?? []),
    ...(state?.detail.versions.map(v => v.version).reverse() ?? [])
  ];
}

function shortened(text: string): string {
  return text.length > 20_000 ? `${text.slice(0, 20_000)}…` : text;
}
