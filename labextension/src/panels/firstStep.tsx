/**
 * What the panel shows before there is anything to list: the two cells that make a first function, and the call.
 */
import React from 'react';

import { useTrans } from './words';

/** The cells, in the order in which a reader runs them. */
export const FIRST_CELLS: readonly string[] = [
  '%load_ext jupyter_lambda',
  '%%lambda resize\ndef handler(event, context):\n    return event["side"] // 2'
];

/** The call that proves it. */
export const FIRST_CALL = 'resize({"side": 640})';

export function FirstStep(props: {
  /** Whether the engine said that there is none. */
  known: boolean;
  insertCells: ((sources: readonly string[]) => void) | null;
}): JSX.Element {
  const trans = useTrans();
  return (
    <section className="jp-Lambda-firstStep">
      <h3>
        {props.known
          ? trans.__('No functions yet')
          : trans.__('Make a function from a cell')}
      </h3>
      <p>
        {trans.__(
          'A notebook cell becomes a function: put %1 and a name on its first line, and run it.',
          '%%lambda'
        )}
      </p>
      {FIRST_CELLS.map(source => (
        <Cell key={source} source={source} />
      ))}
      {props.insertCells ? (
        <button
          className="jp-Lambda-button jp-mod-primary"
          onClick={() => props.insertCells?.(FIRST_CELLS)}
        >
          {trans.__('Insert these two cells')}
        </button>
      ) : null}
      <p>{trans.__('Then call it:')}</p>
      <Cell source={FIRST_CALL} />
      <p className="jp-Lambda-quiet">
        {trans.__(
          'It gets its own process, a version, a memory limit and logs, and appears here.'
        )}
      </p>
    </section>
  );
}

function Cell({ source }: { source: string }): JSX.Element {
  return (
    <pre className="jp-Lambda-cell" tabIndex={0}>
      <code>{source}</code>
    </pre>
  );
}
