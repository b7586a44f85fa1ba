"""The documentation: its snippets run, and its build cuts and links what it says."""
