/**
 * The panel's list: two lines a function, what is active first. One tab stop, arrows move, Enter opens. Of hundreds of functions,
 * those that can be seen are in the page.
 */
import React, { useEffect, useRef, useState } from 'react';

import { EngineModel } from '../services/engineModel';
import { FunctionState } from '../services/functionState';
import { duration } from '../services/quantities';
import { ConditionGlyph, Glyph } from './glyphs';
import { useTick } from './redraw';
import { Quantity } from './quantity';
import { Sparkline } from './sparkline';
import { useWindow } from './windowed';
import { useTrans } from './words';

export type Order = 'active' | 'name';

export interface IFunctionListProps {
  model: EngineModel;
  /** The notebook that the user looks at, null for none. */
  notebook: string | null;
  state: { filter: string; order: Order };
  change: (state: { filter: string; order: Order }) => void;
  open: (name: string) => void;
}

/** A row's height in grid pixels, as panel.css has it; heads of groups have the same. */
const ROW = 48;

type Item = { head: string; count: number } | FunctionState;

export function FunctionList(props: IFunctionListProps): JSX.Element {
  const trans = useTrans();
  const { filter, order } = props.state;
  const all = [...props.model.functions.values()];
  const isLive = props.model.presence === 'live';
  useTick(1000, isLive && all.some(f => f.lastActive > 0));
  const wanted = filter.trim().toLowerCase();
  const shown = all
    .filter(f => f.name.toLowerCase().includes(wanted))
    .sort(order === 'name' ? byName : byActivity);
  const here = shown.filter(f => isOf(f, props.notebook));
  const elsewhere = shown.filter(f => !isOf(f, props.notebook));
  const items: Item[] = [
    ...(here.length ? [{ head: trans.__('In this notebook'), count: here.length }, ...here] : []),
    ...(elsewhere.length
      ? [{ head: here.length ? trans.__('Elsewhere') : trans.__('Functions'), count: elsewhere.length }, ...elsewhere]
      : [])
  ];
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
            onChange={event => props.change({ filter: event.target.value, order })}
          />
        </label>
        <select
          className="jp-Lambda-select"
          aria-label={trans.__('Order')}
          value={order}
          onChange={event => props.change({ filter, order: event.target.value as Order })}
        >
          <option value="active">{trans.__('active')}</option>
          <option value="name">{trans.__('name')}</option>
        </select>
      </div>
      {shown.length === 0 ? (
        <div className="jp-Lambda-body">
          <div className="jp-Lambda-note">
            <span>{trans.__('No function named like «%1».', filter)}</span>
            <button className="jp-Lambda-link" onClick={() => props.change({ filter: '', order })}>
              {trans.__('Clear filter')}
            </button>
          </div>
        </div>
      ) : (
        <Rows items={items} isLive={isLive} second={props.model.second} open={props.open} />
      )}
    </>
  );
}

function Rows(props: {
  items: Item[];
  isLive: boolean;
  second: number;
  open: (name: string) => void;
}): JSX.Element {
  const { items } = props;
  const list = useRef<HTMLUListElement>(null);
  const shown = useWindow(items.length, ROW);
  const [current, setCurrent] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const functions = items.filter((item): item is FunctionState => item instanceof FunctionState);
  const stop = functions.some(f => f.name === current) ? current : functions[0].name;
  useEffect(() => {
    // The row that an arrow led to may have come into the page just now.
    if (wanted.current !== null) {
      const rows = list.current?.querySelectorAll<HTMLElement>('[data-function]') ?? [];
      const row = [...rows].find(r => r.dataset['function'] === wanted.current);
      if (row) {
        wanted.current = null;
        row.focus();
      }
    }
  });
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const edge = { Home: 0, End: functions.length - 1 }[event.key];
    if (step === undefined && edge === undefined) {
      return;
    }
    event.preventDefault();
    const at = functions.findIndex(f => f.name === stop);
    const next = functions[edge ?? Math.min(Math.max(at + (step ?? 0), 0), functions.length - 1)];
    wanted.current = next.name;
    setCurrent(next.name);
    const index = items.indexOf(next);
    const scroller = list.current?.parentElement;
    if (scroller && (index < shown.from || index >= shown.to)) {
      scroller.scrollTop = (index / items.length) * scroller.scrollHeight;
    }
  };
  return (
    <div className={`jp-Lambda-body${props.isLive ? '' : ' jp-mod-stale'}`} ref={shown.ref}>
      <ul className="jp-Lambda-functions" ref={list} onKeyDown={onKey}>
        {shown.above > 0 ? <li aria-hidden="true" style={{ height: shown.above }} /> : null}
        {items.slice(shown.from, shown.to).map(item =>
          item instanceof FunctionState ? (
            <li key={item.name}>
              <Row
                state={item}
                second={props.second}
                isStop={item.name === stop}
                focused={() => setCurrent(item.name)}
                open={() => props.open(item.name)}
              />
            </li>
          ) : (
            <li key={`head ${item.head}`} className="jp-Lambda-group">
              <h3>{item.head}</h3>
              <span className="jp-Lambda-number">{item.count}</span>
            </li>
          )
        )}
        {shown.below > 0 ? <li aria-hidden="true" style={{ height: shown.below }} /> : null}
      </ul>
    </div>
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
