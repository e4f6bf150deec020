"""Parsing that keeps no state between definitions, and reads strings as JSON.

moto keeps the stack of query languages on the class: one refused definition, or two parsed at the same time,
corrupts every later parse of the process. Here each parse has its own. moto also takes some strings (names, keys,
values of `Assign`) with their escapes, and others as Python literals; and of a percentage it wants the fraction.
"""

from __future__ import annotations

import json
import re
from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto.stepfunctions.parser.asl")

_WHOLE_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')


@patches.replaces("parse.asl_parser", "AmazonStateLanguageParser.parse", "definition")
def parse(definition: str) -> tuple[Any, Any]:
    """The program that `definition` describes, and its parse tree."""
    from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
    from moto.stepfunctions.parser.asl.parse.asl_parser import ASLParserException, SyntaxErrorListener
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    listener = SyntaxErrorListener()
    parser = ASLParser(CommonTokenStream(ASLLexer(InputStream(_WHOLE_PERCENTAGE.sub(r"\1.0", definition)))))
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    tree = parser.state_machine()
    if listener.errors:
        raise ASLParserException(errors=listener.errors)
    preprocessor = Preprocessor()
    preprocessor._query_language_per_scope = []
    return preprocessor.visit(tree), tree


def _text(context: Any) -> str:
    """The text of a node of the parse tree; of a string, what it stands for."""
    text: str = context.getText()
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        value: str = json.loads(text, strict=False)
        return value
    return text


@patches.replaces("antlt4utils.antlr4utils", "from_string_literal", "parser_rule_context", everywhere=True)
def from_string_literal(parser_rule_context: Any) -> str:
    """The value of a string."""
    return _text(parser_rule_context)


@patches.replaces("parse.preprocessor", "Preprocessor._inner_string_of", "parser_rule_context")
def inner_string_of(parser_rule_context: Any) -> str | None:
    """The value of a string or of null."""
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
    from moto.stepfunctions.parser.asl.antlt4utils.antlr4utils import is_terminal

    return None if is_terminal(parser_rule_context, ASLLexer.NULL) else _text(parser_rule_context)
