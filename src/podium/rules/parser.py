"""Read rules from text: an expression subset of Python, read with ``ast`` and never evaluated.

Errors point at the sub-expression that is wrong, in the file the text came from.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from podium.core.errors import Location, Problem, RuleError, did_you_mean
from podium.rules.functions import Function, find_function, functions, hint_at_function
from podium.rules.nodes import (
    SERIES_NAMES,
    Kind,
    Node,
    Number,
    Operation,
    Outputs,
    Past,
    Series,
    Truth,
    as_condition,
    as_node,
    as_number,
)

__all__ = ["parse"]

_TEXT_LENGTH_MAX: Final = 20_000
_LATER: Final = ("at", "of", "rank")
_TRUTHS: Final = {"true": True, "false": False, "True": True, "False": False}
_ARITHMETIC: Final[Mapping[type[ast.operator], str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip
_COMPARED: Final[Mapping[type[ast.cmpop], str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def parse(
    text: str,
    *,
    names: Mapping[str, Node | float],
    location: Location | None = None,
    expect: Kind | None = None,
    title: str = "the rule",
) -> Node:
    """Read an expression.

    Args:
        text: the expression; it may go over several lines.
        names: what names other than series and functions mean: parameters' values and indicators.
        location: the file, and the line and column at which the text starts in it.
        expect: what it must be; ``None`` takes anything, a call with several outputs included.
        title: what it is called where it stands.

    Returns:
        The node.

    Raises:
        RuleError: when the text is no expression of the language, pointing at the part that is wrong.
    """
    reader = _Reader(text.replace("\r\n", "\n").replace("\r", "\n"), names, location or Location(file="<rule>"))
    tree = reader.tree()
    node = reader.read(tree)
    if expect is Kind.NUMBER:
        return reader.at(tree, lambda: as_number(node, title))
    return reader.at(tree, lambda: as_condition(node, title)) if expect is Kind.CONDITION else node


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turn Python's syntax tree of one text into nodes."""

    text: str
    names: Mapping[str, Node | float]
    location: Location

    def tree(self) -> ast.expr:
        """Read Python's syntax."""
        if len(self.text) > _TEXT_LENGTH_MAX:
            raise self.error(None, f"the rule has {len(self.text)} characters", expected=f"at most {_TEXT_LENGTH_MAX}")
        if not self.text.strip():
            raise self.error(None, "the rule is empty", expected="an expression such as close > sma(close, 20)")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                # Parentheses let the text go over several lines; they move its first line by one column.
                body = ast.parse(f"({self.text}\n)", mode="eval").body
        except SyntaxError as error:
            line, column = error.lineno or 1, error.offset or 1
            place = self._place(line, column - 1 - (line == 1))
            raise self._wrong(
                place, _said(error.msg), expected="an expression, such as close > sma(close, 20)"
            ) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise self.error(None, f"the rule cannot be read: {error}", expected="a simpler expression") from None
        if (body.lineno, body.col_offset) == (1, 0):  # the text closed the parenthesis put before it
            raise self.error(None, "the rule is not an expression: unmatched ')'", expected="matching parentheses")
        return body

    def error(
        self, part: ast.expr | None, message: str, *, expected: str | None = None, hint: str | None = None
    ) -> RuleError:
        """Build an error that points at a part."""
        place = self.location if part is None else self._place(part.lineno, self._column(part))
        return self._wrong(place, message, expected=expected, hint=hint)

    def at(self, part: ast.expr, build: Callable[[], Node]) -> Node:
        """Build a node; let its errors point at a part."""
        try:
            return build()
        except RuleError as error:
            if any(problem.location for problem in error.problems):
                raise
            problem = error.problems[0]
            raise self.error(part, problem.message, expected=problem.expected, hint=problem.hint) from None

    def read(self, part: ast.expr) -> Node:
        """Turn a part into a node."""
        try:
            return self._read(part)
        except RecursionError:
            raise self.error(None, "the rule is nested too deeply", expected="a simpler expression") from None

    def _read(self, part: ast.expr) -> Node:
        match part:
            case ast.Constant():
                return self._constant(part)
            case ast.Name():
                return self._name(part)
            case ast.BinOp():
                return self._binary(part)
            case ast.UnaryOp():
                return self._unary(part)
            case ast.BoolOp():
                name = "and" if isinstance(part.op, ast.And) else "or"
                nodes = [(each, self._read(each)) for each in part.values]
                checked = [self.at(each, lambda n=node: as_condition(n, name)) for each, node in nodes]  # type: ignore[misc]  # a default binds the loop's value
                return self.at(part, lambda: Operation.logic(name, *checked))
            case ast.Compare():
                return self._compare(part)
            case ast.Call():
                return self._call(part)
            case ast.Attribute():
                return self._output(part)
            case ast.Subscript():
                node, bars = self._read(part.value), self._index(part.slice)
                return self.at(part.slice, lambda: Past.of(node, bars))
        raise self.error(
            part,
            f"{self._source(part)} is not part of the rule language",
            expected="numbers, series, parameters, indicators, functions, arithmetic, comparisons, and or not, [n]",
            hint="where(condition, a, b) chooses between two numbers" if isinstance(part, ast.IfExp) else None,
        )

    def _constant(self, part: ast.Constant) -> Node:
        if isinstance(part.value, bool):
            return Truth(part.value)
        if isinstance(part.value, int | float):
            value = part.value
            return self.at(part, lambda: Number(value))
        raise self.error(part, f"{self._source(part)} is not a number", expected="a number, or a name without quotes")

    def _name(self, part: ast.Name) -> Node:
        name = part.id
        if name in self.names:
            return self._named(part, self.names[name])
        if name in SERIES_NAMES:
            return Series(name)
        if name in _TRUTHS:
            return Truth(_TRUTHS[name])
        if (found := self._found(part, name)) is not None:
            raise self.error(part, f"{name} is a function", expected="a call", hint=found.signature)
        known = [*self.names, *SERIES_NAMES]
        raise self.error(
            part,
            f"unknown name {name!r}",
            expected=f"a series ({', '.join(SERIES_NAMES)})"
            + (f", or one of {', '.join(sorted(self.names))}" if self.names else ", a parameter or an indicator"),
            hint=did_you_mean(name, known) or did_you_mean(name, functions()),
        )

    def _named(self, part: ast.Name, value: object) -> Node:
        if part.id in SERIES_NAMES:
            raise self.error(
                part, f"{part.id} is a series of the bars and cannot be the name of a parameter or an indicator"
            )
        if isinstance(value, str) and value not in SERIES_NAMES:
            raise self.error(
                part, f"{part.id} is the text {value!r}", expected="a number, a truth value or the name of a series"
            )
        return self.at(part, lambda: as_node(value))

    def _found(self, part: ast.expr, name: str) -> Function | None:
        """Look a function up; a broken plug-in is an error here."""
        try:
            return find_function(name)
        except RuleError as error:
            problem = error.problems[0]
            raise self.error(part, problem.message, expected=problem.expected, hint=problem.hint) from None

    def _binary(self, part: ast.BinOp) -> Node:
        left, right = self._read(part.left), self._read(part.right)
        if isinstance(part.op, ast.BitAnd | ast.BitOr):
            name = "and" if isinstance(part.op, ast.BitAnd) else "or"
            self.at(part.left, lambda: as_condition(left, name))
            self.at(part.right, lambda: as_condition(right, name))
            return self.at(part, lambda: Operation.logic(name, left, right))
        operator = _ARITHMETIC.get(type(part.op))
        if operator is None:
            raise self.error(part, f"unknown operator in {self._source(part)}", expected="one of + - * / // % **")
        self.at(part.left, lambda: as_number(left, operator))
        self.at(part.right, lambda: as_number(right, operator))
        return self.at(part, lambda: Operation.arithmetic(operator, left, right))

    def _unary(self, part: ast.UnaryOp) -> Node:
        node = self._read(part.operand)
        if isinstance(part.op, ast.Not | ast.Invert):
            return self.at(part.operand, lambda: Operation.negation(node))
        if isinstance(part.op, ast.USub):
            return self.at(part.operand, lambda: Operation.negative(node))
        return self.at(part.operand, lambda: as_number(node, "+"))

    def _compare(self, part: ast.Compare) -> Node:
        parts = [part.left, *part.comparators]
        nodes = [self._read(each) for each in parts]
        conditions: list[Node] = []
        for index, sign in enumerate(part.ops):
            operator = _COMPARED.get(type(sign))
            if operator is None:
                raise self.error(part, f"unknown comparison in {self._source(part)}", expected="one of < <= > >= == !=")
            left, right = nodes[index], nodes[index + 1]
            self.at(parts[index], lambda n=left, o=operator: as_number(n, o))  # type: ignore[misc]  # a default binds the loop's value
            self.at(parts[index + 1], lambda n=right, o=operator: as_number(n, o))  # type: ignore[misc]
            conditions.append(
                self.at(part, lambda a=left, b=right, o=operator: Operation.comparison(o, a, b))  # type: ignore[misc]
            )
        return self.at(part, lambda: Operation.logic("and", *conditions))

    def _call(self, part: ast.Call) -> Node:
        if not isinstance(part.func, ast.Name):
            raise self.error(
                part.func, f"{self._source(part.func)} cannot be called", expected="the name of a function"
            )
        name = part.func.id
        if name in _LATER:
            raise self.error(part.func, f"{name}() comes in a later release")
        found = self._found(part.func, name)
        if found is None:
            is_value = name in self.names or name in SERIES_NAMES
            raise self.error(
                part.func,
                f"{name!r} is no function" if is_value else f"unknown function {name!r}",
                expected="a function of the reference, such as ema(close, 20)",
                hint=f"write {name}[1] for the value one bar ago" if is_value else hint_at_function(name),
            )
        arguments = [self._read(self._plain(each)) for each in part.args]
        named: dict[str, Node] = {}
        for keyword in part.keywords:
            if keyword.arg is None or keyword.arg in named:
                raise self.error(keyword.value, f"a wrong argument of {name}", expected=found.signature)
            named[keyword.arg] = self._read(keyword.value)
        return self.at(part, lambda: found(*arguments, **named))

    def _plain(self, part: ast.expr) -> ast.expr:
        if isinstance(part, ast.Starred):
            raise self.error(part, f"{self._source(part)} is not part of the rule language", expected="one argument")
        return part

    def _output(self, part: ast.Attribute) -> Node:
        node = self._read(part.value)
        if not isinstance(node, Outputs):
            raise self.error(
                part,
                f"{self._source(part.value)} has no output {part.attr!r}: it is one series",
                hint="leave the dot out",
            )
        return self.at(part, lambda: node.output(part.attr))

    def _index(self, part: ast.expr) -> Node:
        if isinstance(part, ast.Slice | ast.Tuple):
            raise self.error(part, f"[{self._source(part)}] is a range", expected="[n]: the value n bars ago")
        return self._read(part)

    def _source(self, part: ast.expr) -> str:
        source = ast.get_source_segment(f"({self.text}\n)", part) or "this"
        plain = " ".join(source.split())
        return plain if len(plain) <= 60 else plain[:57] + "..."

    def _column(self, part: ast.expr) -> int:
        """Count characters, where Python's tree counts bytes; from 0, without the parenthesis put before the text."""
        line = f"({self.text}\n)".split("\n")[part.lineno - 1]
        return len(line.encode()[: part.col_offset].decode(errors="ignore")) - (part.lineno == 1)

    def _place(self, line: int, column: int) -> Location:
        start = self.location
        lines = self.text.split("\n")
        if line > len(lines):  # the closing parenthesis put behind the text
            line, column = len(lines), len(lines[-1])
        column = max(column, 0)
        if start.line is None:
            return Location(file=start.file, line=line, column=column + 1)
        first_column = (start.column or 1) + column if line == 1 else column + 1
        return Location(file=start.file, line=start.line + line - 1, column=first_column)

    def _wrong(
        self, place: Location, message: str, *, expected: str | None = None, hint: str | None = None
    ) -> RuleError:
        return RuleError(Problem(message=message, location=place, expected=expected, hint=hint))


def _said(message: str) -> str:
    return f"the rule is not an expression: {message.removesuffix('. Perhaps you forgot a comma?')}"
