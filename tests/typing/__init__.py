"""Programs that `make lint` type-checks against the package, and does not run."""
