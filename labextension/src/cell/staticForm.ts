/**
 * The form of a card that stands in the saved notebook: a plain table and a sentence, for GitHub, nbconvert and whoever opens the file
 * without this extension. It needs no style and no script, and stands in front of what the kernel wrote.
 */
import { TranslationBundle } from '@jupyterlab/translation';

import { IAlias, IInvocationRecord, IMetrics } from '../api/wire';
import { statusWord } from '../panels/words';
import { FunctionState, isFailure } from '../services/functionState';
import { clockTime, cost, count, duration, memory, percent, quantityText } from '../services/quantities';

const BEGIN = '<!--jupyter-lambda state-->';
const END = '<!--/jupyter-lambda state-->';

/** Invocations that are named one by one. */
const LAST = 3;

/** An output's HTML with the state of now in front. */
export function withState(html: string, state: string): string {
  return `${BEGIN}${state}${END}${withoutState(html)}`;
}

/** An output's HTML as the kernel wrote it. */
export function withoutState(html: string): string {
  const begin = html.indexOf(BEGIN);
  const end = html.indexOf(END);
  return begin < 0 || end < begin
    ? html
    : html.slice(0, begin) + html.slice(end + END.length);
}

/** What stands there of a time: a save that only moved the clock writes nothing. */
export function isSameState(one: string, other: string): boolean {
  const time = /as of [^<]*/;
  return one.replace(time, '') === other.replace(time, '');
}

/** The state that an output's HTML has, empty for none. */
export function stateIn(html: string): string {
  const begin = html.indexOf(BEGIN);
  const end = html.indexOf(END);
  return begin < 0 || end < begin ? '' : html.slice(begin + BEGIN.length, end);
}

/**
 * A function's state as HTML.
 *
 * @param now Epoch milliseconds.
 */
export function staticForm(
  state: FunctionState,
  metrics: IMetrics,
  now: number,
  trans: TranslationBundle
): string {
  const { versions, aliases } = state.detail;
  const { memory_mib, timeout_seconds } = state.detail.function.latest.configuration;
  const last = versions[versions.length - 1];
  const head = [
    `<strong>λ ${escaped(state.name)}</strong> ${last ? `v${escaped(last.version)}` : '$LATEST'}`,
    ...aliases.map(a => escaped(aliasText(a))),
    quantityText(memory(memory_mib)),
    `${timeout_seconds} s`,
    `as of ${day(now)} ${clockTime(now / 1000).slice(0, 8)}`
  ];
  const columns: [string, string][] = [
    [trans.__('invocations'), count(metrics.invocations)],
    [trans.__('errors'), count(metrics.errors)],
    [trans.__('throttled'), count(metrics.throttles)],
    [trans.__('p50'), quantityText(duration(metrics.duration_p50_ms))],
    [trans.__('p99'), quantityText(duration(metrics.duration_p99_ms))],
    [trans.__('cold starts'), count(metrics.cold_starts)],
    [trans.__('peak memory'), quantityText(memory(metrics.max_memory_mib))],
    [trans.__('cost on AWS'), cost(metrics.cost_usd)]
  ];
  const names = columns.map(([name]) => `<th>${escaped(name)}</th>`).join('');
  const values = columns.map(([, value]) => `<td align="right">${escaped(value)}</td>`).join('');
  const records = state.records.slice(0, LAST);
  const lines = records.map(r => `<li>${escaped(recordText(r, trans))}</li>`).join('');
  return (
    `<p>${head.join(' · ')}</p>` +
    `<table border="1"><thead><tr>${names}</tr></thead><tbody><tr>${values}</tr></tbody></table>` +
    (lines ? `<p>${escaped(trans.__('Last invocations:'))}</p><ul>${lines}</ul>` : '')
  );
}

function aliasText(alias: IAlias): string {
  return alias.additional_version
    ? `${alias.name}: v${alias.version} ${percent(1 - alias.additional_weight)}, ` +
        `v${alias.additional_version} ${percent(alias.additional_weight)}`
    : `${alias.name}: v${alias.version}`;
}

function recordText(record: IInvocationRecord, trans: TranslationBundle): string {
  const time = clockTime(record.arrived ?? 0).slice(0, 8);
  if (isFailure(record.status)) {
    const reason =
      record.status === 'failed' && record.error_type
        ? `${record.error_type}: ${record.error_message ?? ''}`
        : statusWord(record.status, trans);
    return `✕ ${time} ${reason.slice(0, 200)}`;
  }
  const start = record.cold ? trans.__('◇ cold') : trans.__('warm');
  const used = record.max_memory_mib
    ? `, ${trans.__('%1 of %2 MB', record.max_memory_mib, record.memory_mib ?? 0)}`
    : '';
  const sign = record.status === 'cancelled' ? '■' : '✓';
  return `${sign} ${time} ${start} ${quantityText(duration(record.duration_ms ?? 0))}${used}`;
}

function day(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function escaped(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
