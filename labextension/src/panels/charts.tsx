/**
 * Charts as SVG in the page: colours and hatches come from the theme by themselves, and each is a picture with a sentence.
 * Nothing moves by itself: a chart is drawn anew when its view is.
 */
import React from 'react';

import { ISecond } from '../services/history';
import { ILevel } from '../services/levels';
import { duration, quantityText } from '../services/quantities';
import { useTrans } from './words';

const WIDTH = 600;
const HEIGHT = 120;
const LEFT = 44;
const TOP = 8;
const GROUND = HEIGHT - 18;

interface IFrameProps {
  label: string;
  /** Seconds that the width stands for. */
  span: number;
  ticks: { at: number; text: string }[];
  children: React.ReactNode;
}

function Frame(props: IFrameProps): JSX.Element {
  const trans = useTrans();
  const axis = [1, 0.8, 0.6, 0.4, 0.2, 0];
  return (
    <svg
      className="jp-Lambda-chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={props.label}
    >
      <Patterns />
      {props.ticks.map(tick => (
        <g key={tick.text}>
          <line className="jp-Lambda-gridline" x1={LEFT} x2={WIDTH} y1={tick.at} y2={tick.at} />
          <text x={LEFT - 6} y={tick.at + 3.5} textAnchor="end">
            {tick.text}
          </text>
        </g>
      ))}
      {axis.map(share => (
        <text
          key={share}
          x={WIDTH - share * (WIDTH - LEFT)}
          y={HEIGHT - 4}
          textAnchor={share === 1 ? 'start' : share === 0 ? 'end' : 'middle'}
        >
          {share === 0 ? trans.__('now') : timeText(share * props.span)}
        </text>
      ))}
      {props.children}
    </svg>
  );
}

function Patterns(): JSX.Element {
  return (
    <defs>
      <pattern id="jp-Lambda-cold" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="4" height="4" className="jp-Lambda-ground-cold" />
        <rect width="2" height="4" className="jp-Lambda-ink-cold" />
      </pattern>
      <pattern id="jp-Lambda-bad" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="4" height="4" className="jp-Lambda-ground-bad" />
        <rect width="1.4" height="4" className="jp-Lambda-ink-bad" />
        <rect width="4" height="1.4" className="jp-Lambda-ink-bad" />
      </pattern>
    </defs>
  );
}

/** Invocations per slot as bars; failed and throttled at the foot, cross-hatched. */
export function InvocationChart(props: { seconds: ISecond[] }): JSX.Element {
  const trans = useTrans();
  const slots = grouped(props.seconds, 60);
  const peak = niceCeiling(Math.max(1, ...slots.map(s => s.invocations + s.throttles)));
  const width = (WIDTH - LEFT) / slots.length;
  const y = (value: number): number => GROUND - (value / peak) * (GROUND - TOP);
  const total = props.seconds.reduce((sum, s) => sum + s.invocations, 0);
  const bad = props.seconds.reduce((sum, s) => sum + s.errors + s.throttles, 0);
  return (
    <Frame
      label={trans.__('%1 invocations, %2 of them failed or throttled; at most %3 at a time', total, bad, peak)}
      span={props.seconds.length}
      ticks={[0, peak / 2, peak].filter(Number.isInteger).map(v => ({ at: y(v), text: String(v) }))}
    >
      {slots.map((slot, index) => {
        const x = LEFT + index * width;
        const top = y(slot.invocations + slot.throttles);
        const badTop = y(slot.errors + slot.throttles);
        return slot.invocations + slot.throttles > 0 ? (
          <g key={index}>
            <rect className="jp-Lambda-ink-accent" x={x} y={top} width={Math.max(1, width - 1)} height={GROUND - top} />
            <rect fill="url(#jp-Lambda-bad)" x={x} y={badTop} width={Math.max(1, width - 1)} height={GROUND - badTop} />
          </g>
        ) : null;
      })}
    </Frame>
  );
}

/** p50 as a line, p99 dashed, cold starts as diamonds; a logarithmic scale. */
export function LatencyChart(props: { seconds: ISecond[] }): JSX.Element {
  const trans = useTrans();
  const known = props.seconds.flatMap(s => (s.p99 === null || s.p50 === null ? [] : [s.p50, s.p99]));
  const low = Math.floor(Math.log10(Math.max(0.1, Math.min(...known, 1))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1, ...known) * 1.01)));
  const step = (WIDTH - LEFT) / Math.max(1, props.seconds.length - 1);
  const x = (index: number): number => LEFT + index * step;
  const y = (ms: number): number =>
    GROUND - ((Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low)) * (GROUND - TOP);
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const newest = [...props.seconds].reverse().find(s => s.p50 !== null);
  return (
    <Frame
      label={
        newest
          ? trans.__(
              'Latency: p50 %1, p99 %2 at the last call',
              quantityText(duration(newest.p50)),
              quantityText(duration(newest.p99))
            )
          : trans.__('Latency: nothing has run in this time')
      }
      span={props.seconds.length}
      ticks={decades.map(ms => ({ at: y(ms), text: ms >= 1 ? String(ms) : ms.toFixed(1) }))}
    >
      <path className="jp-Lambda-line jp-mod-second" d={lineOf(props.seconds.map(s => s.p99), x, y)} />
      <path className="jp-Lambda-line" d={lineOf(props.seconds.map(s => s.p50), x, y)} />
      {props.seconds.map((s, i) =>
        s.cold > 0 && s.p99 !== null ? (
          <path
            key={i}
            className="jp-Lambda-mark-cold"
            d={`M${x(i)} ${y(s.p99) - 5}l5 5-5 5-5-5z`}
          />
        ) : null
      )}
    </Frame>
  );
}

/** Environments as steps: busy at the bottom, idle above, starting on top. */
export function EnvironmentChart(props: {
  steps: readonly ILevel[];
  now: number;
  span: number;
}): JSX.Element {
  const trans = useTrans();
  const { steps, now, span } = props;
  const start = now - span;
  const peak = niceCeiling(Math.max(1, ...steps.map(s => s.busy + s.idle + s.starting)));
  const x = (time: number): number =>
    LEFT + ((Math.max(time, start) - start) / span) * (WIDTH - LEFT);
  const y = (value: number): number => GROUND - (value / peak) * (GROUND - TOP);
  const last = steps[steps.length - 1];
  return (
    <Frame
      label={
        last
          ? trans.__('Environments now: %1 busy, %2 idle, %3 initialising', last.busy, last.idle, last.starting)
          : trans.__('No environment in this time')
      }
      span={span}
      ticks={[0, peak / 2, peak].filter(Number.isInteger).map(v => ({ at: y(v), text: String(v) }))}
    >
      {steps.map((step, index) => {
        const until = Math.min(now, steps[index + 1]?.from ?? now);
        if (until <= start) {
          return null;
        }
        const left = x(step.from);
        const width = Math.max(2, x(until) - left);
        const idleTop = step.busy + step.idle;
        const top = idleTop + step.starting;
        return (
          <g key={step.from}>
            <rect className="jp-Lambda-ink-accent" x={left} width={width} y={y(step.busy)} height={GROUND - y(step.busy)} />
            <rect className="jp-Lambda-ink-idle" x={left} width={width} y={y(idleTop)} height={y(step.busy) - y(idleTop)} />
            <rect fill="url(#jp-Lambda-cold)" x={left} width={width} y={y(top)} height={y(idleTop) - y(top)} />
          </g>
        );
      })}
    </Frame>
  );
}

function lineOf(
  values: (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number
): string {
  return values
    .map((value, index) => (value === null ? null : `${x(index).toFixed(1)} ${y(value).toFixed(1)}`))
    .filter((point): point is string => point !== null)
    .map((point, index) => `${index === 0 ? 'M' : 'L'}${point}`)
    .join('')
    .replace(/^M[^L]+$/, '$&h0.1'); // one point alone is drawn as a dot
}

/** At most `most` slots, each the sum of its seconds. */
function grouped(seconds: ISecond[], most: number): ISecond[] {
  const per = Math.ceil(seconds.length / most);
  const slots: ISecond[] = [];
  for (let i = 0; i < seconds.length; i += per) {
    const group = seconds.slice(i, i + per);
    slots.push({
      ...group[0],
      invocations: group.reduce((sum, s) => sum + s.invocations, 0),
      errors: group.reduce((sum, s) => sum + s.errors, 0),
      throttles: group.reduce((sum, s) => sum + s.throttles, 0)
    });
  }
  return slots;
}

/** The next of 1, 2, 4, 10, 20, 40, …: halves stay whole numbers. */
export function niceCeiling(value: number): number {
  for (let unit = 1; ; unit *= 10) {
    const found = [1, 2, 4].map(n => n * unit).find(n => n >= value);
    if (found !== undefined) {
      return found;
    }
  }
}

function timeText(seconds: number): string {
  return seconds >= 120 ? `−${(seconds / 60).toFixed(seconds % 60 ? 1 : 0)} min` : `−${Math.round(seconds)} s`;
}
