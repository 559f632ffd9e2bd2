/**
 * Memory and timeout as controls that act at once, through the server: not through the kernel, which may be busy.
 * A refused value jumps back and the engine's reason stands beside it.
 */
import React, { useState } from 'react';

import { DetailModel } from '../services/detailModel';
import {
  MEMORY_MAX,
  MEMORY_MIN,
  POSITIONS,
  clampMemory,
  cpuShare,
  memoryAt,
  nextMemory,
  positionOf
} from '../services/memoryScale';
import { useDraft } from './draft';
import { useTrans } from './words';

const TIMEOUT_MAX = 900;

export function SettingsStrip(props: {
  detail: DetailModel;
  disabled: boolean;
}): JSX.Element | null {
  const { detail } = props;
  const state = detail.state;
  if (!state) {
    return null;
  }
  const { memory_mib, timeout_seconds } =
    state.detail.function.latest.configuration;
  const set = (options: { [member: string]: number }): Promise<boolean> =>
    detail.act(() => detail.engine.api.configure(detail.name, options));
  return (
    <div className="jp-Lambda-settings">
      <MemoryControl
        memory={memory_mib}
        disabled={props.disabled}
        set={value => set({ memory_mib: value })}
      />
      <TimeoutControl
        timeout={timeout_seconds}
        disabled={props.disabled}
        set={value => set({ timeout_seconds: value })}
      />
    </div>
  );
}

interface IControlProps {
  disabled: boolean;
  set: (value: number) => Promise<boolean>;
}

function MemoryControl(props: IControlProps & { memory: number }): JSX.Element {
  const trans = useTrans();
  const { shown, isBusy, show, commit } = useDraft(props.memory, props.set);
  const onKey = (event: React.KeyboardEvent): void => {
    const steps = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1
    }[event.key];
    const factor = { PageUp: 2, PageDown: 0.5 }[event.key];
    if (steps !== undefined) {
      event.preventDefault();
      show(nextMemory(shown, steps));
    } else if (factor !== undefined) {
      event.preventDefault();
      show(clampMemory(shown * factor));
    }
  };
  return (
    <div className="jp-Lambda-setting jp-mod-memory">
      <span className="jp-Lambda-label">{trans.__('Memory')}</span>
      <input
        type="range"
        className="jp-Lambda-slider"
        min={0}
        max={POSITIONS}
        value={positionOf(shown)}
        disabled={props.disabled}
        aria-label={trans.__('Memory')}
        aria-valuetext={trans.__('%1 MB', shown)}
        style={
          {
            '--jla-filled': `${positionOf(shown) / (POSITIONS / 100)}%`
          } as React.CSSProperties
        }
        onChange={event => show(memoryAt(Number(event.target.value)))}
        onPointerUp={() => commit(shown)}
        onKeyDown={onKey}
        onKeyUp={() => commit(shown)}
      />
      <NumberField
        label={trans.__('Memory in MB')}
        unit="MB"
        value={shown}
        min={MEMORY_MIN}
        max={MEMORY_MAX}
        busy={isBusy}
        disabled={props.disabled}
        commit={commit}
      />
      <span className="jp-Lambda-quiet jp-Lambda-cpu">
        <span className="jp-Lambda-number">{cpuShare(shown).toFixed(2)}</span>{' '}
        {trans.__('vCPU')}
      </span>
    </div>
  );
}

function TimeoutControl(
  props: IControlProps & { timeout: number }
): JSX.Element {
  const trans = useTrans();
  const { shown, isBusy, commit } = useDraft(props.timeout, props.set);
  return (
    <div className="jp-Lambda-setting">
      <span className="jp-Lambda-label">{trans.__('Timeout')}</span>
      <NumberField
        label={trans.__('Timeout in seconds')}
        unit="s"
        value={shown}
        min={1}
        max={TIMEOUT_MAX}
        busy={isBusy}
        disabled={props.disabled}
        commit={commit}
      />
    </div>
  );
}

/** A number that is taken on Enter or when the field is left; Escape takes it back. */
function NumberField(props: {
  label: string;
  unit: string;
  value: number;
  min: number;
  max: number;
  busy: boolean;
  disabled: boolean;
  commit: (value: number) => void;
}): JSX.Element {
  const [text, setText] = useState<string | null>(null);
  const take = (): void => {
    const value = Number(text);
    if (text !== null && Number.isInteger(value) && value > 0) {
      props.commit(value);
    }
    setText(null);
  };
  return (
    <span className={`jp-Lambda-field${props.busy ? ' jp-mod-busy' : ''}`}>
      <input
        type="text"
        inputMode="numeric"
        aria-label={props.label}
        aria-busy={props.busy}
        title={`${props.min}–${props.max} ${props.unit}`}
        disabled={props.disabled}
        value={text ?? String(props.value)}
        onChange={event => setText(event.target.value)}
        onBlur={take}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            take();
          } else if (event.key === 'Escape') {
            setText(null);
          }
        }}
      />
      <span className="jp-Lambda-unit">{props.unit}</span>
    </span>
  );
}
