"""Cut an expression into tokens.

A slash begins a regular expression where an operand is due and divides where an operator is due, so the parser says
which of the two it waits for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.jsonata.nodes import JsonataSyntaxError

SPACE = " \t\n\r\v"
DOUBLE = ("..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??")
SINGLE = ".[]{}(),@#;:?+-*/%|=<>^&!~"
NUMBER = re.compile(r"-?(0|([1-9][0-9]*))(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
HEX = re.compile(r"[0-9a-fA-F]{4}")
WORDS = {"true": True, "false": False, "null": None}
END = "(end)"


@dataclass(frozen=True, slots=True)
class Token:
    """*kind* is operator, string, number, value, regex, name, variable or end."""

    kind: str
    value: Any
    position: int


class Tokens:
    """The tokens of *text*, one after another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self, operator_due: bool) -> Token:
        """The token that follows; *operator_due* after an operand."""
        self._skip()
        start, text = self.at, self.text
        if start >= len(text):
            return Token("end", END, len(text))
        char = text[start]
        if char == "/" and not operator_due:
            return Token("regex", self._regex(), start)
        for double in DOUBLE:
            if text.startswith(double, start):
                self.at += 2
                return Token("operator", double, start)
        if char in SINGLE:
            self.at += 1
            return Token("operator", char, start)
        if char in "\"'":
            return Token("string", self._string(char), start)
        number = NUMBER.match(text, start)
        if number:
            self.at = number.end()
            return Token("number", number.group(), start)
        if char == "`":
            return Token("name", self._quoted_name(), start)
        return self._word()

    def _skip(self) -> None:
        """Pass white space and comments."""
        text = self.text
        while self.at < len(text):
            if text[self.at] in SPACE:
                self.at += 1
            elif text.startswith("/*", self.at):
                close = text.find("*/", self.at + 2)
                if close < 0:
                    raise JsonataSyntaxError("a comment /* is not closed by */", self.at)
                self.at = close + 2
            else:
                return

    def _regex(self) -> str:
        """The pattern up to a slash that is neither escaped nor within brackets."""
        start = self.at + 1
        depth, position = 0, start
        while position < len(self.text):
            char = self.text[position]
            escaped = self._escaped(position)
            if char == "/" and not escaped and depth == 0:
                if position == start:
                    raise JsonataSyntaxError("an empty regular expression // is not allowed", self.at)
                self.at = position + 1
                while self.at < len(self.text) and self.text[self.at] in "im":
                    self.at += 1
                return self.text[start:position]
            if self.text[position - 1] != "\\":
                depth += (char in "([{") - (char in ")]}")
            position += 1
        raise JsonataSyntaxError("a regular expression has no closing /", self.at)

    def _escaped(self, position: int) -> bool:
        before = position
        while self.text[before - 1] == "\\":
            before -= 1
        return (position - before) % 2 == 1

    def _string(self, quote: str) -> str:
        start = self.at
        position = start + 1
        while position < len(self.text):
            char = self.text[position]
            if char == quote:
                self.at = position + 1
                return self.text[start + 1 : position]
            if char == "\\":
                position += 1
                following = self.text[position : position + 1]
                if following == "u":
                    if not HEX.match(self.text, position + 1):
                        raise JsonataSyntaxError("\\u is followed by four hexadecimal digits", position)
                    position += 4
                elif following not in tuple('"\\/bfnrt'):
                    raise JsonataSyntaxError(
                        f'\\{following} is no escape: the text may hold \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u', position
                    )
            position += 1
        raise JsonataSyntaxError(f"a text that begins with {quote} is not closed", start)

    def _quoted_name(self) -> str:
        close = self.text.find("`", self.at + 1)
        if close < 0:
            raise JsonataSyntaxError("a name in backquotes is not closed", self.at)
        name = self.text[self.at + 1 : close]
        self.at = close + 1
        return name

    def _word(self) -> Token:
        start, end = self.at, self.at
        while end < len(self.text) and self.text[end] not in SPACE and self.text[end] not in SINGLE:
            end += 1
        self.at = end
        word = self.text[start:end]
        if word.startswith("$"):
            return Token("variable", word[1:], start)
        if word in ("and", "or", "in"):
            return Token("operator", word, start)
        if word in WORDS:
            return Token("value", WORDS[word], start)
        return Token("name", word, start)
