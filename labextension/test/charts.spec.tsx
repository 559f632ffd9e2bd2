/** @jest-environment jsdom */
import './page';

import { act, cleanup, fireEvent, render } from '@testing-library/react';
import React from 'react';

import { EnvironmentChart, InvocationChart, LatencyChart } from '../src/panels/charts';
import { History } from '../src/services/history';
import { Levels } from '../src/services/levels';
import { NOW, environment, record } from './fakes';
import FakePlot from './no_canvas';

afterEach(() => {
  cleanup();
  FakePlot.made = [];
  jest.useRealTimers();
});

function busyHistory(): History {
  const history = new History();
  for (let second = NOW - 9; second <= NOW; second++) {
    history.count(second, 3, second === NOW ? 1 : 0, 0, second === NOW - 9 ? 1 : 0);
    history.sample(second, record({ duration_ms: 30 }));
    history.sample(second, record({ duration_ms: 50 }));
  }
  return history;
}

function last(): FakePlot {
  return FakePlot.made[FakePlot.made.length - 1];
}

describe('charts', () => {
  it('say in a sentence what they show', () => {
    const { getByRole } = render(<InvocationChart history={busyHistory()} now={NOW} span={60} />);
    expect(getByRole('img').getAttribute('aria-label')).toBe(
      '30 invocations, 1 of them failed or throttled; at most 3 within 1 s'
    );
  });

  it('show the values below the crosshair in the legend, by keyboard too, and the newest again', () => {
    const { getByRole, container } = render(<LatencyChart history={busyHistory()} now={NOW} span={60} />);
    const legend = (): string[] => [...container.querySelectorAll('b')].map(b => b.textContent ?? '');
    expect(legend()).toEqual(['30.0 ms', '50.0 ms', '1', '1']);
    const chart = getByRole('img');
    for (let i = 0; i < 10; i++) {
      fireEvent.keyDown(chart, { key: 'ArrowLeft' });
    }
    expect(legend()).toEqual(['30.0 ms', '50.0 ms', '1', '0']);
    fireEvent.keyDown(chart, { key: 'Escape' });
    expect(legend()[3]).toBe('1');
  });

  it('are a table for who wants one', () => {
    const { getByText, container } = render(<InvocationChart history={busyHistory()} now={NOW} span={60} />);
    fireEvent.click(getByText('Table'));
    const rows = [...container.querySelectorAll('tbody tr')].map(row => row.textContent);
    expect(rows.length).toBe(10);
    expect([rows[0], rows[9]]).toEqual(['now31', '−9 s30']);
  });

  it('draw at most four times a second, and the last figures', () => {
    jest.useFakeTimers();
    const history = busyHistory();
    const { rerender } = render(<InvocationChart history={history} now={NOW} span={60} />);
    act(() => void jest.advanceTimersByTime(1000));
    const draws = jest.spyOn(last(), 'setData');
    for (let i = 0; i < 20; i++) {
      history.count(NOW, 1, 0, 0, 0);
      rerender(<InvocationChart history={history} now={NOW} span={60} />);
      act(() => void jest.advanceTimersByTime(50));
    }
    act(() => void jest.advanceTimersByTime(250));
    expect(draws.mock.calls.length).toBeLessThanOrEqual(5);
    const calls = (last().data as number[][])[1];
    expect(calls[calls.length - 1]).toBe(23);
  });

  it('end their canvas with the view', () => {
    const { unmount } = render(<InvocationChart history={busyHistory()} now={NOW} span={60} />);
    unmount();
    expect(last().isDestroyed).toBe(true);
  });

  it('stack environments, throttled calls on top', () => {
    const levels = new Levels();
    levels.note(NOW - 30, [environment({ state: 'initialising' })]);
    levels.note(NOW - 20, [environment({ state: 'busy' }), environment({ state: 'idle' })]);
    const history = new History();
    history.count(NOW - 10, 0, 0, 5, 0);
    const { getByRole } = render(<EnvironmentChart history={history} levels={levels} now={NOW} span={60} />);
    expect(last().data).toEqual([
      [-60, -30, -20, -10, -9, 0],
      [0, 1, 2, 7, 2, 2],
      [0, 1, 2, 2, 2, 2],
      [0, 0, 2, 2, 2, 2],
      [0, 0, 1, 1, 1, 1]
    ]);
    expect(getByRole('img').getAttribute('aria-label')).toBe(
      'Environments now: 1 busy, 1 idle, 0 initialising; at most 2 in this time; 5 calls throttled'
    );
  });
});
