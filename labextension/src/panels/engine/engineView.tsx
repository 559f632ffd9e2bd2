/**
 * The engine in the main area: what it runs on, what it holds, what really enforces limits, its settings, and stopping it.
 */
import React, { useContext, useEffect, useState } from 'react';

import { EngineError } from '../../api/engineApi';
import { IEngineStatus, IEnvironment, IHostFacts, ISetting } from '../../api/wire';
import { EngineModel } from '../../services/engineModel';
import { count, duration, memory, percent, quantityText } from '../../services/quantities';
import { Deeds } from '../deeds';
import { Enforcement } from '../detail/enforcement';
import { Pane } from '../detail/overview';
import { Facts } from '../facts';
import { Glyph } from '../glyphs';
import { useModel, useTick } from '../redraw';
import { PresenceNote } from '../presence';
import { Quantity } from '../quantity';
import { Gap, useWindow } from '../windowed';
import { stateWord, useTrans } from '../words';
import { BudgetChart, LoadChart } from './machineCharts';

const SLOW_MS = 250;
const ROW = 26;

export interface IEngineViewProps {
  model: EngineModel;
  stop: () => void;
  restart: () => void;
}

export function EngineView(props: IEngineViewProps): JSX.Element {
  const trans = useTrans();
  const { model } = props;
  useModel(model, SLOW_MS);
  const isLive = model.presence === 'live';
  useTick(1000, isLive);
  const { status } = model;
  const readOnly = !isLive || model.isForeign;
  return (
    <>
      <header className="jp-Lambda-detailHead">
        <Glyph shape={isLive ? 'dot' : 'plug'} tone={isLive ? 'accent' : ''} />
        <h1>{trans.__('Lambda engine')}</h1>
        {status ? <span className="jp-Lambda-chip">{trans.__('%1 sandbox', status.sandbox)}</span> : null}
        {status ? <span className="jp-Lambda-chip">{status.version}</span> : null}
        <span className="jp-Lambda-grow" />
        <button className="jp-Lambda-button" disabled={!isLive || !model.mayStart} onClick={props.restart}>
          {trans.__('Restart')}
        </button>
        <button className="jp-Lambda-button" disabled={!isLive} onClick={props.stop}>
          {trans.__('Stop')}
        </button>
      </header>
      <PresenceNote model={model} restart={model.mayStart ? props.restart : undefined} />
      <div className={`jp-Lambda-detailBody${isLive ? '' : ' jp-mod-stale'}`}>
        {status ? <Live {...props} status={status} readOnly={readOnly} /> : null}
      </div>
    </>
  );
}

function Live(props: IEngineViewProps & { status: IEngineStatus; readOnly: boolean }): JSX.Element {
  const trans = useTrans();
  const { model, status } = props;
  const machine = model.machine.latest;
  const uptime = Math.max(0, model.seconds - status.started);
  return (
    <div className="jp-Lambda-overview">
      {status.warnings.map(warning => (
        <div key={warning} className="jp-Lambda-note jp-mod-cold">
          <Glyph shape="warning" tone="cold" />
          <span>{warning}</span>
        </div>
      ))}
      <dl className="jp-Lambda-kpis jp-mod-six">
        <Kpi label={trans.__('Environments')} value={count(status.environments)} aside={trans.__('of all functions')} />
        <Kpi label={trans.__('Running')} value={count(status.running)} aside={trans.__('of %1 at once', count(status.concurrency))} />
        <Kpi label={trans.__('Queued events')} value={count(status.queued_events)} aside={trans.__('kept across restarts')} />
        <Kpi
          label={trans.__('Memory held')}
          value={count(status.budget_used_mib)}
          unit="MB"
          aside={trans.__('of a budget of %1 MB', count(status.budget_mib))}
        />
        <Kpi
          label={trans.__('Processors')}
          value={machine ? percent(machine.cpu_share) : '–'}
          aside={machine ? trans.__('%1 for environments', machine.cpus) : trans.__('of this machine')}
        />
        <Kpi
          label={trans.__('Machine memory')}
          value={machine ? count(machine.memory_used_mib) : '–'}
          unit={machine ? 'MB' : ''}
          aside={machine ? trans.__('of %1 MB', count(machine.memory_mib)) : ''}
        />
      </dl>
      <div className="jp-Lambda-panes">
        <Pane>
          <BudgetChart points={model.machine.points} now={model.seconds} />
        </Pane>
        <Pane>
          <LoadChart points={model.machine.points} now={model.seconds} />
        </Pane>
        <Pane title={trans.__('Environments')} note={trans.__('of all functions')}>
          <AllEnvironments model={model} readOnly={props.readOnly} />
        </Pane>
        <Pane title={trans.__('Sandbox')} note={status.sandbox}>
          {status.sandbox_note ? <p className="jp-Lambda-quiet">{status.sandbox_note}</p> : null}
          <Enforcement rows={status.enforcement} />
        </Pane>
        <Pane title={trans.__('Process')}>
          <dl className="jp-Lambda-facts">
            <dt>{trans.__('Process id')}</dt>
            <dd className="jp-Lambda-number">{status.pid}</dd>
            <dt>{trans.__('Running for')}</dt>
            <dd className="jp-Lambda-number">{quantityText(duration(uptime * 1000))}</dd>
            <dt>{trans.__('Home')}</dt>
            <dd className="jp-Lambda-number">{status.home}</dd>
            <dt>{trans.__('Functions')}</dt>
            <dd className="jp-Lambda-number">{count(model.functions.size)}</dd>
            <dt>{trans.__('Protocol')}</dt>
            <dd className="jp-Lambda-number">{status.protocol}</dd>
          </dl>
          <EngineLog model={model} />
        </Pane>
        <Asked model={model} restart={props.restart} />
      </div>
    </div>
  );
}

function Kpi(props: { label: string; value: string; unit?: string; aside: string }): JSX.Element {
  return (
    <div className="jp-Lambda-kpi">
      <dt>{props.label}</dt>
      <dd>
        <span className="jp-Lambda-kpi-value">
          {props.value}
          <small>{props.unit}</small>
        </span>
        <span className="jp-Lambda-kpi-aside">{props.aside}</span>
      </dd>
    </div>
  );
}

function AllEnvironments(props: { model: EngineModel; readOnly: boolean }): JSX.Element {
  const trans = useTrans();
  const { openFunction } = useContext(Deeds);
  const all: IEnvironment[] = [...props.model.functions.values()].flatMap(f => f.alive);
  all.sort((a, b) => Number(b.state === 'busy') - Number(a.state === 'busy') || b.started - a.started);
  const shown = useWindow(all.length, ROW);
  if (all.length === 0) {
    return <p className="jp-Lambda-quiet">{trans.__('None: the engine waits for a call.')}</p>;
  }
  return (
    <div className="jp-Lambda-window jp-mod-pane" ref={shown.ref}>
      <table className="jp-Lambda-table" aria-rowcount={all.length + 1}>
        <thead>
          <tr>
            <th>{trans.__('function')}</th>
            <th>{trans.__('version')}</th>
            <th>{trans.__('state')}</th>
            <th className="jp-mod-right">{trans.__('calls')}</th>
            <th className="jp-mod-right">{trans.__('held / limit')}</th>
          </tr>
        </thead>
        <tbody>
          <Gap height={shown.above} columns={5} />
          {all.slice(shown.from, shown.to).map(e => (
            <tr key={e.environment_id}>
              <td>
                <button className="jp-Lambda-link" onClick={() => openFunction?.(e.function_name, 'environments')}>
                  {e.function_name}
                </button>
              </td>
              <td className="jp-Lambda-number">{e.version}</td>
              <td className={e.state === 'busy' ? 'jp-Lambda-tone-accent' : ''}>{stateWord(e.state, trans)}</td>
              <td className="jp-Lambda-number jp-mod-right">{count(e.invocations)}</td>
              <td className="jp-mod-right">
                <span className="jp-Lambda-number">{e.held_mib} / </span>
                <Quantity of={memory(e.memory_mib)} />
              </td>
            </tr>
          ))}
          <Gap height={shown.below} columns={5} />
        </tbody>
      </table>
    </div>
  );
}

function EngineLog({ model }: { model: EngineModel }): JSX.Element {
  const trans = useTrans();
  const [log, setLog] = useState<string | null>(null);
  return (
    <>
      <button
        className="jp-Lambda-button"
        onClick={() =>
          void model.api.engineLog().then(setLog, (reason: EngineError) => setLog(reason.message))
        }
      >
        {log === null ? trans.__('Show log') : trans.__('Show its end again')}
      </button>
      {log !== null ? (
        <pre className="jp-Lambda-engineLog" tabIndex={0} aria-label={trans.__('The engine’s log')}>
          {log || trans.__('The log is empty.')}
        </pre>
      ) : null}
    </>
  );
}

/** What is asked for once for each engine, because it changes only with another one. */
function Asked(props: { model: EngineModel; restart: () => void }): JSX.Element {
  const trans = useTrans();
  const { model } = props;
  const [facts, setFacts] = useState<IHostFacts | null>(null);
  const [settings, setSettings] = useState<ISetting[] | null>(null);
  const [fault, setFault] = useState<EngineError | null>(null);
  const engine = model.identity?.id;
  const [asked, ask] = useState(0);
  useEffect(() => {
    let isGone = false;
    const failed = (reason: EngineError): void => {
      if (!isGone) {
        setFault(reason);
      }
    };
    setFault(null);
    void model.api.settings().then(found => isGone || setSettings(found), failed);
    void model.api.doctor().then(found => isGone || setFacts(found), failed);
    return () => {
      isGone = true;
    };
  }, [model, engine, asked]);
  const rows: [string, string][] = facts
    ? [
        [trans.__('System'), facts.system],
        [trans.__('User'), facts.user],
        [trans.__('Memory'), `${count(facts.memory_mib)} MB (${facts.memory_from})`],
        [trans.__('Processors'), `${facts.cpus} (${facts.cpus_from})`],
        [trans.__('Control groups'), facts.cgroup],
        [trans.__('Namespaces'), facts.namespaces],
        [trans.__('Landlock'), facts.landlock ? trans.__('version %1', facts.landlock) : trans.__('none')],
        [trans.__('Docker'), facts.docker.answers ? (facts.docker.version ?? '') : (facts.docker.note ?? trans.__('no answer'))],
        [trans.__('Home'), `${facts.home}, ${facts.home_file_system}`],
        [trans.__('Pythons'), (facts.pythons ?? []).map(p => p.version).join(', ') || '–']
      ]
    : [];
  return (
    <>
      <Pane title={trans.__('This machine')} note={trans.__('what `jupyter lambda doctor` says')}>
        {facts && !facts.docker.answers && model.status?.sandbox === 'process' ? (
          <div className="jp-Lambda-note jp-mod-cold">
            <span className="jp-Lambda-grow">
              <strong>{trans.__('Docker doesn’t answer.')}</strong>{' '}
              {trans.__(
                'Functions run in the process sandbox: it isolates mistakes, not hostile code. To use Docker, start it, then restart the engine.'
              )}
            </span>
            <button className="jp-Lambda-button" onClick={() => ask(asked + 1)}>
              {trans.__('Look again')}
            </button>
            {model.mayStart ? (
              <button className="jp-Lambda-button" onClick={props.restart}>
                {trans.__('Restart')}
              </button>
            ) : null}
          </div>
        ) : null}
        {fault ? (
          <p className="jp-Lambda-note jp-mod-bad" role="alert">
            {fault.message}. {fault.suggestion}
          </p>
        ) : null}
        {facts === null && !fault ? <p className="jp-Lambda-quiet">{trans.__('Looking…')}</p> : null}
        <Facts rows={rows} />
        {(facts?.consequences ?? []).map(sentence => (
          <p key={sentence} className="jp-Lambda-quiet">
            {sentence}
          </p>
        ))}
      </Pane>
      <Pane title={trans.__('Settings')} note={trans.__('read when the engine starts')}>
        <dl className="jp-Lambda-facts">
          {(settings ?? []).map(setting => (
            <React.Fragment key={setting.name}>
              <dt title={setting.description}>{setting.name}</dt>
              <dd>
                <span className="jp-Lambda-number">{setting.value}</span>
                {setting.value === setting.default ? null : (
                  <span className="jp-Lambda-quiet"> {trans.__('default %1', setting.default)}</span>
                )}
                <span className="jp-Lambda-quiet jp-Lambda-settingWords">{setting.description}</span>
              </dd>
            </React.Fragment>
          ))}
        </dl>
      </Pane>
    </>
  );
}
