"""The capture report's style: `ui.md`'s tokens, mixed from JupyterLab's variables, with fall-backs where there is no JupyterLab."""

from __future__ import annotations

from typing import Final

_TOKENS: Final = """
--jla-size:var(--jp-ui-font-size1,13px);
--jla-ground:var(--jp-layout-color1,var(--vscode-editor-background,#fff));
--jla-ink:var(--jp-inverse-layout-color0,var(--vscode-editor-foreground,#111));
--jla-fg:var(--jp-ui-font-color1,var(--vscode-editor-foreground,rgba(0,0,0,.87)));
--jla-strong:var(--jp-ui-font-color0,var(--vscode-editor-foreground,#000));
--jla-brand:var(--jp-brand-color1,#1976d2);
--jla-warn1:var(--jp-warn-color1,#f57c00);
--jla-error1:var(--jp-error-color1,#d32f2f);
--jla-fg2:color-mix(in srgb,var(--jla-strong) 66%,transparent);
--jla-bg2:color-mix(in srgb,var(--jla-ground) 96.5%,var(--jla-ink));
--jla-line:color-mix(in srgb,var(--jla-ground) 87%,var(--jla-ink));
--jla-edge:color-mix(in srgb,var(--jla-ground) 74%,var(--jla-ink));
--jla-mono-family:var(--jp-code-font-family,Menlo,Consolas,"DejaVu Sans Mono",monospace);
"""
_LIGHT: Final = """
--jla-cold:color-mix(in srgb,var(--jla-warn1) 86%,black);
--jla-cold-text:color-mix(in srgb,var(--jla-warn1) 56%,black);
--jla-cold-tint:color-mix(in srgb,var(--jla-warn1) 13%,var(--jla-ground));
--jla-bad:var(--jla-error1);
--jla-bad-text:color-mix(in srgb,var(--jla-error1) 88%,black);
--jla-bad-tint:color-mix(in srgb,var(--jla-error1) 9%,var(--jla-ground));
"""
_DARK: Final = """
--jla-cold:var(--jp-warn-color2,#ffb74d);
--jla-cold-text:var(--jp-warn-color2,#ffb74d);
--jla-cold-tint:color-mix(in srgb,var(--jla-warn1) 15%,var(--jla-ground));
--jla-bad:color-mix(in srgb,var(--jla-error1) 70%,var(--jp-error-color2,#ef5350));
--jla-bad-text:color-mix(in srgb,var(--jp-error-color2,#ef5350) 78%,white);
--jla-bad-tint:color-mix(in srgb,var(--jla-error1) 15%,var(--jla-ground));
"""
_RULES: Final = """
.R{border:1px solid var(--jla-edge);border-left:3px solid var(--jla-edge);border-radius:var(--jp-border-radius,2px);
background:var(--jla-ground);color:var(--jla-fg);margin:2px 0;overflow-x:auto;text-align:left;
font:calc(var(--jla-size)*12/13)/1.5 var(--jp-ui-font-family,system-ui,sans-serif)}
.R.jla-live{border-left-color:var(--jla-brand)}
.R.jla-fail{border-left-color:var(--jla-bad)}
.R .jla-mono,.R .jla-n,.R .jla-tree,.R pre{font-family:var(--jla-mono-family);font-variant-numeric:tabular-nums}
.R .jla-n{white-space:nowrap}
.R .jla-u,.R .jla-sub,.R .jla-facts{color:var(--jla-fg2);font-size:calc(var(--jla-size)*11/13)}
.R .jla-fg2{color:var(--jla-fg2)} .R .jla-bad{color:var(--jla-bad-text)} .R .jla-cold{color:var(--jla-cold-text)} .R .jla-b{font-weight:600}
.R .jla-fg2 .jla-code{color:var(--jla-fg)} .R h4 .jla-code{font-weight:600}
.R .jla-head{display:flex;flex-wrap:wrap;align-items:center;gap:0 8px;min-height:32px;padding:0 8px;font-size:var(--jla-size)}
.R .jla-facts{margin-left:auto}
.R .jla-chip{border:1px solid var(--jla-line);border-radius:var(--jp-border-radius,2px);background:var(--jla-bg2);padding:0 5px;
font-size:calc(var(--jla-size)*11/13)}
.R .jla-sec{border-top:1px solid var(--jla-line);padding:8px}
.R .jla-hd{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 8px;margin-bottom:4px}
.R .jla-hd h4{margin:0;font-size:inherit;font-weight:600;line-height:1.5;color:inherit}
.R table{border-collapse:collapse;width:100%;margin:0;font-size:inherit;color:inherit;border:0;table-layout:auto}
.R th{font-weight:400;color:var(--jla-fg2);font-size:calc(var(--jla-size)*11/13);border-bottom:1px solid var(--jla-fg2)}
.R th,.R td{text-align:left;padding:3px 8px;vertical-align:top;background:none;max-width:none;white-space:normal}
.R thead,.R tbody tr,.R tbody tr:nth-child(odd),.R tbody tr:hover{background:none;border:0}
.R tbody td{border-bottom:1px solid var(--jla-line)}
.R td:last-child,.R th:last-child{width:42%}
.R .jla-r{text-align:right;white-space:nowrap}
.R .jla-bar{display:inline-block;width:88px;height:8px;border-bottom:1px solid var(--jla-line);vertical-align:middle;line-height:0}
.R .jla-bar i{display:block;height:8px;background:color-mix(in srgb,var(--jla-fg) 45%,transparent)}
.R .jla-bar i.jla-costs{background:var(--jla-cold)}
.R .jla-flow{display:flex;flex-wrap:wrap;gap:4px 20px} .R .jla-module{white-space:nowrap}
.R .jla-warn{display:flex;align-items:center;gap:8px;min-height:28px;padding:2px 8px;background:var(--jla-cold-tint);
border-top:1px solid var(--jla-line);border-left:3px solid var(--jla-cold);margin-left:-1px}
.R .jla-half{display:grid;grid-template-columns:repeat(auto-fit,minmax(22em,1fr));gap:4px 16px}
.R .jla-tree{line-height:1.8} .R .jla-tree>div{padding-right:8px}
.R .jla-culprit{background:var(--jla-bad-tint);box-shadow:inset 3px 0 var(--jla-bad)}
.R .jla-way{color:var(--jla-fg)} .R .jla-half .jla-way{color:var(--jla-fg2)}
.R pre{margin:4px 0 0;padding:4px 8px;border:1px solid var(--jla-line);background:var(--jla-ground);color:inherit;
font-size:inherit;line-height:1.45;white-space:pre;overflow-x:auto}
.R .jla-i{width:14px;height:14px;vertical-align:-2px;fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;
stroke-linejoin:round;flex:none}
.R .jla-cut{stroke:var(--jla-ground);stroke-width:1.8}
"""
_DARK_PAGES: Final = (
    "body[data-jp-theme-light='false'] .R",
    "body.vscode-dark .R",
    "body[data-vscode-theme-kind='vscode-dark'] .R",
    "[data-theme='dark'] .R",
)


def _style() -> str:
    name = ".jp-Lambda-capture.jp-Lambda-capture"  # twice: JupyterLab's own rules for tables would win
    sheet = f".R{{{_TOKENS}{_LIGHT}}}{','.join(_DARK_PAGES)}{{{_DARK}}}{_RULES}"
    return sheet.replace(".R", name).replace("\n", "")


STYLE: Final = _style()
