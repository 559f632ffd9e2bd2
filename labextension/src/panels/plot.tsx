/**
 * One chart: uPlot on a canvas, a legend that is its only label, a sentence for who can't see it, and its figures as a table.
 * Nothing moves by itself: a chart is drawn anew when its figures are. The crosshair (pointer, or arrow keys on the focused
 * chart) shows the values of that moment in the legend, in every chart of the page that shares its time.
 */
import React, { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';

import { Column } from '../services/chartSeries';
import { IInks, onThemeChange, readInks } from './plotInks';
import { useTrans } from './words';

/** Left margin in CSS pixels: charts below one another share their x axis. */
const MARGIN = 46;

/** Between two drawings of one chart: eyes don't read faster. */
const REDRAW_MS = 250;

export interface ILegendItem {
  label: string;
  /** What it looks like in the chart: a class of parts.css. */
  sign: 'accent' | 'idle' | 'cold' | 'bad' | 'line' | 'dashed' | 'diamond' | 'cross' | 'dots' | 'limit' | 'load';
  /** At a row of the columns, null for the newest. */
  value: (row: number | null) => string;
}

export interface IPlotProps {
  title?: string;
  note?: string;
  /** What the chart says, in a sentence. */
  label: string;
  /** Seconds that the width stands for. */
  span: number;
  columns: Column[];
  legend: ILegendItem[];
  /** Built once per span and theme. */
  options: (inks: IInks) => Pick<uPlot.Options, 'series' | 'scales'> & {
    axis?: Partial<uPlot.Axis>;
    draw?: (plot: uPlot) => void;
  };
  /** Charts of one key share their crosshair. */
  group?: string;
  /** CSS pixels at 100 %. */
  height?: number;
}

export function Plot(props: IPlotProps): JSX.Element {
  const trans = useTrans();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const pace = useRef({ drawn: 0, timer: 0 });
  const latest = useRef(props);
  latest.current = props;
  const [row, setRow] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const [theme, readAgain] = useState(0);
  const { span, group } = props;

  useEffect(() => onThemeChange(() => readAgain(n => n + 1)), []);
  useEffect(() => {
    const element = host.current;
    if (!element) {
      return undefined;
    }
    const made = new uPlot(
      optionsFor(element, latest, trans.__('now'), setRow),
      latest.current.columns as uPlot.AlignedData,
      element
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = element;
      if (clientWidth > 0 && (clientWidth !== made.width || clientHeight !== made.height)) {
        made.setSize({ width: clientWidth, height: clientHeight });
      }
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current = null;
      made.destroy();
      
    };
  }, [span, group, theme]);
  useEffect(() => {
    const { drawn, timer } = pace.current;
    const draw = (): void => {
      pace.current = { drawn: performance.now(), timer: 0 };
      plot.current?.setData(latest.current.columns as uPlot.AlignedData);
    };
    const wait = drawn + REDRAW_MS - performance.now();
    if (wait <= 0) {
      draw();
    } else if (!timer) {
      pace.current.timer = window.setTimeout(draw, wait);
    }
  }, [props.columns]);
  useEffect(() => () => window.clearTimeout(pace.current.timer), []);

  const onKey = (event: React.KeyboardEvent): void => {
    const made = plot.current;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Escape') {
      made?.setCursor({ left: -10, top: -10 });
    } else if (made && step !== undefined) {
      event.preventDefault();
      const rows = props.columns[0];
      const next = Math.min(Math.max((row ?? rows.length) + step, 0), rows.length - 1);
      made.setCursor({ left: made.valToPos(rows[next] ?? 0, 'x'), top: 4 });
    }
  };
  const shown = row !== null && row < props.columns[0].length ? row : null;
  return (
    <figure className="jp-Lambda-figure">
      <figcaption className="jp-Lambda-figureHead">
        {props.title ? <h3>{props.title}</h3> : null}
        {props.note ? <small>{props.note}</small> : null}
        <span className="jp-Lambda-legend">
          {props.legend.map(item => (
            <span key={item.label}>
              <i className={`jp-Lambda-sign jp-mod-${item.sign}`} aria-hidden="true" />
              {item.label} <b className="jp-Lambda-number">{item.value(shown)}</b>
            </span>
          ))}
          <button
            className="jp-Lambda-link"
            aria-pressed={isTable}
            aria-label={trans.__('%1 as a table', props.title ?? props.label)}
            onClick={() => setTable(!isTable)}
          >
            {trans.__('Table')}
          </button>
        </span>
      </figcaption>
      {/* The canvas stays while the table is shown: it has the size and the data when it comes back. */}
      <div
        ref={host}
        className="jp-Lambda-plot"
        style={{ height: `calc(${props.height ?? 128} * var(--u))`, display: isTable ? 'none' : undefined }}
        role="img"
        aria-label={props.label}
        tabIndex={0}
        onKeyDown={onKey}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
      {isTable ? <Rows {...props} /> : null}
    </figure>
  );
}

/** The last rows in which something is, newest first. */
function Rows(props: IPlotProps): JSX.Element {
  const trans = useTrans();
  const [x, ...others] = props.columns;
  const rows = x
    .map((_, index) => index)
    .filter(index => others.some(column => column[index]))
    .reverse()
    .slice(0, 60);
  return (
    <div
      className="jp-Lambda-plotTable"
      style={{ height: `calc(${props.height ?? 128} * var(--u))` }}
      tabIndex={0}
      role="region"
      aria-label={props.label}
    >
      <table className="jp-Lambda-table">
        <thead>
          <tr>
            <th className="jp-mod-right">{trans.__('time')}</th>
            {props.legend.map(item => (
              <th key={item.label} className="jp-mod-right">
                {item.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(index => (
            <tr key={index}>
              <td className="jp-Lambda-number jp-mod-right">{agoText(-(x[index] ?? 0), trans.__('now'))}</td>
              {props.legend.map(item => (
                <td key={item.label} className="jp-Lambda-number jp-mod-right">
                  {item.value(index)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function optionsFor(
  element: HTMLElement,
  latest: { readonly current: IPlotProps },
  now: string,
  setRow: (row: number | null) => void
): uPlot.Options {
  const { span, group, options } = latest.current;
  const inks = readInks(element);
  const { axis, draw, series, scales } = options(inks);
  const common: Partial<uPlot.Axis> = {
    stroke: inks.text,
    font: inks.font,
    ticks: { show: false },
    grid: { stroke: inks.line, width: 1 }
  };
  return {
    width: element.clientWidth || 300,
    height: element.clientHeight || 128,
    legend: { show: false },
    padding: [8, 14, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      sync: group ? { key: group, scales: ['x', null] } : undefined
    },
    scales: { x: { time: false, range: () => [-span, 0] }, ...scales },
    axes: [
      {
        ...common,
        size: 22,
        gap: 6,
        grid: { show: false },
        splits: () => [1, 0.8, 0.6, 0.4, 0.2, 0].map(share => -share * span),
        values: (_, splits) => splits.map(at => agoText(-at, now))
      },
      { ...common, size: MARGIN, gap: 6, ...axis }
    ],
    series: [{}, ...series.slice(1)],
    hooks: {
      draw: draw ? [draw] : [],
      setCursor: [
        plot => {
          const { idx, left } = plot.cursor;
          setRow(idx === null || idx === undefined || (left ?? -1) < 0 ? null : idx);
        }
      ]
    }
  };
}

/** `−40 s`, `−2.5 min`. */
export function agoText(seconds: number, now: string): string {
  if (seconds < 0.5) {
    return now;
  }
  if (seconds < 120) {
    return `−${Math.round(seconds)} s`;
  }
  const minutes = seconds / 60;
  return minutes < 120
    ? `−${minutes.toFixed(Number.isInteger(minutes) ? 0 : 1)} min`
    : `−${(minutes / 60).toFixed(1)} h`;
}
