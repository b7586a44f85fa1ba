"""What released versions have written, and the numbers that it has to give.

Each folder holds what one version made of small models: `.keras` files, run folders, an
export. `write.py` made them with the code of that version; `test_artifacts.py` loads all
of them with the code of today.
"""
