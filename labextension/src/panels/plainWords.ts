/**
 * The words as they are written, for where no translator is: without JupyterLab, and before it gave one.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

function put(text: string, values: readonly unknown[]): string {
  return text.replace(/%(\d)/g, (_, number: string) => String(values[Number(number) - 1] ?? ''));
}

const one = (text: string, ...values: unknown[]): string => put(text, values);
const many = (single: string, plural: string, count: number, ...values: unknown[]): string =>
  put(count === 1 ? single : plural, [count, ...values]);

export const PLAIN_WORDS: TranslationBundle = {
  __: one,
  _n: many,
  _p: (_, text, ...values) => one(text, ...values),
  _np: (_, single, plural, count, ...values) => many(single, plural, count, ...values),
  gettext: one,
  ngettext: many,
  pgettext: (_, text, ...values) => one(text, ...values),
  npgettext: (_, single, plural, count, ...values) => many(single, plural, count, ...values),
  dcnpgettext: (_, __, single, plural, count, ...values) => many(single, plural, count, ...values)
};
