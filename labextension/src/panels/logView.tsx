/**
 * Log lines, safely: text only, levels in words and weight, searchable, following the newest unless the reader scrolled up.
 */
import React, { useLayoutEffect, useMemo, useRef, useState } from 'react';

import { ILogEvent } from '../api/wire';
import { ILine, Level, logLines, wholeText } from '../services/logText';
import { clockTime, count as quantity } from '../services/quantities';
import { Glyph } from './glyphs';
import { useTrans } from './words';

/** Lines in the page at once. */
const SHOWN = 1_000;

interface IShownLine extends ILine {
  key: string;
  time: number;
  request: string;
}

export function LogView({ events }: { events: readonly ILogEvent[] }): JSX.Element {
  const trans = useTrans();
  const [search, setSearch] = useState('');
  const [levels, setLevels] = useState<'all' | 'warning' | 'error'>('all');
  const [wraps, setWraps] = useState(true);
  const [hasPlatform, setPlatform] = useState(true);
  const [follow, setFollow] = useState(true);
  /** A wheel, a finger or a key moved since the last scrolling. */
  const isReader = useRef(false);
  const noteReader = (): void => {
    isReader.current = true;
  };
  const box = useRef<HTMLDivElement>(null);
  const all = useMemo(() => events.flatMap(linesOf), [events]);
  const wanted = search.toLowerCase();
  const found = all.filter(
    l =>
      isWanted(l.level, levels) &&
      (hasPlatform || l.level !== 'system') && (wanted === '' || l.text.toLowerCase().includes(wanted))
  );
  const shown = found.slice(-SHOWN);
  useLayoutEffect(() => {
    if (follow && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  });
  // What came since the reader scrolled up.
  const seen = useRef(all.length);
  if (follow || all.length < seen.current) {
    seen.current = all.length;
  }
  const news = all.length - seen.current;
  const count = (level: Level): number => all.filter(l => l.level === level).length;
  return (
    <div className="jp-Lambda-logs">
      <div className="jp-Lambda-row">
        <label className="jp-Lambda-input">
          <Glyph shape="search" />
          <input
            type="search"
            aria-label={trans.__('Search the log')}
            placeholder={trans.__('Search')}
            value={search}
            onChange={event => setSearch(event.target.value)}
          />
        </label>
        <span className="jp-Lambda-segments" role="group" aria-label={trans.__('Levels')}>
          {(
            [
              ['all', `${trans.__('All')} ${quantity(all.length)}`],
              ['warning', `${trans.__('Warn')} ${quantity(count('warning'))}`],
              ['error', `${trans.__('Error')} ${quantity(count('error'))}`]
            ] as const
          ).map(([value, label]) => (
            <button key={value} aria-pressed={levels === value} onClick={() => setLevels(value)}>
              {label}
            </button>
          ))}
        </span>
        {wanted === '' ? null : (
          <span className="jp-Lambda-quiet" role="status">
            {trans._n('%1 line', '%1 lines', found.length)}
          </span>
        )}
        <span className="jp-Lambda-grow" />
        {!follow && news > 0 ? (
          <button className="jp-Lambda-link" onClick={() => setFollow(true)}>
            {trans._n('%1 new line', '%1 new lines', news)}
          </button>
        ) : null}
        <button
          className="jp-Lambda-button"
          aria-pressed={hasPlatform}
          title={trans.__('Lines of the platform: START, END, REPORT')}
          onClick={() => setPlatform(!hasPlatform)}
        >
          {trans.__('Platform')}
        </button>
        <button className="jp-Lambda-button" aria-pressed={wraps} onClick={() => setWraps(!wraps)}>
          {trans.__('Wrap')}
        </button>
        <button
          className="jp-Lambda-button"
          aria-pressed={follow}
          onClick={() => setFollow(!follow)}
        >
          {trans.__('Follow')}
        </button>
        <button
          className="jp-Lambda-button"
          onClick={() => void navigator.clipboard.writeText(found.map(wholeText).join('\n'))}
        >
          {trans.__('Copy')}
        </button>
      </div>
      <div
        className={`jp-Lambda-log${wraps ? '' : ' jp-mod-noWrap'}`}
        ref={box}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
        tabIndex={0}
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          if (scrollHeight - scrollTop - clientHeight < 24) {
            setFollow(true);
          } else if (isReader.current) {
            setFollow(false);
          } else if (follow) {
            // Not the reader: lines that came since, or a notebook that took its cell out of the page and put it back.
            event.currentTarget.scrollTop = scrollHeight;
          }
          isReader.current = false;
        }}
        onWheel={noteReader}
        onTouchMove={noteReader}
        onPointerDown={noteReader}
        onKeyDown={noteReader}
      >
        {shown.length === 0 ? (
          <p className="jp-Lambda-quiet">
            {all.length ? trans.__('No line fits.') : trans.__('No log yet.')}
          </p>
        ) : (
          shown.map(l => (
            <div key={l.key} className={`jp-Lambda-logLine jp-mod-${l.level}`}>
              <span className="jp-Lambda-quiet">{clockTime(l.time)}</span>
              <span className="jp-Lambda-quiet">{l.request}</span>
              <LineText line={l} wanted={wanted} />
            </div>
          ))
        )}
      </div>
    </div>
  );
}

/** One invocation's log. */
export function PlainLog({ text }: { text: string }): JSX.Element {
  const lines = useMemo(() => logLines(text), [text]);
  return (
    <div className="jp-Lambda-log" tabIndex={0}>
      {lines.slice(0, SHOWN).map((l, index) => (
        <div key={index} className={`jp-Lambda-logLine jp-mod-single jp-mod-${l.level}`}>
          <LineText line={l} />
        </div>
      ))}
    </div>
  );
}

function LineText({ line, wanted = '' }: { line: ILine; wanted?: string }): JSX.Element {
  const trans = useTrans();
  const [isWhole, setWhole] = useState(false);
  const text = useMemo(() => (isWhole ? wholeText(line) : line.text), [isWhole, line]);
  return (
    <span className="jp-Lambda-logText">
      {wanted === '' ? text : marked(text, wanted)}
      {line.cut > 0 ? (
        <>
          {isWhole ? null : (
            <em className="jp-Lambda-quiet"> … {trans.__('%1 more characters', quantity(line.cut))}</em>
          )}{' '}
          <button className="jp-Lambda-link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? trans.__('Show less') : trans.__('Show all')}
          </button>
        </>
      ) : null}
    </span>
  );
}

/** The text with what is searched for marked; `wanted` in lower case. */
function marked(text: string, wanted: string): React.ReactNode[] {
  const lower = text.toLowerCase();
  if (lower.length !== text.length) {
    return [text]; // letters that grow in lower case: places would not fit
  }
  const parts: React.ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  return [...parts, text.slice(from)];
}

function linesOf(event: ILogEvent): IShownLine[] {
  return logLines(event.text).map((line, index) => ({
    ...line,
    key: `${event.sequence}-${index}`,
    time: event.timestamp,
    request: event.request_id.slice(0, 8)
  }));
}

function isWanted(level: Level, levels: 'all' | 'warning' | 'error'): boolean {
  return levels === 'all' || level === levels || (levels === 'warning' && level === 'error');
}
