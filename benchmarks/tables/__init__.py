"""Contenders that train the same model of a table for an epoch.

The table has 30 columns: 8 real, 6 positive, 6 counts, 5 binary and 5 categorical ones of
3 to 7 levels. The model is that of `VAE.for_table`: the features of `networks.table`, two
hidden layers of 128 units each way, 8 latents, one likelihood for each kind, Adam.
"""
