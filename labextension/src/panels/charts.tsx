/**
 * The charts of a function, for cards and tabs alike: what is drawn with which ink, and what is said of it.
 */
import React from 'react';
import uPlot from 'uplot';

import { IInvocationRecord } from '../api/wire';
import {
  Column,
  environmentColumns,
  invocationColumns,
  latencyColumns,
  memoryColumns,
  newest,
  waitingColumns,
  niceCeiling
} from '../services/chartSeries';
import { History } from '../services/history';
import { Levels } from '../services/levels';
import { UNKNOWN, count, duration, quantityText } from '../services/quantities';
import { Plot } from './plot';
import { useTrans } from './words';

interface IChartProps {
  title?: string;
  /** Charts of one group share their crosshair. */
  group?: string;
  height?: number;
}

interface IHistoryProps {
  history: History;
  /** Epoch seconds. */
  now: number;
  /** Seconds up to now, five minutes at most. */
  span: number;
}

const SLOTS = 60;

/** Invocations per slot as bars; failed and throttled at the foot, cross-hatched. */
export function InvocationChart(
  props: IChartProps & IHistoryProps
): JSX.Element {
  const trans = useTrans();
  const { history, now, span } = props;
  const spans = history.spans(Math.floor(now), span, SLOTS);
  const columns = invocationColumns(spans, now);
  const perSlot = spans[0]?.width ?? 1;
  const [, all, bad] = columns;
  const total = sum(all);
  const failed = sum(bad);
  const peak = Math.max(0, ...all.map(v => v ?? 0));
  return (
    <Plot
      {...props}
      note={perSlot === 1 ? trans.__('per second') : trans.__('per %1 s', perSlot)}
      label={trans.__(
        '%1 invocations, %2 of them failed or throttled; at most %3 within %4 s',
        count(total),
        count(failed),
        count(peak),
        perSlot
      )}
      columns={columns}
      legend={[
        { label: trans.__('calls'), sign: 'accent', value: row => count(row === null ? total : (all[row] ?? 0)) },
        { label: trans.__('failed or throttled'), sign: 'bad', value: row => count(row === null ? failed : (bad[row] ?? 0)) }
      ]}
      options={inks => ({
        scales: { y: wholeScale(1) },
        axis: wholeAxis(),
        series: [{}, { fill: inks.accent, width: 0, paths: bars, points: NO_POINTS }, { fill: inks.badHatch as string, width: 0, paths: bars, points: NO_POINTS }]
      })}
    />
  );
}

/** p50 as a line, p99 dashed, cold starts as diamonds, failures as crosses at the foot; a logarithmic scale. */
export function LatencyChart(
  props: IChartProps & IHistoryProps
): JSX.Element {
  const trans = useTrans();
  const { history, now, span } = props;
  const spans = history.spans(Math.floor(now), span, SLOTS);
  const columns = latencyColumns(spans, now);
  const [, p50, p99] = columns;
  const cold = spans.reduce((n, s) => n + s.cold, 0);
  const failed = spans.reduce((n, s) => n + s.errors, 0);
  const at = (column: Column, row: number | null): string =>
    quantityText(duration(row === null ? newest(column) : column[row]));
  return (
    <Plot
      {...props}
      note={trans.__('ms, log scale')}
      label={
        newest(p50) === null
          ? trans.__('Latency: nothing has run in this time')
          : trans.__(
              'Latency: p50 %1, p99 %2 at the last call; %3 cold starts, %4 failures',
              at(p50, null),
              at(p99, null),
              cold,
              failed
            )
      }
      columns={columns}
      legend={[
        { label: 'p50', sign: 'line', value: row => at(p50, row) },
        { label: 'p99', sign: 'dashed', value: row => at(p99, row) },
        { label: trans.__('cold'), sign: 'diamond', value: row => count(row === null ? cold : (spans[row]?.cold ?? 0)) },
        { label: trans.__('failed'), sign: 'cross', value: row => count(row === null ? failed : (spans[row]?.errors ?? 0)) }
      ]}
      options={inks => ({
        scales: { y: { distr: 3, log: 10, range: (_, low, high) => decades(low, high) } },
        axis: {
          splits: plot => wholeDecades(plot.scales.y.min ?? 1, plot.scales.y.max ?? 10),
          values: (_, splits) => splits.map(msText)
        },
        series: [
          {},
          { stroke: inks.accent, width: 1.75, points: { show: true, size: 4, fill: inks.accent, width: 0, filter: lonely } },
          { stroke: inks.second, width: 1.25, dash: [4, 2], points: { show: true, size: 3, fill: inks.second, width: 0, filter: lonely } },
          { show: true, paths: () => null, points: NO_POINTS },
          { show: true, scale: 'failures', paths: () => null, points: NO_POINTS }
        ],
        draw: plot => {
          const [x, , , coldAt, failedAt] = plot.data;
          for (let i = 0; i < x.length; i++) {
            const left = plot.valToPos(x[i], 'x', true);
            const height = coldAt[i];
            if (height !== null && height !== undefined) {
              diamond(plot.ctx, left, plot.valToPos(height, 'y', true), inks.ground, inks.cold);
            }
            if (failedAt[i]) {
              cross(plot.ctx, left, plot.bbox.top + plot.bbox.height - 5 * pixel(), inks.bad);
            }
          }
        }
      })}
    />
  );
}

/** Environments as steps: busy at the bottom, idle above, then initialising; throttled calls on top. */
export function EnvironmentChart(
  props: IChartProps &
    IHistoryProps & { levels: Levels; reserved?: number | null }
): JSX.Element {
  const trans = useTrans();
  const { levels, history, now, span } = props;
  const seconds = history.seconds(Math.floor(now), span);
  const columns = environmentColumns(levels.steps, seconds, now, span);
  const [, throttledTop, startingTop, idleTop, busy] = columns;
  const reserved = props.reserved ?? null;
  const last = busy.length - 1;
  const throttled = seconds.reduce((n, s) => n + s.throttles, 0);
  const part = (upper: Column, lower: Column | null, row: number | null): number =>
    (upper[row ?? last] ?? 0) - (lower ? (lower[row ?? last] ?? 0) : 0);
  const counts = (row: number | null): [number, number, number] => [
    part(busy, null, row),
    part(idleTop, busy, row),
    part(startingTop, idleTop, row)
  ];
  const peak = Math.max(0, ...startingTop.map(v => v ?? 0));
  const [b, i, s] = counts(null);
  return (
    <Plot
      {...props}
      label={
        peak > 0
          ? trans.__(
              'Environments now: %1 busy, %2 idle, %3 initialising; at most %4 in this time; %5 calls throttled',
              b,
              i,
              s,
              peak,
              throttled
            )
          : trans.__('No environment in this time')
      }
      columns={columns}
      legend={[
        { label: trans.__('busy'), sign: 'accent', value: row => count(counts(row)[0]) },
        { label: trans.__('idle'), sign: 'idle', value: row => count(counts(row)[1]) },
        { label: trans.__('initialising'), sign: 'cold', value: row => count(counts(row)[2]) },
        {
          label: trans.__('throttled'),
          sign: 'bad',
          value: row => count(row === null ? throttled : part(throttledTop, startingTop, row))
        }
      ]}
      options={inks => ({
        scales: { y: wholeScale(reserved ?? 1) },
        axis: wholeAxis(),
        series: [
          {},
          { fill: inks.badHatch as string, width: 0, paths: stepped, points: NO_POINTS },
          { fill: inks.coldHatch as string, width: 0, paths: stepped, points: NO_POINTS },
          { fill: inks.idle, width: 0, paths: stepped, points: NO_POINTS },
          { fill: inks.accent, width: 0, paths: stepped, points: NO_POINTS }
        ],
        draw: plot => {
          if (reserved !== null) {
            limitLine(plot, reserved, inks.text, inks.font, trans.__('reserved %1', reserved));
          }
        }
      })}
    />
  );
}

/** Calls a second, throttled ones included. */
export function ArrivalChart(props: IChartProps & IHistoryProps): JSX.Element {
  const trans = useTrans();
  const { history, now, span } = props;
  const seconds = history.seconds(Math.floor(now), span);
  const columns: [Column, Column] = [
    seconds.map((_, i) => i - seconds.length + 1),
    seconds.map(s => s.invocations + s.throttles)
  ];
  const arrived = columns[1];
  return (
    <Plot
      {...props}
      note={trans.__('per second')}
      label={trans.__('Arrivals: %1 in this time, at most %2 a second', sum(arrived), Math.max(0, ...arrived.map(v => v ?? 0)))}
      columns={columns}
      legend={[{ label: trans.__('calls'), sign: 'load', value: row => count(arrived[row ?? arrived.length - 1] ?? 0) }]}
      options={inks => ({
        scales: { y: wholeScale(1) },
        axis: wholeAxis(),
        series: [{}, { stroke: inks.load, fill: inks.line, width: 1.25, paths: stepped, points: NO_POINTS }]
      })}
    />
  );
}

/** Calls that waited for an environment. */
export function WaitingChart(props: IChartProps & IHistoryProps & { levels: Levels }): JSX.Element {
  const trans = useTrans();
  const { levels, now, span } = props;
  const columns = waitingColumns(levels.steps, now, span);
  const waiting = columns[1];
  return (
    <Plot
      {...props}
      note={trans.__('calls without an environment yet')}
      label={trans.__('Waiting now: %1; at most %2 in this time', waiting[waiting.length - 1] ?? 0, Math.max(0, ...waiting.map(v => v ?? 0)))}
      columns={columns}
      legend={[{ label: trans.__('waiting'), sign: 'load', value: row => count(waiting[row ?? waiting.length - 1] ?? 0) }]}
      options={inks => ({
        scales: { y: wholeScale(1) },
        axis: wholeAxis(),
        series: [{}, { stroke: inks.load, fill: inks.line, width: 1.25, paths: stepped, points: NO_POINTS }]
      })}
    />
  );
}

/** Peak memory of each invocation as a dot, the limit that held for it as a dotted line. */
export function MemoryChart(
  props: IChartProps & { records: readonly IInvocationRecord[]; now: number; span: number }
): JSX.Element {
  const trans = useTrans();
  const { records, now, span } = props;
  const columns = memoryColumns(records, now, span);
  const [, peaks, limits] = columns;
  const highest = peaks.length ? Math.max(...peaks.map(v => v ?? 0)) : null;
  const mb = (value: number | null): string => (value === null ? UNKNOWN : `${count(value)} MB`);
  return (
    <Plot
      {...props}
      note={trans.__('MB, peak of each invocation')}
      label={
        highest === null
          ? trans.__('Memory: nothing has run in this time')
          : trans.__('Memory: at most %1 of %2', mb(highest), mb(newest(limits)))
      }
      columns={columns}
      legend={[
        { label: trans.__('peak'), sign: 'dots', value: row => mb(row === null ? highest : peaks[row]) },
        { label: trans.__('limit'), sign: 'limit', value: row => mb(row === null ? newest(limits) : limits[row]) }
      ]}
      options={inks => ({
        scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] } },
        axis: { splits: plot => [0, 0.5, 1].map(share => Math.round(share * ((plot.scales.y.max ?? 1) / 1.1))) },
        series: [
          {},
          { paths: () => null, points: { show: true, size: 4, width: 0, fill: inks.accent } },
          { stroke: inks.text, width: 1, dash: [2, 3], paths: stepped, points: NO_POINTS },
          { paths: () => null, points: { show: true, size: 6, width: 0, fill: inks.bad } }
        ]
      })}
    />
  );
}

const NO_POINTS = { show: false };
const bars: uPlot.Series.PathBuilder = (...args) => uPlot.paths.bars!({ size: [0.86, Infinity], align: 1 })(...args);
const stepped: uPlot.Series.PathBuilder = (...args) => uPlot.paths.stepped!({ align: 1 })(...args);

function sum(column: Column): number {
  return column.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function wholeScale(least: number): uPlot.Scale {
  return { range: (_, __, high) => [0, niceCeiling(Math.max(least, high ?? 0))] };
}

function wholeAxis(): Partial<uPlot.Axis> {
  return {
    splits: plot => [0, 0.5, 1].map(share => share * (plot.scales.y.max ?? 1)).filter(Number.isInteger),
    values: (_, splits) => splits.map(count)
  };
}

/** Whole decades around what is shown, one at least. */
function decades(low: number | null, high: number | null): [number, number] {
  const bottom = Math.floor(Math.log10(Math.max(0.1, low ?? 1)));
  const top = Math.max(bottom + 1, Math.ceil(Math.log10(Math.max(0.1, high ?? 1) * 1.01)));
  return [10 ** bottom, 10 ** top];
}

function wholeDecades(low: number, high: number): number[] {
  const found = [];
  for (let at = Math.round(Math.log10(low)); at <= Math.round(Math.log10(high)); at++) {
    found.push(10 ** at);
  }
  return found;
}

/** uPlot leaves out ticks that stand too close by making them null. */
function msText(ms: number | null): string {
  return ms === null ? '' : ms >= 1 ? count(ms) : ms.toFixed(1);
}

/** Rows without a neighbour: a line has nothing to draw between them. */
function lonely(plot: uPlot, series: number): number[] {
  const column = plot.data[series];
  const found = [];
  for (let i = 0; i < column.length; i++) {
    const isOne = (at: number): boolean => column[at] !== null && column[at] !== undefined;
    if (isOne(i) && !isOne(i - 1) && !isOne(i + 1)) {
      found.push(i);
    }
  }
  return found;
}

function pixel(): number {
  return window.devicePixelRatio || 1;
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, fill: string, stroke: string): void {
  const r = 4.5 * pixel();
  context.save();
  context.beginPath();
  context.moveTo(x, y - r);
  context.lineTo(x + r, y);
  context.lineTo(x, y + r);
  context.lineTo(x - r, y);
  context.closePath();
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = stroke;
  context.lineWidth = 1.75 * pixel();
  context.setLineDash([]);
  context.stroke();
  context.restore();
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, stroke: string): void {
  const r = 3 * pixel();
  context.save();
  context.beginPath();
  context.moveTo(x - r, y - r);
  context.lineTo(x + r, y + r);
  context.moveTo(x + r, y - r);
  context.lineTo(x - r, y + r);
  context.strokeStyle = stroke;
  context.lineWidth = 2 * pixel();
  context.setLineDash([]);
  context.stroke();
  context.restore();
}

/** A dotted line across the chart with its word above it. */
function limitLine(plot: uPlot, value: number, ink: string, font: string, word: string): void {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5;
  ctx.save();
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.strokeStyle = ink;
  ctx.lineWidth = pixel();
  ctx.setLineDash([2 * pixel(), 3 * pixel()]);
  ctx.stroke();
  ctx.fillStyle = ink;
  ctx.font = font.replace(/^([\d.]+)px/, (_, size: string) => `${Number(size) * pixel()}px`);
  ctx.textAlign = 'left';
  // A limit at the top of the scale has no room above it.
  const isHigh = y - bbox.top < 14 * pixel();
  ctx.textBaseline = isHigh ? 'top' : 'bottom';
  ctx.fillText(word, bbox.left + 4 * pixel(), y + (isHigh ? 3 : -2) * pixel());
  ctx.restore();
}
