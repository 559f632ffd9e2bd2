/**
 * Long lists: only the rows that can be seen are in the page.
 */
import React, { useCallback, useLayoutEffect, useReducer, useRef } from 'react';

/** Rows beyond each edge, so that a quick scroll or the next arrow key finds some. */
const BEYOND = 8;

export interface IWindow {
  /** For the element that scrolls. */
  ref: (element: HTMLElement | null) => void;
  /** First row in the page, and the one after the last. */
  from: number;
  to: number;
  /** CSS pixels above and below the rows in the page. */
  above: number;
  below: number;
}

/**
 * Which of `count` rows of one height are in view.
 *
 * @param rowPixels A row's height at 100 %, in grid pixels (`--u`).
 */
export function useWindow(count: number, rowPixels: number, nearEnd?: () => void): IWindow {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const scroller = useRef<HTMLElement | null>(null);
  const shown = useRef({ from: 0, to: 0 });
  const end = useRef<(() => void) | undefined>(nearEnd);
  end.current = nearEnd;
  const height = rowHeight(scroller.current, rowPixels);
  const { from, to } = range(scroller.current, height, count);
  shown.current = { from, to };
  const counted = useRef(count);
  counted.current = count;
  const look = useCallback(() => {
    const element = scroller.current;
    const next = range(element, rowHeight(element, rowPixels), counted.current);
    if (next.from !== shown.current.from || next.to !== shown.current.to) {
      redraw();
    }
    if (next.to >= counted.current) {
      end.current?.();
    }
  }, [rowPixels]);
  const observer = useRef<ResizeObserver | null>(null);
  const ref = useCallback(
    (element: HTMLElement | null) => {
      observer.current?.disconnect();
      scroller.current?.removeEventListener('scroll', look);
      scroller.current = element;
      if (element) {
        element.addEventListener('scroll', look, { passive: true });
        observer.current = new ResizeObserver(look);
        observer.current.observe(element);
      }
    },
    [look]
  );
  useLayoutEffect(look, [count, look]);
  return { ref, from, to, above: from * height, below: Math.max(0, count - to) * height };
}

function rowHeight(element: HTMLElement | null, rowPixels: number): number {
  const size = element ? parseFloat(getComputedStyle(element).getPropertyValue('--jp-ui-font-size1')) : 13;
  return (rowPixels * (size || 13)) / 13;
}

function range(element: HTMLElement | null, height: number, count: number): { from: number; to: number } {
  const top = element?.scrollTop ?? 0;
  const visible = Math.ceil((element?.clientHeight || 600) / height);
  const first = Math.min(Math.floor(top / height), Math.max(0, count - visible));
  return {
    from: Math.max(0, first - BEYOND),
    to: Math.min(count, first + visible + BEYOND)
  };
}

/** Stands for the rows that are not in the page, in a table. */
export function Gap(props: { height: number; columns: number }): JSX.Element | null {
  return props.height > 0 ? (
    <tr className="jp-Lambda-gap" aria-hidden="true">
      <td colSpan={props.columns} style={{ height: props.height }} />
    </tr>
  ) : null;
}
