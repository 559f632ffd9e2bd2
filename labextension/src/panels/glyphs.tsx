/**
 * The signs: shape says it, colour only repeats it. Each has a title or a word beside it.
 */
import React from 'react';

import { Status } from '../api/wire';
import { Condition } from '../services/functionState';
import { statusWord, useTrans } from './words';

const SHAPES: { [name: string]: JSX.Element } = {
  ok: <path d="M3 8.5l3.2 3.2L13 4.8" strokeWidth="1.8" />,
  cross: (
    <>
      <rect
        x="1.5"
        y="1.5"
        width="13"
        height="13"
        rx="2"
        fill="currentColor"
        stroke="none"
      />
      <path
        className="jp-Lambda-onGlyph"
        d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"
        strokeWidth="1.8"
      />
    </>
  ),
  memory: (
    <>
      <path d="M1.5 8.2h3.2M11.3 8.2h3.2" strokeWidth="2.2" />
      <path d="M8 14.5V2.6M4.4 6L8 2.2 11.6 6" strokeWidth="2" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.5V8l2.5 1.8" />
    </>
  ),
  bar: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M4 8h8" strokeWidth="2.4" />
    </>
  ),
  square: (
    <rect
      x="3.5"
      y="3.5"
      width="9"
      height="9"
      rx="1"
      fill="currentColor"
      stroke="none"
    />
  ),
  arc: (
    <>
      <circle cx="8" cy="8" r="5.6" strokeOpacity=".28" strokeWidth="2.2" />
      <path d="M8 2.4A5.6 5.6 0 0 1 13.6 8" strokeWidth="2.2" />
    </>
  ),
  dashed: <circle cx="8" cy="8" r="5.6" strokeDasharray="2.4 2" />,
  diamond: <path d="M8 2l6 6-6 6-6-6z" />,
  dot: <circle cx="8" cy="8" r="4" fill="currentColor" stroke="none" />,
  ring: <circle cx="8" cy="8" r="3.6" />,
  plug: <path d="M5 2v4M11 2v4M3.5 6h9v2.5a4.5 4.5 0 0 1-9 0zM8 13v2M2 2l12 12" />,
  warning: (
    <>
      <path d="M8 2l6.5 11.5h-13z" />
      <path d="M8 6.5v3.2M8 11.6v.2" strokeWidth="1.8" />
    </>
  ),
  play: <path d="M4.5 2.5v11l9-5.5z" fill="currentColor" stroke="none" />,
  right: <path d="M6 3l5 5-5 5" strokeWidth="1.8" />,
  down: <path d="M3 6l5 5 5-5" strokeWidth="1.8" />,
  more: (
    <>
      <circle cx="3.5" cy="8" r="1.2" fill="currentColor" stroke="none" />
      <circle cx="8" cy="8" r="1.2" fill="currentColor" stroke="none" />
      <circle cx="12.5" cy="8" r="1.2" fill="currentColor" stroke="none" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.5 10.5L14 14" />
    </>
  )
};

export function Glyph(props: {
  shape: keyof typeof SHAPES;
  tone?: string;
  title?: string;
  spins?: boolean;
}): JSX.Element {
  const tone = props.tone ? ` jp-Lambda-tone-${props.tone}` : '';
  const spin = props.spins ? ' jp-Lambda-spin' : '';
  return (
    <svg
      className={`jp-Lambda-glyph${tone}${spin}`}
      viewBox="0 0 16 16"
      role={props.title ? 'img' : undefined}
      aria-label={props.title}
      aria-hidden={props.title ? undefined : true}
    >
      {props.title ? <title>{props.title}</title> : null}
      {SHAPES[props.shape]}
    </svg>
  );
}

const STATUS_SHAPES: { [status: string]: [string, string] } = {
  queued: ['dashed', ''],
  running: ['arc', 'accent'],
  failed: ['cross', 'bad'],
  'timed-out': ['clock', 'bad'],
  'out-of-memory': ['memory', 'bad'],
  exited: ['cross', 'bad'],
  cancelled: ['square', ''],
  throttled: ['bar', 'bad'],
  lost: ['cross', 'bad'],
  succeeded: ['ok', '']
};

export function StatusGlyph({ status }: { status?: Status }): JSX.Element {
  const trans = useTrans();
  const [shape, tone] = STATUS_SHAPES[status ?? 'succeeded'] ?? ['ok', ''];
  return (
    <Glyph
      shape={shape}
      tone={tone}
      spins={status === 'running'}
      title={statusWord(status, trans)}
    />
  );
}

export function ConditionGlyph(props: {
  condition: Condition;
  status?: Status;
}): JSX.Element {
  const trans = useTrans();
  switch (props.condition) {
    case 'running':
      return <StatusGlyph status="running" />;
    case 'failing':
    case 'throttled':
      return <StatusGlyph status={props.status} />;
    case 'ready':
      return <Glyph shape="dot" tone="accent" title={trans.__('Ready')} />;
    default:
      return <Glyph shape="ring" title={trans.__('No environment')} />;
  }
}
