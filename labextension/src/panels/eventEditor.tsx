/**
 * An event as JSON: taken from a saved one or a template, checked while it is written, kept under a name on a click.
 */
import React, { useEffect, useRef, useState } from 'react';

import { DetailModel } from '../services/detailModel';
import { EVENT_TEMPLATES, templateText } from '../services/eventTemplates';
import { IJsonFault, jsonFault } from '../services/jsonFault';
import { useTrans } from './words';

/** What AWS's console takes for a name. */
const NAME = /^[A-Za-z0-9._-]{1,25}$/;
const ROWS_MIN = 4;
const ROWS_MAX = 12;
const SAVED = 'saved:';
const TEMPLATE = 'template:';

export interface IEventEditorProps {
  detail: DetailModel;
  disabled: boolean;
  /** Ctrl or Cmd and Enter. */
  send: () => void;
}

export function EventEditor(props: IEventEditorProps): JSX.Element {
  const { detail, disabled } = props;
  const isLive = detail.engine.presence === 'live';
  useEffect(() => {
    if (!isLive) {
      return undefined;
    }
    detail.need('test-events', true);
    return () => detail.need('test-events', false);
  }, [detail, isLive]);
  return (
    <>
      <Source detail={detail} disabled={disabled} />
      <JsonText
        text={detail.draft.text}
        setText={text => detail.setDraft(text, detail.draft.from)}
        send={props.send}
      />
    </>
  );
}

/** Where an event comes from: saved ones and templates in one list; saving and removing beside it. */
function Source(props: { detail: DetailModel; disabled: boolean }): JSX.Element {
  const trans = useTrans();
  const { detail, disabled } = props;
  const [isNaming, setNaming] = useState(false);
  const saved = detail.testEvents ?? [];
  const { from, text } = detail.draft;
  const own = from.startsWith(SAVED) ? from.slice(SAVED.length) : null;
  const isChanged = own !== null && saved.find(e => e.name === own)?.event !== text;
  const take = (value: string): void => {
    const event = saved.find(e => SAVED + e.name === value)?.event;
    const template = EVENT_TEMPLATES.find(t => TEMPLATE + t.id === value);
    if (event !== undefined) {
      detail.setDraft(event, value);
    } else if (template) {
      detail.setDraft(templateText(template), value);
    } else {
      detail.setDraft('{}', '');
    }
  };
  const save = async (name: string): Promise<void> => {
    const done = await detail.act(() => detail.engine.api.putTestEvent(detail.name, name, text));
    if (done) {
      detail.setDraft(text, SAVED + name);
      setNaming(false);
    }
  };
  if (isNaming) {
    return (
      <NameField
        name={own ?? ''}
        save={name => void save(name)}
        cancel={() => setNaming(false)}
      />
    );
  }
  return (
    <div className="jp-Lambda-row">
      <select
        className="jp-Lambda-select jp-Lambda-grow"
        aria-label={trans.__('Saved test events and templates')}
        value={from}
        onChange={event => take(event.target.value)}
      >
        <option value="">{trans.__('New event')}</option>
        {saved.length > 0 ? (
          <optgroup label={trans.__('Saved')}>
            {saved.map(e => (
              <option key={e.name} value={SAVED + e.name}>
                {e.name}
              </option>
            ))}
          </optgroup>
        ) : null}
        <optgroup label={trans.__('Templates')}>
          {EVENT_TEMPLATES.map(t => (
            <option key={t.id} value={TEMPLATE + t.id}>
              {t.title}
            </option>
          ))}
        </optgroup>
      </select>
      {isChanged ? (
        <button
          className="jp-Lambda-button"
          disabled={disabled || jsonFault(text) !== null}
          onClick={() => void save(own)}
        >
          {trans.__('Save')}
        </button>
      ) : null}
      <button
        className="jp-Lambda-button"
        title={trans.__('Keep this event with the function')}
        disabled={disabled || jsonFault(text) !== null}
        onClick={() => setNaming(true)}
      >
        {trans.__('Save as…')}
      </button>
      {own !== null && !isChanged ? (
        <button
          className="jp-Lambda-button"
          aria-label={trans.__('Remove test event %1', own)}
          disabled={disabled}
          onClick={() => {
            void detail.act(() => detail.engine.api.deleteTestEvent(detail.name, own));
            detail.setDraft(text, '');
          }}
        >
          {trans.__('Remove')}
        </button>
      ) : null}
    </div>
  );
}

function NameField(props: {
  name: string;
  save: (name: string) => void;
  cancel: () => void;
}): JSX.Element {
  const trans = useTrans();
  const [name, setName] = useState(props.name);
  const isName = NAME.test(name);
  const save = (): void => {
    if (isName) {
      props.save(name);
    }
  };
  return (
    <div
      className="jp-Lambda-row"
      role="group"
      aria-label={trans.__('Save the test event')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          props.cancel();
        }
      }}
    >
      <label className="jp-Lambda-input jp-Lambda-grow">
        <input
          autoFocus
          aria-label={trans.__('Name of the test event')}
          aria-invalid={name !== '' && !isName}
          placeholder={trans.__('Name: letters, digits, . - _')}
          maxLength={25}
          value={name}
          onChange={event => setName(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              event.preventDefault();
              save();
            }
          }}
        />
      </label>
      <button className="jp-Lambda-button jp-mod-primary" disabled={!isName} onClick={save}>
        {trans.__('Save')}
      </button>
      <button className="jp-Lambda-button" onClick={props.cancel}>
        {trans.__('Cancel')}
      </button>
    </div>
  );
}

/** Text with line numbers; the line that is no JSON is marked, and said below. */
function JsonText(props: {
  text: string;
  setText: (text: string) => void;
  send: () => void;
}): JSX.Element {
  const trans = useTrans();
  const gutter = useRef<HTMLDivElement>(null);
  const lines = props.text.split('\n').length;
  const fault = jsonFault(props.text);
  return (
    <>
      <div className="jp-Lambda-eventBox">
        <div className="jp-Lambda-gutter" ref={gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, i) => (
            <div key={i} className={fault?.line === i + 1 ? 'jp-mod-bad' : ''}>
              {i + 1}
            </div>
          ))}
        </div>
        <textarea
          className="jp-Lambda-event"
          aria-label={trans.__('Event, as JSON')}
          aria-invalid={fault !== null}
          spellCheck={false}
          wrap="off"
          rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, lines))}
          value={props.text}
          onChange={event => props.setText(event.target.value)}
          onScroll={event => {
            if (gutter.current) {
              gutter.current.scrollTop = event.currentTarget.scrollTop;
            }
          }}
          onKeyDown={event => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              event.stopPropagation();
              props.send();
            }
          }}
        />
      </div>
      {fault ? (
        <p className="jp-Lambda-tone-bad jp-Lambda-fault" role="status">
          {faultText(fault, trans.__('Line'))}
        </p>
      ) : null}
    </>
  );
}

function faultText(fault: IJsonFault, word: string): string {
  return fault.line ? `${word} ${fault.line}: ${fault.message}` : fault.message;
}
