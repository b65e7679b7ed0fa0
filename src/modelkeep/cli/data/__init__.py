"""``modelkeep data``: one file per group of commands."""

from __future__ import annotations

import click

from modelkeep.cli.data.checking import check, profile, schema
from modelkeep.cli.data.poison import clean, review, trace
from modelkeep.cli.data.sealing import seal, verify


@click.group()
def data() -> None:
    """Seal, verify and check data sets, find poison in them, review it and clean them.

    \b
    Examples:
      modelkeep data seal train.parquet --label income --licence CC-BY-4.0
      modelkeep data verify train.parquet
      modelkeep data schema trusted.parquet --output schema.toml
      modelkeep data check train.parquet --schema schema.toml
      modelkeep data clean train.parquet --label income
      modelkeep data review train.parquet --reviewer ann

    \b
    Exit codes: 0 sealed, as sealed or passed; 1 not so; 2 could not finish; 64 usage.
    """


for _command in (seal, verify, schema, profile, check, clean, review, trace):
    data.add_command(_command)
