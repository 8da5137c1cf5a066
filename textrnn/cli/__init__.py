"""The command line: flags to calls. Nothing here imports TensorFlow before it is needed."""
