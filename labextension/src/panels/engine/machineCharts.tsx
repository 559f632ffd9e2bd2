/**
 * The machine under the engine: its processors, and the memory that environments hold against the budget.
 */
import React from 'react';

import { Column, newest } from '../../services/chartSeries';
import { IMachinePoint } from '../../services/machineHistory';
import { UNKNOWN, count, percent } from '../../services/quantities';
import { Plot } from '../plot';
import { useTrans } from '../words';

const SPAN = 300;

interface IMachineProps {
  points: readonly IMachinePoint[];
  /** Epoch seconds. */
  now: number;
}

export function LoadChart({ points, now }: IMachineProps): JSX.Element {
  const trans = useTrans();
  const columns: [Column, Column] = [
    points.map(p => Math.min(0, p.at - now)),
    points.map(p => p.cpu_share * 100)
  ];
  const text = (row: number | null): string => {
    const value = row === null ? newest(columns[1]) : columns[1][row];
    return value === null || value === undefined ? UNKNOWN : percent(value / 100);
  };
  return (
    <Plot
      title={trans.__('Processors')}
      note={trans.__('% of all, whoever uses them')}
      group="jp-Lambda-engine"
      span={SPAN}
      label={trans.__('Processors in use: %1 now', text(null))}
      columns={columns}
      legend={[{ label: trans.__('in use'), sign: 'load', value: text }]}
      options={inks => ({
        scales: { y: { range: () => [0, 100] } },
        axis: { splits: () => [0, 50, 100] },
        series: [{}, { stroke: inks.load, fill: inks.line, width: 1.25, points: { show: false } }]
      })}
    />
  );
}

export function BudgetChart({ points, now }: IMachineProps): JSX.Element {
  const trans = useTrans();
  const columns: [Column, Column, Column] = [
    points.map(p => Math.min(0, p.at - now)),
    points.map(p => p.budget_used_mib),
    points.map(p => p.budget_mib)
  ];
  const mb = (column: Column, row: number | null): string => {
    const value = row === null ? newest(column) : column[row];
    return value === null || value === undefined ? UNKNOWN : `${count(value)} MB`;
  };
  return (
    <Plot
      title={trans.__('Memory budget')}
      note={trans.__('what environments hold together')}
      group="jp-Lambda-engine"
      span={SPAN}
      label={trans.__('Environments hold %1 of %2', mb(columns[1], null), mb(columns[2], null))}
      columns={columns}
      legend={[
        { label: trans.__('held'), sign: 'accent', value: row => mb(columns[1], row) },
        { label: trans.__('budget'), sign: 'limit', value: row => mb(columns[2], row) }
      ]}
      options={inks => ({
        scales: { y: { range: (_, __, high) => [0, Math.max(1, (high ?? 1) * 1.05)] } },
        axis: { splits: plot => [0, 0.5, 1].map(share => Math.round((share * (plot.scales.y.max ?? 1)) / 1.05)) },
        series: [
          {},
          { stroke: inks.accent, fill: inks.idle, width: 1.25, points: { show: false } },
          { stroke: inks.text, width: 1, dash: [2, 3], points: { show: false } }
        ]
      })}
    />
  );
}
