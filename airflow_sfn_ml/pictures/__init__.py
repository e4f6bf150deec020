"""Pictures of state machines, plain or with the status of an execution. Pure: no network, no script, no program.

``to_svg`` for pages and documents, ``to_html`` for notebooks, ``to_mermaid`` for Markdown, ``to_text`` for terminals
and logs. Each takes a definition (an `asl.StateMachine`, a dict or JSON text) and, if it is to show one, the view of an
execution. What they all show is the outline of the definition; ``layout`` gives that its places.
"""

from airflow_sfn_ml.pictures.arrangement import layout
from airflow_sfn_ml.pictures.drawing import Box, Drawing, Label, Line, Panel
from airflow_sfn_ml.pictures.html import to_html
from airflow_sfn_ml.pictures.mermaid import to_mermaid
from airflow_sfn_ml.pictures.svg import to_svg
from airflow_sfn_ml.pictures.text import to_text

__all__ = ["Box", "Drawing", "Label", "Line", "Panel", "layout", "to_html", "to_mermaid", "to_svg", "to_text"]
