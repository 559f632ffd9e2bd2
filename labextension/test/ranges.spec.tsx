/** @jest-environment jsdom */
import './page';

import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { Invocations } from '../src/panels/detail/invocations';
import { Overview } from '../src/panels/detail/overview';
import { Scaling } from '../src/panels/detail/scaling';
import { useDetail } from '../src/panels/redraw';
import { DetailModel } from '../src/services/detailModel';
import { FakeApi, NOW, Wires, engine, record, snapshot, up } from './fakes';

afterEach(cleanup);

/** Calls of half a minute, of two minutes, of half an hour and of two hours ago. */
const RECORDS = [30, 120, 1_800, 7_200].map(ago => record({ request_id: `${ago}-ago`, arrived: NOW - ago }));

function detail(api = new FakeApi()): DetailModel {
  const wires = new Wires();
  const model = engine(wires, api);
  wires.stream.start();
  wires.socket.say(up());
  wires.socket.say(snapshot(1, { invocations: RECORDS, status: { concurrency: 1000, budget_mib: 3000 } }));
  return new DetailModel(model, 'f');
}

function Followed(props: { detail: DetailModel; children: () => JSX.Element }): JSX.Element {
  useDetail(props.detail);
  return props.children();
}

async function choose(word: string): Promise<void> {
  await act(async () => void fireEvent.click(screen.getByRole('button', { name: word })));
  await act(() => new Promise(resolve => setTimeout(resolve, 50)));
}

describe('a time range', () => {
  it('is how far back the list of invocations goes', async () => {
    const { container } = render(
      <Invocations detail={detail()} readOnly={false} kind="all" showKind={() => undefined} />
    );
    const listed = (): number => container.querySelectorAll('tr[data-request]').length;
    expect(listed()).toBe(4);
    for (const [word, calls] of [['1 min', 1], ['5 min', 2], ['1 h', 3]] as const) {
      await choose(word);
      expect(listed()).toBe(calls);
    }
  });

  it('is one for all charts of a function', async () => {
    const one = detail();
    const { container } = render(
      <Followed detail={one}>{() => <Overview detail={one} open={() => undefined} />}</Followed>
    );
    expect(container.textContent).toContain('calls 2');
    await choose('1 min');
    expect(container.textContent).toContain('calls 1');
    cleanup();
    render(<Followed detail={one}>{() => <Scaling detail={one} readOnly={false} />}</Followed>);
    expect(screen.getByRole('button', { name: '1 min' }).getAttribute('aria-pressed')).toBe('true');
  });
});
