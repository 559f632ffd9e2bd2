/**
 * An environment's spans as bars on a line: what is too thin to see is drawn with its neighbours, never left out.
 */
import { EnvironmentState, ILifeSpan } from '../api/wire';

export type Look = 'init' | 'busy' | 'idle' | 'frozen';

export interface IBar {
  look: Look;
  /** Shares of the line. */
  at: number;
  width: number;
  calls: number;
  /** What ended it out of turn. */
  why: string;
}

const LOOKS: { [state in EnvironmentState]: Look } = {
  starting: 'init',
  initialising: 'init',
  busy: 'busy',
  idle: 'idle',
  frozen: 'frozen',
  ended: 'idle'
};

/**
 * @param from Epoch seconds at the left edge.
 * @param to And at the right; what lasts goes up to here.
 * @param least A bar's least width, as a share of the line.
 */
export function bars(spans: readonly ILifeSpan[], from: number, to: number, least: number): IBar[] {
  const length = to - from;
  const found: IBar[] = [];
  for (const span of spans) {
    const since = Math.max(span.since, from);
    const until = Math.min(span.until ?? to, to);
    if (until < from || since > to || until < since) {
      continue;
    }
    const bar: IBar = {
      look: LOOKS[span.state] ?? 'idle',
      at: (since - from) / length,
      width: (until - since) / length,
      calls: span.calls ?? 0,
      why: span.why ?? ''
    };
    const last = found[found.length - 1];
    const isThin = bar.width < least;
    const begins = last && bar.at - last.at < least;
    if (last && !last.why && (last.look === bar.look || begins || (isThin && bar.look !== 'busy' && bar.look !== 'init'))) {
      last.look = weight(bar.look) > weight(last.look) ? bar.look : last.look;
      last.width = bar.at + bar.width - last.at;
      last.calls += bar.calls;
      last.why = bar.why;
    } else {
      found.push(bar);
    }
  }
  return found.map(bar => ({ ...bar, width: Math.max(bar.width, least) }));
}

/** What is seen where several share a pixel. */
function weight(look: Look): number {
  return ['frozen', 'idle', 'init', 'busy'].indexOf(look);
}
