/**
 * The page's language, for components: `const trans = useTrans()`.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Status } from '../api/wire';
import { PLAIN_WORDS } from './plainWords';

export const Words = React.createContext<TranslationBundle>(PLAIN_WORDS);

export function useTrans(): TranslationBundle {
  return React.useContext(Words);
}

/** What an environment does. */
export function stateWord(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'starting':
    case 'initialising':
    case 'init':
      return trans.__('initialising');
    case 'busy':
      return trans.__('busy');
    case 'frozen':
      return trans.__('frozen');
    case 'ended':
      return trans.__('ended');
    default:
      return trans.__('idle');
  }
}

/** What ended something out of turn, as the engine names it. */
export function whyWord(why: string, trans: TranslationBundle): string {
  switch (why) {
    case 'out-of-memory':
      return trans.__('out of memory');
    case 'timed-out':
      return trans.__('timed out');
    case 'cancelled':
      return trans.__('stopped');
    case 'killed':
      return trans.__('ended by hand');
    case 'exit':
      return trans.__('its process exited');
    case 'signal':
      return trans.__('its process was killed by a signal');
    default:
      return why;
  }
}

/** How an invocation stands, in a word or two. */
export function statusWord(
  status: Status | undefined,
  trans: TranslationBundle
): string {
  switch (status) {
    case 'queued':
      return trans.__('Queued');
    case 'running':
      return trans.__('Running');
    case 'failed':
      return trans.__('Failed');
    case 'timed-out':
      return trans.__('Timed out');
    case 'out-of-memory':
      return trans.__('Out of memory');
    case 'exited':
      return trans.__('Exited');
    case 'cancelled':
      return trans.__('Stopped');
    case 'throttled':
      return trans.__('Throttled');
    case 'lost':
      return trans.__('Lost');
    default:
      return trans.__('Succeeded');
  }
}
