/**
 * Limits and what holds them on this machine; what nothing holds is said, not left out.
 */
import React from 'react';

import { IEnforcement } from '../../api/wire';
import { Glyph } from '../glyphs';
import { useTrans } from '../words';

export function Enforcement({ rows }: { rows: readonly IEnforcement[] }): JSX.Element {
  const trans = useTrans();
  return (
    <dl className="jp-Lambda-facts jp-Lambda-enforcement">
      {rows.map(row => (
        <React.Fragment key={row.row}>
          <dt>
            <Glyph
              shape={row.held ? 'ok' : 'warning'}
              tone={row.held ? '' : 'cold'}
              title={row.held ? trans.__('held') : trans.__('not held')}
            />{' '}
            {row.row}
          </dt>
          <dd>
            {row.held ? row.by : trans.__('not held on this machine')}
            {row.note ? <span className="jp-Lambda-quiet">: {row.note}</span> : null}
          </dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
