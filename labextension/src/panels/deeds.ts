/**
 * What views can ask the page to do; null where this page can't.
 */
import React from 'react';

export interface IDeeds {
  /** Jump to a function's cell; a line as the cell counts. */
  openCell: ((name: string, line?: number) => void) | null;
  /** Show a function in the main area. */
  openFunction: ((name: string, tab?: string) => void) | null;
  /** Show the engine in the main area. */
  openEngine: (() => void) | null;
  /** Ask the reader; true for yes, or where the reader wants no questions. */
  confirm: (title: string, body: string, deed: string) => Promise<boolean>;
}

export const NO_DEEDS: IDeeds = {
  openCell: null,
  openFunction: null,
  openEngine: null,
  confirm: async () => true
};

export const Deeds = React.createContext<IDeeds>(NO_DEEDS);
