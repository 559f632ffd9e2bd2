/**
 * The badge in the corner of a `%%lambda` cell: what is deployed, and whether the cell still says the same.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';

import { failingFrame } from '../panels/failure';
import { Glyph } from '../panels/glyphs';
import { ModelWidget } from '../panels/modelView';
import { useModel } from '../panels/redraw';
import { useTrans } from '../panels/words';
import { BadgeState, IBadgeFacts, badgeState } from '../services/badgeState';
import { DetailModel } from '../services/detailModel';
import { EngineModel } from '../services/engineModel';
import { count } from '../services/quantities';

/** A failure is looked into once it has been the last call for so long. */
const REST_MS = 250;

type CellFacts = Pick<IBadgeFacts, 'cell' | 'isExecuting' | 'lineSum'>;

export class BadgeWidget extends ModelWidget {
  constructor(
    model: EngineModel,
    trans: TranslationBundle,
    private readonly _open: (name: string) => void
  ) {
    super(model, trans);
    this.addClass('jp-Lambda-badgeFrame');
    this.node.dataset.lmSuppressShortcuts = 'true';
  }

  /** What the cell says now. */
  set facts(facts: CellFacts) {
    this._facts = facts;
    this.update();
  }

  protected override content(): JSX.Element {
    return this._facts ? (
      <Badge {...this._facts} model={this.model} open={this._open} />
    ) : (
      <></>
    );
  }

  private _facts: CellFacts | null = null;
}

const LOOKS: { [state in BadgeState]: { shape: string; tone: string } } = {
  'engine-off': { shape: 'plug', tone: '' },
  deploying: { shape: 'arc', tone: 'accent' },
  'not-deployed': { shape: 'ring', tone: '' },
  running: { shape: 'arc', tone: 'accent' },
  differs: { shape: 'diamond', tone: 'cold' },
  failed: { shape: 'cross', tone: 'bad' },
  deployed: { shape: 'ok', tone: '' }
};

export function Badge(
  props: CellFacts & { model: EngineModel; open: (name: string) => void }
): JSX.Element {
  const trans = useTrans();
  const { cell, model } = props;
  useModel(model);
  const found = model.find(cell.name);
  const state = badgeState({ ...props, state: found, presence: model.presence });
  const line = useFailingLine(model, cell.name, state === 'failed');
  const last = found?.detail.versions[found.detail.versions.length - 1];
  const words: { [state in BadgeState]: string } = {
    'engine-off': trans.__('engine not running'),
    deploying: trans.__('deploying'),
    'not-deployed': trans.__('not deployed yet'),
    running: trans.__('%1 running', count(found?.running.length ?? 0)),
    differs: trans.__('cell differs'),
    failed: line === null ? trans.__('failed') : trans.__('failed at line %1', line),
    deployed: trans.__('deployed')
  };
  const titles: { [state in BadgeState]?: string } = {
    differs: trans.__('Out of date: the cell is not what is deployed. Run it to deploy it.')
  };
  const { shape, tone } = LOOKS[state];
  return (
    <button
      className={`jp-Lambda-badge jp-mod-${state}`}
      title={titles[state] ?? trans.__('Open %1', cell.name)}
      aria-label={trans.__('%1: %2', cell.name, `${last ? `v${last.version} ` : ''}${words[state]}`)}
      disabled={!found}
      onClick={() => props.open(cell.name)}
    >
      <Glyph shape={shape} tone={tone || undefined} spins={shape === 'arc'} />
      {last ? <span className="jp-Lambda-number">v{last.version}</span> : null}
      <span>{words[state]}</span>
    </button>
  );
}

/** The cell's line at which the last call failed, as the cell counts; null while that is unknown. */
function useFailingLine(model: EngineModel, name: string, isWanted: boolean): number | null {
  const [line, setLine] = useState<number | null>(null);
  const request = isWanted ? model.find(name)?.records[0]?.request_id : undefined;
  useEffect(() => {
    setLine(null);
    if (request === undefined) {
      return undefined;
    }
    const detail = new DetailModel(model, name);
    detail.changed.connect(() => {
      const { state, failure } = detail;
      setLine(state && failure ? (failingFrame(state, failure)?.line ?? null) : null);
    });
    // While many fail one after the other nobody reads lines.
    const timer = window.setTimeout(() => detail.look('failure'), REST_MS);
    return () => {
      window.clearTimeout(timer);
      detail.dispose();
    };
  }, [model, name, request]);
  return line;
}
