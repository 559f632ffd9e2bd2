"""A view: the same facts as text, as HTML and as JSON."""

from __future__ import annotations

import html
from typing import Any, Final

# Colours come from JupyterLab's variables, so that themes carry through; elsewhere (VS Code, nbconvert, a mail) the second value
# of each holds. There is no green: success has no colour, amber − and blue + mark what went and what came. The class stands twice
# where a front end's own rules for tables would win.
STYLE: Final = """<style>
.jla-view{--jla-bg:var(--jp-layout-color1,transparent);--jla-mix:var(--jp-inverse-layout-color0,#888);
--jla-fg2:color-mix(in srgb,currentColor 66%,transparent);--jla-line:color-mix(in srgb,currentColor 16%,transparent);
--jla-accent:var(--jp-brand-color1,#1976d2);--jla-cold:var(--jp-warn-color1,#f57c00);--jla-bad:var(--jp-error-color1,#d32f2f);
--jla-mono:var(--jp-code-font-family,ui-monospace,menlo,consolas,'DejaVu Sans Mono',monospace);
color:var(--jp-ui-font-color1,inherit);font:13px/20px var(--jp-ui-font-family,system-ui,sans-serif);margin:2px 0}
.jla-view .mono,.jla-view .num,.jla-view pre{font-family:var(--jla-mono);font-size:12px;font-variant-numeric:tabular-nums}
.jla-view .quiet{color:var(--jla-fg2)}.jla-view .strong{font-weight:600}
.jla-view .bad{color:color-mix(in srgb,var(--jla-bad) 88%,currentColor)}
.jla-view .warn{color:color-mix(in srgb,var(--jla-cold) 60%,currentColor)}
.jla-view .alive{color:color-mix(in srgb,var(--jla-accent) 84%,currentColor)}
.jla-view.jla-view table{border-collapse:collapse;border:0;margin:2px 0;font-size:12px;line-height:18px;table-layout:auto;width:auto}
.jla-view.jla-view :is(th,td){padding:3px 12px 3px 4px;text-align:left;vertical-align:top;border:0;max-width:60em;background:none}
.jla-view.jla-view thead th{font-weight:400;font-size:11px;color:var(--jla-fg2);border-bottom:1px solid currentColor;
font-family:var(--jp-ui-font-family,system-ui,sans-serif)!important}
.jla-view.jla-view tbody tr:nth-child(n){background:none;border-bottom:1px solid var(--jla-line)}
.jla-view.jla-view .num{text-align:right;white-space:nowrap}.jla-view p{margin:2px 0}
.jla-view .note{border-left:3px solid var(--jla-cold);background:color-mix(in srgb,var(--jla-cold) 13%,transparent);padding:4px 8px}
.jla-view .note.bad-note{border-color:var(--jla-bad);background:color-mix(in srgb,var(--jla-bad) 9%,transparent)}
.jla-view pre{margin:2px 0;padding:4px 8px;line-height:18px;white-space:pre-wrap;background:none;color:inherit;overflow-wrap:anywhere}
.jla-view .diff{border:1px solid var(--jla-line);padding:0}.jla-view .diff div{padding:0 8px;min-height:18px}
.jla-view .diff .del{background:color-mix(in srgb,var(--jla-cold) 12%,transparent);box-shadow:inset 2px 0 var(--jla-cold)}
.jla-view .diff .add{background:color-mix(in srgb,var(--jla-accent) 12%,transparent);box-shadow:inset 2px 0 var(--jla-accent)}
.jla-view .diff .hunk{color:var(--jla-fg2)}
.jla-view details>summary{cursor:pointer}.jla-view h4{font-size:12px;font-weight:600;margin:6px 0 2px}
</style>"""


def escaped(text: object) -> str:
    """Text made safe to stand in HTML."""
    return html.escape(str(text))


def framed(body: str, label: str) -> str:
    """A view's HTML with its style; `label` names the region for those who listen."""
    return f'<div class="jla-view" role="region" aria-label="{escaped(label)}">{STYLE}{body}</div>'


class View:
    """What can be shown: subclasses say `text`, `markup` and `as_json`."""

    label = "jupyter-lambda"

    def text(self) -> str:
        """For a terminal."""
        raise NotImplementedError

    def markup(self) -> str:
        """HTML without frame and style; everything foreign in it is escaped."""
        raise NotImplementedError

    def as_json(self) -> Any:
        """The facts as builtins that `json` can write."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return framed(self.markup(), self.label)
