/**
 * What a reader should know and can do something about: refused deeds, older environments, unpublished changes.
 */
import React from 'react';

import { DetailModel } from '../services/detailModel';
import { Glyph } from './glyphs';
import { useTrans } from './words';

export function Notices({ detail }: { detail: DetailModel }): JSX.Element | null {
  const trans = useTrans();
  const state = detail.state;
  const error = detail.lastError;
  if (!state) {
    return null;
  }
  const { api } = detail.engine;
  const older = state.older;
  const memory = state.detail.function.latest.configuration.memory_mib;
  const replace = (): Promise<boolean> =>
    detail.act(async () => {
      await Promise.all(older.map(e => api.endEnvironment(e.environment_id)));
    });
  return (
    <>
      {error ? (
        <div className="jp-Lambda-note jp-mod-bad" role="alert">
          <Glyph shape="cross" tone="bad" />
          <span className="jp-Lambda-grow">
            {error.message}. {error.suggestion}
          </span>
          <button className="jp-Lambda-button" onClick={() => detail.forgetError()}>
            {trans.__('Close')}
          </button>
        </div>
      ) : null}
      {older.length > 0 ? (
        <div className="jp-Lambda-note jp-mod-cold">
          <Glyph shape="warning" tone="cold" />
          <span className="jp-Lambda-grow">
            <strong>
              {trans.__('%1 of %2 environments are older than this setting', older.length, state.alive.length)}
            </strong>{' '}
            {trans.__('and still run with %1 MB, not %2 MB.', older[0].memory_mib, memory)}
          </span>
          <button className="jp-Lambda-button" onClick={() => void replace()}>
            {trans.__('Replace now')}
          </button>
        </div>
      ) : null}
      {state.detail.unpublished_changes ? (
        <div className="jp-Lambda-note">
          <Glyph shape="diamond" />
          <span className="jp-Lambda-grow">
            <strong>{trans.__('Unpublished changes.')}</strong>{' '}
            {trans.__('They hold for $LATEST; published versions keep theirs.')}
          </span>
          <button
            className="jp-Lambda-button"
            onClick={() => void detail.act(() => api.publish(detail.name))}
          >
            {trans.__('Publish v%1', state.detail.function.last_version + 1)}
          </button>
        </div>
      ) : null}
    </>
  );
}
