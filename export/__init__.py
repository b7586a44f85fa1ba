"""A trained model as artifacts that need nothing of this package to run."""
