/**
 * What is so, in words: a list of names and values.
 */
import React from 'react';

export function Facts(props: { rows: [string, string][] }): JSX.Element {
  return (
    <dl className="jp-Lambda-facts">
      {props.rows.map(([label, value]) => (
        <React.Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
