/**
 * The panel's foot: the engine in use, what it holds, what really enforces limits here.
 */
import React, { useState } from 'react';

import { EngineModel } from '../services/engineModel';
import { count } from '../services/quantities';
import { Glyph } from './glyphs';
import { useTrans } from './words';

export function EngineFooter(props: {
  model: EngineModel;
  stop: () => void;
  /** Show the engine in the main area; null where that is not possible. */
  open: (() => void) | null;
}): JSX.Element {
  const trans = useTrans();
  const [isOpen, setOpen] = useState(true);
  const { status, presence } = props.model;
  const isLive = presence === 'live' && status !== null;
  return (
    <section className="jp-Lambda-engine" aria-label={trans.__('Engine')}>
      <div className="jp-Lambda-engine-head">
        <button
          className="jp-Lambda-twisty"
          aria-expanded={isOpen && isLive}
          aria-label={trans.__('Engine figures')}
          disabled={!isLive}
          onClick={() => setOpen(!isOpen)}
        >
          {isLive ? (
            <Glyph shape={isOpen ? 'down' : 'right'} />
          ) : (
            <Glyph shape="plug" />
          )}
        </button>
        {props.open ? (
          <button className="jp-Lambda-link" onClick={props.open}>
            {trans.__('Engine')}
          </button>
        ) : (
          <strong>{trans.__('Engine')}</strong>
        )}
        <span className="jp-Lambda-quiet">
          {isLive
            ? trans.__('%1 sandbox', status.sandbox)
            : presence === 'engine-down'
              ? trans.__('not running')
              : trans.__('connecting')}
        </span>
        {isLive ? (
          <button className="jp-Lambda-button jp-mod-ghost" onClick={props.stop}>
            {trans.__('Stop')}
          </button>
        ) : null}
      </div>
      {isLive && isOpen ? (
        <dl>
          <dt>{trans.__('Memory')}</dt>
          <dd>
            <Meter share={status.budget_used_mib / Math.max(1, status.budget_mib)} />
            <span className="jp-Lambda-number">
              {held(status.budget_used_mib)} / {held(status.budget_mib)}
            </span>
          </dd>
          <dt>{trans.__('Running')}</dt>
          <dd>
            <span className="jp-Lambda-number">{count(status.environments)}</span> {trans.__('env')}
            <span className="jp-Lambda-number">{count(status.running)}</span> {trans.__('busy')}
            {status.queued_events > 0 ? (
              <>
                <span className="jp-Lambda-number">{count(status.queued_events)}</span>{' '}
                {trans.__('queued')}
              </>
            ) : null}
          </dd>
          <dt>{trans.__('Enforced')}</dt>
          <dd className="jp-Lambda-enforced">
            {status.enforcement.map(row => (
              <span key={row.row} title={[row.by, row.note].filter(Boolean).join(': ')}>
                <Glyph shape={row.held ? 'ok' : 'warning'} tone={row.held ? '' : 'cold'} />
                {row.held ? row.row : trans.__('%1 not held', row.row)}
              </span>
            ))}
          </dd>
        </dl>
      ) : null}
    </section>
  );
}

function held(mib: number): string {
  return mib < 1024 ? `${mib} MB` : `${(mib / 1024).toFixed(1)} GB`;
}

function Meter({ share }: { share: number }): JSX.Element {
  const percent = Math.min(100, Math.max(0, share * 100));
  return (
    <span className="jp-Lambda-meter" aria-hidden="true">
      <i style={{ width: `${percent}%` }} />
    </span>
  );
}
