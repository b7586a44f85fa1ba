"""Registries, whose `get` takes a name, a dict of options, or an object.

Every kind of interchangeable parts (likelihoods, posteriors, priors, bounds, ...) has a
`Registry`, so that code and config files name the parts in the same way:

    likelihoods.get("bernoulli")
    likelihoods.get({"name": "gaussian", "unit_mean": True})
    likelihoods.get(Gaussian(unit_mean=True))
"""

import difflib
import inspect
import pathlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

# A name with options: `{"name": "gaussian", "unit_mean": True}`.
Options: TypeAlias = Mapping[str, object]

Member = TypeVar("Member")
Class = TypeVar("Class", bound=Callable[..., object])


# What members are called elsewhere -> their names here.
_OTHER_NAMES = {
  "ais": ("annealed",),
  "elbo": ("sgvb",),
  "iwae": ("importance_weighted", "importance"),
  "miwae": ("importance_weighted",),
  "normal": ("gaussian", "standard_normal"),
  "reinforce": ("score_function",),
}


def did_you_mean(name: str, known: Iterable[str]) -> str:
  """The end of an error message: close matches of `name`, or all known names.

  Args:
    name: The unknown name; one that is common elsewhere gives the name here.
    known: The known names.
  """
  known = sorted(known)
  other = [n for n in _OTHER_NAMES.get(str(name).lower(), ()) if n in known]
  near = other or difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
  return (
    f" Did you mean {' or '.join(near)}?" if near else f" Known: {', '.join(known)}."
  )


def names_in(folder: pathlib.Path) -> tuple[str, ...]:
  """The names that the Python files of a folder register, found without running them.

  Args:
    folder: A folder of files with lines `@register("name")`.

  Returns:
    The names, in the order of the files and their lines.
  """
  files = sorted(folder.glob("*.py"))
  text = "\n".join(file.read_text(encoding="utf-8") for file in files)
  return tuple(re.findall(r'^@register\("(\w+)"\)', text, re.M))


class Registry(Generic[Member]):
  """The registered classes of one kind.

  Args:
    kind: Name of the kind in error messages, such as "likelihood".
    base: The class of all objects of this kind; None if they only have its methods.
  """

  def __init__(self, kind: str, base: type[Member] | None = None):
    self.kind, self._base = kind, base
    self._members: dict[str, Callable[..., Member]] = {}

  def register(self, name: str, package: str | None = None) -> Callable[[Class], Class]:
    """Class decorator that registers a class under `name`.

    A class with the same module and qualified name replaces the earlier one, for
    instance if a notebook cell is run twice.

    Args:
      name: The name for `get`.
      package: Also registers the class with Keras, as `package>ClassName`, the name in
        saved models. None if it is not saved, or is registered already.

    Returns:
      The decorator.

    Raises:
      ValueError: Another class has this name (raised by the decorator).
    """

    def add(member):
      taken = self._members.get(name, member)
      if not _is_same(taken, member):
        raise ValueError(
          f"A {self.kind} named {name!r} is already registered, {_where(taken)}: give"
          f" {_where(member)} another name."
        )
      self._members[name] = member
      return member if package is None else _register_with_keras(package, member)

    return add

  def names(self) -> list[str]:
    """The registered names, sorted."""
    return sorted(self._members)

  def name_of(self, member: Callable[..., object]) -> str | None:
    """The name under which a class is registered, or None."""
    return next((n for n, m in self._members.items() if _is_same(m, member)), None)

  def options_of(self, name: str) -> list[str]:
    """The names of the options of a registered name.

    Raises:
      ValueError: The name is unknown.
    """
    return list(inspect.signature(self._known(name)).parameters)

  def get(self, identifier: str | Options | Member) -> Member:
    """Resolves a name, a `{"name": ..., **options}` mapping, or an object.

    Args:
      identifier: A registered name; a mapping with the key `name` and options for
        the constructor; a config of an object as Keras serializes it; or an object,
        which is returned unchanged.

    Returns:
      The object.

    Raises:
      ValueError: The name is unknown, the mapping has no `name`, or the constructor
        raises an error for the options.
      TypeError: The object is a class, or of another kind.
    """
    if isinstance(identifier, str):
      identifier = {"name": identifier}
    if not isinstance(identifier, Mapping):
      self._check(identifier)
      return identifier
    if "class_name" in identifier:  # an object in a saved model
      return _deserialize(identifier)
    options = dict(identifier)
    name = options.pop("name", None)
    member = self._known(name)
    try:
      return member(**options)
    except (TypeError, ValueError) as error:
      raise ValueError(
        f"The {self.kind} {name!r} refused {options}: {error}"
      ) from error

  def _known(self, name) -> Callable[..., Member]:
    if not isinstance(name, str) or name not in self._members:
      raise ValueError(
        f"Unknown {self.kind} {name!r}.{did_you_mean(name, self._members)}"
      )
    return self._members[name]

  def _check(self, member):
    """Raises a TypeError for an object that is not of this kind."""
    if isinstance(member, type):
      raise TypeError(
        f"The {self.kind} is the class {member.__name__}: give an object of it, "
        f"{member.__name__}(...), or a name."
      )
    if self._base is not None and not isinstance(member, self._base):
      raise TypeError(
        f"The {self.kind} is {member!r}: give a name, a dict with a name and options, or "
        f"a {self._base.__name__}. Known: {', '.join(self.names())}."
      )


def with_num_samples(
  identifier: str | Options | Member, num_samples: int | None
) -> str | Options | Member:
  """An identifier of a method with the option `num_samples`, for `Registry.get`.

  Args:
    identifier: Name, `{"name": ..., **options}`, or object.
    num_samples: The option; None leaves the method's own number.

  Raises:
    ValueError: `num_samples` is given with an object, which has its own.
  """
  if num_samples is None:
    return identifier
  if isinstance(identifier, str):
    identifier = {"name": identifier}
  if not isinstance(identifier, dict):
    raise ValueError(
      f"num_samples={num_samples!r}: the method is an object with its own number of "
      f"samples; pass num_samples to {type(identifier).__name__} instead."
    )
  return {**identifier, "num_samples": num_samples}


def _where(member: Callable[..., object]) -> str:
  """The module and the qualified name of a class, or its repr."""
  name = getattr(member, "__qualname__", None)
  return f"{member.__module__}.{name}" if name else repr(member)


def _is_same(a: Callable[..., object], b: Callable[..., object]) -> bool:
  """Whether two classes are the same, or one is a later definition of the other."""
  return a is b or _where(a) == _where(b)


# Keras is imported on use: commands call `did_you_mean` before they load it.


def _register_with_keras(package: str, member: Class) -> Class:
  import keras

  return keras.saving.register_keras_serializable(package)(member)


def _deserialize(config: Options) -> Any:
  import keras

  return keras.saving.deserialize_keras_object(dict(config))
