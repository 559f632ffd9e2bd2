/**
 * What stands in place of, or above, a view when there is no live engine behind it.
 */
import React, { useState } from 'react';

import { EngineError } from '../api/engineApi';
import { EngineModel } from '../services/engineModel';
import { clockTime } from '../services/quantities';
import { Glyph } from './glyphs';
import { useTrans } from './words';

/** Nothing while all is well. */
export function PresenceNote(props: {
  model: EngineModel;
  /** Restart the engine, where this view offers that. */
  restart?: () => void;
}): JSX.Element | null {
  const trans = useTrans();
  const { model } = props;
  if (model.presence === 'engine-down') {
    return <EngineDown model={model} />;
  }
  if (model.presence === 'reconnecting') {
    return (
      <div className="jp-Lambda-note jp-mod-cold" role="status">
        <Glyph shape="plug" />
        <span className="jp-Lambda-grow">
          <strong>{trans.__('Reconnecting')}</strong>
          {model.lastHeard
            ? `, ${trans.__('last update %1', clockTime(model.lastHeard / 1000).slice(0, 8))}`
            : ''}
        </span>
        <button className="jp-Lambda-link" onClick={() => model.retryNow()}>
          {trans.__('Now')}
        </button>
      </div>
    );
  }
  if (model.isForeign) {
    return (
      <div className="jp-Lambda-note jp-mod-cold" role="status">
        <Glyph shape="warning" />
        <span className="jp-Lambda-grow">
          <strong>{trans.__('The engine is %1, and this page is of another version.', model.identity?.version ?? '')}</strong>{' '}
          {trans.__('It is shown read-only. Reload the page; if that does not help, restart the engine.')}
        </span>
        <button className="jp-Lambda-button" onClick={() => window.location.reload()}>
          {trans.__('Reload')}
        </button>
        {props.restart ? (
          <button className="jp-Lambda-button" onClick={props.restart}>
            {trans.__('Restart engine')}
          </button>
        ) : null}
      </div>
    );
  }
  return null;
}

function EngineDown({ model }: { model: EngineModel }): JSX.Element {
  const trans = useTrans();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<EngineError | null>(null);
  const [log, setLog] = useState<string | null>(null);
  const start = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await model.api.startEngine();
    } catch (reason) {
      setError(reason as EngineError);
    }
    setBusy(false);
  };
  return (
    <div className="jp-Lambda-down" role="status">
      <h3>
        <Glyph shape="plug" /> {trans.__('The engine isn’t running')}
      </h3>
      <p>
        {model.lastHeard !== null && model.functions.size > 0
          ? trans.__('Functions, versions, aliases and queued events are stored and go on when it starts.')
          : trans.__('It starts with the first function of a notebook, or here. Whatever was stored goes on.')}
      </p>
      {error ? (
        <p className="jp-Lambda-tone-bad" role="alert">
          {error.message}. {error.suggestion}
        </p>
      ) : null}
      <div className="jp-Lambda-row">
        {model.mayStart ? (
          <button
            className="jp-Lambda-button jp-mod-primary"
            disabled={busy}
            onClick={() => void start()}
          >
            {busy ? trans.__('Starting…') : trans.__('Start engine')}
          </button>
        ) : (
          <code>jupyter lambda engine start</code>
        )}
        <button
          className="jp-Lambda-button"
          onClick={() =>
            void model.api.engineLog().then(setLog, (reason: EngineError) => setError(reason))
          }
        >
          {trans.__('Show log')}
        </button>
      </div>
      {log !== null ? (
        <pre className="jp-Lambda-engineLog" tabIndex={0}>
          {log || trans.__('The log is empty.')}
        </pre>
      ) : null}
    </div>
  );
}
