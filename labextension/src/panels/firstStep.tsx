/**
 * What the panel shows before there is anything to list: the two cells that make a first function, and the call.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

/** The cells, in the order in which a reader runs them. */
export const FIRST_CELLS: readonly string[] = [
  '%load_ext jupyter_lambda',
  '%%lambda resize\ndef handler(event, context):\n    return event["side"] // 2'
];

/** The call that proves it. */
export const FIRST_CALL = 'resize({"side": 640})';

export interface IFirstStepProps {
  trans: TranslationBundle;
}

export function FirstStep({ trans }: IFirstStepProps): JSX.Element {
  return (
    <section className="jp-Lambda-firstStep">
      <h3>{trans.__('Make a function from a cell')}</h3>
      <p>
        {trans.__(
          'Put %1 and a name on the first line of a notebook cell, and run it.',
          '%%lambda'
        )}
      </p>
      {FIRST_CELLS.map(source => (
        <Cell key={source} source={source} />
      ))}
      <p>{trans.__('Then call it:')}</p>
      <Cell source={FIRST_CALL} />
      <p>
        {trans.__(
          'It gets its own process, a version, a memory limit and logs. To see all of your functions, run:'
        )}
      </p>
      <Cell source="%lambda list" />
      <p className="jp-Lambda-aside">
        {trans.__(
          'This panel does not list functions yet; the notebook and the command line do.'
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
