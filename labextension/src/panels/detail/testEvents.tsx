/**
 * Saved test events: run one or all, see each beside its last run, edit them in the event editor.
 */
import React, { useContext, useEffect, useReducer } from 'react';

import { ISavedTestEvent } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { duration } from '../../services/quantities';
import { ITestState, TestRuns } from '../../services/testRuns';
import { Deeds } from '../deeds';
import { Glyph, StatusGlyph } from '../glyphs';
import { InvokeBox } from '../invokeBox';
import { Quantity } from '../quantity';
import { statusWord, useTrans } from '../words';
import { Pane } from './overview';

/** Runs outlive the tab: coming back to it shows them still. */
const runsOf = new WeakMap<DetailModel, TestRuns>();

const SHOWN_CHARACTERS = 200;

function useRuns(detail: DetailModel): TestRuns {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const runs = runsOf.get(detail) ?? new TestRuns(detail.engine.api, detail.name);
  runsOf.set(detail, runs);
  useEffect(() => {
    runs.changed.connect(redraw);
    return () => {
      runs.changed.disconnect(redraw);
    };
  }, [runs]);
  return runs;
}

export function TestEvents(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { confirm } = useContext(Deeds);
  const { detail, readOnly } = props;
  const runs = useRuns(detail);
  const events = detail.testEvents ?? [];
  const run = (some: readonly ISavedTestEvent[]): void =>
    void runs.run(some, () => crypto.randomUUID());
  const remove = async (event: ISavedTestEvent): Promise<void> => {
    if (await confirm(trans.__('Remove test event «%1»?', event.name), '', trans.__('Remove'))) {
      await detail.act(() => detail.engine.api.deleteTestEvent(detail.name, event.name));
    }
  };
  return (
    <div className="jp-Lambda-two">
      <section>
        <div className="jp-Lambda-row">
          <button
            className="jp-Lambda-button jp-mod-primary"
            disabled={readOnly || events.length === 0 || runs.isRunning}
            onClick={() => run(events)}
          >
            <Glyph shape="play" /> {trans.__('Run all')}
          </button>
          <span className="jp-Lambda-quiet">
            {trans._n('%1 test event, on $LATEST', '%1 test events, on $LATEST', events.length)}
          </span>
        </div>
        {events.length === 0 ? (
          <p className="jp-Lambda-quiet">
            {trans.__('None is saved yet: write an event, and keep it under a name.')}
          </p>
        ) : (
          <div className="jp-Lambda-scrolls">
            <table className="jp-Lambda-table" aria-live="polite">
              <thead>
                <tr>
                  <th>{trans.__('name')}</th>
                  <th>{trans.__('last run')}</th>
                  <th className="jp-mod-right">{trans.__('duration')}</th>
                  <th>{trans.__('against the run before')}</th>
                  <th>
                    <span className="jp-Lambda-hidden">{trans.__('deeds')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {events.map(event => (
                  <Row
                    key={event.name}
                    event={event}
                    state={runs.of(event)}
                    readOnly={readOnly}
                    run={() => run([event])}
                    edit={() => detail.setDraft(event.event, `saved:${event.name}`)}
                    remove={() => void remove(event)}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <section>
        <Pane title={trans.__('Event')}>
          <InvokeBox detail={detail} disabled={readOnly} />
        </Pane>
      </section>
    </div>
  );
}

function Row(props: {
  event: ISavedTestEvent;
  state: ITestState;
  readOnly: boolean;
  run: () => void;
  edit: () => void;
  remove: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { event, state } = props;
  const { last, before, fault } = state;
  return (
    <tr data-test-event={event.name}>
      <td className="jp-Lambda-number" title={event.event.slice(0, SHOWN_CHARACTERS)}>
        {event.name}
      </td>
      <td title={last?.payload.slice(0, SHOWN_CHARACTERS)}>
        {state.isRunning ? (
          <>
            <StatusGlyph status="running" /> {trans.__('Running')}
          </>
        ) : fault ? (
          <span className="jp-Lambda-tone-bad">{fault.message}</span>
        ) : last ? (
          <>
            <StatusGlyph status={last.record.status} /> {statusWord(last.record.status, trans)}
          </>
        ) : (
          <span className="jp-Lambda-quiet">{trans.__('not run')}</span>
        )}
      </td>
      <td className="jp-mod-right">{last ? <Quantity of={duration(last.record.duration_ms ?? 0)} /> : '–'}</td>
      <td>
        {last && before
          ? last.payload === before.payload
            ? trans.__('same result')
            : trans.__('another result')
          : ''}
      </td>
      <td>
        <span className="jp-Lambda-lifeEnd">
          <button
            className="jp-Lambda-button"
            disabled={props.readOnly || state.isRunning}
            aria-label={trans.__('Run test event %1', event.name)}
            onClick={props.run}
          >
            <Glyph shape="play" /> {trans.__('Run')}
          </button>
          <button className="jp-Lambda-link" aria-label={trans.__('Edit test event %1', event.name)} onClick={props.edit}>
            {trans.__('Edit')}
          </button>
          <button
            className="jp-Lambda-link"
            disabled={props.readOnly}
            aria-label={trans.__('Remove test event %1', event.name)}
            onClick={props.remove}
          >
            {trans.__('Remove')}
          </button>
        </span>
      </td>
    </tr>
  );
}
