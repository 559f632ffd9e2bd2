/**
 * Versions and aliases: the weight of an alias by slider, asked beside observed; the difference of two versions.
 */
import React, { useState } from 'react';

import { IAlias } from '../../api/wire';
import { DetailModel } from '../../services/detailModel';
import { count, duration, percent } from '../../services/quantities';
import { versionFigures } from '../../services/versionFigures';
import { useDraft } from '../draft';
import { Quantity } from '../quantity';
import { useTrans } from '../words';
import { Compare, VersionSelect } from './compare';
import { Pane } from './overview';

export function Versions(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  const [pair, setPair] = useState<[string | null, string | null]>([null, null]);
  const state = detail.state;
  if (!state) {
    return null;
  }
  const versions = [...state.detail.versions].reverse();
  const names = ['$LATEST', ...versions.map(v => v.version)];
  const choose = (name: string): void => setPair([pair[1] ?? names[1] ?? names[0], name]);
  return (
    <div className="jp-Lambda-versions">
      <div>
        <Pane title={trans.__('Aliases')}>
          {state.detail.aliases.map(alias => (
            <AliasRow key={alias.name} alias={alias} numbers={versions.map(v => v.version)} {...props} />
          ))}
          {versions.length > 0 ? (
            <NewAlias {...props} newest={versions[0].version} />
          ) : (
            <p className="jp-Lambda-quiet">{trans.__('An alias names a published version; none is published yet.')}</p>
          )}
        </Pane>
        <Pane title={trans.__('Versions')} note={trans.__('a click compares it with the one chosen before')}>
          <div className="jp-Lambda-scrolls">
            <table className="jp-Lambda-table">
              <thead>
                <tr>
                  <th>{trans.__('version')}</th>
                  <th>{trans.__('published')}</th>
                  <th>{trans.__('description')}</th>
                  <th className="jp-mod-right">{trans.__('memory')}</th>
                  <th className="jp-mod-right">p50</th>
                  <th className="jp-mod-right">{trans.__('calls')}</th>
                </tr>
              </thead>
              <tbody>
                {[state.detail.function.latest, ...versions].map(v => (
                  <tr
                    key={v.version}
                    className={`jp-mod-clickable${pair.includes(v.version) ? ' jp-mod-selected' : ''}`}
                    onClick={() => choose(v.version)}
                  >
                    <td>
                      <button
                        className="jp-Lambda-link jp-Lambda-number"
                        aria-pressed={pair.includes(v.version)}
                        onClick={event => {
                          event.stopPropagation();
                          choose(v.version);
                        }}
                      >
                        {v.version === '$LATEST' ? v.version : `v${v.version}`}
                      </button>
                    </td>
                    <td className="jp-Lambda-number">{v.last_modified.slice(0, 19).replace('T', ' ')}</td>
                    <td>{v.description}</td>
                    <td className="jp-Lambda-number jp-mod-right">{v.configuration.memory_mib} MB</td>
                    <td className="jp-mod-right">
                      <Quantity of={duration(versionFigures(detail.records, v.version).p50)} />
                    </td>
                    <td className="jp-Lambda-number jp-mod-right">
                      {count(detail.metrics?.versions[v.version] ?? 0)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Pane>
      </div>
      <div>
        <Compare
          detail={detail}
          names={names}
          before={pair[0]}
          after={pair[1]}
          choose={(before, after) => setPair([before, after])}
        />
      </div>
    </div>
  );
}

function AliasRow(props: {
  detail: DetailModel;
  readOnly: boolean;
  alias: IAlias;
  numbers: string[];
}): JSX.Element {
  const trans = useTrans();
  const { alias, detail, numbers } = props;
  const set = (version: string, additional: string | null, weight: number): Promise<boolean> =>
    detail.act(() => detail.engine.api.setAlias(detail.name, alias.name, version, additional, weight));
  const { shown, show, commit } = useDraft(alias.additional_weight, weight =>
    set(alias.version, alias.additional_version, weight)
  );
  const other = numbers.find(n => n !== alias.version);
  return (
    <div className="jp-Lambda-alias" data-alias={alias.name}>
      <strong className="jp-Lambda-name">{alias.name}</strong>
      <VersionSelect
        label={trans.__('Version of alias %1', alias.name)}
        value={alias.version}
        names={numbers.includes(alias.version) ? numbers : [alias.version, ...numbers]}
        disabled={props.readOnly}
        choose={version =>
          void set(
            version,
            version === alias.additional_version ? null : alias.additional_version,
            version === alias.additional_version ? 0 : alias.additional_weight
          )
        }
      />
      <span className="jp-Lambda-number">
        {alias.additional_version ? percent(1 - shown) : percent(1)}
      </span>
      {alias.additional_version ? (
        <>
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
            {percent(shown)} v{alias.additional_version}
          </span>
          <span className="jp-Lambda-aliasNote">
            <span className="jp-Lambda-quiet">
              {observed(detail, alias, trans.__('observed'), trans.__('too few calls to tell'))}
            </span>
            <button
              className="jp-Lambda-link"
              disabled={props.readOnly}
              onClick={() => void set(alias.additional_version ?? alias.version, null, 0)}
            >
              {trans.__('All to v%1', alias.additional_version)}
            </button>
          </span>
        </>
      ) : other ? (
        <button
          className="jp-Lambda-link"
          disabled={props.readOnly}
          onClick={() => void set(alias.version, other, 0.1)}
        >
          {trans.__('Send 10 % to v%1', other)}
        </button>
      ) : null}
    </div>
  );
}

const ALIAS_NAME = /^(?!\d+$)[A-Za-z0-9_-]{1,128}$/;

function NewAlias(props: { detail: DetailModel; readOnly: boolean; newest: string }): JSX.Element {
  const trans = useTrans();
  const { detail, newest } = props;
  const [name, setName] = useState('');
  const isFit = ALIAS_NAME.test(name) && !detail.state?.detail.aliases.some(a => a.name === name);
  return (
    <form
      className="jp-Lambda-alias"
      onSubmit={event => {
        event.preventDefault();
        if (isFit) {
          void detail
            .act(() => detail.engine.api.setAlias(detail.name, name, newest, null, 0))
            .then(done => done && setName(''));
        }
      }}
    >
      <label className="jp-Lambda-input">
        <input
          aria-label={trans.__('Name of a new alias')}
          placeholder={trans.__('new alias')}
          value={name}
          disabled={props.readOnly}
          onChange={event => setName(event.target.value)}
        />
      </label>
      <button className="jp-Lambda-button" disabled={!isFit || props.readOnly}>
        {trans.__('Add, for v%1', newest)}
      </button>
    </form>
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
