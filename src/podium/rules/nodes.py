"""Expressions as objects: what a rule says, before anything is computed.

A node is immutable and is named by its canonical text, which the parser reads back into an equal node. Two nodes with
one text are one node in a graph, so ``.text`` is what dictionaries are keyed by. Python's operators on nodes *build*
nodes: ``a == b`` is a condition of each bar, not a comparison of the two objects, and ``bool(node)`` is refused.

The same expression always has the same text, whichever way it was written:

* arithmetic and comparisons of plain numbers are folded when the result is finite;
* a plain number compared with a series stands on the right (``30 > x`` is ``x < 30``), as Python itself turns it;
* ``and`` within ``and`` and ``or`` within ``or`` are flat; ``not not a`` is ``a``; ``a[1][2]`` is ``a[3]``.

Calls are built by the functions of the registry (``functions.py``), text is read by ``parser.py``, ``graph.py``
computes.
"""

from __future__ import annotations

import keyword
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeAlias, overload

from podium.core.errors import Problem, RuleError, did_you_mean

__all__ = [
    "COMPARISONS",
    "SERIES_NAMES",
    "Call",
    "Callee",
    "Kind",
    "Node",
    "Number",
    "Operand",
    "Operation",
    "Outputs",
    "Parameter",
    "Past",
    "Series",
    "Truth",
    "as_condition",
    "as_node",
    "as_number",
    "plain_number",
    "rule_error",
]

#: Names of the series every bar has: its own columns and the usual means of them.
SERIES_NAMES: Final = ("open", "high", "low", "close", "volume", "hl2", "hlc3", "ohlc4")
#: Comparison operators and their mirror images.
COMPARISONS: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

_TEXT_LENGTH_MAX, _DEPTH_MAX = 100_000, 200
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _MINUS, _POWER, _POSTFIX = range(1, 10)
_PRECEDENCE: Final = {
    "or": _OR, "and": _AND, "not": _NOT, **dict.fromkeys(COMPARISONS, _COMPARISON),
    "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT, "negative": _MINUS, "**": _POWER,
}  # fmt: skip
_FOLDED: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": math.pow,
}  # fmt: skip
_COMPARED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Kind(StrEnum):
    """Say what a node's values are."""

    NUMBER = "number"
    """a number of each bar, or unknown"""
    CONDITION = "condition"
    """true, false or unknown for each bar"""
    OUTPUTS = "outputs"
    """several numbers of each bar; one must be named before it can be used"""


def rule_error(message: str, *, expected: str | None = None, hint: str | None = None) -> RuleError:
    """Build a rule error without a place; the parser adds the place.

    Args:
        message: what came and why it does not serve.
        expected: what would have been accepted.
        hint: what to do.

    Returns:
        The error, to be raised.
    """
    return RuleError(Problem(message=message, expected=expected, hint=hint))


class _Values(Protocol):
    """Type what a coded strategy finds in the place of an expression that it declares, when it runs."""

    def __getitem__(self, bars_ago: int) -> float:
        """Give the value so many bars ago; a condition is 0 or 1 to the type checker."""
        ...


class _Coded(Protocol):
    """Type a coded strategy, of which this layer knows nothing else."""

    @property
    def on_bar(self) -> Callable[..., None]: ...


class Node:
    """Be an expression of the rule language.

    Attributes:
        kind: what its values are.
        text: its canonical form, which is its identity.
        children: the nodes it reads.
        parameters: names of the parameters that still have no value.
        is_constant: whether it reads no series (plain numbers and parameters only).
    """

    __slots__ = ("_depth", "_precedence", "children", "is_constant", "kind", "parameters", "text")

    kind: Kind
    text: str
    children: tuple[Node, ...]
    parameters: frozenset[str]
    is_constant: bool
    _precedence: int
    _depth: int

    if TYPE_CHECKING:
        # In a class body an expression is a node; of an instance in a run, ``self.name`` is its values.
        @overload
        def __get__(self, instance: None, owner: object) -> Self: ...
        @overload
        def __get__(self, instance: _Coded, owner: object) -> _Values: ...
        @overload
        def __get__(self, instance: object, owner: object) -> Self: ...
        def __get__(self, instance: object, owner: object) -> Self | _Values: ...

    def _set(
        self, *, kind: Kind, text: str, precedence: int, children: tuple[Node, ...] = (), **fields: object
    ) -> None:
        depth = 1 + max((child._depth for child in children), default=0)  # noqa: SLF001  # its own class
        if depth > _DEPTH_MAX or len(text) > _TEXT_LENGTH_MAX:
            raise rule_error(
                f"the expression {_shortened(text)} is too large",
                expected=f"at most {_DEPTH_MAX} levels and {_TEXT_LENGTH_MAX} characters once names are put in",
            )
        free = frozenset[str]().union(*(child.parameters for child in children))
        values: dict[str, object] = {
            "kind": kind, "text": text, "_precedence": precedence, "children": children, "_depth": depth,
            "parameters": free, "is_constant": bool(children) and all(child.is_constant for child in children),
        }  # fmt: skip
        for name, value in {**values, **fields}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a rule expression cannot be changed (tried to set {name!r})")

    def __reduce__(self) -> tuple[Callable[[str, list[str]], Node], tuple[str, list[str]]]:
        return _from_text, (self.text, sorted(self.parameters))

    def __repr__(self) -> str:
        return self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __bool__(self) -> bool:
        raise TypeError(
            f"the rule {_shortened(self.text)} has a value for each bar, so it is neither true nor false here\n"
            "  hint: combine conditions with & | ~ (and put each in parentheses); compare nodes by .text"
        )

    def bind(self, params: Mapping[str, object]) -> Node:
        """Put values in the place of parameters.

        Args:
            params: a plain number for every parameter of this node; others are ignored.

        Returns:
            The node without parameters.

        Raises:
            RuleError: when a parameter has no value, is no number, or does not serve where it is used.
        """
        return self if not self.parameters else self._bound(params)

    def _bound(self, params: Mapping[str, object]) -> Node:
        raise NotImplementedError

    def _within(self, precedence: int) -> str:
        return self.text if self._precedence >= precedence else f"({self.text})"

    def __getitem__(self, bars: Operand) -> Node:
        return Past.of(self, bars)

    def __iter__(self) -> None:
        raise TypeError(f"the rule {_shortened(self.text)} cannot be looped over")

    def __abs__(self) -> Node:
        from podium.rules.functions import function  # noqa: PLC0415  # the registry builds nodes

        return function("abs")(self)

    def __neg__(self) -> Node:
        return Operation.negative(self)

    def __pos__(self) -> Node:
        return as_number(self, "+")

    def __invert__(self) -> Node:
        return Operation.negation(self)

    def __add__(self, other: Operand) -> Node:
        return Operation.arithmetic("+", self, other)

    def __radd__(self, other: Operand) -> Node:
        return Operation.arithmetic("+", other, self)

    def __sub__(self, other: Operand) -> Node:
        return Operation.arithmetic("-", self, other)

    def __rsub__(self, other: Operand) -> Node:
        return Operation.arithmetic("-", other, self)

    def __mul__(self, other: Operand) -> Node:
        return Operation.arithmetic("*", self, other)

    def __rmul__(self, other: Operand) -> Node:
        return Operation.arithmetic("*", other, self)

    def __truediv__(self, other: Operand) -> Node:
        return Operation.arithmetic("/", self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return Operation.arithmetic("/", other, self)

    def __floordiv__(self, other: Operand) -> Node:
        return Operation.arithmetic("//", self, other)

    def __rfloordiv__(self, other: Operand) -> Node:
        return Operation.arithmetic("//", other, self)

    def __mod__(self, other: Operand) -> Node:
        return Operation.arithmetic("%", self, other)

    def __rmod__(self, other: Operand) -> Node:
        return Operation.arithmetic("%", other, self)

    def __pow__(self, other: Operand) -> Node:
        return Operation.arithmetic("**", self, other)

    def __rpow__(self, other: Operand) -> Node:
        return Operation.arithmetic("**", other, self)

    def __and__(self, other: Operand) -> Node:
        return Operation.logic("and", self, other)

    def __rand__(self, other: Operand) -> Node:
        return Operation.logic("and", other, self)

    def __or__(self, other: Operand) -> Node:
        return Operation.logic("or", self, other)

    def __ror__(self, other: Operand) -> Node:
        return Operation.logic("or", other, self)

    def __lt__(self, other: Operand) -> Node:
        return Operation.comparison("<", self, other)

    def __le__(self, other: Operand) -> Node:
        return Operation.comparison("<=", self, other)

    def __gt__(self, other: Operand) -> Node:
        return Operation.comparison(">", self, other)

    def __ge__(self, other: Operand) -> Node:
        return Operation.comparison(">=", self, other)

    def __eq__(self, other: Operand) -> Node:  # type: ignore[override]  # it builds a condition
        return Operation.comparison("==", self, other)

    def __ne__(self, other: Operand) -> Node:  # type: ignore[override]  # it builds a condition
        return Operation.comparison("!=", self, other)


#: What may stand beside an operator or in a call: a node, a number, a truth value, the name of a parameter or series.
Operand: TypeAlias = Node | float | Decimal | bool | str


class Number(Node):
    """Be a plain number, the same on every bar.

    Args:
        value: finite.
    """

    __slots__ = ("value",)
    value: float

    def __init__(self, value: float) -> None:
        number = plain_number(value, "a number") + 0.0  # -0.0 and 0.0 have one text
        text = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
        precedence = _MINUS if number < 0 else _POSTFIX
        self._set(kind=Kind.NUMBER, text=text, precedence=precedence, is_constant=True, value=number)


class Truth(Node):
    """Be ``true`` or ``false`` on every bar.

    Args:
        value: which.
    """

    __slots__ = ("value",)
    value: bool

    def __init__(self, value: bool) -> None:
        text = "true" if value else "false"
        self._set(kind=Kind.CONDITION, text=text, precedence=_POSTFIX, is_constant=True, value=value)


class Series(Node):
    """Be a series of the bars themselves.

    Args:
        name: one of ``SERIES_NAMES``.
    """

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        if name not in SERIES_NAMES:
            raise rule_error(
                f"there is no series {name!r}",
                expected=f"one of {', '.join(SERIES_NAMES)}",
                hint=did_you_mean(name, SERIES_NAMES),
            )
        self._set(kind=Kind.NUMBER, text=name, precedence=_POSTFIX, name=name)


class Parameter(Node):
    """Stand for a number that the strategy's parameters give.

    Args:
        name: an identifier that is no series, no function and no word of the language.
    """

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        if not name.isidentifier() or name in SERIES_NAMES or name in _WORDS:
            raise rule_error(f"{name!r} cannot be the name of a parameter", expected="a name that is not taken")
        self._set(
            kind=Kind.NUMBER, text=name, precedence=_POSTFIX, is_constant=True, name=name, parameters=frozenset({name})
        )

    def _bound(self, params: Mapping[str, object]) -> Node:
        if self.name not in params:
            raise rule_error(
                f"the parameter {self.name!r} has no value",
                expected=f"one of {', '.join(sorted(params))}" if params else "a value in params",
                hint=did_you_mean(self.name, params),
            )
        return Number(plain_number(params[self.name], f"the parameter {self.name!r}"))


class Operation(Node):
    """Be arithmetic, a comparison or logic of other nodes.

    Args:
        name: the operator as written; ``negative`` is the sign.
        children: the operands; ``and`` and ``or`` have two or more.
    """

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str, children: tuple[Node, ...]) -> None:
        precedence = _PRECEDENCE[name]
        kind = Kind.NUMBER if precedence >= _SUM else Kind.CONDITION
        self._set(kind=kind, text=_operation_text(name, children), precedence=precedence, children=children, name=name)

    @staticmethod
    def arithmetic(name: str, left: Operand, right: Operand) -> Node:
        """Compute with two numbers; not finite is unknown.

        Args:
            name: one of ``+ - * / // % **``.
            left, right: numbers.

        Returns:
            The node; a ``Number`` when both are plain numbers and the result is finite.
        """
        first, second = as_number(left, name), as_number(right, name)
        if isinstance(first, Number) and isinstance(second, Number):
            try:
                folded = _FOLDED[name](first.value, second.value)
            except (ZeroDivisionError, OverflowError, ValueError):
                folded = math.nan
            if math.isfinite(folded):
                return Number(folded)
        return Operation(name, (first, second))

    @staticmethod
    def comparison(name: str, left: Operand, right: Operand) -> Node:
        """Compare two numbers; unknown when one of them is.

        Args:
            name: one of ``COMPARISONS``.
            left, right: numbers.

        Returns:
            The condition.
        """
        first, second = as_number(left, name), as_number(right, name)
        if isinstance(first, Number) and isinstance(second, Number):
            return Truth(_COMPARED[name](first.value, second.value))
        if first.is_constant and not second.is_constant:
            return Operation(COMPARISONS[name], (second, first))
        return Operation(name, (first, second))

    @staticmethod
    def logic(name: str, *operands: Operand) -> Node:
        """Combine conditions, with unknown as the third value (Kleene).

        Args:
            name: ``and`` or ``or``.
            operands: conditions.

        Returns:
            The condition.
        """
        flat: list[Node] = []
        for operand in operands:
            node = as_condition(operand, name)
            flat.extend(node.children if isinstance(node, Operation) and node.name == name else (node,))
        return flat[0] if len(flat) == 1 else Operation(name, tuple(flat))

    @staticmethod
    def negation(operand: Operand) -> Node:
        """Turn a condition; unknown stays unknown.

        Args:
            operand: the condition.

        Returns:
            The condition.
        """
        node = as_condition(operand, "not")
        if isinstance(node, Truth):
            return Truth(not node.value)
        return node.children[0] if isinstance(node, Operation) and node.name == "not" else Operation("not", (node,))

    @staticmethod
    def negative(operand: Operand) -> Node:
        """Turn the sign of a number.

        Args:
            operand: the number.

        Returns:
            The number.
        """
        node = as_number(operand, "-")
        if isinstance(node, Number):
            return Number(-node.value)
        is_negative = isinstance(node, Operation) and node.name == "negative"
        return node.children[0] if is_negative else Operation("negative", (node,))

    def _bound(self, params: Mapping[str, object]) -> Node:
        children = tuple(child.bind(params) for child in self.children)
        if self.name in COMPARISONS:
            return self.comparison(self.name, *children)
        if self.name in {"and", "or"}:
            return self.logic(self.name, *children)
        if self.name == "not":
            return self.negation(children[0])
        return self.negative(children[0]) if self.name == "negative" else self.arithmetic(self.name, *children)


class Past(Node):
    """Be the value another node had some bars ago.

    Args:
        node: what to look back at.
        bars: how many bars, ≥ 1, or a constant node with parameters.
    """

    __slots__ = ("bars", "node")
    bars: int | Node
    node: Node

    def __init__(self, node: Node, bars: int | Node) -> None:
        children = (node, bars) if isinstance(bars, Node) else (node,)
        text = f"{node._within(_POSTFIX)}[{bars.text if isinstance(bars, Node) else bars}]"  # noqa: SLF001
        self._set(
            kind=node.kind, text=text, precedence=_POSTFIX, children=children, bars=bars, node=node,
            is_constant=node.is_constant,
        )  # fmt: skip

    @staticmethod
    def of(node: Node, bars: Operand) -> Node:
        """Look back.

        Args:
            node: what to look back at.
            bars: a whole number ≥ 0, or the name of a parameter, or a constant node.

        Returns:
            The node; the same one for 0 bars, and a plain number is the same on every bar.

        Raises:
            RuleError: when the number is negative (it would look into the future), not whole or not constant.
        """
        if node.kind is Kind.OUTPUTS:
            as_number(node, "[ ]")
        count = as_number(bars, "[ ]")
        if not count.is_constant:
            raise rule_error(
                f"{count.text} bars ago changes from bar to bar", expected="a whole number that is constant"
            )
        if not isinstance(count, Number) and count.parameters:
            return Past(node, count)
        if not isinstance(count, Number):
            raise rule_error(f"[{count.text}] is unknown", expected="[n] with a whole n ≥ 0")
        if count.value < 0:
            raise rule_error(
                f"[{count.text}] would look into the future", expected="[n] with n ≥ 0: the value n bars ago"
            )
        if not count.value.is_integer():
            raise rule_error(f"[{count.text}] is not a whole number of bars", expected="[n] with a whole n ≥ 0")
        if count.value > 1_000_000:
            raise rule_error(f"[{count.text}] looks too far back", expected="at most 1000000 bars")
        if count.value == 0 or (node.is_constant and not node.parameters):
            return node
        if isinstance(node, Past) and isinstance(node.bars, int):
            return Past.of(node.node, node.bars + int(count.value))
        return Past(node, int(count.value))

    def _bound(self, params: Mapping[str, object]) -> Node:
        bars = self.bars.bind(params) if isinstance(self.bars, Node) else self.bars
        return Past.of(self.node.bind(params), bars)


class Callee(Protocol):
    """Be what a call needs of its function; ``functions.Function`` is one."""

    @property
    def name(self) -> str:
        """Give its name in the language."""
        ...

    def rebuilt(self, inputs: tuple[Node, ...], values: tuple[Node, ...], output: str | None) -> Node:
        """Call it anew, with every check.

        Args:
            inputs: one node for each input.
            values: one node for each parameter.
            output: which output; ``None`` when it has one only.

        Returns:
            The node.
        """
        ...


class Call(Node):
    """Be one output of a function of the registry.

    Args:
        callee: the function.
        kind: what its values are.
        inputs: one node for each input, in the function's order.
        values: one constant node for each parameter, in the function's order.
        output: the output's full name, ``None`` when there is one only.
        text: the call as canonical text, without the output.
    """

    __slots__ = ("call_text", "callee", "inputs", "output", "values")
    callee: Callee
    call_text: str
    inputs: tuple[Node, ...]
    values: tuple[Node, ...]
    output: str | None

    def __init__(
        self,
        *,
        callee: Callee,
        kind: Kind,
        inputs: tuple[Node, ...],
        values: tuple[Node, ...],
        output: str | None,
        text: str,
    ) -> None:
        self._set(
            kind=kind, text=f"{text}.{output}" if output else text, precedence=_POSTFIX, children=(*inputs, *values),
            callee=callee, call_text=text, inputs=inputs, values=values, output=output, is_constant=False,
        )  # fmt: skip

    def _bound(self, params: Mapping[str, object]) -> Node:
        inputs = tuple(node.bind(params) for node in self.inputs)
        return self.callee.rebuilt(inputs, tuple(node.bind(params) for node in self.values), self.output)


class Outputs(Node):
    """Be a call of a function with several outputs, of which none has been named yet: ``macd(close)``.

    Args:
        callee: the function.
        outputs: the call of each output by its full name.
        aliases: shorter names of outputs.
        text: the call as canonical text.
    """

    __slots__ = ("aliases", "callee", "outputs")
    aliases: Mapping[str, str]
    callee: Callee
    outputs: Mapping[str, Call]

    def __init__(self, *, callee: Callee, outputs: Mapping[str, Call], aliases: Mapping[str, str], text: str) -> None:
        self._set(
            kind=Kind.OUTPUTS, text=text, precedence=_POSTFIX, children=next(iter(outputs.values())).children,
            callee=callee, outputs=outputs, aliases=aliases, is_constant=False,
        )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names that may follow the dot, the short ones first."""
        return (*self.aliases, *(name for name in self.outputs if name not in self.aliases))

    def output(self, name: str) -> Call:
        """Give one output.

        Args:
            name: its full or short name.

        Returns:
            The node.

        Raises:
            RuleError: when there is no such output.
        """
        found = self.outputs.get(self.aliases.get(name, name))
        if found is None:
            raise rule_error(
                f"{self.callee.name} has no output {name!r}",
                expected=f"one of {', '.join(self.names)}",
                hint=did_you_mean(name, self.names),
            )
        return found

    def __getattr__(self, name: str) -> Call:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.output(name)
        except RuleError as error:
            raise AttributeError(str(error)) from None

    def _bound(self, params: Mapping[str, object]) -> Node:
        call = next(iter(self.outputs.values()))
        inputs = tuple(node.bind(params) for node in call.inputs)
        return self.callee.rebuilt(inputs, tuple(node.bind(params) for node in call.values), None)


#: Words of the language that cannot be names of parameters.
_WORDS: Final = frozenset({*keyword.kwlist, "true", "false", "at", "of", "rank"})


def plain_number(value: object, what: str) -> float:
    """Read a finite plain number.

    Args:
        value: an int, float, Decimal or NumPy number.
        what: what it is, for the error.

    Returns:
        The number as a float.

    Raises:
        RuleError: when it is something else, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise rule_error(f"{what} is {value!r}", expected="a plain number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise rule_error(f"{what} is {value!r}", expected="a finite number")
    return number


def as_node(value: object) -> Node:
    """Read what stands beside an operator or in a call.

    Args:
        value: a node, a plain number, a truth value, or text: the name of a series or of a parameter.

    Returns:
        The node.

    Raises:
        RuleError: when it is none of them.
    """
    if isinstance(value, Node):
        return value
    if isinstance(value, bool):
        return Truth(value)
    if isinstance(value, str):
        return Series(value) if value in SERIES_NAMES else Parameter(value)
    if isinstance(value, Real | Decimal):
        return Number(plain_number(value, "an operand"))
    raise rule_error(f"{value!r} cannot be part of a rule", expected="an expression, a number or a parameter's name")


def as_number(value: object, where: str) -> Node:
    """Read a number of each bar.

    Args:
        value: as for ``as_node``.
        where: the operator or function that needs it.

    Returns:
        The node, of kind ``NUMBER``.

    Raises:
        RuleError: when it is a condition or several outputs.
    """
    node = as_node(value)
    if isinstance(node, Outputs):
        raise rule_error(
            f"{_shortened(node.text)} has several outputs",
            expected=f"one of them: {', '.join('.' + name for name in node.names)}",
            hint=f"write {_shortened(node.text)}.{node.names[0]}",
        )
    if node.kind is not Kind.NUMBER:
        raise rule_error(
            f"{_shortened(node.text)} is a condition", expected=f"a number for '{where}'",
            hint="where(condition, 1, 0) makes a number of a condition",
        )  # fmt: skip
    return node


def as_condition(value: object, where: str) -> Node:
    """Read a condition of each bar.

    Args:
        value: as for ``as_node``.
        where: the operator or function that needs it.

    Returns:
        The node, of kind ``CONDITION``.

    Raises:
        RuleError: when it is a number or several outputs.
    """
    node = as_node(value)
    if node.kind is not Kind.CONDITION:
        raise rule_error(
            f"{_shortened(node.text)} is a number", expected=f"a condition for '{where}'",
            hint=f"compare it with something, such as {_shortened(node.text)} > 0; put comparisons in parentheses",
        )  # fmt: skip
    return node


def _operation_text(name: str, children: tuple[Node, ...]) -> str:
    precedence = _PRECEDENCE[name]
    if name == "negative":
        return f"-{children[0]._within(_MINUS)}"  # noqa: SLF001  # same module
    if name == "not":
        return f"not {children[0]._within(_NOT)}"  # noqa: SLF001
    # A power binds to the right, everything else to the left.
    first, others = (_POSTFIX, _MINUS) if name == "**" else (precedence, precedence + 1)
    texts = [child._within(others if index else first) for index, child in enumerate(children)]  # noqa: SLF001
    return f" {name} ".join(texts)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _from_text(text: str, parameters: list[str]) -> Node:
    from podium.rules.parser import parse  # noqa: PLC0415  # the parser builds nodes

    return parse(text, names={name: Parameter(name) for name in parameters})
