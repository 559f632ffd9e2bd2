/**
 * A function in the main area: its head, the tabs, what stands out, and one tab's content.
 */
import React, { useContext, useEffect, useRef } from 'react';

import { IInvocationRecord } from '../../api/wire';
import { DetailModel, Need } from '../../services/detailModel';
import { Deeds } from '../deeds';
import { versionLine } from '../functionList';
import { ConditionGlyph } from '../glyphs';
import { LogView } from '../logView';
import { Notices } from '../notices';
import { PresenceNote } from '../presence';
import { useDetail } from '../redraw';
import { useTrans } from '../words';
import { Configuration } from './configuration';
import { Environments } from './environments';
import { Invocations, Kind } from './invocations';
import { Overview } from './overview';
import { Scaling } from './scaling';
import { TestEvents } from './testEvents';
import { Versions } from './versions';

export type Tab =
  | 'overview'
  | 'invocations'
  | 'logs'
  | 'scaling'
  | 'versions'
  | 'configuration'
  | 'tests'
  | 'environments';

const TABS: readonly Tab[] = [
  'overview',
  'invocations',
  'logs',
  'scaling',
  'versions',
  'environments',
  'configuration',
  'tests'
];

const NEEDS: { [tab in Tab]?: Need } = {
  overview: 'metrics',
  versions: 'metrics',
  invocations: 'records',
  logs: 'logs'
};

export function isTab(value: unknown): value is Tab {
  return TABS.includes(value as Tab);
}

/** Charts are drawn less often than lists, and lists that nobody can read any more as rarely. */
const SLOW_MS = 250;
const READABLE_A_SECOND = 20;

function isSlow(detail: DetailModel, tab: Tab): boolean {
  const { state, engine } = detail;
  return (
    tab === 'overview' ||
    tab === 'scaling' ||
    (state?.history.seconds(engine.second - 1, 1)[0].invocations ?? 0) > READABLE_A_SECOND
  );
}

export function DetailView(props: {
  detail: DetailModel;
  tab: Tab;
  show: (tab: Tab) => void;
  kind: Kind;
  showKind: (kind: Kind) => void;
}): JSX.Element {
  const trans = useTrans();
  const { openCell } = useContext(Deeds);
  const { detail, tab } = props;
  useDetail(detail, isSlow(detail, tab) ? SLOW_MS : 0);
  const need = NEEDS[tab];
  const isLive = detail.engine.presence === 'live';
  useEffect(() => {
    if (need && isLive) {
      detail.need(need, true);
      return () => detail.need(need, false);
    }
    return undefined;
  }, [detail, need, isLive]);
  const state = detail.state;
  const readOnly = !isLive || detail.engine.isForeign;
  if (!state) {
    return (
      <>
        <PresenceNote model={detail.engine} />
        {isLive ? (
          <p className="jp-Lambda-gone">
            {trans.__('There is no function «%1».', detail.name)}
          </p>
        ) : null}
      </>
    );
  }
  return (
    <>
      <header className="jp-Lambda-detailHead">
        <ConditionGlyph condition={state.condition} status={state.records[0]?.status} />
        <h1>{state.name}</h1>
        <span className="jp-Lambda-chip">{versionLine(state)}</span>
        <span className="jp-Lambda-chip">
          {state.detail.function.latest.configuration.memory_mib} MB
        </span>
        <span className="jp-Lambda-chip">
          {state.detail.function.latest.configuration.timeout_seconds} s
        </span>
        <span className="jp-Lambda-grow" />
        <span className="jp-Lambda-quiet">{isLive ? trans.__('live') : trans.__('not live')}</span>
        {openCell ? (
          <button className="jp-Lambda-button" onClick={() => openCell(detail.name)}>
            {trans.__('Open cell')}
          </button>
        ) : null}
      </header>
      <TabRow tab={tab} show={props.show} />
      <PresenceNote model={detail.engine} />
      <Notices detail={detail} />
      <div
        className={`jp-Lambda-detailBody${isLive ? '' : ' jp-mod-stale'}`}
        role="tabpanel"
        aria-label={tabWord(tab, trans.__.bind(trans))}
        tabIndex={-1}
      >
        {tab === 'invocations' ? (
          <Invocations detail={detail} readOnly={readOnly} kind={props.kind} showKind={props.showKind} />
        ) : (
          content(detail, tab, readOnly, record => {
            props.show('invocations');
            void detail.select(record);
          })
        )}
      </div>
    </>
  );
}

function content(
  detail: DetailModel,
  tab: Tab,
  readOnly: boolean,
  open: (record: IInvocationRecord) => void
): JSX.Element {
  switch (tab) {
    case 'logs':
      return <LogView events={detail.logs} />;
    case 'scaling':
      return <Scaling detail={detail} readOnly={readOnly} />;
    case 'versions':
      return <Versions detail={detail} readOnly={readOnly} />;
    case 'configuration':
      return <Configuration detail={detail} readOnly={readOnly} />;
    case 'tests':
      return <TestEvents detail={detail} readOnly={readOnly} />;
    case 'environments':
      return <Environments detail={detail} readOnly={readOnly} />;
    default:
      return <Overview detail={detail} open={open} />;
  }
}

/** Tabs by arrows, as ARIA has it. */
function TabRow(props: { tab: Tab; show: (tab: Tab) => void }): JSX.Element {
  const trans = useTrans();
  const row = useRef<HTMLDivElement>(null);
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const index = (TABS.indexOf(props.tab) + step + TABS.length) % TABS.length;
      props.show(TABS[index]);
      row.current?.querySelectorAll('button')[index]?.focus();
    }
  };
  return (
    <div className="jp-Lambda-tabs" role="tablist" ref={row} onKeyDown={onKey}>
      {TABS.map(tab => (
        <button
          key={tab}
          role="tab"
          data-tab={tab}
          aria-selected={tab === props.tab}
          tabIndex={tab === props.tab ? 0 : -1}
          onClick={() => props.show(tab)}
        >
          {tabWord(tab, trans.__.bind(trans))}
        </button>
      ))}
    </div>
  );
}

function tabWord(tab: Tab, say: (text: string) => string): string {
  switch (tab) {
    case 'invocations':
      return say('Invocations');
    case 'logs':
      return say('Logs');
    case 'scaling':
      return say('Scaling');
    case 'versions':
      return say('Versions & aliases');
    case 'configuration':
      return say('Configuration');
    case 'tests':
      return say('Test events');
    case 'environments':
      return say('Environments');
    default:
      return say('Overview');
  }
}
