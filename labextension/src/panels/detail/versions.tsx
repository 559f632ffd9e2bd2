/**
 * Versions and aliases: the weight of an alias by slider, asked beside observed; the difference of two versions.
 */
import React, { useState } from 'react';

import { IAlias, IDifference } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { count, percent } from '../../services/quantities';
import { useDraft } from '../draft';
import { useTrans } from '../words';
import { Pane } from './overview';

export function Versions(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  const state = detail.state;
  if (!state) {
    return null;
  }
  const versions = [...state.detail.versions].reverse();
  const names = ['$LATEST', ...versions.map(v => v.version)];
  return (
    <div className="jp-Lambda-panes jp-mod-wide">
      <Pane title={trans.__('Aliases')}>
        {state.detail.aliases.length === 0 ? (
          <p className="jp-Lambda-quiet">
            {trans.__('No alias yet. In a notebook:')}{' '}
            <code>%lambda alias {state.name} live={versions[0]?.version ?? '1'}</code>
          </p>
        ) : (
          state.detail.aliases.map(alias => (
            <AliasRow key={alias.name} alias={alias} {...props} />
          ))
        )}
      </Pane>
      <Pane title={trans.__('Versions')}>
        <table className="jp-Lambda-table">
          <thead>
            <tr>
              <th>{trans.__('version')}</th>
              <th>{trans.__('published')}</th>
              <th className="jp-mod-right">{trans.__('memory')}</th>
              <th className="jp-mod-right">{trans.__('timeout')}</th>
              <th className="jp-mod-right">{trans.__('calls')}</th>
              <th>{trans.__('description')}</th>
            </tr>
          </thead>
          <tbody>
            {[state.detail.function.latest, ...versions].map(v => (
              <tr key={v.version}>
                <td className="jp-Lambda-number">{v.version}</td>
                <td className="jp-Lambda-number">{v.last_modified.slice(0, 19).replace('T', ' ')}</td>
                <td className="jp-Lambda-number jp-mod-right">{v.configuration.memory_mib} MB</td>
                <td className="jp-Lambda-number jp-mod-right">{v.configuration.timeout_seconds} s</td>
                <td className="jp-Lambda-number jp-mod-right">
                  {count(detail.metrics?.versions[v.version] ?? 0)}
                </td>
                <td>{v.description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Pane>
      <Pane title={trans.__('What changed')}>
        <Compare detail={detail} names={names} />
      </Pane>
    </div>
  );
}

function AliasRow(props: {
  detail: DetailModel;
  readOnly: boolean;
  alias: IAlias;
}): JSX.Element {
  const trans = useTrans();
  const { alias, detail } = props;
  const { shown, show, commit } = useDraft(alias.additional_weight, weight =>
    detail.act(() =>
      detail.engine.api.setAlias(detail.name, alias.name, alias.version, alias.additional_version, weight)
    )
  );
  return (
    <div className="jp-Lambda-alias" data-alias={alias.name}>
      <strong className="jp-Lambda-name">{alias.name}</strong>
      {alias.additional_version ? (
        <>
          <span className="jp-Lambda-number">
            v{alias.version} {percent(1 - shown)}
          </span>
          <input
            type="range"
            className="jp-Lambda-slider"
            style={{ '--jla-filled': `${shown * 100}%` } as React.CSSProperties}
            min={0}
            max={100}
            value={Math.round(shown * 100)}
            disabled={props.readOnly}
            aria-label={trans.__('Share of version %1 in alias %2', alias.additional_version, alias.name)}
            aria-valuetext={percent(shown)}
            onChange={event => show(Number(event.target.value) / 100)}
            onPointerUp={() => commit(shown)}
            onKeyUp={() => commit(shown)}
          />
          <span className="jp-Lambda-number">
            v{alias.additional_version} {percent(shown)}
          </span>
          <span className="jp-Lambda-quiet">{observed(detail, alias, trans.__('observed'), trans.__('too few calls to tell'))}</span>
        </>
      ) : (
        <span className="jp-Lambda-number">v{alias.version} 100 %</span>
      )}
    </div>
  );
}

/** How the calls through the alias that this page knows of were split. */
function observed(detail: DetailModel, alias: IAlias, word: string, few: string): string {
  const calls = detail.records.filter(r => r.qualifier === alias.name);
  const second = calls.filter(r => r.version === alias.additional_version).length;
  return calls.length < 20
    ? few
    : `${word} ${percent(second / calls.length)} (${second} / ${calls.length})`;
}

function Compare(props: { detail: DetailModel; names: string[] }): JSX.Element {
  const trans = useTrans();
  const { detail, names } = props;
  const [before, setBefore] = useState(names[Math.min(2, names.length - 1)]);
  const [after, setAfter] = useState(names[0]);
  const choose = (value: string, set: (name: string) => void, label: string): JSX.Element => (
    <select
      className="jp-Lambda-select"
      aria-label={label}
      value={value}
      onChange={event => set(event.target.value)}
    >
      {names.map(name => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
  return (
    <>
      <div className="jp-Lambda-row">
        {choose(before, setBefore, trans.__('Before'))} → {choose(after, setAfter, trans.__('After'))}
        <button className="jp-Lambda-button" onClick={() => void detail.compare(before, after)}>
          {trans.__('Compare')}
        </button>
      </div>
      {detail.difference ? <Difference of={detail.difference} /> : null}
    </>
  );
}

function Difference({ of }: { of: IDifference }): JSX.Element {
  const trans = useTrans();
  const changes = Object.entries(of.configuration);
  return (
    <div className="jp-Lambda-difference">
      {changes.map(([member, [before, after]]) => (
        <p key={member}>
          <code>{member}</code> {String(before)} → <strong>{String(after)}</strong>
        </p>
      ))}
      {of.source ? (
        <pre tabIndex={0} aria-label={trans.__('Difference of the sources')}>
          {of.source.split('\n').map((line, index) => (
            <span key={index} className={lineClass(line)}>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      ) : (
        <p className="jp-Lambda-quiet">{trans.__('The sources are equal.')}</p>
      )}
    </div>
  );
}

function lineClass(line: string): string {
  if (line.startsWith('+') && !line.startsWith('+++')) {
    return 'jp-Lambda-added';
  }
  return line.startsWith('-') && !line.startsWith('---') ? 'jp-Lambda-removed' : '';
}
