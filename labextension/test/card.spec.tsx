/** @jest-environment jsdom */
import './page';

import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';

import { Card } from '../src/cell/card';
import { EngineError } from '../src/api/engineApi';
import { DetailModel } from '../src/services/detailModel';
import { DOWN, FakeApi, Wires, changes, engine, environment, functionDetail, record, snapshot, up } from './fakes';

const SOURCE = 'def handler(event, context):\n    return 1 / event["n"]\n';
const LOG = '[ERROR]\n  File "/var/task/f.py", line 3, in handler\n    return 1 / event["n"]\n';

function page(members: object = {}, api = new FakeApi()): { wires: Wires; detail: DetailModel } {
  const wires = new Wires();
  const model = engine(wires, api);
  wires.stream.start();
  wires.socket.say(up());
  wires.socket.say(snapshot(1, members));
  return { wires, detail: new DetailModel(model, 'f') };
}

/** What stands in the page once all that the card asked for is there. */
async function drawn(
  detail: DetailModel,
  isOpen = false,
  hasLab = true,
  cell: { differs?: boolean; isKernelDead?: boolean } = {}
): Promise<HTMLElement> {
  cleanup();
  const { container } = render(
    <Card
      detail={detail}
      isOpen={isOpen}
      setOpen={() => undefined}
      openFunction={hasLab ? () => undefined : null}
      openCell={hasLab ? () => undefined : null}
      report={null}
      {...cell}
    />
  );
  await act(async () => undefined);
  return container;
}

afterEach(cleanup);

const rows = (card: HTMLElement): number =>
  card.querySelectorAll('.jp-Lambda-card-head, .jp-Lambda-card-news').length;

describe('a card that is closed', () => {
  it('is one row while all is well', async () => {
    const card = await drawn(page().detail);
    expect(rows(card)).toBe(1);
    expect(card.textContent).toContain('not invoked');
    expect(card.querySelector('section')?.getAttribute('aria-label')).toBe('Lambda function f');
  });

  it('outlives a tick of its clock that comes before it hears that the last call ended', async () => {
    const { wires, detail } = page();
    const call = { request_id: 'r', function_name: 'f', version: '1', arrived: 1, qualifier: null, waiting: false };
    wires.socket.say(changes(2, { running: [call] }));
    const card = await drawn(detail);
    const { state } = detail;
    expect(card.textContent).toContain('1 running');
    state!.running.length = 0;
    await act(async () => new Promise<void>(resolve => setTimeout(resolve, 450)));
    expect(card.textContent).not.toContain('1 running');
  });

  it.each([
    ['runs', { running: [{ request_id: 'r', function_name: 'f', version: '1', arrived: 1, qualifier: null, waiting: false }] }, '1 running'],
    ['failed', { changes: [{ number: 2, kind: 'invocation', body: record({ status: 'failed', error_type: 'KeyError' }) }] }, 'KeyError'],
    ['timed out', { changes: [{ number: 2, kind: 'invocation', body: record({ status: 'timed-out', timeout_seconds: 3 }) }] }, 'Timeout 6 s'],
    ['ran out of memory', { changes: [{ number: 2, kind: 'invocation', body: record({ status: 'out-of-memory', memory_mib: 128 }) }] }, 'Set memory to 256 MB'],
    ['was throttled', { changes: [{ number: 2, kind: 'invocation', body: record({ status: 'throttled' }) }] }, '1 throttled'],
    ['has older environments', { environments: [environment({ memory_mib: 64 })] }, 'Replace now']
  ])('has one more row when it %s', async (_, members, text) => {
    const { wires, detail } = page();
    wires.socket.say(changes(2, members));
    const card = await drawn(detail);
    expect(rows(card)).toBe(2);
    expect(card.textContent).toContain(text);
  });

  it('says where the engine is gone, and offers to start it', async () => {
    const { wires, detail } = page();
    wires.socket.say(DOWN);
    const card = await drawn(detail);
    expect(rows(card)).toBe(2);
    expect(card.textContent).toContain('Engine not running.');
    expect(card.textContent).toContain('Start engine');
  });

  it('marks what is not published', async () => {
    const versions = [{ version: '1' }];
    const card = await drawn(page({ functions: [{ ...functionDetail(), versions, unpublished_changes: true }] }).detail);
    expect(card.textContent).toContain('unpublished');
  });
});

describe('what a card offers and says of its cell', () => {
  it('raises what is reserved where that throttles', async () => {
    const api = new FakeApi();
    const made = functionDetail();
    made.function.reserved_concurrency = 2;
    const { wires, detail } = page({ functions: [made] }, api);
    wires.socket.say(changes(2, { changes: [{ number: 2, kind: 'invocation', body: record({ status: 'throttled' }) }] }));
    await drawn(detail);
    await act(async () => void fireEvent.click(screen.getByText('Raise reserved to 4')));
    expect(api.asked).toContain('reserve f 4');
    api.refusal = new EngineError('InvalidParameterValue', 'Nothing is left', 'Take it from another.');
    await act(async () => void fireEvent.click(screen.getByText('Raise reserved to 4')));
    expect(screen.getByRole('alert').textContent).toBe('Nothing is left. Take it from another.');
  });

  it('tells of throttled calls for a while, whatever succeeded since', async () => {
    const { wires, detail } = page();
    wires.socket.say(
      changes(3, {
        changes: [
          { number: 2, kind: 'invocation', body: record({ status: 'throttled' }) },
          { number: 3, kind: 'invocation', body: record({ request_id: 'r-2' }) }
        ]
      })
    );
    expect((await drawn(detail)).textContent).toContain('1 throttled in the last 10 s');
  });

  it('offers no more of what is not reserved', async () => {
    const { wires, detail } = page();
    wires.socket.say(changes(2, { changes: [{ number: 2, kind: 'invocation', body: record({ status: 'throttled' }) }] }));
    expect((await drawn(detail)).textContent).not.toContain('Raise');
  });

  it('says that the kernel is gone, open or closed, and stays live', async () => {
    const { detail } = page();
    for (const isOpen of [false, true]) {
      const card = await drawn(detail, isOpen, true, { isKernelDead: true });
      expect(rows(card)).toBe(2);
      expect(card.textContent).toContain('Kernel not running. The function still answers');
      expect(card.querySelector('.jp-mod-stale')).toBeNull();
    }
  });

  it('marks a cell that is not what is deployed', async () => {
    const { detail } = page();
    expect((await drawn(detail, false, true, { differs: true })).textContent).toContain('cell differs');
    expect((await drawn(detail)).textContent).not.toContain('cell differs');
  });

  it('has the rest in a menu, for the keyboard too', async () => {
    const api = new FakeApi();
    const copied: string[] = [];
    Object.assign(navigator, { clipboard: { writeText: async (text: string) => void copied.push(text) } });
    const { detail } = page({}, api);
    detail.draft = { text: '{"who": "it\'s me", "all": true}', from: '' };
    await drawn(detail);
    const button = screen.getByRole('button', { name: 'More for f' });
    fireEvent.keyDown(button, { key: 'ArrowDown' });
    const words = (): (string | null)[] => screen.queryAllByRole('menuitem').map(i => i.textContent);
    expect(words()).toEqual(['Open tab', 'Open cell', 'Publish', 'Copy call as Python', 'Copy call as command']);
    expect(document.activeElement?.textContent).toBe('Open tab');
    fireEvent.keyDown(document.activeElement as Element, { key: 'ArrowUp' });
    expect(document.activeElement?.textContent).toBe('Copy call as command');
    fireEvent.keyDown(document.activeElement as Element, { key: 'Escape' });
    expect(words()).toEqual([]);
    expect(document.activeElement).toBe(button);
    for (const choice of ['Copy call as command', 'Copy call as Python', 'Publish']) {
      fireEvent.click(button);
      await act(async () => void fireEvent.click(screen.getByText(choice)));
    }
    expect(copied).toEqual([
      `jupyter lambda invoke f --event '{"who":"it'\\''s me","all":true}'`,
      'import jupyter_lambda as jl\n\njl.function("f")({"who": "it\'s me", "all": True})'
    ]);
    expect(api.asked).toContain('publish f');
  });
});

describe('a card that is open', () => {
  it('shows the cell’s own lines of a failure', async () => {
    const made = functionDetail();
    made.function.latest.source = SOURCE;
    const { detail } = page({ functions: [made], invocations: [record({ status: 'failed' })] });
    detail.failure = { record: record({ status: 'failed', error_type: 'ZeroDivisionError' }), log: LOG };
    const card = await drawn(detail, true);
    expect(card.textContent).toContain('Open cell at line 3');
    expect(card.querySelector('li.jp-mod-bad')?.textContent).toBe('3    return 1 / event["n"]');
  });

  it('offers nothing that its place does not have', async () => {
    const card = await drawn(page().detail, true, false);
    expect(card.textContent).not.toContain('Open function');
    expect(card.textContent).not.toContain('Open cell');
    expect(card.querySelector('textarea')?.getAttribute('aria-label')).toBe('Event, as JSON');
  });

  it('shows names with markup as text', async () => {
    const { wires, detail } = page();
    wires.socket.say(
      changes(2, {
        changes: [{ number: 2, kind: 'invocation', body: record({ status: 'failed', error_message: '<script>' }) }]
      })
    );
    const card = await drawn(detail, true);
    expect(card.querySelector('script')).toBeNull();
    expect(card.textContent).toContain('<script>');
  });
});
