"""`python -m aevb_tf.export` is `aevb-export`."""

from aevb_tf.export import export_main

if __name__ == "__main__":
  export_main.run()
