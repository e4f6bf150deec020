"""Colours, glyphs and the style sheet of the SVG.

Every status has a colour, a glyph and a word, so that nobody has to tell colours apart. The colours are custom
properties of `.sfn-picture`, named without weight (`:where`), so that a page can set its own; they follow the reader's
preference for light or dark, and a class ``light`` or ``dark`` on anything around the picture decides otherwise.

All selectors begin at `.sfn-picture`, because the style sheet of an SVG inside of a page holds for the whole page.
"""

from __future__ import annotations

from collections.abc import Mapping

from airflow_sfn_ml.history import StateStatus

LIGHT = {
    "ink": "#18212f",
    "muted": "#566275",
    "paper": "#ffffff",
    "card": "#ffffff",
    "panel": "#f6f8fb",
    "border": "#b4bfce",
    "edge": "#8a97a9",
    "faint": "#cdd5df",
    "way": "#33445c",
    "catch": "#c2410c",
    "focus": "#2563eb",
    "type": "#475a75",
    "succeeded": "#15803d",
    "succeeded-tint": "#ecf8f0",
    "running": "#1d63d8",
    "running-tint": "#eaf2fe",
    "retrying": "#7c3aed",
    "retrying-tint": "#f4effe",
    "failed": "#c81e1e",
    "failed-tint": "#fdeeee",
    "caught": "#a95d04",
    "caught-tint": "#fdf4e3",
    "aborted": "#59657a",
    "aborted-tint": "#eef1f5",
    "timed_out": "#a3195b",
    "timed_out-tint": "#fcedf4",
    "not_entered": "#68758a",
    "not_entered-tint": "#fafbfc",
}
DARK = {
    "ink": "#e8edf5",
    "muted": "#a3b0c4",
    "paper": "#11161f",
    "card": "#1b2230",
    "panel": "#161c27",
    "border": "#47556b",
    "edge": "#7788a0",
    "faint": "#3a4659",
    "way": "#c5d1e3",
    "catch": "#f0883e",
    "focus": "#7fb1ff",
    "type": "#9db2d0",
    "succeeded": "#4cc274",
    "succeeded-tint": "#13291c",
    "running": "#6aa5ff",
    "running-tint": "#14243f",
    "retrying": "#b392fb",
    "retrying-tint": "#241b3d",
    "failed": "#ff7b72",
    "failed-tint": "#381a1d",
    "caught": "#e3a33b",
    "caught-tint": "#32260f",
    "aborted": "#a0acbd",
    "aborted-tint": "#232b38",
    "timed_out": "#f47fb4",
    "timed_out-tint": "#371a2a",
    "not_entered": "#8d9bb0",
    "not_entered-tint": "#171d28",
}

STATUS_GLYPHS: Mapping[StateStatus, str] = {
    StateStatus.NOT_ENTERED: "M6 1.8a4.2 4.2 0 1 1 0 8.4a4.2 4.2 0 1 1 0-8.4",
    StateStatus.RUNNING: "M3.4 2L10 6L3.4 10Z",
    StateStatus.RETRYING: "M10 6a4 4 0 1 1-1.2-2.9M9.2.8V3.4H6.6",
    StateStatus.SUCCEEDED: "M1.8 6.6L4.7 9.4L10.2 2.8",
    StateStatus.FAILED: "M2.4 2.4L9.6 9.6M9.6 2.4L2.4 9.6",
    StateStatus.CAUGHT: "M6 1.4L11 10.4H1ZM6 4.8V7M6 8.8V8.9",
    StateStatus.ABORTED: "M2.6 2.6H9.4V9.4H2.6Z",
    StateStatus.TIMED_OUT: "M6 1.4a4.6 4.6 0 1 1 0 9.2a4.6 4.6 0 1 1 0-9.2M6 3.4V6.2L7.8 7.4",
}
"""Drawn in a square of 12."""

TYPE_GLYPHS: Mapping[str, str] = {
    "Task": "M2.5 2.5H13.5V13.5H2.5ZM6.5 5.2L10.8 8L6.5 10.8Z",
    "Pass": "M2 8H13M9.4 4.4L13 8L9.4 11.6",
    "Choice": "M8 1.6L14.4 8L8 14.4L1.6 8Z",
    "Wait": "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4M8 4.4V8.2L10.6 9.8",
    "Succeed": "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4M5 8.3L7.2 10.4L11.2 5.8",
    "Fail": "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4M5.6 5.6L10.4 10.4M10.4 5.6L5.6 10.4",
    "Parallel": "M8 1.5V4.5M3 14.5V4.5H13V14.5M8 4.5V14.5",
    "Map": "M2 5.5H10.5V14H2ZM4.5 5.5V3.7H12.3V11.5H10.5M6.8 3.7V2H14V9.2H12.3",
}
"""Drawn in a square of 16."""

RETRY_GLYPH = STATUS_GLYPHS[StateStatus.RETRYING]


def _properties(colours: Mapping[str, str]) -> str:
    return "".join(f"--sfn-{name}:{colour};" for name, colour in colours.items())


def _statuses() -> str:
    rules = [".sfn-picture .s-static{--c:var(--sfn-border);--t:var(--sfn-card);--k:var(--sfn-type)}"]
    for status in StateStatus:
        colour = f"var(--sfn-{status.value})"
        rules.append(f".sfn-picture .s-{status.value}{{--c:{colour};--t:var(--sfn-{status.value}-tint);--k:{colour}}}")
    return "\n".join(rules)


STYLE = f"""\
:where(.sfn-picture){{{_properties(LIGHT)}color-scheme:light}}
@media (prefers-color-scheme:dark){{:where(.sfn-picture){{{_properties(DARK)}color-scheme:dark}}}}
:where(.light .sfn-picture){{{_properties(LIGHT)}color-scheme:light}}
:where(.dark .sfn-picture){{{_properties(DARK)}color-scheme:dark}}
.sfn-picture{{--back:var(--sfn-paper);background:var(--sfn-paper);\
font-family:Inter,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif;font-size:11px}}
{_statuses()}
.sfn-picture .s-not_entered{{--c:var(--sfn-border)}}
.sfn-picture text{{fill:var(--sfn-muted)}}
.sfn-picture .name{{fill:var(--sfn-ink);font-size:13px;font-weight:600}}
.sfn-picture .note{{fill:var(--k);font-weight:500}}
.sfn-picture .frame{{fill:var(--t);stroke:var(--c);stroke-width:1.5}}
.sfn-picture .s-not_entered>.frame,.sfn-picture .s-not_entered>a>.frame{{stroke-dasharray:4 3}}
.sfn-picture .s-not_entered>.name,.sfn-picture .s-not_entered>a>.name{{fill:var(--sfn-muted)}}
.sfn-picture .panel{{fill:var(--sfn-panel);stroke:var(--sfn-faint);stroke-width:1}}
.sfn-picture .inner{{--back:var(--sfn-panel)}}
.sfn-picture .glyph{{fill:none;stroke:var(--k);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}}
.sfn-picture .glyph.solid{{fill:var(--k)}}
.sfn-picture .glyph.soft{{stroke:var(--sfn-muted);stroke-width:1.2}}
.sfn-picture .terminal{{fill:var(--sfn-panel);stroke:var(--sfn-border);stroke-width:1.5}}
.sfn-picture .terminal-name{{fill:var(--sfn-muted);font-weight:600;text-anchor:middle}}
.sfn-picture .link{{--e:var(--sfn-edge);fill:none;stroke:var(--e);stroke-width:1.5}}
.sfn-picture .tip{{--e:var(--sfn-edge);fill:var(--e)}}
.sfn-picture .seen .link,.sfn-picture .seen .tip{{--e:var(--sfn-faint)}}
.sfn-picture .catch{{--e:var(--sfn-catch)}}
.sfn-picture .link.catch{{stroke-dasharray:5 3}}
.sfn-picture .seen .catch{{--e:color-mix(in srgb,var(--sfn-catch) 45%,var(--back))}}
.sfn-picture .seen .taken{{--e:var(--sfn-way)}}
.sfn-picture .seen .taken.catch{{--e:var(--sfn-catch)}}
.sfn-picture .link.taken{{stroke-width:2}}
.sfn-picture .label{{text-anchor:middle;stroke:var(--back);stroke-width:5px;stroke-linejoin:round;paint-order:stroke}}
.sfn-picture .label.beside{{text-anchor:start}}
.sfn-picture .label.catch{{fill:var(--sfn-catch)}}
.sfn-picture .rest{{fill:var(--sfn-faint)}}
.sfn-picture .bar{{fill:var(--c)}}
.sfn-picture a{{text-decoration:none}}
.sfn-picture a .name{{text-decoration:underline;text-underline-offset:2px}}
.sfn-picture g:focus,.sfn-picture a:focus{{outline:none}}
.sfn-picture g:focus-visible>.frame,.sfn-picture a:focus-visible>.frame{{stroke:var(--sfn-focus);stroke-width:3}}
@media (prefers-reduced-motion:no-preference){{\
.sfn-picture .s-running>.pulse,.sfn-picture .s-running>a>.pulse{{animation:sfn-pulse 1.6s ease-in-out infinite}}\
@keyframes sfn-pulse{{50%{{opacity:.25}}}}}}
@media (forced-colors:active){{.sfn-picture .frame{{stroke:CanvasText}}.sfn-picture text{{fill:CanvasText}}}}
"""
