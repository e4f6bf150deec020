"""The SVG in a box that scrolls, for notebooks (``_repr_html_``) and pages. No script."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.pictures.svg import to_svg


def to_html(definition: asl.StateMachine | Mapping[str, object] | str, view: ExecutionView | None = None) -> str:
    """The picture of *definition* as a ``div``, with the status of *view* if one is given.

    :raises DefinitionError: the definition is not shaped like one.
    """
    return f'<div class="sfn-scroll" style="max-width:100%;overflow:auto">\n{to_svg(definition, view)}</div>\n'
