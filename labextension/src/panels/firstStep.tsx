/**
 * What the panel shows before there is anything to list: the two cells that make a first function, and the call.
 */
import React from 'react';

import { useTrans } from './words';

/** Lambda's own default: nothing has to be said for it. */
const MEMORY_UNSAID = 128;

/** The cells, in the order in which a reader runs them; `memory` in MB. */
export function firstCells(memory: number): readonly string[] {
  const option = memory === MEMORY_UNSAID ? '' : ` --memory ${memory}`;
  return [
    '%load_ext jupyter_lambda',
    `%%lambda resize${option}\ndef handler(event, context):\n    return event["side"] // 2`
  ];
}

/** The call that proves it. */
export const FIRST_CALL = 'resize({"side": 640})';

export function FirstStep(props: {
  /** Whether the engine said that there is none. */
  known: boolean;
  /** MB that the function asks for. */
  memory: number;
  insertCells: ((sources: readonly string[]) => void) | null;
}): JSX.Element {
  const trans = useTrans();
  const cells = firstCells(props.memory);
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
      {cells.map(source => (
        <Cell key={source} source={source} />
      ))}
      {props.insertCells ? (
        <button
          className="jp-Lambda-button jp-mod-primary"
          onClick={() => props.insertCells?.(cells)}
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
