"""Read an expression by operator precedence (Pratt's algorithm), as JSONata's own parser does.

Each operator has a binding power; an operand takes what follows as long as that binds tighter than what stands before.
The powers are those of JSONata 2.0.6, the version that Step Functions names; ``?:`` and ``??`` came later and are read
as well, so that nothing valid is refused.
"""

from __future__ import annotations

from airflow_sfn_ml.asl.jsonata.nodes import JsonataSyntaxError, Node
from airflow_sfn_ml.asl.jsonata.tokens import END, Token, Tokens

POWER = {
    ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60,
    "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "?:": 40, "??": 40,
    "and": 30, "or": 25, "in": 40, "&": 50,
}  # fmt: skip
BINARY = {".", "+", "-", "*", "/", "%", "=", "<", ">", "!=", "<=", ">=", "~>", "and", "or", "in", "&"}
NEGATION = 70
LAMBDA = ("function", "λ")


def parse(text: str) -> Node:
    """The tree of the expression *text*, which stands without its ``{% %}``.

    :raises JsonataSyntaxError: it does not follow the grammar.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = Tokens(text)
        self.token = self.tokens.next(operator_due=False)

    def whole(self) -> Node:
        node = self.expression(0)
        if self.token.kind != "end":
            raise JsonataSyntaxError(f"{self.token.value!r} is not expected here", self.token.position)
        return node

    def expression(self, power: int) -> Node:
        token = self.token
        self.token = self.tokens.next(operator_due=True)
        left = self.operand(token)
        while self.token.kind == "operator" and power < POWER.get(self.token.value, 0):
            token = self.token
            self.token = self.tokens.next(operator_due=False)
            left = self.operation(token, left)
        return left

    def at(self, operator: str) -> bool:
        return self.token.kind == "operator" and self.token.value == operator

    def take(self, operator: str, operator_due: bool = False) -> None:
        if not self.at(operator):
            found = "the end" if self.token.kind == "end" else repr(self.token.value)
            raise JsonataSyntaxError(f"expected {operator!r}, found {found}", self.token.position)
        self.token = self.tokens.next(operator_due)

    def operand(self, token: Token) -> Node:
        if token.kind == "end":
            raise JsonataSyntaxError("the expression ends too early", token.position)
        if token.kind != "operator":
            return Node(token.kind, token.value, (), token.position)
        match token.value:
            case "-":
                return Node("unary", "-", (self.expression(NEGATION),), token.position)
            case "*":
                return Node("wildcard", None, (), token.position)
            case "**":
                return Node("descendant", None, (), token.position)
            case "%":
                return Node("parent", None, (), token.position)
            case "and" | "or" | "in":
                return Node("name", token.value, (), token.position)
            case "(":
                return self.block(token)
            case "[":
                return self.array(token)
            case "{":
                return Node("object", None, self.pairs(), token.position)
            case "|":
                return self.transform(token)
        raise JsonataSyntaxError(f"{token.value!r} cannot stand before a value", token.position)

    def operation(self, token: Token, left: Node) -> Node:
        operator = token.value
        if operator in BINARY:
            right = self.expression(POWER[operator])
            if operator == ".":
                _check_steps(left, right)
            return Node("binary", operator, (left, right), token.position)
        match operator:
            case "(":
                return self.call(token, left)
            case "[":
                return self.predicate(token, left)
            case "{":
                return Node("group", None, (left, *self.pairs()), token.position)
            case "^":
                return self.sort(token, left)
            case ":=":
                if left.kind != "variable":
                    raise JsonataSyntaxError("the left side of := is a variable, $name", left.position)
                return Node("binary", operator, (left, self.expression(POWER[operator] - 1)), token.position)
            case "@" | "#":
                right = self.expression(POWER[operator])
                if right.kind != "variable":
                    raise JsonataSyntaxError(f"a variable, $name, follows {operator}", right.position)
                return Node("binary", operator, (left, right), token.position)
            case "?":
                return self.condition(token, left)
        return Node("condition", operator, (left, self.expression(0)), token.position)

    def block(self, token: Token) -> Node:
        parts = []
        while not self.at(")"):
            parts.append(self.expression(0))
            if not self.at(";"):
                break
            self.take(";")
        self.take(")", operator_due=True)
        return Node("block", None, tuple(parts), token.position)

    def array(self, token: Token) -> Node:
        items: list[Node] = []
        while (not items and not self.at("]")) or (items and self.at(",")):
            if items:
                self.take(",")
            item = self.expression(0)
            if self.at(".."):
                self.take("..")
                item = Node("range", None, (item, self.expression(0)), item.position)
            items.append(item)
        self.take("]", operator_due=True)
        return Node("array", None, tuple(items), token.position)

    def pairs(self) -> tuple[Node, ...]:
        """Keys and values, one after another."""
        parts: list[Node] = []
        while (not parts and not self.at("}")) or (parts and self.at(",")):
            if parts:
                self.take(",")
            parts.append(self.expression(0))
            self.take(":")
            parts.append(self.expression(0))
        self.take("}", operator_due=True)
        return tuple(parts)

    def predicate(self, token: Token, left: Node) -> Node:
        if self.at("]"):
            self.take("]")
            return left
        inner = self.expression(0)
        self.take("]", operator_due=True)
        return Node("binary", "[", (left, inner), token.position)

    def sort(self, token: Token, left: Node) -> Node:
        self.take("(")
        terms: list[Node] = []
        while not terms or self.at(","):
            if terms:
                self.take(",")
            for direction in ("<", ">"):
                if self.at(direction):
                    self.take(direction)
                    break
            terms.append(self.expression(0))
        self.take(")")
        return Node("sort", None, (left, *terms), token.position)

    def condition(self, token: Token, left: Node) -> Node:
        parts = [left, self.expression(0)]
        if self.at(":"):
            self.take(":")
            parts.append(self.expression(0))
        return Node("condition", "?", tuple(parts), token.position)

    def transform(self, token: Token) -> Node:
        parts = [self.expression(0)]
        self.take("|")
        parts.append(self.expression(0))
        if self.at(","):
            self.take(",")
            parts.append(self.expression(0))
        self.take("|")
        return Node("transform", None, tuple(parts), token.position)

    def call(self, token: Token, left: Node) -> Node:
        arguments: list[Node] = []
        while (not arguments and not self.at(")")) or (arguments and self.at(",")):
            if arguments:
                self.take(",")
            if self.at("?"):
                arguments.append(Node("placeholder", None, (), self.token.position))
                self.take("?")
            else:
                arguments.append(self.expression(0))
        self.take(")", operator_due=True)
        if left.kind == "name" and left.value in LAMBDA:
            return self.function(token, arguments)
        return Node("call", None, (left, *arguments), token.position)

    def function(self, token: Token, arguments: list[Node]) -> Node:
        for argument in arguments:
            if argument.kind != "variable":
                raise JsonataSyntaxError("the parameters of a function are variables, $name", argument.position)
        self.signature()
        self.take("{")
        body = self.expression(0)
        self.take("}")
        return Node("lambda", tuple(argument.value for argument in arguments), (body,), token.position)

    def signature(self) -> None:
        """Pass ``<s-n:n>`` between the parameters and the body."""
        if not self.at("<"):
            return
        depth = 1
        while depth and self.token.value != END and not self.at("{"):
            self.token = self.tokens.next(operator_due=False)
            depth += self.at("<") - self.at(">")
        self.take(">")


def _check_steps(*steps: Node) -> None:
    for step in steps:
        inner = step.children[0] if step.kind == "unary" else step
        if inner.kind in ("number", "value"):
            shown = {True: "true", False: "false", None: "null"}.get(inner.value, inner.value)
            raise JsonataSyntaxError(f"{shown} cannot be a step of a path; write `{shown}` for a field", step.position)
