"""``podium schema``: print the JSON schema of a file, for editors."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["schema"]


def schema(
    strategy: Annotated[
        bool, typer.Option("--strategy", help="print the schema of strategy files instead of portfolio files")
    ] = False,
) -> None:
    """Print the JSON schema of portfolio files, for editors."""
    import json

    from podium.portfolio.reference import portfolio_schema, strategy_schema

    chosen = strategy_schema() if strategy else portfolio_schema()
    typer.echo(json.dumps(chosen, indent=2, ensure_ascii=False))
