"""Tables: what each column is, and how rows become numbers and back.

    schema = aevb_tf.tables.Schema.infer("patients.csv")
    x = schema.encode("patients.csv")   # float32 [n, D]
    columns = schema.decode(x)          # arrays in the data's own units and levels

A row is float32 `[D]`, with one number for each column that is modelled, and NaN where a
value is missing:

| kind          | values                | number in x              | decoded               |
|---------------|-----------------------|--------------------------|-----------------------|
| `real`        | any numbers, dates    | (v - location) / scale   | rounded if whole      |
| `positive`    | numbers above 0       | v / scale                | rounded if whole      |
| `count`       | 0, 1, 2, ...          | v                        | rounded               |
| `binary`      | two levels            | 0 or 1                   | the nearest level     |
| `categorical` | K levels              | code 0, ..., K - 1       | the nearest level     |
| `ordinal`     | K levels with an order| code 0, ..., K - 1       | the nearest level     |
| `ignored`     | any                   | none                     | left out              |

The location and the scale of a real column are its mean and standard deviation, and the
scale of a positive column is its geometric mean. Dates and times are days since 1970, in
UTC if they have a zone. A number in x has the seven digits of float32: a time comes back
to about 1e-7 of the column's scale. Numbers that float32 cannot represent, such as counts
above 2**24, are an error.

`Schema.infer` applies the first rule that fits the values that are not missing:

1. No values, or a single value: `ignored`.
2. Two distinct values, of any type but dates: `binary`.
3. Text of which each row has its own, or of more than 2,000 levels: `ignored`, since it
   identifies rows. Other text: `categorical`, or `ordinal` for pandas' ordered categories.
4. Dates and times: `real`.
5. Whole numbers that count the rows (each is the one before plus 1): `ignored`.
6. Whole numbers of at most 10 distinct values: `ordinal`. Others of which some are beyond
   2**53: `ignored`, since they identify rows.
7. Whole numbers from 0 to at most 100,000 whose variance is at least their mean:
   `count`.
8. Numbers above 0 to which a log-normal distribution fits better than a normal one:
   `positive`.
9. Other numbers: `real`. Columns of other types, such as lists: `ignored`.

A warning names columns that may be identifiers or free text: of 100 or more values, whole
numbers of which each row has its own, and texts that occur fewer than four times in the
mean. Give their kind. It also names columns of text that looks like dates.

`aevb_tf.tables.text_files` describes how .csv and .tsv files are read. Numbers that are
codes of categories look like any other numbers: say so, as in
`Schema.infer(source, {"region": "categorical"})`.
"""

from aevb_tf.tables.column import Column
from aevb_tf.tables.schema import Schema, SchemaLike

__all__ = ["Column", "Schema", "SchemaLike"]
