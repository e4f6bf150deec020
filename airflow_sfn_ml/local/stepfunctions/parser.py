"""Parsing that keeps no state between definitions.

moto keeps the stack of query languages on the class: one refused definition, or two parsed at the same time, corrupts
every later parse of the process. Here each parse has its own.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto.stepfunctions.parser.asl")


@patches.replaces("parse.asl_parser", "AmazonStateLanguageParser.parse", "definition")
def parse(definition: str) -> tuple[Any, Any]:
    """The program that `definition` describes, and its parse tree."""
    from antlr4 import CommonTokenStream, InputStream
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
    from moto.stepfunctions.parser.asl.parse.asl_parser import ASLParserException, SyntaxErrorListener
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    listener = SyntaxErrorListener()
    parser = ASLParser(CommonTokenStream(ASLLexer(InputStream(definition))))
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    tree = parser.state_machine()
    if listener.errors:
        raise ASLParserException(errors=listener.errors)
    preprocessor = Preprocessor()
    preprocessor._query_language_per_scope = []
    return preprocessor.visit(tree), tree
