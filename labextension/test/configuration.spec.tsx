/** @jest-environment jsdom */
import './page';

import { cleanup, render } from '@testing-library/react';
import React from 'react';

import { Configuration } from '../src/panels/detail/configuration';
import { DetailModel } from '../src/services/detailModel';
import { Wires, engine, functionDetail, snapshot, up } from './fakes';

afterEach(cleanup);

function facts(settings?: object): string {
  const wires = new Wires();
  const model = engine(wires);
  wires.stream.start();
  wires.socket.say(up());
  const made = functionDetail();
  Object.assign(made.function, { settings });
  Object.assign(made.function.latest, { last_modified: '2026-11-29T12:00:00', package_bytes: 1 });
  wires.socket.say(snapshot(1, { functions: [made], status: { enforcement: [], sandbox: 'process' } }));
  const { container } = render(<Configuration detail={new DetailModel(model, 'f')} readOnly={false} />);
  const said = container.querySelector('.jp-Lambda-facts')?.textContent ?? '';
  cleanup();
  return said;
}

it('says what is kept initialised, and for whom', () => {
  expect(facts()).toContain('Provisionednone');
  expect(facts({ provisioned: { '2': { count: 5 }, prod: { count: 1 } } })).toContain('Provisioned5 on v2, 1 on prod');
});
