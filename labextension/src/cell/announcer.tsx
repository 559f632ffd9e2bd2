/**
 * Says changes of a function's state to those who listen: at most one in five seconds, never numbers or logs.
 */
import React, { useEffect, useRef, useState } from 'react';

import { statusWord, useTrans } from '../panels/words';
import { Presence } from '../services/engineModel';
import { FunctionState } from '../services/functionState';

const LEAST_MS = 5_000;

export function Announcer(props: { state: FunctionState; presence: Presence }): JSX.Element {
  const trans = useTrans();
  const { state, presence } = props;
  const [said, setSaid] = useState('');
  const lastTime = useRef(0);
  const { condition } = state;
  const known = useRef(`${presence} ${condition}`);
  const now = `${presence} ${condition}`;
  useEffect(() => {
    if (known.current === now || performance.now() - lastTime.current < LEAST_MS) {
      return;
    }
    const before = known.current;
    known.current = now;
    const text =
      presence === 'engine-down'
        ? trans.__('%1: the engine is not running', state.name)
        : condition === 'failing' || condition === 'throttled'
          ? `${state.name}: ${statusWord(state.records[0]?.status, trans)}`
          : before.endsWith('running') && condition !== 'running'
            ? trans.__('%1: done', state.name)
            : '';
    if (text) {
      lastTime.current = performance.now();
      setSaid(text);
    }
  });
  return (
    <span className="jp-Lambda-heard" aria-live="polite">
      {said}
    </span>
  );
}
