/**
 * How far back a tab looks. What the stream told reaches five minutes back, what the engine's store has goes further.
 */
import React from 'react';

import { useTrans } from './words';

/** Seconds back from now; null for all there is. */
export type Range = number | null;

/** What charts can show: the stream's last five minutes. */
export const CHART_RANGES: readonly Range[] = [60, 300];

/** What lists of stored records can show. */
export const LIST_RANGES: readonly Range[] = [60, 300, 3600, null];

export function RangeSwitch(props: {
  ranges: readonly Range[];
  range: Range;
  choose: (range: Range) => void;
}): JSX.Element {
  const trans = useTrans();
  const word = (range: Range): string =>
    range === null
      ? trans.__('All time')
      : range < 3600
        ? trans.__('%1 min', range / 60)
        : trans.__('%1 h', range / 3600);
  return (
    <span className="jp-Lambda-segments" role="group" aria-label={trans.__('Time range')}>
      {props.ranges.map(range => (
        <button key={String(range)} aria-pressed={props.range === range} onClick={() => props.choose(range)}>
          {word(range)}
        </button>
      ))}
    </span>
  );
}
