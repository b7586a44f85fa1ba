"""`aevb-apply`: what a trained model says of examples, as files.

tasks         the tasks and their options
main          the command line
applying      applies a task, and writes its answer
inputs        reads the examples
answers       a function for each task, which calls `aevb_tf.tasks` or the model
restorations  the functions of the tasks that restore examples
detectors     the anomaly detector of a run
results       writes tables, arrays, pictures and examples into a folder
"""
