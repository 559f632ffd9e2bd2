/**
 * What two versions differ in: sources side by side, configuration, captured values; and whether it made a difference.
 */
import React, { useContext, useEffect, useRef, useState } from 'react';

import { IVersion } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { UNKNOWN, count, duration, percent, quantityText } from '../../services/quantities';
import { ENOUGH, versionFigures } from '../../services/versionFigures';
import { Languages } from '../editors';
import { useTrans } from '../words';
import { Pane } from './overview';

/** A version's choice in a list. */
export function VersionSelect(props: {
  label: string;
  value: string;
  names: readonly string[];
  disabled?: boolean;
  choose: (name: string) => void;
}): JSX.Element {
  return (
    <select
      className="jp-Lambda-select"
      aria-label={props.label}
      value={props.value}
      disabled={props.disabled}
      onChange={event => props.choose(event.target.value)}
    >
      {props.names.map(name => (
        <option key={name} value={name}>
          {name === '$LATEST' || name === '' ? name : `v${name}`}
        </option>
      ))}
    </select>
  );
}

export function Compare(props: {
  detail: DetailModel;
  names: string[];
  /** Null until the reader chose: the newest two. */
  before: string | null;
  after: string | null;
  choose: (before: string, after: string) => void;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail, names } = props;
  const state = detail.state;
  const find = (name: string): IVersion | undefined =>
    [state?.detail.function.latest, ...(state?.detail.versions ?? [])].find(v => v?.version === name);
  // The newest two versions; where there is one, it against what is set now.
  const [newest, previous] = names.length > 2 ? [names[1], names[2]] : [names[0], names[names.length - 1]];
  const after = find(props.after ?? '') ?? find(newest);
  const before = find(props.before ?? '') ?? find(previous);
  const revision = `${before?.revision_id} ${after?.revision_id}`;
  useEffect(() => {
    if (before && after && before !== after) {
      void detail.compare(before.version, after.version);
    }
  }, [detail, before?.version, after?.version, revision]);
  if (!before || !after) {
    return null;
  }
  const { difference } = detail;
  const isAnswer = difference?.before === before.version && difference.after === after.version;
  const changes = isAnswer ? Object.entries(difference.configuration) : [];
  const captured = isAnswer ? Object.keys(difference.captured ?? {}) : [];
  return (
    <>
      <div className="jp-Lambda-row">
        <VersionSelect
          label={trans.__('Before')}
          value={before.version}
          names={names}
          choose={name => props.choose(name, after.version)}
        />
        <span>{trans.__('against')}</span>
        <VersionSelect
          label={trans.__('After')}
          value={after.version}
          names={names}
          choose={name => props.choose(before.version, name)}
        />
        <span className="jp-Lambda-grow" />
        <span className="jp-Lambda-quiet">
          {before.source === after.source ? trans.__('the sources are equal') : ''}
        </span>
      </div>
      {before.source === after.source ? null : <Sources before={before} after={after} />}
      <div className="jp-Lambda-panes">
        <Pane title={trans.__('Side by side')} note={trans.__('calls that this page knows of')}>
          <Figures detail={detail} before={before} after={after} />
        </Pane>
        <Pane title={trans.__('Configuration and captured values')}>
          {changes.length + captured.length === 0 ? (
            <p className="jp-Lambda-quiet">
              {before === after ? trans.__('One and the same.') : trans.__('They are equal.')}
            </p>
          ) : (
            <dl className="jp-Lambda-facts">
              {changes.map(([member, [was, is]]) => (
                <React.Fragment key={member}>
                  <dt>{member}</dt>
                  <dd className="jp-Lambda-number">
                    <span className="jp-Lambda-removed">{plain(was)}</span> →{' '}
                    <span className="jp-Lambda-added">{plain(is)}</span>
                  </dd>
                </React.Fragment>
              ))}
              {captured.map(name => (
                <React.Fragment key={`captured ${name}`}>
                  <dt>{name}</dt>
                  <dd>{trans.__('captured value differs')}</dd>
                </React.Fragment>
              ))}
            </dl>
          )}
        </Pane>
      </div>
    </>
  );
}

function Sources(props: { before: IVersion; after: IVersion }): JSX.Element {
  const trans = useTrans();
  const languages = useContext(Languages);
  const host = useRef<HTMLDivElement>(null);
  const [fault, setFault] = useState('');
  const { before, after } = props;
  useEffect(() => {
    let isGone = false;
    let remove: (() => void) | null = null;
    const show = async (): Promise<void> => {
      const { showMerge } = await import('./mergeView');
      if (!isGone && host.current) {
        const made = await showMerge(
          host.current,
          { label: trans.__('Source of version %1', before.version), text: before.source },
          { label: trans.__('Source of version %1', after.version), text: after.source },
          languages
        );
        if (isGone) {
          made();
        } else {
          remove = made;
        }
      }
    };
    show().catch(reason => setFault(String(reason)));
    return () => {
      isGone = true;
      remove?.();
    };
  }, [before.source, after.source, languages]);
  return (
    <div className="jp-Lambda-sources">
      <div className="jp-Lambda-sourceHeads">
        {[before, after].map((version, index) => (
          <span key={index}>
            <strong>{version.version === '$LATEST' ? '$LATEST' : `v${version.version}`}</strong>{' '}
            <span className="jp-Lambda-quiet">{version.last_modified.slice(0, 19).replace('T', ' ')}</span>
          </span>
        ))}
      </div>
      <div ref={host} className="jp-Lambda-merge" role="group" aria-label={trans.__('Difference of the sources')} />
      {fault ? (
        <p className="jp-Lambda-tone-bad" role="alert">
          {fault}
        </p>
      ) : null}
    </div>
  );
}

function Figures(props: { detail: DetailModel; before: IVersion; after: IVersion }): JSX.Element {
  const trans = useTrans();
  const { before, after } = props;
  const records = props.detail.records;
  const a = versionFigures(records, before.version);
  const b = versionFigures(records, after.version);
  const isEnough = a.calls >= ENOUGH && b.calls >= ENOUGH;
  const ms = (value: number | null): string => quantityText(duration(value));
  const rows: [string, number | null, number | null, (value: number | null) => string][] = [
    ['p50', a.p50, b.p50, ms],
    ['p99', a.p99, b.p99, ms],
    [trans.__('Peak memory'), a.memory, b.memory, v => (v === null ? UNKNOWN : `${count(v)} MB`)],
    [trans.__('Billed a call'), a.billedPerCall, b.billedPerCall, ms],
    [trans.__('Calls'), a.calls, b.calls, v => count(v ?? 0)],
    [trans.__('Errors'), a.errors, b.errors, v => count(v ?? 0)]
  ];
  return (
    <table className="jp-Lambda-table">
      {isEnough ? null : (
        <caption>{trans.__('Fewer than %1 calls of one of them: too few to tell.', ENOUGH)}</caption>
      )}
      <thead>
        <tr>
          <th>
            <span className="jp-Lambda-hidden">{trans.__('figure')}</span>
          </th>
          <th className="jp-mod-right">{before.version}</th>
          <th className="jp-mod-right">{after.version}</th>
          <th className="jp-mod-right">{trans.__('difference')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([label, was, is, text], index) => (
          <tr key={label}>
            <td>{label}</td>
            <td className="jp-Lambda-number jp-mod-right">{text(was)}</td>
            <td className="jp-Lambda-number jp-mod-right">{text(is)}</td>
            <td className="jp-Lambda-number jp-mod-right">
              {index > 3 || !was || is === null ? '' : isEnough ? signed(is / was - 1) : UNKNOWN}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
