/**
 * What is set on `$LATEST`: memory and timeout act at once; beside each limit, what holds it here.
 */
import React from 'react';

import { DetailModel } from '../../services/detailModel';
import { quantityText, size } from '../../services/quantities';
import { Facts } from '../facts';
import { SettingsStrip } from '../settingsStrip';
import { useTrans } from '../words';
import { Enforcement } from './enforcement';
import { Pane } from './overview';

export function Configuration(props: {
  detail: DetailModel;
  readOnly: boolean;
}): JSX.Element | null {
  const trans = useTrans();
  const { detail } = props;
  const state = detail.state;
  if (!state) {
    return null;
  }
  const { latest, notebook, reserved_concurrency } = state.detail.function;
  const { configuration } = latest;
  const { sandbox, enforcement: own } = state.detail;
  const rows: [string, string][] = [
    [trans.__('Handler'), configuration.handler],
    [trans.__('Runtime'), configuration.runtime],
    [trans.__('Python'), latest.python ? `${latest.python.version}, ${latest.python.executable}` : '–'],
    [trans.__('Package'), quantityText(size(latest.package_bytes))],
    [trans.__('/tmp'), `${configuration.ephemeral_mib} MB`],
    [trans.__('Reserved concurrency'), reserved_concurrency === null ? trans.__('none') : String(reserved_concurrency)],
    [trans.__('Provisioned'), provisionedText(state.detail.function.settings?.provisioned ?? {}) || trans.__('none')],
    [trans.__('Sandbox'), sandbox || (detail.engine.status?.sandbox ?? '–')],
    [trans.__('Network'), configuration.network ?? trans.__('the sandbox’s own')],
    [trans.__('Variables'), Object.keys(configuration.environment ?? {}).sort().join(', ') || trans.__('none')],
    [trans.__('Notebook'), notebook ?? '–'],
    [trans.__('Changed'), latest.last_modified.slice(0, 19).replace('T', ' ')]
  ];
  const enforcement = own?.length ? own : detail.engine.status?.enforcement ?? [];
  return (
    <div className="jp-Lambda-panes jp-mod-wide">
      <Pane title={trans.__('Memory and timeout')} note={trans.__('act at once, on $LATEST')}>
        <SettingsStrip detail={detail} disabled={props.readOnly} />
      </Pane>
      <Pane title={trans.__('As a cell')}>
        <code className="jp-Lambda-magicLine">
          %%lambda {state.name} --memory {configuration.memory_mib} --timeout {configuration.timeout_seconds}
        </code>
      </Pane>
      <Pane title={trans.__('Configuration')}>
        <Facts rows={rows} />
      </Pane>
      <Pane title={trans.__('What holds the limits here')}>
        <Enforcement rows={enforcement} />
      </Pane>
      <Pane title={trans.__('Source')}>
        <pre className="jp-Lambda-source" tabIndex={0}>{latest.source}</pre>
      </Pane>
    </div>
  );
}

/** Environments kept initialised, by version or alias: `5 on v2, 1 on prod`. */
function provisionedText(provisioned: { [qualifier: string]: { count: number } }): string {
  return Object.entries(provisioned)
    .map(([qualifier, { count }]) => `${count} on ${/^\d/.test(qualifier) ? `v${qualifier}` : qualifier}`)
    .join(', ');
}
