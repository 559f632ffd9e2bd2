/**
 * A button that opens a menu. It lies above everything, whatever a cell's output cuts off, and works with the keyboard as ARIA has it.
 */
import React, { useLayoutEffect, useRef, useState } from 'react';

import { Glyph } from './glyphs';

export interface IMenuItem {
  label: string;
  run: () => void;
  disabled?: boolean;
}

export function MenuButton(props: { label: string; items: readonly IMenuItem[] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        className="jp-Lambda-button jp-mod-ghost jp-Lambda-menuButton"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={props.label}
        title={props.label}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            setOpen(true);
          }
        }}
      >
        <Glyph shape="more" />
      </button>
      {isOpen ? <Menu {...props} button={button} close={close} leave={() => setOpen(false)} /> : null}
    </>
  );
}

function Menu(props: {
  label: string;
  items: readonly IMenuItem[];
  button: React.RefObject<HTMLButtonElement>;
  /** Back to the button. */
  close: () => void;
  /** The reader went elsewhere. */
  leave: () => void;
}): JSX.Element {
  const { items, button, close, leave } = props;
  const box = useRef<HTMLDivElement>(null);
  const choices = (): HTMLButtonElement[] =>
    Array.from(box.current?.querySelectorAll<HTMLButtonElement>('button:not([disabled])') ?? []);
  const gone = useRef(leave);
  gone.current = leave;
  useLayoutEffect(() => {
    const node = box.current;
    const from = button.current?.getBoundingClientRect();
    if (!node || !from) {
      return undefined;
    }
    // The top layer: an output's own scrolling would cut it off otherwise. Where there is none it stands in place.
    node.setAttribute('popover', 'manual');
    node.showPopover?.();
    const { width, height } = node.getBoundingClientRect();
    const below = from.bottom + height <= window.innerHeight;
    node.style.left = `${Math.max(0, from.right - width)}px`;
    node.style.top = `${below ? from.bottom : Math.max(0, from.top - height)}px`;
    choices()[0]?.focus({ preventScroll: true });
    const onScroll = (): void => gone.current();
    window.addEventListener('scroll', onScroll, true);
    window.addEventListener('resize', onScroll);
    return () => {
      window.removeEventListener('scroll', onScroll, true);
      window.removeEventListener('resize', onScroll);
    };
  }, [button]);
  const onKey = (event: React.KeyboardEvent): void => {
    const all = choices();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[next]?.focus();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === 'Tab') {
      close();
    }
  };
  return (
    <div
      ref={box}
      className="jp-Lambda-menu"
      role="menu"
      aria-label={props.label}
      onKeyDown={onKey}
      onBlur={event => {
        const to = event.relatedTarget;
        if (to !== button.current && !event.currentTarget.contains(to)) {
          leave();
        }
      }}
    >
      {items.map(item => (
        <button
          key={item.label}
          role="menuitem"
          tabIndex={-1}
          disabled={item.disabled}
          onClick={() => {
            close();
            item.run();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}
