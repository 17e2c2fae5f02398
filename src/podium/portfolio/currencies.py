"""Which currency each symbol is quoted in, and whether every one of them can be converted into the account's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from podium.core.conversion import Conversion, pair_of
from podium.core.errors import Problem, did_you_mean

__all__ = ["Currencies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Currencies:
    """Hold the currencies of a run.

    Args:
        account: the account currency.
        symbols: all symbols of the run.
        stated: quote currencies by symbol; for others what stands behind the ``/`` of a pair, else the account's.
        conversion: by currency where its rate comes from.
    """

    account: str
    symbols: Collection[str]
    stated: Mapping[str, str]
    conversion: Mapping[str, Conversion]

    def quote(self, symbol: str) -> str:
        """Tell in which currency a symbol is quoted.

        Args:
            symbol: its name.

        Returns:
            The currency's code.
        """
        pair = pair_of(symbol)
        return self.stated.get(symbol, pair[1] if pair is not None else self.account)

    @property
    def foreign(self) -> tuple[str, ...]:
        """Give the quote currencies that are not the account's, in the order of the symbols."""
        return tuple(dict.fromkeys(quote for quote in map(self.quote, self.symbols) if quote != self.account))

    def is_inverse(self, currency: str) -> bool:
        """Tell whether the symbol that gives a currency's rate is the account's currency in it, so that it divides.

        Args:
            currency: its code.
        """
        symbol = self.conversion[currency].symbol
        return symbol is not None and self.quote(symbol) == currency

    def problems(self) -> Iterator[Problem]:
        """Tell of missing rates, rates that nobody needs, and symbols that are no rate of their currency."""
        for symbol in self.stated:
            if symbol not in self.symbols:
                yield replace(self._unknown(symbol), place=("currencies", symbol))
        for symbol in self.symbols:
            if (quote := self.quote(symbol)) != self.account and quote not in self.conversion:
                yield self._missing(symbol, quote)
        for currency, conversion in self.conversion.items():
            place = ("conversion", currency)
            if currency not in self.foreign:
                yield replace(self._unneeded(currency), place=place)
            elif conversion.symbol is not None and (problem := self._wrong_symbol(currency, conversion.symbol)):
                yield replace(problem, place=place)

    def _missing(self, symbol: str, quote: str) -> Problem:
        is_stated = symbol in self.stated
        own = "" if is_stated else f", or state the currency of '{symbol}'"
        return Problem(
            message=f"'{symbol}' is quoted in {quote}, and there is no rate of it in {self.account}",
            expected=f"conversion: {{{quote}: a symbol such as {quote}/{self.account}, a file of rates, or a number}}",
            hint=f"write 1 where {quote} counts as {self.account}{own}",
            place=("currencies" if is_stated else "instruments", symbol),
        )

    def _unneeded(self, currency: str) -> Problem:
        if currency == self.account:
            return Problem(
                message=f"{currency} is the account currency: it needs no rate",
                expected="rates of other currencies",
                hint="remove it",
            )
        return Problem(
            message=f"no symbol is quoted in {currency}",
            expected=f"one of {', '.join(self.foreign)}" if self.foreign else "a currency that a symbol is quoted in",
            hint=did_you_mean(currency, self.foreign) or "state `currency` of the symbol, or remove the rate",
        )

    def _wrong_symbol(self, currency: str, symbol: str) -> Problem | None:
        if symbol not in self.symbols:
            return self._unknown(symbol)
        pair, quote = pair_of(symbol), self.quote(symbol)
        base = None if pair is None else pair[0]
        if quote == self.account and base in (None, currency):
            return None
        if quote == currency and base in (None, self.account):
            return None
        return Problem(
            message=f"'{symbol}' is quoted in {quote}: it says nothing about {currency} in {self.account}",
            expected=f"{currency} in {self.account}, or {self.account} in {currency}",
        )

    def _unknown(self, symbol: str) -> Problem:
        return Problem(
            message=f"'{symbol}' is not a symbol of this portfolio",
            expected=f"one of {', '.join(self.symbols)}",
            hint=did_you_mean(symbol, self.symbols) or "add it to 'symbols'",
        )
