/**
 * What a control shows while its value is on the way to the engine and back.
 */
import { useEffect, useRef, useState } from 'react';

export interface IDraft {
  /** The value that is set, or the one that the reader chose since. */
  shown: number;
  isBusy: boolean;
  /** Show another value, and send nothing yet. */
  show: (value: number) => void;
  /** Send a value. */
  commit: (value: number) => void;
}

/**
 * One request at a time: what is chosen while one is on its way is sent after it, and only the last of it; and what the stream tells of
 * values sent before is no news. So keys that come faster than answers lose nothing, and answers can't overtake each other.
 *
 * @param value What the engine has, as the stream tells it.
 * @param send Resolves to false where the engine refused: then the control jumps back.
 */
export function useDraft(
  value: number,
  send: (value: number) => Promise<boolean>
): IDraft {
  const [draft, setDraft] = useState<number | null>(null);
  const [isBusy, setBusy] = useState(false);
  const next = useRef<number | null>(null);
  /** Sent, and not told by the stream yet; the last is what the engine has, or soon will. */
  const sent = useRef<number[]>([]);
  /** Chosen, and not sent: a key or a pointer is down. */
  const isHeld = useRef(false);
  const release = (): void => {
    sent.current = [];
    setDraft(null);
  };
  const isIdle = (): boolean => !isBusy && !isHeld.current;
  useEffect(() => {
    if (isIdle() && (draft === value || !sent.current.includes(value))) {
      release();
    }
  }, [value]);
  useEffect(() => {
    if (isIdle() && draft === value) {
      release(); // the stream was faster than the answer
    }
  }, [isBusy]);
  const commit = async (final: number): Promise<void> => {
    isHeld.current = false;
    const has = sent.current[sent.current.length - 1] ?? value;
    if (!isBusy && final === has) {
      return;
    }
    setDraft(final);
    next.current = final;
    if (isBusy) {
      return;
    }
    setBusy(true);
    let done = true;
    while (next.current !== null) {
      const wanted: number = next.current;
      next.current = null;
      sent.current.push(wanted);
      done = await send(wanted);
    }
    setBusy(false);
    if (!done && !isHeld.current) {
      release();
    }
  };
  return {
    shown: draft ?? value,
    isBusy,
    show: wanted => {
      isHeld.current = true;
      setDraft(wanted);
    },
    commit: final => void commit(final)
  };
}
