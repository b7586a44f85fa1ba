"""`aevb-apply`: what a trained model says of examples, as files.

tasks     the tasks and their options
main      the command line
inputs    reads the examples
answers   a function for each task, which calls `aevb_tf.tasks` or the model
results   writes tables, arrays, pictures and examples into a folder
"""
