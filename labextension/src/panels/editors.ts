/**
 * The page's languages for editors; null where this page has none.
 */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import React from 'react';

export const Languages = React.createContext<IEditorLanguageRegistry | null>(null);
