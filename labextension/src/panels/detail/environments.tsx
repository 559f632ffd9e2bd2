/**
 * Each execution environment on a time line: init, busy, idle, frozen, and how it ended. One that is chosen shows its figures.
 */
import React, { useContext, useEffect, useReducer, useState } from 'react';

import { IEnvironmentLife } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { EnvironmentLives, LIVES_SECONDS } from '../../services/environmentLives';
import { cpuShare } from '../../services/memoryScale';
import { clockTime, count, duration, memory } from '../../services/quantities';
import { Look, bars } from '../../services/timeLine';
import { Deeds } from '../deeds';
import { Glyph } from '../glyphs';
import { useTick } from '../redraw';
import { Quantity } from '../quantity';
import { Gap, useWindow } from '../windowed';
import { stateWord, useTrans, whyWord } from '../words';
import { Enforcement } from './enforcement';
import { Pane } from './overview';

const LOOKS: { [look in Look]: string } = {
  init: 'jp-Lambda-hatch-cold',
  busy: 'jp-Lambda-fill-busy',
  idle: 'jp-Lambda-fill-idle',
  frozen: 'jp-Lambda-fill-frozen'
};

const ROW = 28;

type Kind = 'all' | 'alive' | 'ended';

export function useLives(detail: DetailModel, isLive: boolean): EnvironmentLives | null {
  const [lives, setLives] = useState<EnvironmentLives | null>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!isLive) {
      return undefined;
    }
    const made = new EnvironmentLives({
      engine: detail.engine,
      name: detail.name,
      later: (callback, ms) => {
        const timer = window.setTimeout(callback, ms);
        return () => window.clearTimeout(timer);
      }
    });
    made.changed.connect(redraw);
    setLives(made);
    return () => made.dispose();
  }, [detail, isLive]);
  return lives;
}

export function Environments(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { confirm } = useContext(Deeds);
  const { detail, readOnly } = props;
  const isLive = detail.engine.presence === 'live';
  const lives = useLives(detail, isLive);
  const [kind, setKind] = useState<Kind>('all');
  const [span, setSpan] = useState(60);
  const [chosen, setChosen] = useState<string | null>(null);
  useTick(1000, isLive);
  const state = detail.state;
  const all = lives?.lives ?? [];
  const found = all.filter(l =>
    kind === 'all' ? true : (l.environment.ended === null) === (kind === 'alive')
  );
  const shown = useWindow(found.length, ROW);
  if (!state) {
    return null;
  }
  const selected = all.find(l => l.environment.environment_id === chosen);
  const alive = all.filter(l => l.environment.ended === null).length;
  const end = async (life: IEnvironmentLife): Promise<void> => {
    const { environment } = life;
    const isBusy = environment.state === 'busy';
    if (
      !isBusy ||
      (await confirm(
        trans.__('End a busy environment?'),
        trans.__('The call that runs in it fails.'),
        trans.__('End')
      ))
    ) {
      await detail.act(() => detail.engine.api.endEnvironment(environment.environment_id));
    }
  };
  const own = state.detail.enforcement;
  const enforcement = own?.length ? own : (detail.engine.status?.enforcement ?? []);
  const to = detail.engine.seconds;
  const from = to - span;
  return (
    <div className="jp-Lambda-environments">
      <div className="jp-Lambda-row">
        <span className="jp-Lambda-legend">
          {(
            [
              ['init', trans.__('init')],
              ['busy', trans.__('busy')],
              ['idle', trans.__('idle')],
              ['frozen', trans.__('frozen')]
            ] as const
          ).map(([look, word]) => (
            <span key={look}>
              <i className={`jp-Lambda-sign ${LOOKS[look]}`} aria-hidden="true" />
              {word}
            </span>
          ))}
        </span>
        <span className="jp-Lambda-grow" />
        <Segments
          label={trans.__('Show')}
          value={kind}
          choose={setKind}
          options={[
            ['all', `${trans.__('All')} ${all.length}`],
            ['alive', `${trans.__('Alive')} ${alive}`],
            ['ended', `${trans.__('Ended')} ${all.length - alive}`]
          ]}
        />
        <Segments
          label={trans.__('Time shown')}
          value={span}
          choose={setSpan}
          options={[
            [60, trans.__('1 min')],
            [300, trans.__('5 min')],
            [LIVES_SECONDS, trans.__('10 min')]
          ]}
        />
      </div>
      {lives?.fault ? (
        <p className="jp-Lambda-note jp-mod-bad" role="alert">
          {lives.fault.message}. {lives.fault.suggestion}
        </p>
      ) : null}
      {found.length === 0 ? (
        <p className="jp-Lambda-quiet">
          {trans.__(
            'No environment exists until the first call (scale from zero), and idle ones end after a while.'
          )}
        </p>
      ) : (
        <div
          className="jp-Lambda-window"
          ref={shown.ref}
          style={{ height: `calc(${(found.length + 1) * (ROW + 1)} * var(--u))` }}
        >
          <table className="jp-Lambda-table jp-Lambda-lives" aria-rowcount={found.length + 1}>
            <thead>
              <tr>
                <th className="jp-Lambda-lifeName">{trans.__('environment')}</th>
                <th className="jp-Lambda-versionColumn">{trans.__('version')}</th>
                <th className="jp-mod-right jp-Lambda-memoryColumn">{trans.__('held / limit')}</th>
                <th className="jp-Lambda-lifeLine">
                  <span className="jp-Lambda-lifeScale">
                    {[from, from + span / 2, to].map(time => (
                      <span key={time}>{clockTime(time).slice(0, 8)}</span>
                    ))}
                  </span>
                </th>
                <th className="jp-Lambda-lifeWords">{trans.__('now, or how it ended')}</th>
              </tr>
            </thead>
            <tbody>
              <Gap height={shown.above} columns={5} />
              {found.slice(shown.from, shown.to).map(life => (
                <Row
                  key={life.environment.environment_id}
                  life={life}
                  from={from}
                  to={to}
                  isChosen={life === selected}
                  isOlder={state.older.some(e => e.environment_id === life.environment.environment_id)}
                  choose={() => setChosen(life.environment.environment_id)}
                  end={readOnly ? null : () => void end(life)}
                />
              ))}
              <Gap height={shown.below} columns={5} />
            </tbody>
          </table>
        </div>
      )}
      <div className="jp-Lambda-panes">
        {selected ? <Facts life={selected} /> : null}
        <Pane title={trans.__('Limits, and what holds them')}>
          <Enforcement rows={enforcement} />
        </Pane>
      </div>
    </div>
  );
}

export function Segments<T extends string | number>(props: {
  label: string;
  value: T;
  choose: (value: T) => void;
  options: readonly (readonly [T, string])[];
}): JSX.Element {
  return (
    <span className="jp-Lambda-segments" role="group" aria-label={props.label}>
      {props.options.map(([value, word]) => (
        <button key={value} aria-pressed={props.value === value} onClick={() => props.choose(value)}>
          {word}
        </button>
      ))}
    </span>
  );
}

function Row(props: {
  life: IEnvironmentLife;
  from: number;
  to: number;
  isChosen: boolean;
  isOlder: boolean;
  choose: () => void;
  end: (() => void) | null;
}): JSX.Element {
  const trans = useTrans();
  const { life, from, to } = props;
  const { environment: e, spans } = life;
  const drawn = bars(spans, from, e.ended ?? to, 1 / 400).map(bar => {
    // Drawn up to the end of the life, on a line that goes up to now.
    const share = ((e.ended ?? to) - from) / (to - from);
    return { ...bar, at: bar.at * share, width: bar.width * share };
  });
  const short = e.environment_id.slice(0, 8);
  const words = drawn
    .map(bar => `${stateWord(bar.look, trans)}${bar.calls ? ` ${trans._n('%1 call', '%1 calls', bar.calls)}` : ''}`)
    .slice(-6)
    .join(', ');
  return (
    <tr
      className={`${props.isChosen ? 'jp-mod-selected' : ''} ${e.ended === null ? '' : 'jp-mod-ended'} jp-mod-clickable`}
      data-environment={e.environment_id}
      onClick={props.choose}
    >
      <td>
        <button className="jp-Lambda-link jp-Lambda-number" aria-pressed={props.isChosen} onClick={props.choose}>
          {short}
        </button>
      </td>
      <td className="jp-Lambda-number">{e.version}</td>
      <td className="jp-mod-right">
        <span className="jp-Lambda-number">{e.held_mib} / </span>
        <Quantity of={memory(e.memory_mib)} />
      </td>
      <td className="jp-Lambda-lifeLine">
        <span className="jp-Lambda-track" role="img" aria-label={trans.__('Latest: %1', words || trans.__('nothing in this time'))}>
          {drawn.map((bar, index) => (
            <i
              key={index}
              className={LOOKS[bar.look]}
              style={{ left: `${bar.at * 100}%`, width: `${bar.width * 100}%` }}
              title={bar.why ? whyWord(bar.why, trans) : undefined}
            />
          ))}
          {drawn
            .filter(bar => bar.why)
            .map((bar, index) => (
              <span key={index} className="jp-Lambda-lifeMark" style={{ left: `${(bar.at + bar.width) * 100}%` }}>
                <WhyGlyph why={bar.why} />
              </span>
            ))}
          {e.ended !== null && e.ended > from ? (
            <span className="jp-Lambda-lifeMark" style={{ left: `${((e.ended - from) / (to - from)) * 100}%` }}>
              <Glyph shape="square" />
            </span>
          ) : null}
        </span>
      </td>
      <td>
        <span className="jp-Lambda-lifeEnd">
          {e.ended === null ? (
            <>
              <strong className={e.state === 'busy' ? 'jp-Lambda-tone-accent' : ''}>{stateWord(e.state, trans)}</strong>
              <span className="jp-Lambda-quiet">{trans._n('%1 call', '%1 calls', e.invocations)}</span>
              {props.isOlder ? <span className="jp-Lambda-chip jp-mod-cold">{trans.__('older setting')}</span> : null}
              <span className="jp-Lambda-grow" />
              <button
                className="jp-Lambda-button"
                disabled={props.end === null}
                aria-label={trans.__('End environment %1', short)}
                onClick={event => {
                  event.stopPropagation();
                  props.end?.();
                }}
              >
                {trans.__('End')}
              </button>
            </>
          ) : (
            <span title={e.reason}>
              <strong>{trans.__('ended')}</strong> <span className="jp-Lambda-quiet">{e.reason}</span>
            </span>
          )}
        </span>
      </td>
    </tr>
  );
}

function WhyGlyph({ why }: { why: string }): JSX.Element {
  const trans = useTrans();
  const shapes: { [why: string]: string } = { 'out-of-memory': 'memory', 'timed-out': 'clock', cancelled: 'square', killed: 'square' };
  return <Glyph shape={shapes[why] ?? 'cross'} tone={shapes[why] === 'square' ? '' : 'bad'} title={whyWord(why, trans)} />;
}

function Facts({ life }: { life: IEnvironmentLife }): JSX.Element {
  const trans = useTrans();
  const { environment: e } = life;
  const rows: [string, React.ReactNode][] = [
    [trans.__('Started'), clockTime(e.started)],
    [trans.__('Init'), <Quantity key="init" of={duration(e.init_ms)} />],
    [trans.__('Calls'), count(e.invocations)],
    [trans.__('CPU share'), `${cpuShare(e.memory_mib).toFixed(2)} vCPU`],
    [trans.__('Holds'), <Quantity key="held" of={memory(e.held_mib)} />],
    [trans.__('Process'), e.pid === null ? '–' : String(e.pid)],
    [trans.__('Sandbox'), e.sandbox]
  ];
  return (
    <Pane title={trans.__('Environment')} note={e.environment_id}>
      <dl className="jp-Lambda-facts">
        {rows.map(([label, value]) => (
          <React.Fragment key={label}>
            <dt>{label}</dt>
            <dd className="jp-Lambda-number">{value}</dd>
          </React.Fragment>
        ))}
      </dl>
    </Pane>
  );
}
