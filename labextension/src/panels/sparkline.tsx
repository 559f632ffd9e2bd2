/**
 * The last minute of a function: invocations a second as an area, failures as ticks above it.
 */
import React from 'react';

import { ISecond } from '../services/history';
import { useTrans } from './words';

const WIDTH = 72;
const HEIGHT = 18;
const GROUND = HEIGHT - 1;

export function Sparkline(props: {
  seconds: ISecond[];
  active: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { seconds } = props;
  const peak = Math.max(1, ...seconds.map(s => s.invocations));
  const step = WIDTH / Math.max(1, seconds.length - 1);
  const points = seconds.map((s, i) => {
    const y = GROUND - (s.invocations / peak) * (HEIGHT - 5);
    return `${(i * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  const line = `M${points.join('L')}`;
  const total = seconds.reduce((sum, s) => sum + s.invocations, 0);
  const failed = seconds.reduce((sum, s) => sum + s.errors + s.throttles, 0);
  const label = trans.__(
    '%1 invocations in the last minute, %2 failed or throttled',
    total,
    failed
  );
  return (
    <svg
      className={`jp-Lambda-spark${props.active ? ' jp-mod-active' : ''}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path className="jp-Lambda-spark-area" d={`${line}L${WIDTH} ${GROUND}L0 ${GROUND}z`} />
      <path className="jp-Lambda-spark-line" d={line} />
      {seconds.map((s, i) =>
        s.errors + s.throttles > 0 ? (
          <rect
            key={i}
            className="jp-Lambda-spark-tick"
            x={i * step - 1}
            y={0}
            width={2}
            height={4}
          />
        ) : null
      )}
    </svg>
  );
}
