"""Seeded noise from a counter-based generator on int32, the same on every path.

Threefry-2x32 with 20 rounds maps a key (the seed, two words) and a counter (two
words) to two words of random bits. There is no state: the number at row i and column
j of w columns is a function of (seed, i, j, w), so that

* equal seeds give equal numbers eagerly, in a `tf.function`, under XLA and in an
  exported artifact (TF's own stateless generators differ with and without XLA and
  have no TFLite builtin);
* the rows of a smaller request are the first rows of a larger one, and rows may be
  drawn in any order. A request for more columns gives other numbers. It shares only the
  first ceil(w / 2) of w columns, since the two words of a counter are that far apart;
  the others differ, unless w is odd and the larger request is for w + 1 columns.

Only add, multiply, arithmetic shift and xor on int32 are used, each a TFLite builtin.
Normals are computed with the inverse error function in float32: the bits are equal
everywhere, and values are equal up to about 2.4e-7 if compilers round differently.

References:
  Salmon, Moraes, Dror, Shaw. Parallel random numbers: as easy as 1, 2, 3. SC 2011.
  Giles. Approximating the erfinv function. GPU Computing Gems, 2010.
"""

import enum
import functools
import hashlib
import numbers
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from aevb_tf.types import IntLike, Seed


class Purpose(enum.Enum):
  """All purposes for which this package derives seeds.

  A seed is used for only one purpose. To draw noise for several, derive a seed for each
  by name: `derive(seed, Purpose.DREAM)`. Repeated uses are counted within a purpose:
  `derive(seed, Purpose.STEP, step)`. The name is hashed, so that a new purpose does not
  get the seed of another. The names form a tree: its root is the seed of the user or of
  the model, and its branches are the derived seeds.
  """

  # From a model's seed.
  TRAIN = "model/train"
  TEST = "model/test"
  REPLICA = "model/replica"  # counted
  STEP = "model/train/step"  # counted
  RECONSTRUCT = "model/reconstruct"
  FIRST_CHAINS = "model/first_chains"

  # From the seed of a training step, of a test or of a request.
  DREAM = "step/dream"
  WEIGHT_DRAW = "step/weight_draw"  # counted
  WEIGHTS = "step/weight_draw/weights"
  VARIABLE = "step/weight_draw/weights/variable"  # counted

  # From the seed that a user passes with a request; `sample` uses it directly.
  ELBO = "request/elbo"
  INFER = "request/infer"
  TO_VAE = "request/to_vae"
  EVIDENCE = "request/evidence"
  POSTERIOR_DENSITY = "request/evidence/posterior_density"
  BIDIRECTIONAL = "request/bidirectional"
  SIMULATE = "request/bidirectional/simulate"

  SCORE = "request/score"
  CALIBRATE = "request/calibrate"
  REFINE_STEP = "request/refine_step"  # counted
  REFINED = "request/refined"
  FIT_PRIOR = "request/fit_prior"
  DIAGNOSE = "request/diagnose"  # counted
  DIAGNOSED_DRAW = "request/diagnose/draw"  # counted
  RESTORE = "request/restore"

  IMPUTE = "request/impute"
  IMPUTED_CHOICE = "request/impute/choice"  # counted
  IMPUTED_VALUES = "request/impute/values"  # counted
  IMPUTATION_STEP = "request/impute/step"  # counted
  PROPOSAL = "request/impute/step/proposal"
  ACCEPTANCE = "request/impute/step/acceptance"

  # For all draws of z or x; the draw of z itself uses the seed directly.
  COMPONENT = "draw/component"
  X_GIVEN_Z = "draw/x_given_z"
  SAMPLE = "draw/sample"  # counted
  CANDIDATE = "draw/candidate"  # counted

  # Markov chains.
  START = "chain/start"
  CHOICE = "chain/start/choice"
  CHUNK = "chain/start/choice/chunk"  # counted
  STAY = "chain/start/stay"
  WALK = "chain/walk"
  TRANSITION = "chain/walk/transition"  # counted
  CHAIN = "chain/walk/transition/chain"  # counted
  FORWARD = "annealed/forward"
  REVERSE = "annealed/reverse"
  PILOT = "annealed/pilot"

  # From the seed of a data set.
  BINARIZE_ONCE = "data/binarize_once"
  BINARIZE = "data/binarize"
  SHUFFLE = "data/shuffle"
  EPOCH = "data/epoch"  # counted

  # From the seed of an experiment, or of a check of an export.
  EXPERIMENT = "experiment/draw"  # counted
  SETTLE = "experiment/settle"  # counted
  MEASURE = "experiment/measure"
  CHECK = "export/check"  # counted

  @property
  def word(self) -> int:
    """The second word of its counters: negative, since those of noise are not."""
    if self in _PUBLISHED:
      return -1
    digest = hashlib.sha256(self.value.encode()).digest()
    return -(int.from_bytes(digest[:4], "big") % (2**31 - 2)) - 2


# Counters that published results depend on, so they must not change. The number is the
# first word of the counter, or None if it is counted. Purposes that share a number have
# different parent seeds, or are only used to derive seeds, so that no two draws share
# noise (`tests/test_noise.py`).
_PUBLISHED = {
  Purpose.TRAIN: 1,
  Purpose.TEST: 2,
  Purpose.STEP: None,
  Purpose.FIRST_CHAINS: 1,
  Purpose.DREAM: 1,
  Purpose.WEIGHT_DRAW: None,
  Purpose.WEIGHTS: 1,
  Purpose.VARIABLE: None,
  Purpose.X_GIVEN_Z: 1,
  Purpose.SAMPLE: None,
  Purpose.START: 1,
  Purpose.CHOICE: 6,
  Purpose.CHUNK: None,
  Purpose.STAY: 7,
  Purpose.WALK: 3,
  Purpose.TRANSITION: None,
  Purpose.CHAIN: None,
  Purpose.BINARIZE_ONCE: 0x66697865,
  Purpose.BINARIZE: 0x73746F63,
  Purpose.SHUFFLE: 0x62756666,
  Purpose.EPOCH: None,
  Purpose.EXPERIMENT: None,
  Purpose.MEASURE: 0x6D656173,
}

_PARITY = 0x1BD11BDA
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def as_seed(seed: Seed) -> tf.Tensor:
  """Converts an int or a pair of int32 to a seed.

  Args:
    seed: An int (its low 64 bits are used, high word first), or anything that
      converts to an int32 tensor of shape [2].

  Returns:
    int32 tensor `[2]`.

  Raises:
    TypeError: `seed` is neither.
  """
  if isinstance(seed, numbers.Integral) and not isinstance(seed, bool):
    words = np.array([int(seed) >> 32 & 0xFFFFFFFF, int(seed) & 0xFFFFFFFF])
    return tf.constant(words.astype(np.uint32).astype(np.int32))
  if tf.is_tensor(seed) or isinstance(seed, (list, tuple, np.ndarray)):
    pair = tf.convert_to_tensor(seed)
    is_pair = pair.shape.rank == 1 and pair.shape[0] in (2, None)
    if pair.dtype.is_integer and is_pair:
      return tf.cast(pair, tf.int32)
  raise TypeError(f"seed={seed!r} must be an int or a pair of int32.")


def _rotate_left(x: tf.Tensor, distance: int) -> tf.Tensor:
  # A logical right shift is the arithmetic one plus 2^distance for negative x.
  sign = tf.bitwise.right_shift(x, 31)
  return (x - sign) * _word(1 << distance) + tf.bitwise.right_shift(x, 32 - distance)


def _word(value: int) -> np.int32:
  return np.uint32(value).astype(np.int32)


def threefry2x32(
  key: tuple[tf.Tensor, tf.Tensor], counter: tuple[tf.Tensor, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
  """Threefry-2x32-20: two words of bits for each counter.

  Args:
    key: Two int32 tensors, which broadcast with the counters.
    counter: Two int32 tensors with shapes that broadcast.

  Returns:
    Two int32 tensors of the broadcast shape.
  """
  words = [tf.convert_to_tensor(word, tf.int32) for word in (*key, *counter)]
  # In a graph the rounds have the static shapes; eagerly all tensors of one rank share
  # a function.
  eager = tf.executing_eagerly()
  shapes = ((None,) * word.ndim if eager else tuple(word.shape) for word in words)
  return _rounds_on(*shapes)(*words)


@functools.cache
def _rounds_on(*shapes):
  """The rounds as a separate function, which is built only once, since that is slow."""
  specs = [tf.TensorSpec(shape, tf.int32) for shape in shapes]
  return tf.function(_rounds, input_signature=specs, autograph=False)


def _rounds(key0, key1, x0, x1):
  parity = tf.bitwise.bitwise_xor(
    tf.bitwise.bitwise_xor(key0, key1), tf.constant(_word(_PARITY))
  )
  schedule = (key0, key1, parity)
  x0, x1 = x0 + schedule[0], x1 + schedule[1]
  for group in range(5):
    for distance in _ROTATIONS[group % 2]:
      x0 = x0 + x1
      x1 = tf.bitwise.bitwise_xor(_rotate_left(x1, distance), x0)
    x0 = x0 + schedule[(group + 1) % 3]
    x1 = x1 + schedule[(group + 2) % 3] + np.int32(group + 1)
  return x0, x1


def derive(seed: Seed, purpose: Purpose, index: IntLike | None = None) -> tf.Tensor:
  """The seed for a purpose, independent of `seed` and of the seeds of other purposes.

  Args:
    seed: An int or a pair of int32.
    purpose: The purpose.
    index: An int or an int32 scalar tensor, if the purpose is counted.

  Returns:
    int32 tensor `[2]`.
  """
  fixed = _PUBLISHED.get(purpose)
  if index is not None and fixed is not None:
    raise ValueError(f"{purpose} is not counted: leave out index={index!r}.")
  return _fold(seed, (fixed or 0) if index is None else index, purpose.word)


def fold_in(seed: Seed, data: IntLike) -> tf.Tensor:
  """A new seed from this seed and the number `data`, for your own loops.

  Args:
    seed: An int or a pair of int32.
    data: An int or an int32 scalar tensor.

  Returns:
    int32 tensor `[2]`.
  """
  return _fold(seed, data, -1)


def fresh_seed() -> tf.Tensor:
  """A random seed, which differs for each call, and in a graph for each execution.

  It depends on `keras.utils.set_random_seed`: eagerly it is drawn from NumPy's global
  state, in a graph from TensorFlow's.

  Returns:
    int32 tensor `[2]`.
  """
  if tf.inside_function():
    return tf.random.uniform([2], -(2**31), 2**31 - 1, tf.int32)
  return tf.constant(np.random.randint(-(2**31), 2**31, size=2), tf.int32)


def request_seed(seed: Seed | None) -> tf.Tensor:
  """The seed of a request: the given seed, or a fresh one for None."""
  return fresh_seed() if seed is None else as_seed(seed)


def _fold(seed, number, word):
  seed = as_seed(seed)
  number = tf.cast(number, tf.int32)
  # Words >= 0 are the columns of `bits`.
  return tf.stack(threefry2x32((seed[0], seed[1]), (number, tf.constant(word))))


def bits(seed: Seed, rows: tf.Tensor, num_words: int) -> tf.Tensor:
  """Random bits; row i depends only on (seed, rows[i], num_words).

  Args:
    seed: An int or a pair of int32.
    rows: int32 `[n]`, the number of each row.
    num_words: Words per row. A row with more words has the same first
      ceil(num_words / 2) words; the others differ.

  Returns:
    int32 `[n, num_words]`, uniform over all 2^32 values.
  """
  seed = as_seed(seed)
  pairs = tf.range((num_words + 1) // 2)[tf.newaxis, :]
  words = threefry2x32((seed[0], seed[1]), (rows[:, tf.newaxis], pairs))
  return tf.concat(words, axis=1)[:, :num_words]


def uniform(seed: Seed, rows: tf.Tensor, num_columns: int) -> tf.Tensor:
  """Uniform noise in the open interval (0, 1), odd multiples of 2^-24.

  Args:
    seed: An int or a pair of int32.
    rows: int32 `[n]`, the number of each row.
    num_columns: Numbers per row; see `bits` for what a wider row shares with this one.

  Returns:
    float32 `[n, num_columns]`.
  """
  high = tf.bitwise.right_shift(bits(seed, rows, num_columns), 9)
  return (tf.cast(high, tf.float32) + (2.0**22 + 0.5)) * 2.0**-23


def normal(seed: Seed, rows: tf.Tensor, num_columns: int) -> tf.Tensor:
  """Standard normal noise with |value| < 5.5, the inverse CDF of `uniform`.

  Args:
    seed: An int or a pair of int32.
    rows: int32 `[n]`, the number of each row.
    num_columns: Numbers per row; see `bits` for what a wider row shares with this one.

  Returns:
    float32 `[n, num_columns]`.
  """
  high = tf.bitwise.right_shift(bits(seed, rows, num_columns), 9)
  # In (-1, 1), exact in float32, symmetric about 0, and never 0.
  centred = (tf.cast(high, tf.float32) + 0.5) * 2.0**-22
  return float(np.sqrt(2.0)) * _erfinv(centred)


def per_sample(
  draw: Callable[[tf.Tensor], tf.Tensor],
  seed: Seed,
  first: IntLike,
  count: int,
  purpose: Purpose = Purpose.SAMPLE,
) -> tf.Tensor:
  """Noise for samples `first`, ..., `first + count - 1`, each from a separate seed.

  Sample k depends only on (seed, k) and `draw`, not on the number of samples or on how
  they are split into chunks.

  Args:
    draw: Seed int32 `[2]` -> tensor `[batch, ...]`.
    seed: An int or a pair of int32.
    first: Number of the first sample, an int or int32 scalar.
    count: Number of samples.
    purpose: Purpose for which the seeds of the samples are derived.

  Returns:
    `[count, batch, ...]`.
  """
  seed = as_seed(seed)
  samples = first + tf.range(count)
  return tf.vectorized_map(lambda k: draw(derive(seed, purpose, k)), samples)


def _erfinv(x: tf.Tensor) -> tf.Tensor:
  """Giles' single-precision inverse error function, from TFLite builtins only."""
  w = -tf.math.log((1.0 - x) * (1.0 + x))
  near = _polynomial(
    w - 2.5,
    (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087)
    + (-0.00125372503, -0.00417768164, 0.246640727, 1.50140941),
  )
  far = _polynomial(
    tf.sqrt(tf.maximum(w, 5.0)) - 3.0,
    (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773)
    + (-0.0076224613, 0.00943887047, 1.00167406, 2.83297682),
  )
  return tf.where(w < 5.0, near, far) * x


def _polynomial(x: tf.Tensor, coefficients: tuple[float, ...]) -> tf.Tensor:
  value = tf.fill(tf.shape(x), coefficients[0])
  for coefficient in coefficients[1:]:
    value = value * x + coefficient
  return value
