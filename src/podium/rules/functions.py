"""The registry of functions: what can be called in a rule, and how a call becomes a node.

A function is computed by an *evaluation*: it is fed bars in chunks, oldest first, and gives one value for each bar.
Opening it on history is one large chunk, carrying it forward is a chunk of one bar; how the bars are cut into chunks
never changes the values. A function whose meaning other functions can express has an *expansion* instead.

TA-Lib's functions come from ``talib_functions.py``, ours from ``own_functions.py``, those of others from entry points
of the group ``podium.functions``, each a ``Function`` or several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias

from numpy.typing import NDArray

from podium.core.errors import RuleError, did_you_mean
from podium.rules.nodes import (
    SERIES_NAMES,
    Call,
    Kind,
    Node,
    Number,
    Operand,
    Outputs,
    Series,
    as_condition,
    as_node,
    as_number,
    rule_error,
)

__all__ = [
    "ENTRY_POINT_GROUP",
    "Array",
    "Evaluation",
    "Function",
    "FunctionInput",
    "FunctionParameter",
    "find_function",
    "function",
    "functions",
    "hint_at_function",
]

ENTRY_POINT_GROUP: Final = "podium.functions"
#: Values of a chunk of bars: ``float64`` with NaN for unknown, or ``uint8`` with 0 false, 1 true, 2 unknown.
Array: TypeAlias = NDArray[Any]  # Any: both element types pass through the same places


class Evaluation(Protocol):
    """Compute a function bar by bar; it holds what must be remembered between chunks."""

    def advance(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Take the next bars.

        Args:
            inputs: one array for each input, shape ``(bars,)``, oldest first.

        Returns:
            One new array for each output, shape ``(bars,)``.
        """
        ...


#: What min and max are taken for elsewhere; here they look back over bars.
_OF_TWO = {
    "min": "the smaller of two numbers is where(a < b, a, b)",
    "max": "the larger of two numbers is where(a > b, a, b)",
}
#: What functions of other languages are called here.
_ELSEWHERE = {
    "log": "the natural logarithm is ln(x), the decimal one log10(x)",
    "pow": "x to the power of y is x ** y",
    "mean": "the mean of the last bars is sma(x, 20)",
    "std": "the standard deviation of the last bars is stddev(x, 20)",
    "minimum": _OF_TWO["min"],
    "maximum": _OF_TWO["max"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionInput:
    """Describe a series that a function reads.

    Args:
        name: its keyword.
        kind: what it must be; ``None`` takes numbers and conditions.
        default: the bar's own series that is meant when none is given; ``None`` means that one must be given.
    """

    name: str
    kind: Kind | None = Kind.NUMBER
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionParameter:
    """Describe a plain number that a function takes.

    Args:
        name: its keyword.
        default: its value when none is given; ``None`` means that one must be given.
        is_whole: whether it must be a whole number.
        minimum, maximum: the range, both included; ``None`` means no limit.
        summary: what it is, a few words.
    """

    name: str
    default: float | None = None
    is_whole: bool = True
    minimum: float | None = None
    maximum: float | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """Be a function of the rule language. Calling it with expressions gives an expression.

    Args:
        name: its name in the language, lower case.
        summary: what it gives, one sentence.
        group: the heading it stands under in the reference.
        inputs: the series it reads. Those without a default come first in a call, in this order.
        parameters: the plain numbers it takes; in a call they follow the inputs.
        outputs: full names, one or more.
        aliases: shorter names of outputs.
        kind: what its values are.
        warm_up: gives the bars its inputs must have been known for before its first value; negative when the
            parameters do not serve together.
        evaluation: starts computing it, given the parameters' values.
        whole: computes it on all bars at once with the same values, where that is faster.
        expansion: says it in terms of other functions; then ``warm_up`` and ``evaluation`` are not used.
        rewriting: replaces the call at once, from its inputs and parameters.
        limits: finds the range of a parameter (by its position) that states none.
    """

    name: str
    summary: str
    group: str
    inputs: tuple[FunctionInput, ...] = ()
    parameters: tuple[FunctionParameter, ...] = ()
    outputs: tuple[str, ...] = ("value",)
    aliases: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = Kind.NUMBER
    warm_up: Callable[[tuple[float, ...]], int] = lambda _values: 0
    evaluation: Callable[[tuple[float, ...]], Evaluation] | None = None
    whole: Callable[[tuple[Array, ...], tuple[float, ...]], tuple[Array, ...]] | None = None
    expansion: Callable[[tuple[Node, ...], tuple[float, ...]], Node] | None = None
    rewriting: Callable[[tuple[Node, ...], tuple[Node, ...]], Node] | None = None
    limits: Callable[[int], tuple[float | None, float | None]] | None = None

    @property
    def signature(self) -> str:
        """Give the call as one writes it, with all defaults."""
        parts = [entry.name for entry in self.inputs if entry.default is None]
        parts += [p.name if p.default is None else f"{p.name}={Number(p.default).text}" for p in self.parameters]
        parts += [f"{entry.name}={entry.default}" for entry in self.inputs if entry.default is not None]
        return f"{self.name}({', '.join(parts)})"

    def __call__(self, *arguments: Operand, **named: Operand) -> Node:
        """Build the call.

        Args:
            arguments: inputs that have no default, then parameters. In Python text is the name of a parameter.
            named: any input or parameter by its name.

        Returns:
            The node; with several outputs one of them is then named with a dot.

        Raises:
            RuleError: when an argument is missing, unknown, of the wrong kind or out of range.
        """
        given = self._assigned(arguments, named)
        inputs = tuple(self._input(entry, given.get(entry.name)) for entry in self.inputs)
        values = tuple(self._value(entry, given.get(entry.name)) for entry in self.parameters)
        return self.rebuilt(inputs, values, None)

    def rebuilt(self, inputs: tuple[Node, ...], values: tuple[Node, ...], output: str | None) -> Node:
        """Build the call from one node for each input and each parameter.

        Args:
            inputs: in the order of ``inputs``.
            values: in the order of ``parameters``.
            output: which output; ``None`` for the only one or for all.

        Returns:
            The node.

        Raises:
            RuleError: when a value is out of range.
        """
        values = self._checked(values)
        if self.rewriting is not None:
            return self.rewriting(inputs, values)
        text = self._text(inputs, values)

        def call(name: str | None) -> Call:
            return Call(callee=self, kind=self.kind, inputs=inputs, values=values, output=name, text=text)

        if len(self.outputs) == 1:
            return call(None)
        calls = {name: call(name) for name in self.outputs}
        return calls[output] if output else Outputs(callee=self, outputs=calls, aliases=self.aliases, text=text)

    def _assigned(self, arguments: tuple[Operand, ...], named: Mapping[str, Operand]) -> dict[str, Operand]:
        known = [entry.name for entry in self.inputs] + [entry.name for entry in self.parameters]
        order = [entry.name for entry in self.inputs if entry.default is None]
        order += [entry.name for entry in self.parameters]
        if len(arguments) > len(order):
            raise rule_error(f"{self.name} takes {len(order)} arguments, not {len(arguments)}", expected=self.signature)
        given = dict(zip(order, arguments, strict=False))
        for name, value in named.items():
            if name not in known:
                raise rule_error(
                    f"{self.name} has no argument {name!r}", expected=self.signature, hint=did_you_mean(name, known)
                )
            if name in given:
                raise rule_error(f"{self.name} got the argument {name!r} twice", expected=self.signature)
            given[name] = value
        return given

    def _input(self, entry: FunctionInput, value: Operand | None) -> Node:
        if value is None:
            if entry.default is None:
                raise rule_error(f"{self.name} lacks its argument {entry.name!r}", expected=self.signature)
            return Series(entry.default)
        if entry.kind is None:
            node = as_node(value)
            return as_number(node, self.name) if node.kind is Kind.OUTPUTS else node
        node = as_number(value, self.name) if entry.kind is Kind.NUMBER else as_condition(value, self.name)
        if node.is_constant and len(self.inputs) == 1 and entry.kind is Kind.NUMBER and self.parameters:
            raise rule_error(
                f"the first argument of {self.name} is {node.text}, which is no series",
                expected=self.signature,
                hint=_OF_TWO.get(self.name) or f"{self.name}(close, {node.text})",
            )
        return node

    def _value(self, entry: FunctionParameter, value: Operand | None) -> Node:
        if value is None:
            if entry.default is None:
                raise rule_error(f"{self.name} lacks its argument {entry.name!r}", expected=self.signature)
            return Number(entry.default)
        node = as_number(value, self.name)
        if not node.is_constant:
            raise rule_error(
                f"the argument {entry.name!r} of {self.name} is {node.text}, which changes from bar to bar",
                expected=f"a plain number or a parameter: {self.signature}",
                hint=_OF_TWO.get(self.name),
            )
        return node

    def _checked(self, values: tuple[Node, ...]) -> tuple[Node, ...]:
        numbers: list[float] = []
        for index, (entry, node) in enumerate(zip(self.parameters, values, strict=True)):
            if not isinstance(node, Number):
                if not node.parameters:
                    raise self._out_of_range(index, node)
                continue
            low, high = entry.minimum, entry.maximum
            in_range = (low is None or node.value >= low) and (high is None or node.value <= high)
            if not in_range or (entry.is_whole and not node.value.is_integer()):
                raise self._out_of_range(index, node)
            numbers.append(node.value)
        if len(numbers) == len(values) and self.expansion is None and self.warm_up(tuple(numbers)) < 0:
            for index, node in enumerate(values):
                low, high = self.range_of(index)
                number = numbers[index]
                if (low is not None and number < low) or (high is not None and number > high):
                    raise self._out_of_range(index, node)
            raise rule_error(
                f"the arguments {', '.join(node.text for node in values)} of {self.name} do not serve together",
                expected=self.signature,
            )
        return values

    def range_of(self, index: int) -> tuple[float | None, float | None]:
        """Tell the range of a parameter.

        Args:
            index: its position in ``parameters``.

        Returns:
            The least and the largest value; ``None`` where there is no limit.
        """
        entry = self.parameters[index]
        if self.limits is None or entry.minimum is not None or entry.maximum is not None:
            return entry.minimum, entry.maximum
        return self.limits(index)

    def _out_of_range(self, index: int, node: Node) -> RuleError:
        entry = self.parameters[index]
        low, high = self.range_of(index)
        bounds = "" if low is None else f" ≥ {Number(low).text}"
        bounds += "" if high is None else f"{' and' if bounds else ''} ≤ {Number(high).text}"
        return rule_error(
            f"the argument {entry.name!r} of {self.name} is {node.text}",
            expected=f"a {'whole ' if entry.is_whole else ''}number{bounds}: {self.signature}",
        )

    def _text(self, inputs: tuple[Node, ...], values: tuple[Node, ...]) -> str:
        pairs = list(zip(self.inputs, inputs, strict=True))
        parts = [node.text for entry, node in pairs if entry.default is None]
        parts += [node.text for node in values]
        parts += [f"{entry.name}={node.text}" for entry, node in pairs if entry.default not in (None, node.text)]
        return f"{self.name}({', '.join(parts)})"


@cache
def _built_in() -> dict[str, Function]:
    from podium.rules.own_functions import own_functions  # noqa: PLC0415  # they are functions themselves
    from podium.rules.talib_functions import talib_functions  # noqa: PLC0415

    found = {entry.name: entry for entry in talib_functions()}
    for entry in own_functions():
        if entry.name in found:
            raise rule_error(f"our function {entry.name} would hide TA-Lib's")
        found[entry.name] = entry
    return found


def _loaded(point: EntryPoint, taken: Mapping[str, object]) -> list[Function]:
    try:
        content = point.load()
    except Exception as error:
        raise rule_error(
            f"the plug-in '{point.name}' ({point.value}) cannot be loaded: {type(error).__name__}: {error}",
            hint="mend or uninstall the package that brings it",
        ) from error
    entries = [content] if isinstance(content, Function) else content
    if not isinstance(entries, Iterable):
        entries = [entries]
    found = list(entries)
    for entry in found:
        if not isinstance(entry, Function):
            raise rule_error(
                f"the plug-in '{point.name}' ({point.value}) gives {entry!r}", expected="a Function or several"
            )
        if entry.name in taken or entry.name in SERIES_NAMES:
            raise rule_error(f"the plug-in '{point.name}' ({point.value}) gives {entry.name}, which exists already")
    return found


@cache
def functions() -> Mapping[str, Function]:
    """Give all functions, those of plug-ins included.

    Returns:
        By name, in alphabetical order.

    Raises:
        RuleError: when a plug-in is broken, naming it.
    """
    found = dict(_built_in())
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        found.update((entry.name, entry) for entry in _loaded(point, found))
    return MappingProxyType(dict(sorted(found.items())))


def find_function(name: str) -> Function | None:
    """Look a function up; plug-ins are only loaded for names that are not built in.

    Args:
        name: lower case.

    Returns:
        The function, or ``None``.
    """
    return _built_in().get(name) or functions().get(name)


def function(name: str) -> Function:
    """Give a function.

    Args:
        name: lower case.

    Returns:
        The function.

    Raises:
        RuleError: when there is none of that name.
    """
    if (found := find_function(name)) is not None:
        return found
    raise rule_error(
        f"there is no function {name!r}",
        expected="a function of the reference, such as ema(close, 20)",
        hint=hint_at_function(name),
    )


def hint_at_function(name: str) -> str | None:
    """Suggest what to write instead of a function that does not exist.

    Args:
        name: what came.

    Returns:
        What says the same here, or the known name that is nearest.
    """
    return _ELSEWHERE.get(name) or did_you_mean(name, functions())
