"""The values of every epoch so far, in a form that an interrupted training can go on with."""

from collections.abc import Mapping, Sequence
from typing import Any


class EpochTable:
    """Rows of values, one per epoch, counted from 1.

    Args:
        history: name -> values of the epochs before, as `columns` returns them; without a column
            `epoch` they are taken for epochs 1, 2, ...

    Example:
        >>> table = EpochTable({"epoch": [1, 2], "g_l1": [0.5, 0.4]})
        >>> table.add(3, {"g_l1": 0.3})
        >>> table.columns()
        {'epoch': [1, 2, 3], 'g_l1': [0.5, 0.4, 0.3]}
    """

    def __init__(self, history: Mapping[str, Sequence[float]] | None = None) -> None:
        history = dict(history or {})
        length = max((len(values) for values in history.values()), default=0)
        epochs = history.pop("epoch", range(1, length + 1))
        self.rows: list[dict[str, Any]] = [{"epoch": int(epoch)} for epoch in epochs]
        for name, values in history.items():
            for row, value in zip(self.rows, values, strict=True):
                row[name] = value

    def add(self, epoch: int, values: Mapping[str, Any] | None) -> None:
        """Add an epoch; a row of the same epoch, and what came after it, gives way."""
        self.rows = [row for row in self.rows if row["epoch"] < epoch]
        numbers = {name: float(value) for name, value in (values or {}).items()}
        self.rows.append({"epoch": epoch, **numbers})

    def names(self) -> list[str]:
        """Return the names of the columns, `epoch` first."""
        return list(dict.fromkeys(["epoch", *(name for row in self.rows for name in row)]))

    def columns(self) -> dict[str, list[float]]:
        """Return name -> values; NaN where an epoch lacks the value."""
        return {n: [row.get(n, float("nan")) for row in self.rows] for n in self.names()}
