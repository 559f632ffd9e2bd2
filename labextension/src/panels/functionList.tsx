/**
 * The panel's list: two lines a function, what is active first. One tab stop, arrows move, Enter opens.
 */
import React, { useRef, useState } from 'react';

import { EngineModel } from '../services/engineModel';
import { FunctionState } from '../services/functionState';
import { duration } from '../services/quantities';
import { ConditionGlyph, Glyph } from './glyphs';
import { Quantity } from './quantity';
import { Sparkline } from './sparkline';
import { useTick } from './modelView';
import { useTrans } from './words';

export interface IFunctionListProps {
  model: EngineModel;
  /** The notebook that the user looks at, null for none. */
  notebook: string | null;
  open: (name: string) => void;
}

type Order = 'active' | 'name';

export function FunctionList(props: IFunctionListProps): JSX.Element {
  const trans = useTrans();
  const [filter, setFilter] = useState('');
  const [order, setOrder] = useState<Order>('active');
  const all = [...props.model.functions.values()];
  const isLive = props.model.presence === 'live';
  useTick(1000, isLive && all.some(f => f.lastActive > 0));
  const wanted = filter.trim().toLowerCase();
  const shown = all
    .filter(f => f.name.toLowerCase().includes(wanted))
    .sort(order === 'name' ? byName : byActivity);
  const here = shown.filter(f => isOf(f, props.notebook));
  const elsewhere = shown.filter(f => !isOf(f, props.notebook));
  return (
    <>
      <div className="jp-Lambda-filter">
        <label className="jp-Lambda-input">
          <Glyph shape="search" />
          <input
            type="search"
            value={filter}
            aria-label={trans.__('Filter functions')}
            placeholder={trans._n('Filter %1 function', 'Filter %1 functions', all.length)}
            onChange={event => setFilter(event.target.value)}
          />
        </label>
        <select
          className="jp-Lambda-select"
          aria-label={trans.__('Order')}
          value={order}
          onChange={event => setOrder(event.target.value as Order)}
        >
          <option value="active">{trans.__('active')}</option>
          <option value="name">{trans.__('name')}</option>
        </select>
      </div>
      {shown.length === 0 ? (
        <div className="jp-Lambda-note">
          <span>{trans.__('No function named like «%1».', filter)}</span>
          <button className="jp-Lambda-link" onClick={() => setFilter('')}>
            {trans.__('Clear filter')}
          </button>
        </div>
      ) : (
        <div className={`jp-Lambda-list${isLive ? '' : ' jp-mod-stale'}`}>
          <Group {...props} title={trans.__('In this notebook')} functions={here} />
          <Group
            {...props}
            title={here.length ? trans.__('Elsewhere') : trans.__('Functions')}
            functions={elsewhere}
          />
        </div>
      )}
    </>
  );
}

function Group(
  props: IFunctionListProps & { title: string; functions: FunctionState[] }
): JSX.Element | null {
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  if (props.functions.length === 0) {
    return null;
  }
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const edge = { Home: 0, End: props.functions.length - 1 }[event.key];
    if (step === undefined && edge === undefined) {
      return;
    }
    event.preventDefault();
    const next = edge ?? Math.min(Math.max(current + (step ?? 0), 0), props.functions.length - 1);
    setCurrent(next);
    list.current?.querySelectorAll<HTMLElement>('.jp-Lambda-function')[next]?.focus();
  };
  return (
    <section>
      <h3 className="jp-Lambda-group">
        <span>{props.title}</span>
        <span className="jp-Lambda-number">{props.functions.length}</span>
      </h3>
      <ul className="jp-Lambda-functions" ref={list} onKeyDown={onKey}>
        {props.functions.map((state, index) => (
          <li key={state.name}>
            <Row
              state={state}
              second={props.model.second}
              isStop={index === Math.min(current, props.functions.length - 1)}
              focused={() => setCurrent(index)}
              open={() => props.open(state.name)}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row(props: {
  state: FunctionState;
  second: number;
  isStop: boolean;
  focused: () => void;
  open: () => void;
}): JSX.Element {
  const { state } = props;
  const seconds = state.history.seconds(props.second, 60);
  return (
    <button
      className="jp-Lambda-function"
      data-function={state.name}
      tabIndex={props.isStop ? 0 : -1}
      onFocus={props.focused}
      onClick={props.open}
    >
      <ConditionGlyph condition={state.condition} status={state.records[0]?.status} />
      <span className="jp-Lambda-name">{state.name}</span>
      <News state={state} second={props.second} />
      <span className="jp-Lambda-versionLine">{versionLine(state)}</span>
      <Sparkline seconds={seconds} active={state.alive.length > 0} />
      <Quantity of={duration(state.history.percentile(0.5))} />
    </button>
  );
}

/** What is newest about a function, in two words at most. */
function News(props: { state: FunctionState; second: number }): JSX.Element {
  const trans = useTrans();
  const { state } = props;
  const failures = state.recentFailures(props.second, 60);
  if (state.running.length > 0) {
    return (
      <span className="jp-Lambda-news jp-Lambda-tone-accent">
        {trans._n('%1 running', '%1 running', state.running.length)}
      </span>
    );
  }
  if (failures > 0) {
    return (
      <span className="jp-Lambda-news jp-Lambda-tone-bad">
        {trans._n('%1 failed', '%1 failed', failures)}
      </span>
    );
  }
  if (state.alive.length > 0) {
    return <span className="jp-Lambda-news">{trans._n('%1 env', '%1 env', state.alive.length)}</span>;
  }
  return (
    <span className="jp-Lambda-news jp-Lambda-quiet">
      {state.records.length ? trans.__('at rest') : trans.__('not invoked')}
    </span>
  );
}

export function versionLine(state: FunctionState): string {
  const last = state.detail.versions[state.detail.versions.length - 1];
  const version = last ? `v${last.version}` : '$LATEST';
  return [version, ...state.detail.aliases.map(a => a.name)].join(' · ');
}

function isOf(state: FunctionState, notebook: string | null): boolean {
  const own = state.detail.function.notebook;
  return notebook !== null && own !== null && own.endsWith(notebook);
}

function byName(a: FunctionState, b: FunctionState): number {
  return a.name.localeCompare(b.name);
}

function byActivity(a: FunctionState, b: FunctionState): number {
  return b.lastActive - a.lastActive || byName(a, b);
}
