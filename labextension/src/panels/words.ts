/**
 * The page's language, for components: `const trans = useTrans()`.
 */
import { TranslationBundle, nullTranslator } from '@jupyterlab/translation';
import React from 'react';

import { Status } from '../api/wire';

export const Words = React.createContext<TranslationBundle>(
  nullTranslator.load('jupyter_lambda')
);

export function useTrans(): TranslationBundle {
  return React.useContext(Words);
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
