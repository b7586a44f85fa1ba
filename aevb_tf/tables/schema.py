"""The schema of a table: its columns, and the code between rows and numbers."""

from __future__ import annotations

import json
import os
import pathlib
import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from aevb_tf import checks
from aevb_tf.files import write_json
from aevb_tf.registry import did_you_mean
from aevb_tf.tables import arrow, inference
from aevb_tf.tables.column import Column
from aevb_tf.tables.summary import Summary

if TYPE_CHECKING:
  import pandas


class Schema:
  """The columns of a table, in the order of the table.

  `print(schema)` shows them. Two schemas are equal if their columns are.

  Args:
    columns: `Column` objects, or their options.

  Attributes:
    columns: All columns, also those that are ignored.

  Raises:
    ValueError: A column is invalid, occurs twice, or all are ignored.
  """

  def __init__(self, columns: Sequence[Column | Mapping[str, Any]]):
    self.columns = tuple(
      column if isinstance(column, Column) else Column.from_dict(column)
      for column in columns
    )
    names = [column.name for column in self.columns]
    for name in names:
      if names.count(name) > 1:
        raise ValueError(f"The schema has column {name!r} more than once.")
    if not self.modelled:
      why = "; ".join(f"{c.name!r}, {c.reason}" for c in self.columns[:5])
      raise ValueError(
        f"There is no column to model ({why}): give a kind, as in schema={{'NAME': "
        "'categorical'}."
      )

  @classmethod
  def infer(cls, source: arrow.TableLike, schema: SchemaLike | None = None) -> Schema:
    """The schema of a table, by the rules of `aevb_tf.tables`.

    Args:
      source: A path, a DataFrame, a `pyarrow.Table`, or a mapping of names to arrays; at
        least two rows.
      schema: What is known already: `{name: kind}`, or `{name: {"kind": ..., "levels":
        ..., "location": ..., "scale": ...}}`, for some or all columns. A `Schema`, or a
        file of one, is returned, after a check that the table fits.

    Returns:
      The schema.

    Raises:
      ValueError: The table cannot be read, has one row or no column to model, or does not
        fit what is given.
      FileNotFoundError: There is no such file.
      TypeError: The source is not a table, or `schema` is none of these.

    Warns:
      UserWarning: A column probably has another kind, such as an identifier; give its
        kind.
    """
    return read(source, schema)[1]

  @classmethod
  def of_table(cls, table: arrow.Table, schema: SchemaLike | None = None) -> Schema:
    """As `infer`, of a table that `arrow.read` returned."""
    if isinstance(schema, (str, os.PathLike)):
      schema = cls.load(schema)
    if isinstance(schema, Schema):
      schema.encode_table(table)  # raises an error if it does not fit
      return schema
    summaries = {name: Summary.of(v) for name, v in table.columns.items()}
    found = cls.of_summaries(summaries, table.num_rows, table.name, schema)
    if schema:
      found.encode_table(table)  # raises an error for values that do not fit
    return found

  @classmethod
  def of_summaries(
    cls,
    summaries: Mapping[str, Summary],
    num_rows: int,
    where: str,
    schema: Mapping[str, str | Mapping[str, Any]] | None = None,
  ) -> Schema:
    """As `infer`, of the summaries of a table's columns.

    Args:
      summaries: The summary of each column.
      num_rows: Number of rows.
      where: The name of the table, for messages.
      schema: What is known already, `{name: kind or options}`. Whether the values fit is
        not checked.
    """
    if num_rows < 2:
      raise ValueError(f"{where} has one row: a schema needs at least two.")
    if not isinstance(schema, (Mapping, type(None))):
      raise TypeError(
        f"schema={schema!r}: give {{name: kind}} for some columns, a Schema, or the path "
        "of one."
      )
    known = {str(name): options for name, options in (schema or {}).items()}
    for name in known:
      if name not in summaries:
        raise ValueError(
          f"{where} has no column {name!r}.{did_you_mean(name, summaries)}"
        )
    columns = []
    for name, summary in summaries.items():
      options = known.get(name)
      options = {"kind": options} if isinstance(options, str) else options
      title = f"{where}, column {name!r}"
      if options is None:
        column = inference.infer(name, summary)
        if why := inference.doubt(column, summary):
          warnings.warn(
            f"{title}: {why}.", UserWarning, stacklevel=checks.level_of_user()
          )
        columns.append(column)
      else:
        columns.append(inference.given(name, summary, options, title))
    return cls(columns)

  # The columns.

  @property
  def modelled(self) -> tuple[Column, ...]:
    """The columns that are not ignored, in the order of the numbers of a row."""
    return tuple(column for column in self.columns if column.kind != "ignored")

  @property
  def event_shape(self) -> tuple[int]:
    """The shape of a row, `(D,)`."""
    return (len(self.modelled),)

  @property
  def text_columns(self) -> tuple[str, ...]:
    """The names of the columns of text."""
    return tuple(column.name for column in self.columns if column.type == "text")

  @property
  def has_missing(self) -> bool:
    """Whether the data that it was inferred from had missing values."""
    return any(column.num_missing for column in self.modelled)

  def split(self, names: Iterable[Hashable] | Schema) -> tuple[Schema, Schema]:
    """Splits off columns, such as those on which a model is conditioned.

    Args:
      names: Names of modelled columns, in any order, such as a list or the columns of a
        DataFrame; or a schema of these columns, which is returned, and whose columns this
        one may lack.

    Returns:
      The schema without these columns, and that of these columns, in the table's order.

    Raises:
      ValueError: A column is unknown, is ignored or occurs twice, or none is left.
    """
    known = [column.name for column in self.modelled]
    if isinstance(names, Schema):
      of_y = {column.name for column in names}
      rest = [column for column in self.columns if column.name not in of_y]
      return Schema(rest), names
    if isinstance(names, str) or not isinstance(names, Iterable):
      raise ValueError(f"{names!r} must be a list of columns, such as ['age'].")
    chosen = list(map(str, names))
    if not chosen:
      raise ValueError("[] must be a list of columns, such as ['age'].")
    for name in chosen:
      if name not in known:
        raise ValueError(
          f"The schema models no column {name!r}.{did_you_mean(name, known)}"
        )
    if len(set(chosen)) < len(chosen):
      raise ValueError(f"{chosen!r} has a column more than once.")
    if len(chosen) == len(known):
      raise ValueError(f"{chosen!r} are all columns: there is none left to model.")
    of_names = Schema([column for column in self.modelled if column.name in chosen])
    rest = [column for column in self.columns if column.name not in chosen]
    return Schema(rest), of_names

  def difference(self, other: Schema) -> str:
    """The first difference to another schema that changes the numbers of a row.

    Args:
      other: The other schema.

    Returns:
      It in words; "" if the numbers of all rows are the same.
    """
    ours = [column.name for column in self.modelled]
    theirs = [column.name for column in other.modelled]
    if ours != theirs:
      return f"it has the columns {theirs}, and not {ours}"
    for a, b in zip(self.modelled, other.modelled, strict=True):
      if not a.encodes_as(b):
        return (
          f"column {a.name!r} is {b.kind} ({b.units}), and not {a.kind} ({a.units})"
        )
    return ""

  def __getitem__(self, name: str) -> Column:
    for column in self.columns:
      if column.name == name:
        return column
    near = did_you_mean(name, [column.name for column in self.columns])
    raise KeyError(f"The schema has no column {name!r}.{near}")

  def __iter__(self) -> Iterator[Column]:
    return iter(self.columns)

  def __len__(self) -> int:
    return len(self.columns)

  def __eq__(self, other: object) -> bool:
    return isinstance(other, Schema) and self.columns == other.columns

  def __hash__(self) -> int:
    return hash(self.columns)

  def __repr__(self) -> str:
    rows = [("column", "kind", "units", "missing", "reason")]
    for c in self.columns:
      rows.append((c.name, c.kind, c.units, str(c.num_missing or ""), c.reason))
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = (
      "  ".join(
        cell.rjust(width) if i == 3 else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
      ).rstrip()
      for row in rows
    )
    return "\n".join(lines)

  # Rows and numbers.

  def encode(self, source: arrow.TableLike) -> np.ndarray:
    """The rows of a table as numbers.

    Args:
      source: As in `infer`; other columns than those of the schema are left out.

    Returns:
      float32 `[n, D]`, NaN where a value is missing.

    Raises:
      ValueError: A column is missing, has another type, or a value that does not fit it,
        such as a category that the schema does not have.
      FileNotFoundError: There is no such file.
    """
    return self.encode_table(arrow.read(source, self.text_columns))

  def encode_table(self, table: arrow.Table) -> np.ndarray:
    """As `encode`, of a table that `arrow.read` returned."""
    encoded = []
    for column in self.modelled:
      if column.name not in table.columns:
        raise arrow.no_column(table.name, column.name, table.columns)
      where = f"{table.name}, column {column.name!r}"
      encoded.append(column.encode(table.columns[column.name], where))
    return np.stack(encoded, axis=1)

  def decode(self, x: Any) -> dict[str, np.ndarray]:
    """Rows of numbers in the data's own units and levels.

    Values between two levels or two whole numbers become the nearest.

    Args:
      x: float `[n, D]`, NaN where a value is missing.

    Returns:
      An array `[n]` for each column that is modelled, by its name; see `Column.decode`.

    Raises:
      ValueError: `x` has another shape, or a code is that of no level.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1:] != self.event_shape:
      raise ValueError(
        f"x has shape {x.shape}: give [n, {len(self.modelled)}], a number for each column "
        "that is modelled."
      )
    return {c.name: c.decode(x[:, i]) for i, c in enumerate(self.modelled)}

  def to_frame(self, x: Any) -> pandas.DataFrame:
    """`decode(x)` as a pandas DataFrame, in which times are in their time zones.

    Raises:
      ImportError: pandas is not installed.
      ValueError: `x` has another shape, or a code is that of no level.
    """
    try:
      import pandas as pd
    except ImportError:
      raise ImportError(
        "to_frame needs pandas: `pip install pandas`, or use schema.decode(x)."
      ) from None
    frame = pd.DataFrame(self.decode(x))
    for column in self.modelled:
      if column.zone:
        times = frame[column.name].dt.tz_localize("UTC")
        frame[column.name] = times.dt.tz_convert(column.zone)
    return frame

  # Files.

  def to_dict(self) -> dict[str, Any]:
    """The columns in JSON's types, for `from_dict`."""
    return {"columns": [column.to_dict() for column in self.columns]}

  @classmethod
  def from_dict(cls, values: Mapping[str, Any]) -> Schema:
    """The schema that `to_dict` returned.

    Raises:
      ValueError: It is not the dict of a schema, or a column is invalid.
    """
    if set(values) != {"columns"}:
      raise ValueError("This is not a schema: give {'columns': [...]}.")
    return cls(values["columns"])

  def save(self, path: str | os.PathLike) -> None:
    """Writes a JSON file, which can be edited by hand."""
    write_json(pathlib.Path(path), self.to_dict())

  @classmethod
  def load(cls, path: str | os.PathLike) -> Schema:
    """Reads the file of `save`.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: It is not a schema; the message names the file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
      raise FileNotFoundError(f"There is no file {path.absolute()}.")
    try:
      return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, AttributeError) as error:
      raise ValueError(f"{path} is not a schema: {error}") from error


def read(
  source: arrow.TableLike, schema: SchemaLike | None = None
) -> tuple[arrow.Table, Schema]:
  """Reads a table, and returns it with its schema; see `Schema.infer`."""
  if isinstance(schema, (str, os.PathLike)):
    schema = Schema.load(schema)
  text_columns = schema.text_columns if isinstance(schema, Schema) else ()
  table = arrow.read(source, text_columns)
  return table, Schema.of_table(table, schema)


# A schema, a file of one, or the kinds or options of some columns.
SchemaLike: TypeAlias = (
  Schema | str | os.PathLike | Mapping[str, str | Mapping[str, Any]]
)
